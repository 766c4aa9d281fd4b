"""How long does an index of 100,000 clips take to load and to check, and how much memory?

Forges small trees and runs each question in a process of its own: python benchmarks/index.py
[--clips 100000] [--in FOLDER]. Prints seconds of the clock and of the processor (which others on
the machine lengthen less), and peak memory; the limits are 3 s and 500 MB to load, 30 s to check
without pictures.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

QUESTION = """
import resource, sys, time
from pathlib import Path
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begun = time.perf_counter()
from fervid.databases import load
imported, busy = time.perf_counter(), time.process_time()
database = load(sys.argv[1], Path(sys.argv[2]))
loaded, busy = time.perf_counter(), time.process_time() - busy
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(len(database.clips), loaded - imported, busy, memory, end=" ")
if sys.argv[3] == "check":
    from fervid.folds import leaks, make
    begun = time.perf_counter()
    folds = make("ten-fold", database.clips)
    made, busy = time.perf_counter(), time.process_time()
    found = leaks.check(folds)
    checked, busy = time.perf_counter(), time.process_time() - busy
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(made - begun, checked - made, busy, memory, len(found.leaks))
"""


def manifest(root: Path, count: int) -> None:
    """100 clips of each subject; every thousandth clip is a copy of another subject's."""
    lines = ["path,label,subject,sex"]
    for number in range(count):
        subject = number // 100
        folder = root / f"S{subject:05d}"
        if number % 100 == 0:
            folder.mkdir(parents=True)
        copied = number if number % 1000 else 0
        # A face's picture of 48 x 48 has about 2 KB.
        (folder / f"{number:06d}.png").write_bytes(b"%08d" % copied * 256)
        label = ("anger", "fear", "happiness", "sadness")[number % 4]
        lines.append(f"S{subject:05d}/{number:06d}.png,{label},S{subject:05d},f")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")


def identities(root: Path, count: int) -> None:
    for number in range(count):
        folder = root / f"{number // 50:07d}"
        if number % 50 == 0:
            folder.mkdir(parents=True)
        (folder / f"{number % 50:03d}.jpg").write_bytes(b"%08d" % number)


def films(root: Path, count: int) -> None:
    names = [f"Train/Angry/{number:09d}.avi" for number in range(count)]
    (root / "Train" / "Angry").mkdir(parents=True)
    for name in names:
        (root / name).write_bytes(b"x")
    (root / "train.txt").write_text("".join(f"{name} Angry\n" for name in names))


def faces(root: Path, count: int) -> None:
    (root / "FER2013Train").mkdir(parents=True)
    lines = []
    for number in range(count):
        (root / "FER2013Train" / f"fer{number:07d}.png").write_bytes(b"x")
        lines.append(f'fer{number:07d}.png,"(0, 0, 48, 48)",4,0,0,1,3,2,0,0,0,0\n')
    (root / "FER2013Train" / "label.csv").write_text("".join(lines))


TREES: dict[str, tuple[str, Callable[[Path, int], None], str]] = {
    "manifest": ("folder", manifest, "check"),
    "identities": ("casia_webface", identities, "check"),
    "list": ("afew", films, "load"),
    "votes": ("fer_plus", faces, "load"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument(
        "--in", dest="folder", help="where to forge; a temporary folder if left out"
    )
    options = parser.parse_args()
    print("tree        clips   load s    cpu   MB   folds s  check s    cpu   MB  leaks")
    with tempfile.TemporaryDirectory(dir=options.folder) as home:
        for name, (database, forge, what) in TREES.items():
            root = Path(home) / name
            forge(root, options.clips)
            command = [sys.executable, "-c", QUESTION, database, str(root), what]
            process = subprocess.run(command, capture_output=True, text=True, check=False)
            if process.returncode:
                sys.exit(process.stderr)
            cells = [float(cell) for cell in process.stdout.split()]
            row = f"{name:10} {cells[0]:7.0f} {cells[1]:8.2f} {cells[2]:6.2f} {cells[3]:4.0f}"
            if len(cells) > 4:
                row += f" {cells[4]:9.2f} {cells[5]:8.2f} {cells[6]:6.2f}"
                row += f" {cells[7]:4.0f} {cells[8]:6.0f}"
            print(row, flush=True)


if __name__ == "__main__":
    main()
