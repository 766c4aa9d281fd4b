"""Paper 2 (3DAGN): Table 1 and the numbers of its text."""

from functools import cache

from fervid.papers.published.record import Confusion, Published, TextRows, accuracies, from_text

KEY = "agn3d"
NOT_GIVEN = "not given"

# Method, quoted work (0: own), accuracy in percent.
TABLE_1 = (
    ("2DIR with CRF", 24, 93.04),
    ("3DIR", 9, 93.21),
    ("STM-ExpLet", 11, 94.19),
    ("DTAGN", 20, 97.25),
    ("3DAGN", 0, 97.22),
)
NOTES = {
    "3DAGN": "only the first form of the appearance network (Sec. 4.1); split and number of "
    "clips are not given, and 97.22 % is not a whole number of 327",
}

TEXT: TextRows = (
    ("Sec. 2.2", "gain of LBP over grey images", "accuracy", 8.8, "points", ""),
    ("Sec. 3.2", "landmarks", "per frame", 68, "count", ""),
    ("Sec. 3.3", "classes of network 2", "all", 2, "count", ""),
    ("Sec. 4.1", "classes of network 1", "all", 7, "count", "ck_plus"),
    ("Sec. 4.1", "frames", "per input", 3, "count", "ck_plus"),
    ("Sec. 4.1", "pooling layers", "all", 3, "count", "ck_plus"),
    ("Sec. 4.1", "pooling kernel", "in time", 2, "count", "ck_plus"),
    ("Sec. 4.1", "convolution layers", "all", 4, "count", "ck_plus"),
    ("Sec. 4.1", "epochs", "about", 100, "count", "ck_plus"),
    ("Sec. V", "3DAGN", "accuracy", 97.22, "%", "ck_plus"),
)
CONFUSIONS: dict[str, Confusion] = {}


@cache
def records() -> tuple[Published, ...]:
    """All numbers, those of the table first."""
    return (
        *accuracies(KEY, "1", "ck_plus", NOT_GIVEN, TABLE_1, NOTES),
        *from_text(KEY, TEXT, {"ck_plus": NOT_GIVEN}, ("gain of LBP over grey images",)),
    )
