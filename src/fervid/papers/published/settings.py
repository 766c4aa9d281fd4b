"""Hyperparameters given in the papers, by system and recipe field.

Fields that are not listed are open in their paper; see PAPER.md.
"""

from collections.abc import Mapping
from math import pi

# System -> field -> printed value, and the section that gives it.
SETTINGS: Mapping[str, Mapping[str, tuple[object, str]]] = {
    "dtagn": {
        "appearance.layers": ("I64-C(5,64)-L5-P2-C(5,64)-L3-P2-FC500-FC500-S", "Sec. 5.1"),
        "geometry.layers": ("D1176-FC100-FC600-S", "Sec. 5.1"),
        "geometry.noise": (0.01, "Sec. 3.4"),
        "geometry.turn": (pi / 10, "Sec. 3.4"),
        "joint.lambdas": ((1.0, 1.0, 0.1), "Sec. 3.5.2"),
        "alpha": (0.5, "Sec. 3.5.1"),
    },
    "agn3d": {
        "appearance.plan.optimiser": ("adam", "Sec. 4.1"),
        "appearance.plan.epochs": (100, "Sec. 4.1"),
        "joint.lambdas": ((1.0, 1.0, 1.0), "Eq. 1"),
    },
    "ir3d": {
        "input.size": (299, "Sec. 3.1"),
        "input.frames": (10, "Sec. 3.1"),
        "network.hidden": (200, "Sec. 3.3"),
        "network.dropout": (0.2, "Fig. 2"),
        "network.slope": (0.1, "Eq. 2"),
        "network.window": (7, "Sec. 3.2"),
        "plan.momentum": (0.9, "Sec. 3.3"),
        "plan.weight_decay": (0.0001, "Sec. 3.3"),
        "plan.learning_rate": (0.01, "Sec. 3.3"),
    },
    "hybrid": {
        "input.length": (16, "Sec. III-A"),
        "input.flow_scale": (16.0, "Eq. 1"),
        "input.size": (227, "Sec. III-A"),
        "stream.plan.batch_size": (30, "Sec. IV-B"),
        "stream.plan.epochs": (300, "Sec. IV-B"),
        "stream.plan.learning_rate": (0.001, "Sec. IV-B"),
        "dbn.hidden": ((4096, 2048, 1024), "Table 1"),
        "dbn.pretraining.batch_size": (30, "Sec. IV-B"),
        "dbn.pretraining.epochs": (100, "Sec. IV-B"),
        "dbn.pretraining.learning_rate": (0.001, "Sec. IV-B"),
        "dbn.plan.batch_size": (30, "Sec. IV-B"),
        "dbn.plan.epochs": (100, "Sec. IV-B"),
        "dbn.plan.learning_rate": (0.001, "Sec. IV-B"),
    },
    "tfe": {
        "emotion.plan.epochs": (200, "Sec. 4.2"),
        "emotion.plan.learning_rate": (0.1, "Sec. 4.2"),
        "emotion.plan.batch_size": (128, "Sec. 4.2"),
        "emotion.plan.momentum": (0.9, "Sec. 4.2"),
        "tandem.plan.epochs": (100, "Sec. 4.2"),
        "tandem.plan.learning_rate": (0.001, "Sec. 4.2"),
        "tandem.dropout": (0.4, "Sec. 4.2"),
    },
    "tfe-ck": {
        "emotion.plan.epochs": (200, "Sec. 4.2"),
        "emotion.plan.learning_rate": (0.16, "Sec. 4.2"),
        "emotion.plan.batch_size": (128, "Sec. 4.2"),
        "tandem.plan.epochs": (100, "Sec. 4.2"),
        "input.last_frames": (3, "Sec. 4.1"),
    },
}
