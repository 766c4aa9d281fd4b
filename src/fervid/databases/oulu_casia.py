"""Oulu-CASIA: six emotions under three lights, filmed by two cameras [1, Sec. 5.3]."""

from pathlib import Path
from typing import Literal

from fervid.clip import Clip, Database
from fervid.databases.tree import folders, origin, sequence, visible
from fervid.errors import DatabaseError
from fervid.labels import BASIC, canonical

Camera = Literal["vis", "nir"]
Light = Literal["strong", "weak", "dark"]

# A camera's folder name begins with this; VL_Acropped is its cropped version.
CAMERAS = {"vis": "VL", "nir": "NI"}
LIGHTS = ("strong", "weak", "dark")
# Each subject shows each emotion once per light and camera [1, Table 1].
COUNTS = dict.fromkeys(BASIC, 80)
SUBJECTS = 80

LICENCE = (
    "Oulu-CASIA is licensed for research by the University of Oulu and not to be redistributed."
)
DEPTH = 4  # levels between the root and a camera's folder, as the archives nest them


def load(root: Path, *, light: Light = "strong", camera: Camera = "vis") -> Database:
    """Oulu-CASIA: [OriginalImg/]VL/Strong/P001/Anger/000.jpeg (480 sequences, 80 subjects).

    The papers use normal light and the ordinary camera, that is Strong in VL. Original pictures
    are preferred to cropped ones if both are present.

    Args:
        root: any folder above VL/ or NI/.
        light: strong, weak or dark.
        camera: vis (ordinary) or nir (near infrared).

    Raises:
        DatabaseError: no such folder, or a sequence without pictures.
    """
    root = Path(root)
    if light not in LIGHTS or camera not in CAMERAS:
        raise DatabaseError(
            f"oulu_casia: no light {light!r} or camera {camera!r}: choose a light of "
            f"{', '.join(LIGHTS)} and a camera of {', '.join(CAMERAS)}"
        )
    place = _place(root, CAMERAS[camera], light)
    clips, bare, other = [], [], 0
    for subject in folders(place):
        for folder in folders(subject):
            label = canonical(folder.name)
            if label not in BASIC:
                other += 1
                continue
            frames = sequence(folder, "oulu_casia")
            who = subject.name.strip().upper()
            if not frames:
                bare.append(f"{subject.name}/{folder.name}")
            clips.append(
                Clip(f"{who}_{label}", folder, "oulu_casia", label, who, apex=len(frames) - 1,
                     view="frontal", groups={"light": light, "camera": camera})
            )  # fmt: skip
    if bare or not clips:
        first = f", the first is {bare[0]}" if bare else ""
        raise DatabaseError(
            f"oulu_casia: {place} is half copied: {len(bare)} of {len(clips)} sequences have no "
            f"pictures (expected P001/Anger/000.jpeg, ...{first}): copy it again"
        )
    clips.sort(key=lambda clip: clip.name)
    out = {"folders of no emotion": other} if other else {}
    return Database(
        "oulu_casia", BASIC, tuple(clips), "onset-apex", origin(root), LICENCE, left_out=out
    )


def _place(root: Path, prefix: str, light: str) -> Path:
    """The folder of one light: the shallowest, preferring original to cropped pictures."""
    if not root.is_dir():
        raise DatabaseError(f"oulu_casia: {root} is not a folder: give the folder above {prefix}/")
    level, found = [root], []
    for _ in range(DEPTH + 1):
        found += [folder for folder in level if folder.name.strip().upper().startswith(prefix)]
        level = [inner for folder in level for inner in folders(folder) if inner not in found]
        level = [folder for folder in level if not folder.name[1:4].isdecimal()]  # P001
    found.sort(key=lambda folder: ("crop" in str(folder.relative_to(root)).lower(), str(folder)))
    for folder in found:
        for inner in folders(folder):
            if inner.name.strip().lower() == light:
                return inner
    shown = ", ".join(path.name for path in (found and folders(found[0])) or visible(root)[:5])
    raise DatabaseError(
        f"oulu_casia: expected {prefix}/{light.title()}/P001/Anger/000.jpeg, ... under {root} and "
        f"found {shown or 'nothing'}: unpack the pictures of that camera and light there"
    )
