"""The 49 landmarks that DTAGN sees, as numbers among the 68."""

# Departure 1: our own finder's points. IntraFace's 49 are the 68 without the jaw (0..16) and the
# inner corners of the mouth.
POINTS = tuple(index for index in range(17, 68) if index not in (60, 64))
# The person's right eye (left in the picture) and left eye.
EYES = (slice(36, 42), slice(42, 48))
# What a point becomes in a mirror (jaw left out).
MIRROR = {
    **{17 + i: 26 - i for i in range(10)},
    **{27 + i: 27 + i for i in range(4)},
    **{31 + i: 35 - i for i in range(5)},
    **{36: 45, 37: 44, 38: 43, 39: 42, 40: 47, 41: 46},
    **{45: 36, 44: 37, 43: 38, 42: 39, 47: 40, 46: 41},
    **{48 + i: 54 - i for i in range(7)},
    **{55 + i: 59 - i for i in range(5)},
    **{60 + i: 64 - i for i in range(5)},
    **{65 + i: 67 - i for i in range(3)},
}


def mirrored(points: tuple[int, ...] = POINTS) -> list[int]:
    """For each of `points` (numbers among the 68), the place in `points` of its mirror image."""
    return [points.index(MIRROR[point]) for point in points]
