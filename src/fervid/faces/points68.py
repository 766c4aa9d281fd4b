"""The 68 points of Multi-PIE: parts, mirror image, and the subsets that papers use.

Indices count from 0. Left and right are the person's own; the right eye comes first.
"""

from collections.abc import Mapping, Sequence

PARTS: Mapping[str, range] = {
    "jaw": range(17),
    "brows": range(17, 27),
    "nose": range(27, 36),
    "eyes": range(36, 48),
    "lips": range(48, 68),
}
EYES = (slice(36, 42), slice(42, 48))  # right, left
CORNERS = (36, 39, 42, 45)  # eye corners

# The parts that expressions move.
MOVING: dict[str, Sequence[int]] = {
    "brows": PARTS["brows"],
    "lids": tuple(point for point in PARTS["eyes"] if point not in CORNERS),
    "nose": PARTS["nose"],
    "lips": PARTS["lips"],
}

# For each point, the one that takes its place in a mirror image.
MIRROR = (
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1),
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1),
)  # fmt: skip

# The 66-point annotation lacks the inner mouth corners; IntraFace's 49 points also lack the jaw.
POINTS_66 = tuple(point for point in range(68) if point not in (60, 64))
POINTS_49 = tuple(point for point in POINTS_66 if point not in PARTS["jaw"])

# Polylines to draw: jaw, brows, nose, eyes, lips; True if the line is closed.
LINES = (
    (range(0, 17), False), (range(17, 22), False), (range(22, 27), False), (range(27, 31), False),
    (range(31, 36), False), (range(36, 42), True), (range(42, 48), True), (range(48, 60), True),
    (range(60, 68), True),
)  # fmt: skip

# The nearest of MediaPipe's 478 mesh points to each of the 68; brow tails are 70 and 300.
MESH = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,  # jaw
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,  # brows
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,  # lips
)  # fmt: skip

# The one of WFLW's 98 points that corresponds to each of the 68; OpenFace 3 finds all 98.
WFLW = (
    *range(0, 33, 2), *range(33, 38), *range(42, 47), *range(51, 60),
    60, 61, 63, 64, 65, 67, 68, 69, 71, 72, 73, 75, *range(76, 96),
)  # fmt: skip


def mirrored(points: Sequence[int]) -> list[int]:
    """For each point of a subset, the position of its mirror image in that subset.

    >>> mirrored((36, 45, 30))
    [1, 0, 2]
    """
    return [points.index(MIRROR[point]) for point in points]
