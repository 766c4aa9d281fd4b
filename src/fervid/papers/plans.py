"""Which run answers which printed number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Plan:
    """How a printed table is run.

    Args:
        measure: what its numbers are; "clips" needs a store and no run.
        networks: printed row or column -> the run's network; "*" for all that is not named.
        systems: database -> system.
        changes: fields of the system's recipe; alike in all tables, so that they share runs.
        protocol: a key of `fervid.protocols.PROTOCOLS`.
        linear: whether the linear baseline is shown below, as a row that no paper prints.
    """

    measure: Literal["accuracy", "confusion", "clips"]
    networks: Mapping[str, str] = field(default_factory=dict)
    systems: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    protocol: str = "paper"
    linear: bool = False


# [1, Sec. 5.1]: MMI has networks of its own.
_DTAGN: Mapping[str, Any] = {
    "systems": {"ck_plus": "dtagn", "oulu_casia": "dtagn", "mmi": "dtagn-mmi"},
    "changes": {"compare": True},
}
_ROWS = {
    "DTAN": "dtan",
    "DTGN": "dtgn",
    "DTAGN(Weighted Sum)": "weighted",
    "DTAGN(Joint)": "joint",
}

PLANS: Mapping[tuple[str, str], Plan] = {
    ("dtagn", "1"): Plan("clips"),
    ("dtagn", "2"): Plan("accuracy", _ROWS, **_DTAGN, linear=True),
    ("dtagn", "3"): Plan("confusion", {"*": "joint"}, **_DTAGN),
    ("dtagn", "4"): Plan("accuracy", _ROWS, **_DTAGN, linear=True),
    ("dtagn", "5"): Plan("confusion", {"*": "joint"}, **_DTAGN),
    ("dtagn", "6"): Plan("accuracy", _ROWS, **_DTAGN, linear=True),
    ("dtagn", "7"): Plan("confusion", {"*": "joint"}, **_DTAGN),
    ("dtagn", "8"): Plan(
        "accuracy",
        {"Baseline": "weighted", "One (L3 only)": "joint-l3", "Three": "joint"},
        **_DTAGN,
    ),
    ("dtagn", "9"): Plan(
        "accuracy", {"Concatenation": "concat", "Joint Fine-tuning": "joint"}, **_DTAGN
    ),
    # Paper 2 quotes paper 1.
    ("agn3d", "1"): Plan("accuracy", {"DTAGN": "joint"}, **_DTAGN, linear=True),
}
