"""Forge trees of AFEW, DFEW, FERV39k and MAFW: lists, and clips without pictures."""

from pathlib import Path


def make(root: Path) -> Path:
    """AFEW's style: `path label` with names, in train.txt and val.txt, and subjects.csv."""
    clips = {
        "train": ("Train/Angry/000046280.avi Angry", "Train/Happy/a b 1.avi Happy"),
        "val": ("Val/Sad/000149120.AVI Sad",),
    }
    for part, lines in clips.items():
        for line in lines:
            _write(root / line.rpartition(" ")[0])
        (root / f"{part}.txt").write_text("\n".join(lines) + "\n\n")
    (root / "subjects.csv").write_text(
        "clip,subject\n000046280,A\na b 1,B\nVal/Sad/000149120.AVI,C\n"
    )
    return root


def make_dfew(root: Path) -> Path:
    """Numbers without leading zeros in the lists, folders of frames with them."""
    for part, clips in {"train": ((1, 1), (2, 7)), "test": ((10, 4),)}.items():
        folder = root / "EmoLabel_DataSplit" / f"{part}(single-labeled)"
        folder.mkdir(parents=True)
        for fold in (1, 2):
            rows = [f"{name},{label}" for name, label in clips[: 3 - fold]]
            (folder / f"set_{fold}.csv").write_text("\n".join(["video_name,label", *rows]))
        for name, _ in clips:
            _write(root / "Clip" / "clip_224x224_16f" / f"{name:05d}" / "1.jpg")
    return root / "EmoLabel_DataSplit"


def make_ferv39k(root: Path) -> Path:
    """`scene/emotion/clip label` and folders of frames."""
    lists = root / "4_setups" / "All_scenes"
    lists.mkdir(parents=True)
    for part, line in {"train": "Action/Happy/0267 Happy", "test": "War/Sad/0010 Sad"}.items():
        (lists / f"{part}_All.csv").write_text(line + "\n")
        _write(root / "2_ClipsforFaceCrop" / line.split()[0] / "0.jpg")
    return lists


def make_counted(root: Path) -> Path:
    """`frames_dir n label` with numbers."""
    lines = ("clips/00001 12 3", "clips/00002 7 11")
    for line in lines:
        _write(root / line.split()[0] / "0001.png")
    (root / "train.txt").write_text("\n".join(lines) + "\n")
    return root


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
