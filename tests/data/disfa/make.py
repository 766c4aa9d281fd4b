"""Forge a DISFA tree: intensities of twelve units on every frame, videos without pictures."""

from pathlib import Path

UNITS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
# Subject -> runs of (frames, {unit: intensity}); None: the frames were dropped.
RUNS = {
    "SN001": [
        (25, {}),
        (20, {6: 2, 12: 3, 25: 2}),  # happiness, with a unit that does not matter
        (10, {12: 1}),  # a trace of a smile alone: unmatched
        (14, {1: 2, 2: 2, 26: 3}),  # surprise
        (10, {1: 2, 2: 2, 4: 3, 5: 3, 26: 3}),  # fear: more units than surprise
    ],
    "SN032": [
        (10, {9: 2}),  # disgust
        (10, {9: 2, 17: 1, 4: 2}),  # disgust or anger, two units each: unmatched
        (12, {4: 2, 5: 2}),  # anger
        (3, None),
        (12, {4: 2, 5: 2}),  # anger again: the gap parts the run
        (10, {1: 1, 4: 1, 15: 1}),  # sadness
    ],
}


def make(root: Path) -> Path:
    """Write the tree under `root`."""
    for subject, runs in RUNS.items():
        folder = root / "ActionUnit_Labels" / subject
        folder.mkdir(parents=True)
        for unit in UNITS:
            lines, frame = [], 1
            for count, units in runs:
                if units is not None:
                    lines += [f"{n},{units.get(unit, 0)}" for n in range(frame, frame + count)]
                frame += count
            (folder / f"{subject}_au{unit}.txt").write_text("\r\n".join(lines) + "\r\n")
        (folder / f"._{subject}_au1.txt").write_bytes(b"\0\5\x16\7")
        # The delivered names differ in case from subject to subject.
        low = subject == "SN032"
        for side in ("Left", "Right"):
            videos = root / f"Videos_{side}Camera"
            videos.mkdir(exist_ok=True)
            name = f"{side}Video{subject}_comp.avi"
            (videos / (name.replace("comp", "Comp") if low else name)).write_bytes(b"RIFF")
    return root
