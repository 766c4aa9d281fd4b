"""Settings of the augmentation of faces."""

from dataclasses import dataclass

from fervid.learning.recipes import Amount, Below1, Share


@dataclass(frozen=True)
class Shake:
    """Largest random change of a face; each change is drawn uniformly and separately per face.

    The paper names mirroring, shifts and turns [5, Sec. 4.3] but gives no sizes.
    """

    flip: bool = True  # mirror half of the faces
    shift: Share = 0.0  # along each axis, as a share of the face's side
    turn: Amount = 0.0  # rotation in degrees
    scale: Below1 = 0.0  # not in the paper: 0.1 makes faces 0.9 to 1.1 times as large
    light: Share = 0.0  # not in the paper: 0.2 scales contrast by 0.8 to 1.2, shifts grey by +-51
    erase: Share = 0.0  # not in the paper: share of faces with a hole of up to half of each side
