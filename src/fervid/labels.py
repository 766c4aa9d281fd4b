"""Label sets: names, never bare indices, and explicit maps between them."""

import re
from collections.abc import Mapping, Sequence

from fervid.errors import LabelError
from fervid.text import printable

# Ekman's six basic expressions, in the order of every table in the five papers.
BASIC = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
# [1, Table 1]: the basic six and contempt, in the paper's order (alphabetical).
CK_PLUS = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
# [3, Sec. 4.1]: five labels in GEMEP-FERA (joy is called happiness here), seven in DISFA.
GEMEP_FERA = ("anger", "fear", "happiness", "relief", "sadness")
DISFA = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
# [5, Sec. 4.1]: the emotion columns of FER+, in the order of its files.
FER_PLUS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
)  # fmt: skip

# The abbreviations of [1, Tables 3, 5, 7].
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

# Spellings that occur in manifests and databases -> the name used here.
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

# Allowed custom labels; "=1+1" would be a formula in a spreadsheet, "$x$" one in matplotlib.
LABEL = re.compile(r"[^\W\d_][\w ./()-]{0,59}")

# Explicit maps between label sets, by name. A label that is not a key of a map is dropped, and a
# cross-database run reports it [3, Sec. 4.2.2 drops contempt, relief and neutral].
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

# In place of a map: each label keeps its name, and all that a training database has are learned.
TRAINED = "trained"


def canonical(label: str) -> str:
    """Convert a label to the spelling used here; an unknown label is only put in lower case.

    >>> canonical(" Happy "), canonical("Relief")
    ('happiness', 'relief')
    """
    name = label.strip().lower()
    return SPELLINGS.get(name, name)


def named(label: str, where: str) -> str:
    """Convert a user's own label to its canonical name.

    Args:
        where: where the label stands, for the error message.

    Raises:
        LabelError: the label cannot be used in tables, figures and spreadsheets.

    >>> named("Mild boredom", "labels.txt, line 2")
    'mild boredom'
    """
    name = canonical(label)
    if not LABEL.fullmatch(name):
        raise LabelError(
            f"{where}: {printable(repr(label[:60]))} is not a valid label: start with a letter, "
            "then use letters, digits, spaces or _ - . / ( ), at most 60 characters in all"
        )
    return name


def index(label: str, labels: tuple[str, ...]) -> int:
    """Index of a label in a label set.

    Raises:
        LabelError: the label is not in the set.

    >>> index("fear", CK_PLUS)
    3
    """
    if label not in labels:
        raise LabelError(
            f"label {label!r} is not one of {', '.join(labels)}: correct it or extend the set"
        )
    return labels.index(label)


def common(
    databases: Mapping[str, Sequence[str]], table: str = "basic", tested: str = ""
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Find the labels for a cross-database run, and those it drops from each database.

    With a map, a label that occurs in only one database is dropped, because a system trained on
    the others cannot predict it. With `TRAINED`, only labels of the tested database alone are.

    Args:
        databases: name of each database -> its label set.
        table: a key of `MAPS`, or `TRAINED`.
        tested: with `TRAINED`: the database that is not trained on; empty if each is in turn.

    Returns:
        The labels of the run in the order of the map, and the dropped labels of each database.

    Raises:
        LabelError: there is no such map, or fewer than two labels are left.

    >>> common({"ck_plus": CK_PLUS, "mmi": BASIC, "gemep_fera": GEMEP_FERA, "disfa": DISFA})[1]
    {'ck_plus': ('contempt',), 'mmi': (), 'gemep_fera': ('relief',), 'disfa': ('neutral',)}
    >>> common({"ck_plus": CK_PLUS, "gemep_fera": GEMEP_FERA}, "trained", "gemep_fera")[1]
    {'ck_plus': (), 'gemep_fera': ('relief',)}
    """
    if table not in (*MAPS, TRAINED):
        raise LabelError(f"no label map {table!r}: choose one of {', '.join((*MAPS, TRAINED))}")
    names = label_map(table, databases)
    mapped = {
        name: {names[label] for label in labels if label in names}
        for name, labels in databases.items()
    }
    order = dict.fromkeys(names.values())
    if table == TRAINED:
        learned = set().union(*(labels for name, labels in mapped.items() if name != tested))
    else:
        learned = {label for label in order if sum(label in own for own in mapped.values()) > 1}
    shared = tuple(label for label in order if label in learned)
    if len(shared) < 2:
        raise LabelError(
            f"{' and '.join(databases)} share {len(shared)} labels under the map {table!r}: "
            "choose databases with two or more in common"
        )
    dropped = {
        name: tuple(label for label in labels if names.get(label) not in shared)
        for name, labels in databases.items()
    }
    return shared, dropped


def label_map(table: str, databases: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """A map by its name; `TRAINED` maps every label of the databases to itself."""
    if table == TRAINED:
        return {label: label for labels in databases.values() for label in labels}
    return MAPS[table]
