"""Which run reproduces which published number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# Test on one database, train on all other databases of the plan that have a store.
ACROSS = "across"


@dataclass(frozen=True)
class Plan:
    """How to reproduce a published table.

    Args:
        measure: kind of its numbers; "clips" needs a store but no run.
        networks: printed row or column -> network of the run; "*" for all others.
        systems: database -> system.
        changes: recipe fields to set in these systems, the same in all tables that share runs.
        protocol: a key of `fervid.folds.PROTOCOLS`, or `ACROSS`.
        protocols: database -> its protocol, if the paper uses another for it.
        labels: if tested across databases: which labels are learned, as for
            `fervid.labels.common`.
        others: printed row or column -> another system that reproduces it, and its network.
        remarks: printed row -> how our system differs from it.
        added: rows that are not in the paper, appended if their store is given: name, database,
            system, network.
        linear: whether to append the linear baseline, which is not in the paper.
    """

    measure: Literal["accuracy", "confusion", "clips"]
    networks: Mapping[str, str] = field(default_factory=dict)
    systems: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    protocol: str = "paper"
    protocols: Mapping[str, str] = field(default_factory=dict)
    labels: str = "basic"
    others: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    added: tuple[tuple[str, str, str, str], ...] = ()
    linear: bool = False

    def protocol_of(self, database: str) -> str:
        """The protocol for a database."""
        return self.protocols.get(database, self.protocol)


# [1, Sec. 5.1]: MMI has its own, smaller networks.
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

# [3, Sec. 4.2]: four databases. For Table 2, `drawn` may join the training.
_IR3D = dict.fromkeys(("ck_plus", "mmi", "gemep_fera", "disfa"), "ir3d")
_WHOLE = "3D Inception-ResNet + landmarks"

# [4, Sec. IV-B]: five groups of subjects, except RML, which leaves out one of eight subjects.
_HYBRID: Mapping[str, Any] = {
    "systems": dict.fromkeys(("baum_1s", "rml", "mmi"), "hybrid"),
    "changes": {"compare": True},
    "protocols": {"baum_1s": "losgo", "rml": "loso", "mmi": "losgo"},
}

# The whole method of [2, Sec. III], which the paper did not run, and all systems on MMI as well.
_AGN3D = (
    ("3DAGN, network 1 alone", "ck_plus", "agn3d", "appearance"),
    ("3DAGN, networks 1, 2 and 3", "ck_plus", "agn3d", "joint"),
    ("MMI: DTAGN", "mmi", "dtagn-mmi", "joint"),
    ("MMI: 3DAGN, experiment", "mmi", "agn3d-experiment", "appearance"),
    ("MMI: 3DAGN, network 1 alone", "mmi", "agn3d", "appearance"),
    ("MMI: 3DAGN, networks 1, 2 and 3", "mmi", "agn3d", "joint"),
    ("MMI: linear model of the landmarks", "mmi", "agn3d", "landmarks"),
)

# [5, Sec. 4.5, 4.6]: here the CK+ pictures are a separate database. Two baselines are added.
_TFE = (
    ("TFE-JL, identity not learnt", "fer_plus", "tfe", "joint-fresh"),
    ("SVM on the identity feature", "fer_plus", "tfe", "svm"),
    ("ResNet, CK+", "ck_plus_stills", "tfe-ck", "resnet"),
    ("TFE-JL, CK+", "ck_plus_stills", "tfe-ck", "joint"),
    ("TFE-JL, CK+, identity not learnt", "ck_plus_stills", "tfe-ck", "joint-fresh"),
    ("SVM on the identity feature, CK+", "ck_plus_stills", "tfe-ck", "svm"),
)

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
    # Paper 2 quotes papers 1 and 3. Its own number is from its experiment.
    ("agn3d", "1"): Plan(
        "accuracy",
        {"DTAGN": "joint"},
        **_DTAGN,
        others={
            "2DIR with CRF": ("ir2d", "ir2d"),
            "3DIR": ("ir3d", "ir3d"),
            "3DAGN": ("agn3d-experiment", "appearance"),
        },
        remarks={"2DIR with CRF": "ours has no CRF"},
        added=_AGN3D,
        linear=True,
    ),
    ("ir3d", "1"): Plan(
        "accuracy",
        {"2D Inception-ResNet": "ir2d", "3D Inception-ResNet": "ir3d-shortcut", _WHOLE: "ir3d"},
        _IR3D,
        {"compare": True},
        "five-fold",
        linear=True,
    ),
    ("ir3d", "2"): Plan(
        "accuracy",
        {_WHOLE: "ir3d"},
        {**_IR3D, "drawn": "ir3d"},
        protocol=ACROSS,
        labels="trained",
        linear=True,
    ),
    ("hybrid", "1"): Plan(
        "accuracy", {f"DBN-{depth}": f"dbn-{depth}" for depth in (1, 2, 3)}, **_HYBRID
    ),
    ("hybrid", "2"): Plan(
        "accuracy",
        {
            "Spatial CNN": "spatial",
            "Temporal CNN": "temporal",
            "Score-level fusion": "score",
            "DBN fusion": "dbn-3",
        },
        **_HYBRID,
        linear=True,
    ),
    ("hybrid", "3"): Plan(
        "accuracy", {f"{name}: Ours": "dbn-3" for name in ("BAUM-1s", "RML", "MMI")}, **_HYBRID
    ),
    ("hybrid", "Fig. 6"): Plan("confusion", {"*": "dbn-3"}, **_HYBRID),
    # The tables of [5] are missing from our copy; these numbers are from its text.
    ("tfe", "text"): Plan(
        "accuracy",
        {"ResNet": "resnet", "TFE-JL": "joint"},
        {"fer_plus": "tfe", "ck_plus_stills": "tfe-ck"},
        {"compare": True},
        protocols={"fer_plus": "parts", "ck_plus_stills": "ten-fold"},
        added=_TFE,
    ),
}
