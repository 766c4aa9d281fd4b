"""Find subjects whose name is spelt in two ways."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from fervid.folds.splits import Sides

# Cyrillic and Greek letters that look like a Latin letter in upper or lower case (Unicode
# confusables, UTS 39); given in lower case.
_ALIKE = str.maketrans(
    "авекмнорстухіјѕһԁԛԝ" + "αβεζηικμνορτυχ",
    "abekmhopctyxijshdqw" + "abezhikmnoptyx",
)


def plain(subject: str) -> str:
    """Normalise a subject's name, so that different spellings become equal.

    The result ignores case, accents, spaces, dashes, underscores and other punctuation, leading
    zeros, Unicode composition and look-alike letters of other scripts. Punctuation between two
    numbers still separates them.

    >>> plain("S_001") == plain("s1"), plain("Ѕ1") == plain("S1"), plain("1-2") == plain("12")
    (True, True, False)
    """
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", subject).casefold())
    letters = "".join(c for c in letters if not unicodedata.combining(c)).translate(_ALIKE)
    normal = ""
    for part in re.findall(r"\d+|[^\W\d_]+", letters):
        number = part[0].isdecimal()
        normal += " " if number and normal[-1:].isdecimal() else ""
        normal += str(int(part)) if number and len(part) < 1000 else part
    return normal


def respelt(splits: Sequence[Sides]) -> dict[tuple[str, str], list[str]]:
    """Map (spelling in training, other spelling in test) to the names of the folds with both."""
    clips = splits[0].clips
    spellings: dict[str, set[str]] = defaultdict(set)
    for subject in {clip.subject for clip in clips if clip.subject}:
        spellings[plain(subject) or subject].add(subject)
    others = {
        name: names - {name} for names in spellings.values() if len(names) > 1 for name in names
    }
    folds: dict[tuple[str, str], list[str]] = defaultdict(list)
    if others:
        for split in splits:
            train, test = (
                {clips[row].subject for row in rows} for rows in (split.train, split.test)
            )
            for name in others.keys() & train:
                for other in others[name] & test:
                    folds[name, other].append(split.name)
    return dict(sorted(folds.items()))
