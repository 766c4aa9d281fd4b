"""One person under two spellings."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from fervid.folds.splits import Sides

# Cyrillic and Greek letters of which the capital or the small one looks like a Latin letter
# (after Unicode's confusables, UTS 39), in lower case.
_ALIKE = str.maketrans(
    "авекмнорстухіјѕһԁԛԝ" + "αβεζηικμνορτυχ",
    "abekmhopctyxijshdqw" + "abezhikmnoptyx",
)


def plain(subject: str) -> str:
    """What two spellings of one subject have in common.

    Case, accents, blanks, dashes, underscores and other signs, leading zeros, the way Unicode
    composes a letter and look-alike letters of other scripts make no difference; a sign between
    two numbers keeps them apart.

    >>> plain("S_001") == plain("s1"), plain("Ѕ1") == plain("S1"), plain("1-2") == plain("12")
    (True, True, False)
    """
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", subject).casefold())
    letters = "".join(c for c in letters if not unicodedata.combining(c)).translate(_ALIKE)
    whole = ""
    for part in re.findall(r"\d+|[^\W\d_]+", letters):
        number = part[0].isdecimal()
        whole += " " if number and whole[-1:].isdecimal() else ""
        whole += str(int(part)) if number and len(part) < 1000 else part
    return whole


def respelt(splits: Sequence[Sides]) -> dict[tuple[str, str], list[str]]:
    """(trained on, tested on) of one spelling each -> the folds that hold both."""
    clips = splits[0].clips
    spelt: dict[str, set[str]] = defaultdict(set)
    for subject in {clip.subject for clip in clips if clip.subject}:
        spelt[plain(subject) or subject].add(subject)
    other = {one: names - {one} for names in spelt.values() if len(names) > 1 for one in names}
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    if other:
        for split in splits:
            train, test = (
                {clips[row].subject for row in rows} for rows in (split.train, split.test)
            )
            for one in other.keys() & train:
                for two in other[one] & test:
                    found[one, two].append(split.name)
    return dict(sorted(found.items()))
