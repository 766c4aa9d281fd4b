"""Identities: the numbers that make one face differ from the next."""

from dataclasses import dataclass

import numpy as np

# The unit of length throughout this package is the mean face's distance between the pupils.

HAIR_STYLES = ("bald", "buzz", "short", "swept", "fringe", "bob", "long", "tied")

# Linear reflectance (red, green, blue) of skin from fair to dark.
SKIN_TONES = (
    (0.78, 0.57, 0.46),
    (0.71, 0.49, 0.37),
    (0.60, 0.39, 0.27),
    (0.47, 0.28, 0.18),
    (0.33, 0.185, 0.115),
    (0.20, 0.105, 0.065),
)
HAIR_COLOURS = (
    (0.012, 0.010, 0.010),
    (0.030, 0.018, 0.012),
    (0.070, 0.040, 0.022),
    (0.150, 0.085, 0.045),
    (0.420, 0.290, 0.150),
    (0.230, 0.075, 0.030),
    (0.400, 0.390, 0.380),
)
IRIS_COLOURS = (
    (0.055, 0.028, 0.015),
    (0.110, 0.060, 0.025),
    (0.160, 0.130, 0.060),
    (0.110, 0.160, 0.110),
    (0.140, 0.220, 0.330),
    (0.200, 0.230, 0.250),
)


@dataclass(frozen=True)
class Identity:
    """One person. Numbers without a unit are deviations of about -1..1 from the mean face.

    Args:
        seed: seed it was sampled with; also seeds skin texture and hair strands.
        male: 0..1, how male the face looks.
        age: 0..1, about 18 to 70 years.
        skin: linear reflectance (3).
        iris: linear reflectance (3).
        hair: linear reflectance (3).
        style: one of HAIR_STYLES.
        beard: 0..1, none to full.
        glasses: whether glasses are worn.
        asymmetry: strength of the difference between the halves of the face.
    """

    seed: int
    male: float
    age: float
    skin: tuple[float, float, float]
    iris: tuple[float, float, float]
    hair: tuple[float, float, float]
    style: str
    beard: float
    glasses: bool
    asymmetry: float
    face_width: float
    face_length: float
    jaw_width: float
    chin: float
    cheekbones: float
    eye_size: float
    eye_width: float
    eye_tilt: float
    eye_gap: float
    eye_depth: float
    brow_height: float
    brow_arch: float
    brow_tilt: float
    brow_weight: float
    nose_length: float
    nose_width: float
    nose_height: float
    mouth_width: float
    mouth_height: float
    upper_lip: float
    lower_lip: float
    hairline: float
    mobility: tuple[float, ...]


def _tone(rng: np.random.Generator, tones: tuple[tuple[float, ...], ...], at: float) -> np.ndarray:
    """A colour between two neighbours of a ramp, slightly shifted in hue."""
    place = at * (len(tones) - 1)
    low = min(int(place), len(tones) - 2)
    mixed = np.array(tones[low]) * (low + 1 - place) + np.array(tones[low + 1]) * (place - low)
    return mixed * np.exp(rng.normal(0, 0.06, 3))


def sample_identity(seed: int) -> Identity:
    """A random person; the same seed gives the same person."""
    rng = np.random.default_rng([seed, 68])
    sex = rng.random() < 0.5
    male = float(np.clip(rng.normal(0.85 if sex else 0.12, 0.12), 0, 1))
    age = float(rng.beta(1.3, 2.2))
    skin_at = float(rng.beta(0.9, 1.3))
    skin = _tone(rng, SKIN_TONES, skin_at)
    fair = skin_at < 0.35
    dark_hair = 0 if skin_at > 0.6 else int(rng.choice(4 if not fair else 6))
    hair_index = 6 if age > 0.6 and rng.random() < 0.7 else dark_hair
    iris_index = int(rng.choice(6 if fair else (3 if skin_at < 0.6 else 2)))
    styles = HAIR_STYLES[:4] if sex else HAIR_STYLES[3:]
    odds = (0.12, 0.28, 0.36, 0.24) if sex else (0.1, 0.22, 0.22, 0.26, 0.2)
    shape = np.clip(rng.normal(0, 0.65, 22), -1.6, 1.6)

    def lean(index: int, towards: float) -> float:
        return float(shape[index] + towards * (2 * male - 1))

    def colour(values: np.ndarray) -> tuple[float, float, float]:
        return (float(values[0]), float(values[1]), float(values[2]))

    return Identity(
        seed=seed,
        male=male,
        age=age,
        skin=colour(skin),
        iris=colour(np.array(IRIS_COLOURS[iris_index]) * np.exp(rng.normal(0, 0.15, 3))),
        hair=colour(
            np.array(HAIR_COLOURS[hair_index]) * np.exp(rng.normal(0, 0.2) + rng.normal(0, 0.04, 3))
        ),
        style=str(rng.choice(styles, p=odds)),
        beard=float(rng.choice([0.0, 0.35, 0.6, 1.0], p=[0.5, 0.25, 0.15, 0.1])) if sex else 0.0,
        glasses=bool(rng.random() < 0.12),
        asymmetry=float(abs(rng.normal(0, 0.6))),
        face_width=lean(0, 0.1),
        face_length=lean(1, 0.15),
        jaw_width=lean(2, 0.5),
        chin=lean(3, 0.25),
        cheekbones=lean(4, -0.1),
        eye_size=lean(5, -0.35),
        eye_width=lean(6, -0.1),
        eye_tilt=lean(7, -0.2),
        eye_gap=lean(8, 0.0),
        eye_depth=lean(9, 0.4),
        brow_height=lean(10, -0.5),
        brow_arch=lean(11, -0.4),
        brow_tilt=lean(12, -0.1),
        brow_weight=lean(13, 0.6),
        nose_length=lean(14, 0.1),
        nose_width=lean(15, 0.3) + 0.5 * (skin_at > 0.6),
        nose_height=lean(16, 0.2),
        mouth_width=lean(17, 0.2),
        mouth_height=lean(18, 0.1),
        upper_lip=lean(19, -0.3) + 0.5 * (skin_at > 0.6) - 0.4 * age,
        lower_lip=lean(20, -0.2) + 0.4 * (skin_at > 0.6) - 0.3 * age,
        hairline=lean(21, 0.2) + 0.6 * male * age,
        mobility=tuple(float(v) for v in np.clip(rng.normal(1, 0.15, 24), 0.65, 1.35)),
    )
