"""Forge LFW: folders of people or one folder of pictures, a legend, pairs; empty pictures."""

from pathlib import Path

PEOPLE = {"Abel_Pacheco": 4, "AJ_Cook": 1, "Slobodan_Milosevic": 2}
PAIRS = """2\t1
Abel_Pacheco\t1\t4
AJ_Cook\t1\tSlobodan_Milosevic\t2
Slobodan_Milosevic\t1\t2
Abel_Pacheco\t3\tNobody_Here\t1
"""


def make(root: Path) -> Path:
    """Write lfw/<person>/<person>_0001.jpg and pairs.txt under `root`."""
    for person, count in PEOPLE.items():
        folder = root / "lfw" / person
        folder.mkdir(parents=True)
        for number in range(1, count + 1):
            (folder / f"{person}_{number:04d}.jpg").write_bytes(b"\xff\xd8")
        (folder / f"._{person}_0001.jpg").write_bytes(b"\0\5\x16\7")
    (root / "pairs.txt").write_text(PAIRS)
    return root


def make_flat(root: Path) -> Path:
    """Write images/<person>_0001.jpg and legend.csv under `root`."""
    (root / "images").mkdir(parents=True)
    lines = ["image,identity,emotion"]
    for person, count in PEOPLE.items():
        for number in range(1, count + 1):
            name = f"{person}_{number:04d}.jpg"
            (root / "images" / name).write_bytes(b"\xff\xd8")
            if person != "AJ_Cook":
                lines.append(f"{name},{person},{'happiness' if number == 1 else 'neutral'}")
    (root / "legend.csv").write_text("\r\n".join(lines) + "\r\n")
    return root
