"""Paper 1 (DTAGN): Tables 1 to 9 and the numbers of its text."""

from functools import cache

from fervid.labels import BASIC, CK_PLUS
from fervid.papers.published.record import (
    Confusion,
    Published,
    TextRows,
    accuracies,
    cells,
    from_text,
    grid,
)

KEY = "dtagn"
TEN_FOLD = "10-fold, subjects by ascending id"
NAMES = {"CK+": "ck_plus", "Oulu": "oulu_casia", "MMI": "mmi"}

TABLE_1 = {
    "CK+": (45, 18, 59, 25, 69, 28, 83, 327),
    "Oulu": (80, None, 80, 80, 80, 80, 80, 480),
    "MMI": (32, None, 31, 28, 42, 32, 40, 205),
}

# Method, quoted work (0: own), accuracy in percent.
TABLE_2 = (
    ("HOG 3D", 9, 91.44),
    ("MSR", 14, 91.4),
    ("TMS", 6, 91.89),
    ("Cov3D", 15, 92.3),
    ("STM-ExpLet", 12, 94.19),
    ("3DCNN", 11, 85.9),
    ("3DCNN-DAP", 11, 92.4),
    ("DTAN", 0, 91.44),
    ("DTGN", 0, 92.35),
    ("DTAGN(Weighted Sum)", 0, 96.94),
    ("DTAGN(Joint)", 0, 97.25),
)
TABLE_4 = (
    ("3D SIFT", 16, 55.83),
    ("LBP-TOP", 24, 68.13),
    ("HOG 3D", 9, 70.63),
    ("AdaLBP", 23, 73.54),
    ("Atlases", 4, 75.52),
    ("STM-ExpLet", 12, 74.59),
    ("DTAN", 0, 74.38),
    ("DTGN", 0, 74.17),
    ("DTAGN(Weighted Sum)", 0, 80.62),
    ("DTAGN(Joint)", 0, 81.46),
)
TABLE_6 = (
    ("HOG 3D", 9, 60.89),
    ("3D SIFT", 16, 64.39),
    ("ITBN", 20, 59.7),
    ("CSPL", 25, 73.53),
    ("STM-ExpLet", 12, 75.12),
    ("3DCNN", 11, 53.2),
    ("3DCNN-DAP", 11, 63.4),
    ("DTAN", 0, 62.45),
    ("DTGN", 0, 59.02),
    ("DTAGN(Weighted Sum)", 0, 65.85),
    ("DTAGN(Joint)", 0, 70.24),
)
NOTES_6 = {
    "CSPL": "in brackets and not ranked, because it used more ground truth",
    "3D SIFT": "second best according to Sec. 5.4, among the quoted and ranked methods",
}

TABLE_3 = (
    (100, 0, 0, 0, 0, 0, 0),
    (0, 94.44, 0, 0, 0, 5.56, 0),
    (0, 0, 100, 0, 0, 0, 0),
    (0, 0, 0, 84, 8, 0, 8),
    (0, 0, 0, 0, 100, 0, 0),
    (10.71, 0, 0, 0, 0, 89.29, 0),
    (0, 1.2, 0, 0, 0, 0, 98.8),
)
TABLE_5 = (
    (72.5, 16.25, 1.25, 1.25, 8.75, 0),
    (21.25, 75, 3.75, 0, 0, 0),
    (2.5, 1.25, 77.5, 6.25, 2.5, 10),
    (0, 0, 7.5, 90, 2.5, 0),
    (13.75, 0, 2.5, 0, 83.75, 0),
    (0, 0, 10, 0, 0, 90),
)
# The fourth row is labelled "He", for happiness.
TABLE_7 = (
    (61.29, 25.8, 0, 0, 12.9, 0),
    (15.62, 71.88, 0, 9.37, 0, 3.13),
    (10.71, 0, 35.71, 10.71, 14.29, 28.57),
    (0, 0, 4.76, 95.24, 0, 0),
    (9.38, 3.13, 15.62, 0, 68.8, 3.12),
    (2.5, 0, 20, 2.5, 0, 75),
)
CONFUSIONS = {
    "3": Confusion(CK_PLUS, TABLE_3, "ck_plus", TEN_FOLD, "DTAGN(Joint)"),
    "5": Confusion(BASIC, TABLE_5, "oulu_casia", TEN_FOLD, "DTAGN(Joint)"),
    "7": Confusion(BASIC, TABLE_7, "mmi", TEN_FOLD, "DTAGN(Joint)"),
}

COLUMNS_8 = ("Baseline", "One (L3 only)", "Three")
TABLE_8 = {
    "Accuracy (CK+)": (96.94, 96.64, 97.25),
    "Accuracy (Oulu)": (80.62, 81.04, 81.46),
    "Accuracy (MMI)": (65.85, 69.76, 70.24),
}
COLUMNS_9 = ("Concatenation", "Joint Fine-tuning")
TABLE_9 = {
    "Accuracy (CK+)": (94.5, 97.25),
    "Accuracy (Oulu)": (75.63, 81.46),
    "Accuracy (MMI)": (67.8, 70.24),
}

TEXT: TextRows = (
    ("Sec. 3.1", "landmarks", "per frame", 49, "count", ""),
    ("Sec. 3.2", "sequences", "all", 205, "count", "mmi"),
    ("Sec. 3.4", "augmented images", "per sequence", 14, "count", ""),
    ("Sec. 3.4", "augmented landmarks", "per sequence", 14, "count", ""),
    ("Sec. 5.1", "DTGN input", "numbers", 1176, "count", ""),
    ("Fig. 7", "t-SNE sequences", "test", 33, "count", "ck_plus"),
    ("Fig. 7", "t-SNE points", "all", 4149, "count", "ck_plus"),
    ("Sec. 5.2", "sequences", "all", 327, "count", "ck_plus"),
    ("Sec. 5.2", "subjects", "all", 118, "count", "ck_plus"),
    ("Sec. 5.2", "labels", "all", 7, "count", "ck_plus"),
    ("Sec. 5.3", "sequences", "all", 480, "count", "oulu_casia"),
    ("Sec. 5.3", "subjects", "all", 80, "count", "oulu_casia"),
    ("Sec. 5.3", "labels", "all", 6, "count", "oulu_casia"),
    ("Sec. 5.3", "best before", "accuracy", 75.52, "%", "oulu_casia"),
    ("Sec. 5.3", "gain over the best before", "about", 6, "points", "oulu_casia"),
    ("Sec. 5.4", "sequences", "all", 205, "count", "mmi"),
    ("Sec. 5.4", "subjects", "all", 30, "count", "mmi"),
    ("Sec. 5.4", "labels", "all", 6, "count", "mmi"),
    ("Sec. 5.4", "subjects", "training", 27, "count", "mmi"),
    ("Sec. 5.4", "subjects", "validation", 3, "count", "mmi"),
    ("Sec. 5.4", "best deep network before", "accuracy", 63.4, "%", "mmi"),
    ("Sec. 5.4", "DTAGN(Joint)", "accuracy", 70.24, "%", "mmi"),
    ("Table 9, caption", "gain over concatenation", "at least, about", 3, "points", ""),
    ("Table 9, caption", "gain over concatenation", "at most, about", 6, "points", ""),
)
QUOTED = ("best before", "best deep network before")


@cache
def records() -> tuple[Published, ...]:
    """All numbers, in the order of the tables, those of the text last."""
    rows = {f"Accuracy ({name})": key for name, key in NAMES.items()}
    return (
        *grid(KEY, "1", (*CK_PLUS, "all"), TABLE_1, NAMES, unit="count"),
        *accuracies(KEY, "2", "ck_plus", TEN_FOLD, TABLE_2),
        *cells(KEY, "3", CONFUSIONS["3"]),
        *accuracies(KEY, "4", "oulu_casia", TEN_FOLD, TABLE_4),
        *cells(KEY, "5", CONFUSIONS["5"]),
        *accuracies(KEY, "6", "mmi", TEN_FOLD, TABLE_6, NOTES_6),
        *cells(KEY, "7", CONFUSIONS["7"]),
        *grid(KEY, "8", COLUMNS_8, TABLE_8, rows, protocol=TEN_FOLD),
        *grid(KEY, "9", COLUMNS_9, TABLE_9, rows, protocol=TEN_FOLD),
        *from_text(KEY, TEXT, dict.fromkeys(NAMES.values(), TEN_FOLD), QUOTED),
    )
