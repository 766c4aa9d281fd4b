"""Settings for finding and cropping faces; their digest is part of a store's keys."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from fervid.errors import FacesError
from fervid.faces.track import SIZE
from fervid.text import parse_json

Style = Literal["full", "box", "points", "anonymous"]  # of an overlay
FINDERS = ("builtin", "yunet", "mediapipe", "cropped", "table")


@dataclass(frozen=True)
class FaceSettings:
    """How faces are found, tracked and cropped.

    Args:
        finder: "builtin", which needs no extra file; "yunet", which finds more faces; "cropped"
            for images that are already face crops; "table" for clips that bring their own
            landmarks; or "mediapipe", which is used only on request. `detect.choose("auto")`
            returns one of the first two.
        model: model file of the finder; None uses the package's own, or the one that `outside.py`
            finds.
        size: side of a stored crop, pixels; with "cropped", smaller images keep their size.
        max_faces: maximum number of faces to track at once; a database's clip shows one subject.
        redetect_every: frames between searches for new faces while fewer than `max_faces` are
            visible.
        min_score: presence below which a face counts as lost, 0..1.
        min_size: smallest face to look for, as a share of the frame's shorter side.
        min_frames: a face not seen in this many consecutive frames is dropped (except in stills).
        max_gap: seconds for which a face may disappear and still keep its id.
        stabilise: "per-frame" aligns every frame on its own; "smooth" gives the crop a little
            inertia, which removes jitter but keeps quick head motion in the crop.
        lossless: store PNG instead of JPEG at quality 95, about four times as large. Always on
            with "cropped".
        rate: frames per second of folders of images.
    """

    finder: str = "builtin"
    model: Path | None = None
    size: int = SIZE
    max_faces: int = 1
    redetect_every: int = 12
    min_score: float = 0.5
    min_size: float = 0.08
    min_frames: int = 3
    max_gap: float = 1.0
    stabilise: str = "per-frame"
    lossless: bool = False
    rate: float = 25.0

    def __post_init__(self) -> None:
        if self.finder not in FINDERS:
            known = ", ".join(FINDERS)
            raise FacesError(f"there is no face finder {self.finder!r}: use one of {known}")
        if self.stabilise not in ("per-frame", "smooth"):
            raise FacesError(f"stabilise={self.stabilise!r} is unknown: use per-frame or smooth")
        if min(self.max_faces, self.redetect_every, self.min_frames) < 1 or self.size < 16:
            raise FacesError(
                "max_faces, redetect_every and min_frames must be at least 1, and size at least "
                "16: correct the value"
            )

    @property
    def text(self) -> str:
        """The settings as JSON; of the model only its name, because its path is local."""
        model = Path(self.model).name if self.model else None
        return json.dumps({**asdict(self), "model": model}, sort_keys=True)

    @classmethod
    def of(cls, text: str) -> "FaceSettings":
        """Settings from JSON; TypeError if it has fields that this version does not know."""
        fields = parse_json(text)
        return cls(**{**fields, "model": Path(fields["model"]) if fields["model"] else None})

    def digest(self, version: str) -> str:
        """Sha256 over every setting and the finder's version, which stands for its model file."""
        named = {**parse_json(self.text), "model": version}
        return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()
