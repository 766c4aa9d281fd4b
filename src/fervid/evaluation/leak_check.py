"""Whether a run's folds leak, from what its store already knows."""

from collections.abc import Mapping, Sequence

from fervid.errors import LeakError
from fervid.folds import STRANGER, Fold
from fervid.folds.leaks import Leak, copies, spellings


def leak_warnings(folds: Sequence[Fold], keys: Mapping[str, str]) -> list[str]:
    """What may stand on both sides of a fold and cannot be told for certain.

    Copies of clips are refused. But where a database was delivered in parts and nobody knows who is
    in them (FER+), copies across its parts are the database's own, and are only counted.

    Args:
        keys: the store's, by clip.

    Raises:
        LeakError: a tested clip is a copy of one that is trained on; names some.
    """
    subject = {clip.name: clip.subject or "" for clip in folds[0].clips}
    home = {clip.name: clip.database for clip in folds[0].clips}
    own: list[Leak] = []
    foreign: list[Leak] = []
    for leak in copies(folds, keys):
        both = (leak.train, leak.test)
        unknown = all(subject[name].startswith(STRANGER) for name in both)
        (own if unknown and home[both[0]] == home[both[1]] else foreign).append(leak)
    if foreign:
        named = ", ".join(f"{leak.test} of {leak.train}" for leak in foreign[:3])
        more = ", ..." if len(foreign) > 3 else ""
        raise LeakError(
            f"clips that are tested are copies of clips that are trained on: {len(foreign)} "
            f"({named}{more}); take the copies out"
        )
    said = [
        f"{leak.train} and {leak.test} may be one person spelt two ways; fold {leak.fold} trains "
        "on the one and tests on the other"
        for leak in spellings(folds)
    ]
    if own:
        tested = len({leak.test for leak in own})
        said.append(
            f"{tested} tested clips are copies of clips trained on ({own[0].test} of "
            f"{own[0].train}): the database's parts overlap"
        )
    return said
