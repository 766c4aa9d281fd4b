"""Forge a GEMEP-FERA tree: one folder per emotion, or one list; the videos hold no picture."""

from pathlib import Path

# Video -> emotion as the challenge spells it, actor.
VIDEOS = {
    "train_001": ("anger", "1"),
    "train_002": ("Fear", "2"),
    "train_003": ("joy", "1"),
    "train_010": ("relief", "3"),
    "train_087": ("sadness", "10"),
}


def make(root: Path) -> Path:
    """Write emotion folders and `subjects.csv` under `root`."""
    for name, (emotion, _) in VIDEOS.items():
        folder = root / "training" / emotion
        folder.mkdir(parents=True)
        (folder / f"{name}.{'AVI' if name == 'train_002' else 'avi'}").write_bytes(b"RIFF")
        (folder / f"._{name}.avi").write_bytes(b"\0\5\x16\7")
    (root / "training" / "anger" / "train_001 (1).avi").write_bytes(b"RIFF")
    rows = [f"{name},actor{actor}" for name, (_, actor) in VIDEOS.items()]
    (root / "subjects.csv").write_text("\n".join(["clip,subject", *rows]) + "\n")
    return root


def make_list(root: Path, subjects: bool = True) -> Path:
    """Write videos in one folder with `labels.csv` under `root`, as Excel in Europe does."""
    lines = ["Clip;Emotion;Subject" if subjects else "Clip;Emotion"]
    for name, (emotion, actor) in VIDEOS.items():
        (root / f"{name}.avi").write_bytes(b"RIFF")
        lines.append(f"{name}.avi;{emotion}" + f";actor{actor}" * subjects)
    (root / "labels.csv").write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    return root
