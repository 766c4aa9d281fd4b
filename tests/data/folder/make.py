"""Forge a user's own data: files with names only, a manifest or one folder per label."""

from pathlib import Path

ROWS = (
    ("a b/clip 1.mp4", "Happy", "S10", "", ""),
    ("a b/clip 2.MP4", "surprise", "S9", "", ""),
    ("long.avi", "sad", "S9", "0", "50"),
    ("long.avi", "fear", "S9", "50", "120"),
    ("ünïcode.mov", "anger", "S11", "", ""),
)


def make(root: Path, rows: tuple[tuple[str, ...], ...] = ROWS) -> Path:
    """Write files and a manifest under `root`; returns the manifest."""
    lines = ["path,label,subject,start,end,sex"]
    for row in rows:
        path = root / row[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        lines.append(",".join((*row, "f")))
    manifest = root / "manifest.csv"
    manifest.write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8")
    return manifest


def make_tree(root: Path) -> Path:
    """Write <label>/<subject>/... with a video, a still and a folder of frames."""
    for name in (
        "happy/S01/v1.mp4", "happy/S01/._v1.mp4", "happy/S02/v2.mp4", "Anger/S01/take 1/0001.png",
        "Anger/S01/take 1/0002.png", "Anger/S03/v3.MOV", "Anger/notes.txt",
    ):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root
