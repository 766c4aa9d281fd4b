"""Check a run's folds for leaks, using only what the store knows already."""

from collections.abc import Mapping, Sequence

from fervid.errors import LeakError
from fervid.folds import STRANGER, Fold
from fervid.folds.leaks import Leak, copies, spellings


def leak_warnings(folds: Sequence[Fold], keys: Mapping[str, str]) -> list[str]:
    """Warnings about possible leaks between the two sides of a fold.

    Copies of clips are refused, except between the fixed parts of a database with unknown subjects
    (FER+). Such copies belong to the database and are only counted.

    Args:
        keys: clip name -> the store's key of the clip.

    Raises:
        LeakError: a test clip is a copy of a training clip; the message names the first ones.
    """
    subject = {clip.name: clip.subject or "" for clip in folds[0].clips}
    database = {clip.name: clip.database for clip in folds[0].clips}
    own: list[Leak] = []
    foreign: list[Leak] = []
    for leak in copies(folds, keys):
        unknown = all(subject[name].startswith(STRANGER) for name in (leak.train, leak.test))
        inside = database[leak.train] == database[leak.test]
        (own if unknown and inside else foreign).append(leak)
    if foreign:
        pairs = ", ".join(f"{leak.test} of {leak.train}" for leak in foreign[:3])
        more = ", ..." if len(foreign) > 3 else ""
        raise LeakError(
            f"{len(foreign)} test clips are copies of training clips ({pairs}{more}): "
            "remove the copies"
        )
    warnings = [
        f"{leak.train} and {leak.test} may be one subject spelt in two ways, and fold {leak.fold} "
        "trains on one and tests on the other"
        for leak in spellings(folds)
    ]
    if own:
        tested = len({leak.test for leak in own})
        warnings.append(
            f"{tested} test clips are copies of training clips ({own[0].test} of {own[0].train}), "
            "because the database's parts overlap"
        )
    return warnings
