"""Paper 3 (3D Inception-ResNet with landmarks): Tables 1 and 2 and the numbers of its text.

Its confusion matrices (Figs. 4 and 5) are pictures, and the text gives none of their cells.
"""

from functools import cache

from fervid.papers.published.record import AS_IN_SOURCE, Confusion, Published, TextRows, from_text

KEY = "ir3d"
FIVE_FOLD = "5-fold, subject-independent"
# [3, Sec. 4.2.1] first says five folds for every database, then one split for the plain networks.
HOLD_OUT = "20 % of subjects held out, or 5-fold"
CROSS = "cross-database, trained on the other three"
NAMES = {"CK+": "ck_plus", "MMI": "mmi", "FERA": "gemep_fera", "DISFA": "disfa"}

PLAIN_2D = "2D Inception-ResNet"
PLAIN_3D = "3D Inception-ResNet"
LANDMARKS = "3D Inception-ResNet + landmarks"

# Database -> quoted work and its accuracy in percent.
QUOTED_1 = {
    "CK+": ((34, 84.1), (28, 84.4), (54, 88.5), (29, 92.0), (38, 93.2), (30, 92.4), (62, 93.6)),
    "MMI": ((30, 63.4), (31, 75.12), (29, 74.7), (54, 79.8), (47, 86.7), (36, 78.51)),
    "FERA": ((30, 56.1), (57, 55.6), (38, 76.7)),
    "DISFA": ((38, 55.0),),
}
# Database -> 2D, 3D, 3D with landmarks, and the last one's standard deviation over the folds.
OWN_1 = {
    "CK+": (85.77, 89.50, 93.21, 2.32),
    "MMI": (55.83, 67.50, 77.50, 1.76),
    "FERA": (49.64, 67.74, 77.42, 3.67),
    "DISFA": (None, 51.35, 58.00, 5.77),
}
QUOTED_2 = {
    "CK+": ((34, 47.1), (35, 56.0), (62, 61.2), (38, 64.2)),
    "MMI": ((34, 51.4), (47, 50.8), (35, 36.8), (38, 55.6), (62, 66.9)),
    "FERA": ((38, 39.4),),
    "DISFA": ((38, 37.7),),
}
OWN_2 = {"CK+": 67.52, "MMI": 54.76, "FERA": 41.93, "DISFA": 40.51}

# How the works quoted in Table 2 were trained, according to [3, Sec. 4.2.2].
SETTINGS_2 = {
    ("CK+", 34): "trained on MMI or FEEDTUM",
    ("MMI", 34): "trained on CK+ or FEEDTUM",
    ("MMI", 47): "trained on CK+; the best of several SVM kernels",
    ("CK+", 35): "trained on MMI and Jaffe; the best of four classifiers",
    ("MMI", 35): "trained on CK+; the best of four classifiers",
    ("CK+", 62): "trained on MMI",
    ("MMI", 62): "trained on CK+",
    **{
        (name, 38): "trained on all other of seven databases; some expressions left out"
        for name in NAMES
    },
}
# [3, Sec. 4.2.2]: a label that no training database has is left out of the test.
LEFT_OUT = {
    "CK+": "contempt left out of the test",
    "FERA": "relief left out of the test",
    "DISFA": "neutral left out of the test",
}

TEXT: TextRows = (
    ("Sec. 3.2", "landmarks", "per frame", 66, "count", ""),
    ("Sec. 3.2", "landmark window", "pixels", 49, "count", ""),
    ("Sec. 4.1", "images", "about", 11500, "count", "mmi"),
    ("Sec. 4.1", "subjects", "more than", 20, "count", "mmi"),
    ("Sec. 4.1", "expressions asked for", "series", 79, "count", "mmi"),
    ("Sec. 4.1", "sequences", "all", 593, "count", "ck_plus"),
    ("Sec. 4.1", "subjects", "all", 123, "count", "ck_plus"),
    ("Sec. 4.1", "sequences", "labelled", 327, "count", "ck_plus"),
    ("Sec. 4.1", "subjects", "labelled", 118, "count", "ck_plus"),
    ("Sec. 4.1", "expressions", "said", 6, "count", "ck_plus"),
    ("Sec. 4.1", "expressions", "named", 7, "count", "ck_plus"),
    ("Sec. 4.2.1", "sequences", "contempt", 18, "count", "ck_plus"),
    ("Sec. 4.1", "frames", "per input", 10, "count", ""),
    ("Sec. 4.1", "sequences", "all", 87, "count", "gemep_fera"),
    ("Sec. 4.1", "subjects", "all", 7, "count", "gemep_fera"),
    ("Sec. 4.1", "expressions", "named", 5, "count", "gemep_fera"),
    ("Sec. 4.1", "images", "about", 7000, "count", "gemep_fera"),
    ("Sec. 4.1", "subjects", "all", 27, "count", "disfa"),
    ("Sec. 4.1", "action units", "all", 12, "count", "disfa"),
    ("Sec. 4.1", "expressions", "named", 7, "count", "disfa"),
    ("Sec. 4.1", "images", "about", 89000, "count", "disfa"),
    ("Sec. 4.2.1", "folds", "all", 5, "count", ""),
    ("Sec. 4.2.1", "subjects", "held out", 20, "%", ""),
    ("Sec. 4.2.1", "happiness", "recall, perfect", 100, "%", "mmi"),
)
CONFUSIONS: dict[str, Confusion] = {}

Quotes = dict[str, tuple[tuple[int, float], ...]]


def _quoted(table: str, rows: Quotes, notes: dict[tuple[str, int], str]) -> tuple[Published, ...]:
    return tuple(
        Published(
            paper=KEY,
            table=table,
            row=name,
            column="state-of-the-art methods",
            value=value,
            unit="%",
            database=NAMES[name],
            protocol=AS_IN_SOURCE,
            own=False,
            source=f"[{reference}]",
            note=notes.get((name, reference), ""),
        )
        for name, works in rows.items()
        for reference, value in works
    )


def _subject_independent() -> tuple[Published, ...]:
    numbers = []
    for name, (flat, plain, landmarks, deviation) in OWN_1.items():
        key = NAMES[name]
        if flat is not None:
            note = "no landmarks, no LSTM; the network of its [20]"
            numbers += [
                Published(KEY, "1", name, PLAIN_2D, flat, "%", key, HOLD_OUT, note=note),
            ]
        numbers += [
            Published(KEY, "1", name, PLAIN_3D, plain, "%", key, HOLD_OUT),
            Published(
                KEY, "1", name, LANDMARKS, landmarks, "%", key, FIVE_FOLD, deviation=deviation
            ),
        ]
    return tuple(numbers)


@cache
def records() -> tuple[Published, ...]:
    """All numbers, those of the tables first."""
    return (
        *_quoted("1", QUOTED_1, {}),
        *_subject_independent(),
        *_quoted("2", QUOTED_2, SETTINGS_2),
        *(
            Published(
                KEY, "2", name, LANDMARKS, value, "%", NAMES[name], CROSS,
                note=LEFT_OUT.get(name, ""),
            )
            for name, value in OWN_2.items()
        ),
        *from_text(KEY, TEXT, {"mmi": FIVE_FOLD}),
    )  # fmt: skip
