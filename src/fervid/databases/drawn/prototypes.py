"""EMFACS prototypes: which action units make up an emotion.

Based on the combinations listed in the FACS investigator's guide (Ekman, Friesen, Hager, 2002):
a core with alternatives, plus optional components.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Strengths = Mapping[int, float]


@dataclass(frozen=True)
class Prototype:
    """One emotion.

    Args:
        cores: alternatives, each with its odds; strengths are relative to the clip's intensity.
        options: optional components, each with its odds.
        one_sided: odds that the mouth's units act on one side only.
    """

    cores: tuple[tuple[float, Strengths], ...]
    options: tuple[tuple[float, Strengths], ...] = ()
    one_sided: float = 0.0


PROTOTYPES: Mapping[str, Prototype] = {
    "anger": Prototype(
        (
            (0.40, {4: 1.0, 5: 0.5, 7: 0.8, 23: 0.9}),
            (0.35, {4: 1.0, 7: 0.7, 24: 0.9, 17: 0.4}),
            (0.25, {4: 1.0, 5: 0.5, 7: 0.7, 10: 0.6, 23: 0.4, 25: 0.8}),
        ),
        ((0.25, {17: 0.5}), (0.15, {9: 0.35}), (0.15, {26: 0.4})),
    ),
    "contempt": Prototype(
        ((0.6, {14: 1.0}), (0.4, {14: 0.9, 12: 0.45})),
        ((0.2, {10: 0.35}), (0.2, {7: 0.3}), (0.2, {2: 0.4}), (0.15, {17: 0.25})),
        one_sided=0.9,
    ),
    "disgust": Prototype(
        (
            (0.35, {9: 1.0, 10: 0.5, 17: 0.4}),
            (0.35, {10: 1.0, 9: 0.5, 25: 0.6}),
            (0.30, {9: 0.9, 10: 0.7, 16: 0.5, 25: 0.7}),
        ),
        ((0.5, {4: 0.5}), (0.4, {7: 0.5}), (0.3, {6: 0.4}), (0.2, {15: 0.4}), (0.2, {26: 0.4})),
    ),
    "fear": Prototype(
        (
            (0.45, {1: 1.0, 2: 0.6, 4: 0.6, 5: 0.9, 20: 0.8, 25: 0.8, 26: 0.5}),
            (0.30, {1: 0.9, 2: 0.7, 4: 0.4, 5: 1.0, 25: 0.8, 26: 0.8}),
            (0.25, {1: 0.9, 2: 0.5, 4: 0.6, 5: 0.8, 20: 0.7, 25: 0.6, 26: 0.3}),
        ),
        ((0.3, {7: 0.4}), (0.2, {27: 0.35}), (0.2, {16: 0.3})),
    ),
    "happiness": Prototype(
        ((0.55, {6: 0.8, 12: 1.0, 25: 0.7}), (0.30, {6: 0.5, 12: 0.8}), (0.15, {12: 0.8, 25: 0.5})),
        ((0.25, {26: 0.5}), (0.2, {7: 0.4}), (0.12, {1: 0.3, 2: 0.3}), (0.1, {14: 0.3})),
    ),
    "sadness": Prototype(
        (
            (0.45, {1: 1.0, 4: 0.6, 15: 0.9}),
            (0.30, {1: 0.8, 4: 0.5, 15: 0.7, 17: 0.7}),
            (0.25, {1: 0.7, 4: 0.7, 15: 0.6, 7: 0.3}),
        ),
        ((0.25, {6: 0.4}), (0.3, {17: 0.5}), (0.15, {25: 0.3}), (0.15, {24: 0.3})),
    ),
    "surprise": Prototype(
        (
            (0.45, {1: 0.9, 2: 1.0, 5: 0.7, 25: 0.8, 26: 1.0}),
            (0.30, {1: 1.0, 2: 1.0, 5: 0.8, 25: 0.9, 27: 0.9}),
            (0.25, {1: 0.9, 2: 0.9, 5: 0.5, 25: 0.6, 26: 0.6}),
        ),
        ((0.1, {4: 0.2}), (0.1, {12: 0.25}), (0.1, {20: 0.25})),
    ),
}

# Movements unrelated to any emotion, which make clips harder.
BYPLAY: tuple[Strengths, ...] = (
    {1: 0.6, 2: 0.6}, {4: 0.6}, {7: 0.6}, {12: 0.5}, {14: 0.6}, {15: 0.5}, {17: 0.7}, {20: 0.5},
    {24: 0.7}, {25: 0.7}, {25: 0.5, 26: 0.5}, {10: 0.4}, {6: 0.5}, {5: 0.4}, {23: 0.6}, {2: 0.6},
)  # fmt: skip

MOUTH_UNITS = frozenset({10, 12, 14, 15, 16, 20})


def compose(emotion: str, rng: np.random.Generator, options: float) -> dict[int, float]:
    """Random strengths of the action units for one emotion.

    Args:
        options: factor for the odds of optional components.
    """
    prototype = PROTOTYPES[emotion]
    odds = np.array([p for p, _ in prototype.cores])
    strengths = dict(prototype.cores[int(rng.choice(len(odds), p=odds / odds.sum()))][1])
    for chance, extra in prototype.options:
        if rng.random() < chance * options:
            for unit, strength in extra.items():
                strengths[unit] = max(strengths.get(unit, 0.0), strength)
    return {unit: float(v * np.exp(rng.normal(0, 0.18))) for unit, v in strengths.items()}
