"""Draw a stand-in for RML in its layout: eight people, each of six emotions fifteen times.

The 720 clips (s1/an1.mp4, ...) are the built-in database's, from neutral to the apex and back. A
note beside them says so wherever a number on them is shown. Run again, it resumes.

    python benchmarks/rml_like.py rml_like [--seed 1] [--jobs 2]
    fervid prepare rml rml_like --store rml
"""

import argparse
import json
import os
from pathlib import Path

from fervid.atomic import write
from fervid.databases.drawn import draw
from fervid.databases.drawn.drawing import load
from fervid.databases.rml import CLIPS, CODES, SUBJECTS

NAMES = {emotion: code for code, emotion in CODES.items()}
EACH = CLIPS // SUBJECTS // len(CODES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    drawn = draw(
        asked.out / ".drawn", SUBJECTS, EACH, "full", "normal", seed=asked.seed, jobs=asked.jobs,
        emotions=tuple(NAMES),
    )  # fmt: skip
    for clip in load(drawn).clips:
        who, _, turn = clip.name.split("_")
        path = asked.out / f"s{int(who[1:])}" / f"{NAMES[clip.label or '']}{int(turn)}.mp4"
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            os.link(clip.path, path)
    note = {"generator": f"fervid draw, seed {asked.seed}"}
    write(asked.out / "synthetic_meta.json", json.dumps(note).encode())


if __name__ == "__main__":
    main()
