"""How far faces are changed in training."""

from dataclasses import dataclass

from fervid.learning.recipes import Amount, Below1, Share


@dataclass(frozen=True)
class Shake:
    """How far a face is changed at most; each change is drawn uniformly for each face.

    The paper names mirroring, shifts and turns [5, Sec. 4.3] and tells no size.
    """

    flip: bool = True  # half of the faces are mirrored
    shift: Share = 0.0  # along each axis, as part of the face's side
    turn: Amount = 0.0  # degrees
    scale: Below1 = 0.0  # 0.1 makes faces 0.9 to 1.1 times as large; not in the paper
    light: Share = 0.0  # 0.2: contrast times 0.8 to 1.2, and as much of 255; not in the paper
    erase: Share = 0.0  # share of faces that lose up to half of each side; not in the paper
