"""Label sets: names, never bare indices, and explicit maps between them."""

import re
from collections.abc import Mapping, Sequence

from fervid.errors import LabelError
from fervid.text import printable

# Ekman's six, in the order of every table in the five papers.
BASIC = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
# [1, Table 1]: the six and contempt, in the paper's order (alphabetical).
CK_PLUS = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
# [3, Sec. 4.1]: GEMEP-FERA's five (joy is happiness here) and DISFA's seven.
GEMEP_FERA = ("anger", "fear", "happiness", "relief", "sadness")
DISFA = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
# [5, Sec. 4.1]: the emotion columns of FER+, in the order of its files.
FER_PLUS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
)  # fmt: skip

# [1, Tables 3, 5, 7] print two letters each.
SHORT: Mapping[str, str] = {
    "anger": "An",
    "contempt": "Co",
    "disgust": "Di",
    "fear": "Fe",
    "happiness": "Ha",
    "neutral": "Ne",
    "relief": "Re",
    "sadness": "Sa",
    "surprise": "Su",
}

# Other spellings met in manifests and databases, to the name used here.
SPELLINGS: Mapping[str, str] = {
    "an": "anger",
    "angry": "anger",
    "contemptuous": "contempt",
    "co": "contempt",
    "di": "disgust",
    "disgusted": "disgust",
    "fe": "fear",
    "fearful": "fear",
    "afraid": "fear",
    "ha": "happiness",
    "happy": "happiness",
    "joy": "happiness",
    "ne": "neutral",
    "sa": "sadness",
    "sad": "sadness",
    "su": "surprise",
    "surprised": "surprise",
}

# Somebody's own label; "=1+1" is a formula to a spreadsheet, "$x$" one to matplotlib.
LABEL = re.compile(r"[^\W\d_][\w ./()-]{0,59}")

# Explicit tables between label sets, by name. A label that is no key of a table is dropped by it,
# and a cross-database run says which those were [3, Sec. 4.2.2: contempt, relief and neutral].
MAPS: Mapping[str, Mapping[str, str]] = {
    "basic": {
        "anger": "anger",
        "disgust": "disgust",
        "fear": "fear",
        "happiness": "happiness",
        "sadness": "sadness",
        "surprise": "surprise",
    },
    "basic and neutral": {
        "anger": "anger",
        "disgust": "disgust",
        "fear": "fear",
        "happiness": "happiness",
        "neutral": "neutral",
        "sadness": "sadness",
        "surprise": "surprise",
    },
}


def canonical(label: str) -> str:
    """The name used here for a label's spelling; an unknown one is kept, in lower case.

    >>> canonical(" Happy "), canonical("Relief")
    ('happiness', 'relief')
    """
    name = label.strip().lower()
    return SPELLINGS.get(name, name)


def named(label: str, where: str) -> str:
    """The canonical name of somebody's own label.

    Args:
        where: what names it, for the message.

    Raises:
        LabelError: no name that tables, pictures and spreadsheets can carry.

    >>> named("Mild boredom", "labels.txt, line 2")
    'mild boredom'
    """
    name = canonical(label)
    if not LABEL.fullmatch(name):
        raise LabelError(
            f"{where}: {printable(repr(label[:60]))} is no label: begin it with a letter, go on "
            "with letters, digits, blanks or _ - . / ( ), at most 60 in all"
        )
    return name


def index(label: str, labels: tuple[str, ...]) -> int:
    """The place of a label in a label set.

    Raises:
        LabelError: the set does not hold it.

    >>> index("fear", CK_PLUS)
    3
    """
    if label not in labels:
        raise LabelError(
            f"label {label!r} is none of {', '.join(labels)}: correct it or extend the set"
        )
    return labels.index(label)


def common(
    databases: Mapping[str, Sequence[str]], table: str = "basic"
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The labels of a cross-database run, and those it drops from each database.

    A label that only one database holds is dropped too: trained on the others, no system can know
    it.

    Args:
        databases: name of each database -> its label set.
        table: a key of `MAPS`.

    Returns:
        The shared labels in the order of the table, and per database the labels left out.

    Raises:
        LabelError: no such table, or fewer than two shared labels.

    >>> common({"ck_plus": CK_PLUS, "mmi": BASIC, "gemep_fera": GEMEP_FERA, "disfa": DISFA})[1]
    {'ck_plus': ('contempt',), 'mmi': (), 'gemep_fera': ('relief',), 'disfa': ('neutral',)}
    """
    if table not in MAPS:
        raise LabelError(f"no label map {table!r}: choose one of {', '.join(MAPS)}")
    names = MAPS[table]
    held = {name: {names[one] for one in own if one in names} for name, own in databases.items()}
    order = dict.fromkeys(names.values())
    shared = tuple(one for one in order if sum(one in own for own in held.values()) > 1)
    if len(shared) < 2:
        raise LabelError(
            f"{' and '.join(databases)} share {len(shared)} labels under the map {table!r}: "
            "choose databases with two or more in common"
        )
    dropped = {
        name: tuple(one for one in own if names.get(one) not in shared)
        for name, own in databases.items()
    }
    return shared, dropped
