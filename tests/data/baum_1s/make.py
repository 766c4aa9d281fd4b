"""Forge a BAUM-1s tree: annotations as CSV or Excel, videos without pictures."""

from pathlib import Path

HEADER = ("", "Subject", "Gender", "Clip Name", "Emotion", "Emotion Code")
ROWS = (
    ("1", "1", "Female", "S001_010", "Happiness", "8"),
    ("2", "1", "Female", "S001_014", "Sadness", "10"),
    ("3", "1", "Female", "S001_015", "Anger", "1"),
    ("4", "2", "Male", "S002_001", "Neutral", "9"),
    ("5", "2", "Male", "S002_003", "Contempt", "5"),
    ("6", "2", "Male", "S002_004", "Concentrating", "4"),
    ("7", "10", "Male", "S010_007", "Happy or neutral", "8"),
    ("8", "10", "Male", "S010_008", "Fear", "7"),
    ("9", "10", "Male", "S010_009", " Disgust ", "6"),
    ("10", "10", "Male", "S010_009", "Disgust", "6"),
    ("11", "31", "Female", "S031_002", "Surprise", "11"),
)


def make(root: Path) -> Path:
    """Write the tree with a CSV under `root`."""
    videos(root)
    lines = ["BAUM-1s annotations,,,,,", ",".join(HEADER), *(",".join(row) for row in ROWS)]
    (root / "Annotations_BAUM1s.csv").write_text("\n".join(lines) + "\n")
    return root


def make_sheet(root: Path) -> Path:
    """Write the tree with an Excel file under `root`; needs openpyxl."""
    from openpyxl import Workbook

    videos(root)
    book = Workbook()
    book.active.append(HEADER)
    for row in ROWS:
        book.active.append([int(cell) if cell.isdecimal() else cell for cell in row])
    book.save(root / "Annotations_BAUM1s.xlsx")
    return root


def videos(root: Path) -> None:
    for _, subject, _, name, *_ in ROWS:
        folder = root / "BAUM1s_MP4 - All" / f"s{int(subject):03d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.{'MP4' if subject == '10' else 'mp4'}").write_bytes(b"x")
        (folder / f"._{name}.mp4").write_bytes(b"\0\5\x16\7")
