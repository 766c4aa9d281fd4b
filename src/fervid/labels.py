"""Label sets: names, never bare indices, and explicit maps between them."""

from collections.abc import Mapping

from fervid.errors import LabelError

# Ekman's six, in the order of every table in the five papers.
BASIC = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
# [1, Table 1]: the six and contempt, in the paper's order (alphabetical).
CK_PLUS = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")

# [1, Tables 3, 5, 7] print two letters each.
SHORT: Mapping[str, str] = {
    "anger": "An",
    "contempt": "Co",
    "disgust": "Di",
    "fear": "Fe",
    "happiness": "Ha",
    "neutral": "Ne",
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


def canonical(label: str) -> str:
    """The name used here for a label's spelling; an unknown one is kept, in lower case.

    >>> canonical(" Happy "), canonical("Relief")
    ('happiness', 'relief')
    """
    name = label.strip().lower()
    return SPELLINGS.get(name, name)


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
