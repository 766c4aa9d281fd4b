"""Paper 4 (two streams and a deep belief network): Tables 1 to 3, Fig. 6 and numbers in the text.

Figs. 5 and 7 (BAUM-1s and MMI) are pictures, so only the cells that the text mentions are here.
"""

from collections.abc import Mapping
from functools import cache

from fervid.labels import BASIC
from fervid.papers.published.record import (
    AS_IN_SOURCE,
    Confusion,
    Published,
    TextRows,
    cells,
    from_text,
    grid,
)

KEY = "hybrid"
NAMES = {"BAUM-1s": "baum_1s", "RML": "rml", "MMI": "mmi"}
FIVE_GROUPS = "leave one of five subject groups out"
PROTOCOLS = {"baum_1s": FIVE_GROUPS, "rml": "leave one subject out", "mmi": FIVE_GROUPS}

COLUMNS = ("BAUM-1s", "RML", "MMI")
TABLE_1 = {
    "DBN-1": (48.15, 68.86, 66.82),
    "DBN-2": (52.73, 71.52, 69.88),
    "DBN-3": (55.85, 73.73, 71.43),
}
TABLE_2 = {
    "Spatial CNN": (50.96, 64.58, 60.45),
    "Temporal CNN": (49.14, 50.31, 48.66),
    "Score-level fusion": (53.04, 71.94, 68.35),
    "DBN fusion": (55.85, 73.73, 71.43),
}
# Database, authors, quoted work (0: own), features, accuracy in percent.
TABLE_3 = (
    ("BAUM-1s", "Zhalehpour", 20, "LPQ", 45.04),
    ("BAUM-1s", "Zhang", 15, "3D-CNN", 50.11),
    ("BAUM-1s", "Ours", 0, "Spatio-temporal CNN+DBN", 55.85),
    ("RML", "Elmadany", 42, "Gabor", 64.58),
    ("RML", "Zhang", 15, "3D-CNN", 68.09),
    ("RML", "Ours", 0, "Spatio-temporal CNN+DBN", 73.73),
    ("MMI", "Liu", 14, "3DCNN-DAP", 63.40),
    ("MMI", "Hasani", 41, "Inception-ResNet", 68.51),
    ("MMI", "Ours", 0, "Spatio-temporal CNN+DBN", 71.43),
)

# The figure prints "joy" for happiness.
FIGURE_6 = (
    (76.67, 1.67, 0.83, 1.67, 7.50, 11.67),
    (6.67, 84.17, 4.17, 1.67, 3.33, 0.00),
    (1.67, 2.50, 72.50, 16.67, 6.67, 0.00),
    (6.67, 7.50, 13.33, 52.50, 12.50, 7.50),
    (0.00, 4.17, 3.33, 7.50, 84.17, 0.83),
    (4.17, 0.83, 0.00, 4.17, 0.00, 90.83),
)
CONFUSIONS = {"Fig. 6": Confusion(BASIC, FIGURE_6, "rml", PROTOCOLS["rml"], "DBN fusion")}

TEXT: TextRows = (
    ("Sec. III-A", "frames", "per segment", 16, "count", ""),
    ("Sec. III-A", "flow images", "per segment", 15, "count", ""),
    ("Sec. III-C", "DBN input", "numbers", 8192, "count", ""),
    ("Sec. IV-A", "clips", "BAUM-1", 1222, "count", "baum_1s"),
    ("Sec. IV-A", "subjects", "all", 31, "count", "baum_1s"),
    ("Sec. IV-A", "clips", "all", 521, "count", "baum_1s"),
    ("Sec. IV-A", "clips", "all", 720, "count", "rml"),
    ("Sec. IV-A", "subjects", "all", 8, "count", "rml"),
    ("Sec. IV-A", "clips", "unlabelled too", 2894, "count", "mmi"),
    ("Sec. IV-A", "clips", "all", 213, "count", "mmi"),
    ("Sec. IV-A", "subjects", "all", 30, "count", "mmi"),
    ("Sec. IV-B", "segments", "about", 7000, "count", "baum_1s"),
    ("Sec. IV-B", "segments", "about", 12000, "count", "rml"),
    ("Sec. IV-B", "segments", "about", 4000, "count", "mmi"),
    ("Sec. IV-B", "subject groups", "all", 5, "count", ""),
    ("Sec. IV-C", "DBN-3", "accuracy", 55.85, "%", "baum_1s"),
    ("Sec. IV-C", "DBN-3", "accuracy", 73.73, "%", "rml"),
    ("Sec. IV-C", "DBN-3", "accuracy", 71.43, "%", "mmi"),
    ("Sec. IV-C", "features that DBN fusion beats", "said", 2, "count", ""),
    ("Sec. IV-C, Fig. 5", "happiness", "recall", 88.44, "%", "baum_1s"),
    ("Sec. IV-C, Fig. 5", "sadness", "recall", 72.39, "%", "baum_1s"),
    ("Sec. IV-C, Fig. 5", "the other four", "recall, less than", 35, "%", "baum_1s"),
    ("Sec. IV-C, Fig. 6", "disgust, sadness, surprise", "recall, less than", 80, "%", "rml"),
    ("Sec. IV-C, Fig. 7", "sadness", "recall", 100, "%", "mmi"),
    ("Sec. IV-C, Fig. 7", "surprise", "recall", 100, "%", "mmi"),
    ("Sec. IV-C, Fig. 7", "the other four", "recall, less than", 75, "%", "mmi"),
)


def _own(table: str, rows: Mapping[str, tuple[float, ...]]) -> tuple[Published, ...]:
    """A table with one column per database, each with its own protocol."""
    return tuple(
        cell
        for place, name in enumerate(COLUMNS)
        for cell in grid(
            KEY,
            table,
            (name,),
            {row: (values[place],) for row, values in rows.items()},
            NAMES,
            protocol=PROTOCOLS[NAMES[name]],
        )
    )


def _compared() -> tuple[Published, ...]:
    return tuple(
        Published(
            paper=KEY,
            table="3",
            row=f"{name}: {authors}",
            column=features,
            value=value,
            unit="%",
            database=NAMES[name],
            protocol=AS_IN_SOURCE if reference else PROTOCOLS[NAMES[name]],
            own=not reference,
            source=f"[{reference}]" if reference else "",
        )
        for name, authors, reference, features, value in TABLE_3
    )


@cache
def records() -> tuple[Published, ...]:
    """All numbers: the tables first, then Fig. 6, then the text."""
    return (
        *_own("1", TABLE_1),
        *_own("2", TABLE_2),
        *_compared(),
        *cells(KEY, "Fig. 6", CONFUSIONS["Fig. 6"]),
        *from_text(KEY, TEXT, PROTOCOLS),
    )
