"""Damaged inputs by the thousand: none may end in a traceback, a hang or a crash.

    python benchmarks/mutations.py --inputs 10000 --seed 0 --jobs 2

Small valid inputs are made here, one file of each is changed at random, and the command reads it in
a child forked from a warm process. An input passes when the command answers 0, 1 or 2, in time, and
writes no control character to the terminal. `--kind NAME --number N` runs one input again.
"""

import argparse
import gc
import importlib
import json
import os
import pkgutil
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS / "helpers"))

SECONDS = 20.0  # until a child counts as hanging
ROOM = 4 << 30  # bytes of address space that a child may take beyond its parent's
NUMBERS = ("0", "-1", "-0.0", "1e308", "inf", "nan", "2147483648", "4294967296", "9" * 20,
           "9" * 5000, "0x10", "1.5", "٣", "²", "")  # fmt: skip
TEXTS = ("\x00", "\x1b[2J\x1b[31m", "$x_", "=1+1", "../", "..\\", "/etc/", "C:\\", "\u202e",
         "\ufeff", "\n", "\r", '"', "'", ",", ";", "\t", "é", "a" * 200_000, "{" * 50,
         "[" * 100_000)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A valid input and the command that reads it.

    Args:
        make: writes the input into a folder.
        words: the command's, ROOT and OUT to be replaced.
        files: which of the input's files are changed, as a glob.
        head: change only so many bytes from the file's beginning; 0 for all.
    """

    make: Callable[[Path], object]
    words: str
    files: str = "**/*"
    head: int = 0


@dataclass
class Outcome:
    """How one input ended."""

    kind: str
    number: int
    code: int = -1
    seconds: float = 0.0
    memory: int = 0  # bytes
    fault: str = ""  # traceback, hang, crash, control character
    text: str = field(default="", repr=False)


# Inputs


def _forged(database: str, function: str = "make") -> Callable[[Path], object]:
    from forging import forge

    return getattr(forge(database), function)


def _zip(root: Path) -> None:
    from forging import forge

    forge("fer_plus").make_zip(root / "fer.zip", forge("fer_plus").make(root / "plain"))
    shutil.rmtree(root / "plain")


def _drawn(root: Path) -> None:
    """A drawn database's lists, without drawing it."""
    from fervid.databases.drawn.drawing import COLUMNS, Recipe, takes
    from fervid.labels import CK_PLUS

    recipe = Recipe(2, 1, "apex", "easy", 0, "video", 64, CK_PLUS)
    rows = [",".join(COLUMNS)]
    for take in takes(recipe):
        (root / take.path).parent.mkdir(parents=True, exist_ok=True)
        (root / take.path).write_bytes(b"x")
        rows.append(f"{take.name},{take.path},{take.emotion},S{take.subject:03d},"
                    f"onset-apex,9,8,0.7,{take.seed}")  # fmt: skip
    (root / "manifest.csv").write_text("\n".join(rows) + "\n")
    (root / "drawn.json").write_text(json.dumps({"course": "apex", "subjects": 2}))


def _counted(root: Path) -> None:
    """Two lists with numbers of frames, one for each part."""
    _forged("lists", "make_counted")(root)
    (root / "val.txt").write_text("clips/00002 7 11\n")
    (root / "train.txt").write_text("clips/00001 12 3\n")


def _video(path: Path) -> None:
    import scenes

    from fervid.faces.video import write_video

    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, scenes.scene(0, frames=6, size=64), 25)


def _manifest(root: Path) -> None:
    """A user's own data, spans given in frames and in seconds."""
    _video(root / "a b" / "one.mp4")
    shutil.copy(root / "a b" / "one.mp4", root / "two.mp4")
    (root / "manifest.csv").write_text(
        "path;label;subject;start_seconds;end_seconds;apex;sex\n"
        "a b\\one.mp4;happy;S1;0,04;0.2;3;f\ntwo.mp4;sad;S2;;;;m\n"
    )
    (root / "labels.txt").write_text("happy\nsad\nboredom\n")


def _split(ending: str) -> Callable[[Path], object]:
    def make(root: Path) -> None:
        _forged("folder")(root / "data")
        for path in (root / "data").rglob("*.[mMa]*"):
            path.write_text(path.name)  # no two alike: copies would be leaks
        names = ("a b/clip 1.mp4#0-", "a b/clip 2.MP4#0-", "long.avi#0-50", "long.avi#50-120",
                 "ünïcode.mov#0-")  # fmt: skip
        folds = ("1", "2", "2", "2", "3")
        if ending == "csv":
            lines = [f"{name},{fold}" for name, fold in zip(names, folds, strict=True)]
            text = "\n".join(["clip,fold", *lines])
        else:
            text = json.dumps([{"name": "first", "train": names[1:4], "test": [names[4]]}])
        (root / f"split.{ending}").write_text(text, encoding="utf-8")

    return make


def _media(name: str) -> Callable[[Path], object]:
    def make(root: Path) -> None:
        import cv2
        import scenes

        if name.endswith((".mp4", ".mkv")):
            _video(root / name)
        else:
            root.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / name), scenes.scene(0, frames=1, size=64)[0])
        _model(root.parent / "model")

    return make


def _model(root: Path) -> None:
    from fervid.systems import SYSTEMS
    from fervid.systems.recognizer import Recognizer

    root.mkdir(parents=True, exist_ok=True)
    recipe = SYSTEMS["dtagn-mmi"]
    tiny = Recognizer(recipe, ("anger", "fear"), recipe.networks(2))
    tiny.save(root / "tiny.safetensors", {})


def _judged(root: Path) -> None:
    """A model, and beside the folder a video that it judges."""
    _model(root)
    _video(root.parent / "video.mp4")


def _store(root: Path) -> None:
    """A prepared database of two clips."""
    import numpy as np

    from fervid.clip import Clip, Database
    from fervid.faces import store
    from fervid.faces.settings import FaceSettings
    from fervid.faces.trackfile import write_tracks
    from fervid.faces.tracking import FrameFaces, Seen
    from fervid.faces.video import Frame

    clips = tuple(Clip(f"c{n}", Path(f"c{n}.mp4"), "made", "anger", f"S{n}") for n in range(2))
    database = Database("made", ("anger",), clips)
    store.begin(root, database)
    points = np.random.default_rng(0).uniform(15, 45, (68, 2)).astype(np.float32)
    image = np.zeros((64, 64, 3), np.uint8)
    rows = []
    for number, clip in enumerate(clips):
        path = store.track_path(root, f"{number:064d}")
        seen = [FrameFaces(Frame(t, t / 25, image), (Seen(0, points + t, 1.0),)) for t in range(3)]
        summary = write_tracks(path, iter(seen), FaceSettings(), {"finder": "test"})
        rows.append(store.Row(clip, path.stem, summary))
    store.write_index(root, database, FaceSettings(), "1", rows)


def _nothing(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)


def cases() -> dict[str, Case]:
    """What is damaged, by name."""

    def show(database: str, split: str = "loso", more: str = "") -> str:
        return f"folds show {split} --database {database} --root ROOT {more}"

    return {
        "ck_plus": Case(_forged("ck_plus"), show("ck_plus"), "**/S*_emotion.txt"),
        "mmi": Case(_forged("mmi"), show("mmi"), "**/*.xml"),
        "disfa": Case(_forged("disfa"), show("disfa"), "**/*.txt"),
        "gemep_fera": Case(_forged("gemep_fera", "make_list"), show("gemep_fera"), "*.csv"),
        "gemep subjects": Case(_forged("gemep_fera"), show("gemep_fera"), "*.csv"),
        "baum_1s": Case(_forged("baum_1s"), show("baum_1s"), "*.csv"),
        "fer_plus": Case(_forged("fer_plus"), show("fer_plus", "parts"), "**/label.csv"),
        "fer texts": Case(_forged("fer_plus", "make_texts"),
                          show("fer_plus", "parts", "--set unpacked=OUT"), "*.csv"),
        "fer zip": Case(_zip, "folds show parts --database fer_plus --root ROOT/fer.zip --set "
                        "unpacked=OUT", "*.zip"),
        "lfw": Case(_forged("lfw", "make_flat"), show("lfw"), "*.csv"),
        "afew": Case(_forged("lists"), show("afew"), "*.*"),
        "dfew": Case(_forged("lists", "make_dfew"), "folds show parts --database dfew --root "
                     "ROOT/EmoLabel_DataSplit", "**/set_1.csv"),
        "ferv39k": Case(_forged("lists", "make_ferv39k"), "folds show parts --database ferv39k "
                        "--root ROOT/4_setups/All_scenes", "**/*.csv"),
        "mafw": Case(_counted, show("mafw", "parts"), "*.txt"),
        "drawn": Case(_drawn, show("drawn"), "*.*"),
        "manifest": Case(_manifest, show("folder"), "*.*"),
        "split csv": Case(_split("csv"), "folds check ROOT/split.csv --database folder --root "
                          "ROOT/data", "*.csv"),
        "split json": Case(_split("json"), "folds check ROOT/split.json --database folder --root "
                           "ROOT/data", "*.json"),
        "store": Case(_store, "folds show loso --store ROOT", "*.*"),
        "track": Case(_store, "TRACKS ROOT", "tracks/*"),
        "model": Case(_judged, "predict HOME/video.mp4 --model ROOT/tiny.safetensors --out OUT",
                      "*.safetensors", 3000),
        "mp4": Case(_media("a.mp4"), "predict ROOT --model HOME/model/tiny.safetensors --out OUT"),
        "mkv": Case(_media("a.mkv"), "predict ROOT --model HOME/model/tiny.safetensors --out OUT"),
        "png": Case(_media("a.png"), "predict ROOT --model HOME/model/tiny.safetensors --out OUT"),
        "jpg": Case(_media("a.jpg"), "predict ROOT --model HOME/model/tiny.safetensors --out OUT"),
        "set": Case(_nothing, "SET"),
        "set of loaders": Case(_forged("oulu_casia"), "LOADERSET"),
    }  # fmt: skip


# Mutations


def mutated(data: bytes, rng: random.Random, head: int = 0) -> bytes:
    """The bytes with one to three changes.

    Args:
        head: change only so many from the beginning; 0 for all.
    """
    front, rest = (data[:head], data[head:]) if head else (data, b"")
    for _ in range(rng.choice((1, 1, 2, 3))):
        front = rng.choice(CHANGES)(front, rng)
    return front + rest


def _flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 8, 64))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _doubled(data: bytes, rng: random.Random) -> bytes:
    start, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:end] + data[start:end] * rng.choice((1, 3)) + data[end:]


def _without(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.randrange(1, 64) :]


def _swapped(data: bytes, rng: random.Random) -> bytes:
    a, b, c = sorted(rng.randrange(len(data) + 1) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def _number(data: bytes, rng: random.Random) -> bytes:
    """One of the numbers in a text becomes another."""
    places = [at for at, byte in enumerate(data) if 48 <= byte <= 57][:5000]
    at = rng.choice(places) if places else 0
    end = at
    while end < len(data) and 48 <= data[end] <= 57:
        end += 1
    return data[:at] + rng.choice(NUMBERS).encode() + data[end:]


def _text(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(TEXTS).encode() + data[at:]


def _line(data: bytes, rng: random.Random) -> bytes:
    """A line goes, comes twice, or loses a column."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    cells = lines[at].split(b",")
    cells.pop(rng.randrange(len(cells)))
    lines[at : at + 1] = rng.choice(([], [lines[at]] * 2, [b",".join(cells)]))
    return b"\n".join(lines)


def _encoded(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("utf-8", errors="replace")
    codes = ("utf-16", "utf-16-be", "utf-8-sig", "latin-1", "cp1251", "utf-32")
    return text.encode(rng.choice(codes), errors="replace")


def _size(data: bytes, rng: random.Random) -> bytes:
    """A binary number in a header becomes another."""
    at = rng.randrange(max(1, len(data) - 8))
    width = rng.choice((2, 4, 8))
    number = rng.choice((0, 1, 0x7F, 0xFF)).to_bytes(1, "big") * width
    return data[:at] + number + data[at + width :]


CHANGES = (_flip, _cut, _doubled, _without, _swapped, _number, _text, _line, _encoded, _size)


def _setting(rng: random.Random) -> list[str]:
    """`evaluate SYSTEM` with a field of the system set to something odd; the store is missing."""
    from fervid.learning.recipes import flat
    from fervid.systems import SYSTEMS

    name = rng.choice(sorted(SYSTEMS))
    one = rng.choice(sorted(flat(SYSTEMS[name])))
    given = rng.choice((*NUMBERS, *TEXTS[1:], "None", "True", "[]", "{}", "(1,)", "((", "-5",
                        "1e-30", "lambda: 0", "__import__('os')", "1,2,3", "[nan]"))  # fmt: skip
    field = rng.choice((one, one, one, f"{one}x", "", one.upper()))
    given = given.replace("\x00", "")
    return ["evaluate", name, "--store", "missing", "--set", f"{field}={given}"[:120_000]]


def _loader_setting(root: str, rng: random.Random) -> list[str]:
    fields = ("light", "camera", "last", "fold", "media", "labels", "codes", "course", "name", "x")
    given = rng.choice(
        (*NUMBERS, *TEXTS[1:], "dark", "nir", "None", "{1: 2}", "[[[]]]", "a,b", "-1")
    )
    loader = rng.choice(("oulu_casia", "ck_plus", "lists", "dfew", "folder", "disfa", "fer_plus"))
    pair = f"{rng.choice(fields)}={given}"[:120_000]
    return ["folds", "show", "loso", "--database", loader, "--root", root, "--set", pair]


# Running


class Harness:
    """Valid inputs made once, and the children that read damaged copies of them."""

    def __init__(self, home: Path, seed: int, kinds: Sequence[str] = ()) -> None:
        self.home, self.seed = home, seed
        every = cases()
        self.cases = {kind: every[kind] for kind in kinds or every}
        for kind, case in self.cases.items():
            (home / kind / "root").mkdir(parents=True)
            case.make(home / kind / "root")
        _warm()
        gc.freeze()  # a child's collector leaves what it shares with its parent alone

    def run(self, kind: str, number: int) -> Outcome:
        """Damage one input and read it in a child; number -1 is the valid input."""
        place = Path(tempfile.mkdtemp(dir=self.home))
        outcome, begun = Outcome(kind, number), time.monotonic()
        child = os.fork()
        if child == 0:
            self._read(kind, number, place)
        try:
            status, usage = self._wait(child, begun, outcome)
            outcome.seconds = time.monotonic() - begun
            outcome.memory = usage.ru_maxrss * 1024
            text = (place / "output").read_text(errors="surrogateescape")
            outcome.text = text[-4000:]
            outcome.code = os.waitstatus_to_exitcode(status)
            odd = re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)
            if not outcome.fault and outcome.code not in (0, 1, 2):
                outcome.fault = "traceback" if outcome.code == 70 else "crash"
            outcome.fault = outcome.fault or ("control character" if odd else "")
        finally:
            shutil.rmtree(place, ignore_errors=True)
        return outcome

    def _wait(
        self, child: int, begun: float, outcome: Outcome
    ) -> tuple[int, resource.struct_rusage]:
        pause = 0.002
        while True:
            done, status, usage = os.wait4(child, os.WNOHANG)
            if done:
                return status, usage
            if time.monotonic() - begun > SECONDS and not outcome.fault:
                outcome.fault = "hang"
                os.kill(child, signal.SIGKILL)
            time.sleep(pause)
            pause = min(0.02, pause * 1.5)

    def _read(self, kind: str, number: int, place: Path) -> None:
        """In the child: never returns."""
        code = 70
        try:
            output = os.open(place / "output", os.O_CREAT | os.O_WRONLY)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.chdir(place)
            _limit()
            code = _command(self.words(kind, number, place))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def words(self, kind: str, number: int, place: Path) -> list[str]:
        """A damaged copy below `place`, and the command's words to read it."""
        rng = random.Random(f"{self.seed} {kind} {number}")
        case, root = self.cases[kind], place / "root"
        if case.words == "SET":
            return _setting(rng) if number >= 0 else ["systems"]
        shutil.copytree(self.home / kind / "root", root)
        if case.words == "LOADERSET":
            return _loader_setting(str(root), rng) if number >= 0 else ["databases"]
        files = sorted(path for path in root.glob(case.files) if path.is_file())
        if number >= 0:
            file = rng.choice(files)
            file.write_bytes(mutated(file.read_bytes(), rng, case.head))
        named = {"ROOT": str(root), "OUT": str(place / "out"), "HOME": str(self.home / kind)}
        words = case.words.split()
        for name, path in named.items():
            words = [word.replace(name, path) for word in words]
        return words


def _warm() -> None:
    """Import what the commands import when they are called, before a child is forked."""
    import fervid

    for module in pkgutil.walk_packages(fervid.__path__, "fervid."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("av", "pandas", "pyarrow.parquet", "rich.progress", "safetensors.numpy", "scipy"):
        importlib.import_module(name)


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _command(words: list[str]) -> int:
    """The command's exit code; 70 for a traceback."""
    if words[0] == "TRACKS":
        return _tracks(Path(words[1]))
    from fervid.cli import app

    try:
        app(words, prog_name="fervid")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _tracks(root: Path) -> int:
    """Read a store's tracks, as every command that learns does."""
    from fervid.errors import FervidError
    from fervid.faces import Store

    try:
        store = Store.open(root)
        for clip in store.database.clips:
            store.main_track(clip)
            store.tracks(clip)
    except FervidError:
        return 2
    return 0


# Reporting


def share(
    home: Path, seed: int, inputs: int, job: int, jobs: int, kinds: Sequence[str]
) -> Iterator[Outcome]:
    """One job's part of the inputs, kind after kind."""
    harness = Harness(home / str(job), seed, kinds)
    every = list(harness.cases)
    for number in range(job, inputs, jobs):
        yield harness.run(every[number % len(every)], number // len(every))


def table(outcomes: Sequence[Outcome]) -> str:
    """Per kind: inputs, refused, accepted, faults, slowest, most memory."""
    faults = ("traceback", "hang", "crash", "control character")
    head = ("kind", "inputs", "accepted", "refused", *faults, "slowest s", "peak MB")
    lines = [head]
    for kind in [*dict.fromkeys(one.kind for one in outcomes), "all"]:
        some = [one for one in outcomes if kind in (one.kind, "all")]
        found = Counter(one.fault for one in some)
        passed = [one for one in some if not one.fault]
        accepted = sum(one.code == 0 for one in passed)
        lines.append((kind, str(len(some)), str(accepted), str(len(passed) - accepted),
                      *(str(found[fault]) for fault in faults),
                      f"{max(one.seconds for one in some):.1f}",
                      f"{max(one.memory for one in some) / 1e6:.0f}"))  # fmt: skip
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)) for line in lines
    )


def main() -> int:
    """Run, report, and say how to run what failed again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kind", action="append", default=[])
    parser.add_argument("--number", type=int)
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so many")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        if asked.number is not None:
            one = Harness(Path(home), asked.seed, asked.kind).run(asked.kind[0], asked.number)
            print(one, one.text, sep="\n")
            return int(bool(one.fault))
        outcomes = _spread(Path(home), asked)
    for one in outcomes:
        if one.fault:
            last = one.text.strip().splitlines()[-1:] or [""]
            print(f"{one.fault}: --seed {asked.seed} --kind '{one.kind}' --number {one.number}: "
                  f"{last[0][:160]!a}")  # fmt: skip
    print(table(outcomes))
    return int(any(one.fault for one in outcomes))


def _spread(home: Path, asked: argparse.Namespace) -> list[Outcome]:
    """Every job in a process of its own; each writes what it found to a file."""
    ends = time.monotonic() + asked.seconds
    jobs = []
    for job in range(asked.jobs):
        child = os.fork()
        if child == 0:
            with (home / f"{job}.jsonl").open("w") as file:
                for one in share(home, asked.seed, asked.inputs, job, asked.jobs, asked.kind):
                    file.write(json.dumps(vars(one)) + "\n")
                    if time.monotonic() > ends:
                        break
            os._exit(0)
        jobs.append(child)
    for child in jobs:
        os.waitpid(child, 0)
    found = [json.loads(line) for path in sorted(home.glob("*.jsonl")) for line in path.open()]
    return [Outcome(**one) for one in found]


if __name__ == "__main__":
    sys.exit(main())
