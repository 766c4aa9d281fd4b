"""Forge an Oulu-CASIA tree: originals and crops, two cameras, three lights; empty pictures."""

from pathlib import Path

EMOTIONS = ("Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise")
SUBJECTS = ("P001", "P002", "P010")


def make(root: Path, frames: int = 3) -> Path:
    """Write the tree under `root`."""
    for branch, depth in (("OriginalImg/VL", frames), ("PreProcess_Img/VL_Acropped", frames - 1)):
        for light in ("Strong", "Weak", "Dark"):
            _light(root / branch / light, depth)
    _light(root / "OriginalImg" / "NI" / "Strong", frames)
    (root / "OriginalImg" / "VL" / "Strong" / "P001" / "tmp").mkdir()
    (root / "OriginalImg" / "Thumbs.db").write_bytes(b"x")
    return root


def _light(place: Path, frames: int) -> None:
    for subject in SUBJECTS:
        for emotion in EMOTIONS:
            folder = place / subject / (f"{emotion} " if subject == "P010" else emotion)
            folder.mkdir(parents=True)
            for number in range(frames):
                ending = "JPEG" if number == 1 else "jpeg"
                (folder / f"{number:03d}.{ending}").write_bytes(b"\xff\xd8")
                (folder / f"._{number:03d}.jpeg").write_bytes(b"\0\5\x16\7")
