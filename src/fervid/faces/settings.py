"""What decides how faces are found and cut out; its digest is part of the store's cache key."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from fervid.errors import FacesError
from fervid.faces.track import SIZE
from fervid.text import parse_json

FINDERS = ("builtin", "yunet", "mediapipe", "cropped", "table")


@dataclass(frozen=True)
class FaceSettings:
    """How faces are found, followed and cut out.

    Args:
        finder: "builtin", which needs no file but the package's; "yunet", which finds more faces;
            "cropped" for images that are face crops already; "table" for clips that bring their
            landmarks; or "mediapipe", which is never switched on unless asked for.
            `detect.choose("auto")` names one of the first two.
        model: the finder's model file; None: the package's own, or where `detect.py` looks.
        size: side of a stored crop, pixels; pictures "cropped" keep theirs unless it is larger.
        max_faces: how many faces to follow at once; a database's clip shows one subject.
        redetect_every: frames between two searches for new faces while `max_faces` are not seen.
        min_score: presence below which a face counts as lost, 0..1.
        min_size: smallest face looked for, as part of the frame's shorter side.
        min_frames: a face not seen in this many frames in a row is dropped (stills excepted).
        max_gap: seconds a face may be gone and keep its id.
        stabilise: "per-frame" aligns every frame on its own; "smooth" lets the crop follow with
            a little inertia, which takes out jitter and keeps quick head motion in the crop.
        lossless: store PNG instead of JPEG of quality 95; about four times the room. Pictures
            "cropped" always are.
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
            raise FacesError(f"no face finder is named {self.finder!r}: use one of {known}")
        if self.stabilise not in ("per-frame", "smooth"):
            raise FacesError(f"stabilise={self.stabilise!r} is unknown: use per-frame or smooth")
        if min(self.max_faces, self.redetect_every, self.min_frames) < 1 or self.size < 16:
            raise FacesError("face settings count from 1 (size from 16): correct the number given")

    @property
    def text(self) -> str:
        """As JSON; of a model only the name, for its place is this machine's business."""
        model = Path(self.model).name if self.model else None
        return json.dumps({**asdict(self), "model": model}, sort_keys=True)

    @classmethod
    def of(cls, text: str) -> "FaceSettings":
        """Back from JSON; TypeError where it has fields that this version does not know."""
        fields = parse_json(text)
        return cls(**{**fields, "model": Path(fields["model"]) if fields["model"] else None})

    def digest(self, version: str) -> str:
        """Sha256 over every setting and the finder's version, which stands for its model file."""
        named = {**parse_json(self.text), "model": version}
        return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()
