"""Forge an RML tree: subjects' folders, languages below some; the videos hold no picture."""

from pathlib import Path

VIDEOS = (
    "s1/an1.avi", "s1/an2.avi", "s1/di1.avi", "s2/English/ha10.AVI", "s2/Mandarin/ha9.avi",
    "s2/English/sa1.avi", "s8/fe1.avi", "s8/su1.avi",
)  # fmt: skip
LEFT_OUT = ("s1/an1 (1).avi", "s8/intro.avi")


def make(root: Path) -> Path:
    """Write the tree under `root`."""
    for name in (*VIDEOS, *LEFT_OUT, "s1/._an1.avi", "s1/desktop.ini"):
        path = root / "RML Emotion Database" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"RIFF")
    return root
