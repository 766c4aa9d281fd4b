"""Forge a CASIA-WebFace tree: a folder per identity; the pictures are empty."""

from pathlib import Path

PICTURES = {"0000045": ("001.jpg", "002.JPG", "010.jpg"), "0000099": ("001.jpg",)}


def make(root: Path) -> Path:
    """Write the tree under `root`."""
    for person, names in PICTURES.items():
        folder = root / "CASIA-WebFace" / person
        folder.mkdir(parents=True)
        for name in (*names, "._001.jpg", "001 (1).jpg", "list.txt"):
            (folder / name).write_bytes(b"\xff\xd8")
    return root
