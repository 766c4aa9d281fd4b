"""Kill fervid's commands at random, run them again, compare with what was never killed.

    python benchmarks/kills.py --kills 1000 --seconds 3600

Draw, prepare, train, evaluate and predict work on a few small drawn clips, with one and two jobs.
At a random time of its duration a command gets SIGKILL: its leader alone, its whole process group,
or one of two that were started on one folder. Two seconds after a leader was killed its workers
have to be gone. Then the command is run until it is done, and every file it wrote is compared with
that of a run that was never killed, byte for byte but for the seconds that a fold took, the time at
which a report was written, and the order of keys in a safetensors header. Left out are workers.log
and the lock of a killed owner.

torch is imported once: each command is a fork in a session of its own. Workers are forked, too,
unless --spawn asks for the real thing, which takes seconds of imports each.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}

TINY = ("appearance.plan.epochs=2", "geometry.plan.epochs=3", "joint.plan.epochs=2",
        "appearance.layers=I16-C(3,4)-P2-FC8-S")  # fmt: skip
SETS = [word for pair in TINY for word in ("--set", pair)]
MODES = ("leader", "group", "two")
GONE = 2.0  # seconds after which nothing of a killed leader may run
# What two runs that were never killed tell differently; files that only log.
VARIES = {
    ".json": re.compile(rb'"(seconds|written)": [^,\n]+'),
    # The minute it was written, and the minutes that each fold took.
    ".html": re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d UTC|<td>\d+\.\d</td></tr>"),
    "folds.csv": re.compile(rb"(?m)(?<=,)\d+\.\d,(?=S)"),  # before the subjects
}
LOGS = ("workers.log", ".fervid.lock")


@dataclass(frozen=True)
class Job:
    """A command, its words after `fervid`; "inputs" is a folder beside the one it runs in."""

    name: str
    words: tuple[str, ...]


@dataclass
class Count:
    """What happened to a job."""

    kills: int = 0
    resumed: int = 0
    differences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reference:
    """What a job writes when nobody kills it."""

    files: dict[str, bytes]
    seconds: float


def jobs(inputs: Path, jobs: int) -> list[Job]:
    """The commands with so many jobs; each writes into its own working directory alone."""
    number, store = str(jobs), str(inputs / "store")
    films = sorted(map(str, (inputs / "drawn").glob("clips/S001/*.mp4")))[:2]
    draw = ("draw", "drawn", "--subjects", "2", "--size", "64", "--difficulty", "easy")
    evaluate = ("evaluate", "dtagn", "--store", store, "--protocol", str(inputs / "split.csv"))
    commands = [
        Job("draw", (*draw, "--jobs", number)),
        Job("prepare", (*prepare(inputs), "--jobs", number)),
        Job("evaluate", (*evaluate, "--out", "run", *SETS, "--jobs", number)),
        Job("predict", ("predict", *films, "--model", str(inputs / "m.safetensors"), "--overlay",
                        "--out", "out", "--jobs", number)),
    ]  # fmt: skip
    if jobs == 1:
        train = ("train", "dtagn", "--store", store, "--out", "m.safetensors", *SETS)
        commands.append(Job("train", train))
    return [Job(f"{job.name} --jobs {jobs}", job.words) for job in commands]


def prepare(inputs: Path) -> tuple[str, ...]:
    """Prepare the few clips that a manifest names."""
    return ("prepare", "folder", str(inputs / "drawn" / "few.csv"), "--store", "store")


# Processes


def warm(spawn: bool) -> None:
    """Import everything once, on one thread, so that forks begin at once and are safe."""
    import cv2
    import torch

    from fervid import parallel

    for name in ("databases.drawn", "evaluation.page", "models.train", "evaluation.workers",
                 "faces.preparing", "figures.timeline", "predict.batch", "systems"):  # fmt: skip
        import_module(f"fervid.{name}")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    parallel.cores = lambda: 1
    # A commit in the middle of an hour of kills would appear in reports.
    import_module("fervid.evaluation.report").commit = lambda: ""
    run = import_module("fervid.learning.run").Run
    run.__init__.__defaults__ = (*run.__init__.__defaults__[:-1], 0.0)  # a checkpoint each epoch
    if not spawn:
        parallel.get_context = lambda _: get_context("fork")


def start(words: Sequence[str], folder: Path, log: Path) -> int:
    """The command in a new session; returns its process id."""
    if pid := os.fork():
        return pid
    code = 99
    try:
        os.setsid()
        os.chdir(folder)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in (1, 2):
            os.dup2(out, number)
        sys.stdout = os.fdopen(os.dup(1), "w", buffering=1)
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
        from fervid.cli import main

        sys.argv = ["fervid", *words]
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(code)


def ended(pid: int, seconds: float) -> int | None:
    """The exit code of a child, or minus its signal; None where it still runs after so long."""
    end = time.monotonic() + seconds
    while True:
        there, status = os.waitpid(pid, os.WNOHANG)
        if there:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end:
            return None
        time.sleep(0.002)


def session(leader: int) -> list[int]:
    """Living processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, _, sid = stat.read_text().rsplit(")", 1)[1].split()[:4]
            if int(sid) == leader and state != "Z":
                found.append(int(stat.parent.name))
    return found


def finish(words: Sequence[str], folder: Path, log: Path) -> float:
    """Run a command to its end; returns its seconds."""
    begun = time.monotonic()
    pid = start(words, folder, log)
    code = ended(pid, 300)
    if code != 0:
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        raise RuntimeError(f"{words[0]}: exit code {code}\n{log.read_text()[-2000:]}")
    return time.monotonic() - begun


def kill(pid: int, mode: str) -> bool:
    """SIGKILL; says whether all of the session were gone in time."""
    with suppress(ProcessLookupError):
        (os.kill if mode == "leader" else os.killpg)(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    end = time.monotonic() + GONE
    while session(pid):
        if time.monotonic() > end:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            return False
        time.sleep(0.02)
    return True


# One trial


def contents(folder: Path) -> dict[str, bytes]:
    """Every file, hidden ones too, without what varies."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in LOGS:
            varies = VARIES.get(path.name) or VARIES.get(path.suffix)
            content = path.read_bytes()
            if path.suffix == ".safetensors":
                content = sorted_header(content)
            found[str(path.relative_to(folder))] = varies.sub(b"", content) if varies else content
    return found


def sorted_header(content: bytes) -> bytes:
    """A safetensors file with its header's keys in order: its library writes two in any order."""
    end = 8 + int.from_bytes(content[:8], "little")
    return json.dumps(json.loads(content[8:end]), sort_keys=True).encode() + content[end:]


def trial(
    job: Job,
    seconds: float,
    folder: Path,
    log: Path,
    mode: str,
    chance: random.Random,
    count: Count,
) -> str:
    """Kill a job some times and let it end; returns what went wrong, if anything."""
    wrong = ""
    while True:
        pids = [start(job.words, folder, log) for _ in range(1 + (mode == "two"))]
        code = ended(pids[0], chance.uniform(0, seconds))
        if code is None:
            count.kills += 1
            if not kill(pids[0], mode):
                wrong = f"a worker outlived its leader by {GONE} s"
        elif code not in (0, 2):
            wrong = f"exit code {code}"
        for other in pids[1:]:
            code = ended(other, 300)
            if code not in (0, 2):  # 2: the folder was in use
                wrong = f"exit code {code} beside another process"
        if wrong or code == 0 or chance.random() < 0.2:
            break
    if not wrong:
        finish(job.words, folder, log)
        count.resumed += 1
    return wrong


def compared(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """Names of files that differ or are in one alone."""
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def lay(inputs: Path, log: Path) -> None:
    """A drawn database, its store, a split in two folds, and a trained model."""
    draw = ("draw", "drawn", "--subjects", "4", "--size", "96", "--difficulty", "easy")
    finish(draw, inputs, log)
    rows = [f"clips/S{n:03d}/{label}_01.mp4,{label},S{n:03d}"
            for n in range(1, 5) for label in ("happiness", "surprise")]  # fmt: skip
    (inputs / "drawn" / "few.csv").write_text("\n".join(["path,label,subject", *rows]) + "\n")
    finish(prepare(inputs), inputs, log)
    rows = [f"S{n:03d},{1 + n % 2}" for n in range(1, 5)]
    (inputs / "split.csv").write_text("\n".join(["subject,fold", *rows]) + "\n")
    train = ("train", "dtagn", "--store", "store", "--out", "m.safetensors", *SETS)
    finish(train, inputs, log)


def references(some: Sequence[Job], work: Path, log: Path) -> dict[str, Reference]:
    """Each job undisturbed, twice: what it writes and how long it takes."""
    found = {}
    for job in some:
        seconds = finish(job.words, fresh(work), log)
        found[job.name] = Reference(contents(work / "trial"), seconds)
        finish(job.words, fresh(work), log)
        if varying := compared(found[job.name].files, contents(work / "trial")):
            raise RuntimeError(f"two undisturbed runs of {job.name} differ in {varying}")
    return found


def trials(
    some: Sequence[Job], work: Path, log: Path, chance: random.Random, counts: dict[str, Count],
    wholes: dict[str, Reference],
) -> Iterator[int]:  # fmt: skip
    """Trials without end, jobs in turn; passes on how many kills there were."""
    number = 0
    while True:
        for job in some:
            mode = MODES[number % len(MODES)]
            number += 1
            whole = wholes[job.name]
            folder, count = fresh(work), counts[job.name]
            log.write_text("")
            wrong = trial(job, whole.seconds, folder, log, mode, chance, count)
            if not wrong and (names := compared(whole.files, contents(folder))):
                wrong = f"{', '.join(names[:3])} differ"
            if wrong:
                count.differences.append(f"{mode}: {wrong}")
                kept = work.parent / f"{work.name}-wrong-{number}"
                shutil.copytree(folder, kept)
                shutil.copy(log, kept / "kills.log")
                print(f"{job.name}, {mode}: {wrong}; see {kept}", flush=True)
            yield sum(each.kills for each in counts.values())


def fresh(work: Path) -> Path:
    """The folder that every run is in, empty: the same path, because some files name it."""
    folder = work / "trial"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def main() -> int:
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("--kills", type=int, default=1000, help="stop after so many")
    parse.add_argument("--seconds", type=float, default=3600, help="stop after so long")
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--only", default="", help="names of jobs, with commas: draw,prepare")
    parse.add_argument("--spawn", action="store_true", help="start workers as the product does")
    given = parse.parse_args()
    warm(given.spawn)
    chance = random.Random(given.seed)
    work = Path(tempfile.mkdtemp(prefix="kills-"))
    log, inputs = work / "log", work / "inputs"
    log.write_text("")
    inputs.mkdir()
    lay(inputs, log)
    chosen: Callable[[Job], bool] = lambda job: (  # noqa: E731
        not given.only or job.name.split()[0] in given.only.split(",")
    )
    some = [job for number in (1, 2) for job in jobs(inputs, number) if chosen(job)]
    counts = {job.name: Count() for job in some}
    wholes = references(some, work, log)
    begun = time.monotonic()
    for kills in trials(some, work, log, chance, counts, wholes):
        if kills >= given.kills or time.monotonic() - begun >= given.seconds:
            break
    print(f"{'job':20} {'seconds':>8} {'kills':>6} {'resumed':>8} {'differences':>12}")
    total = Count()
    for name, count in counts.items():
        total.kills += count.kills
        total.resumed += count.resumed
        total.differences += count.differences
        seconds = f"{wholes[name].seconds:8.1f}"
        print(f"{name:20} {seconds} {count.kills:6} {count.resumed:8} {len(count.differences):12}")
    print(f"{'all':29} {total.kills:6} {total.resumed:8} {len(total.differences):12}")
    print(f"seed {given.seed}, {time.monotonic() - begun:.0f} s")
    shutil.rmtree(work)
    return 1 if total.differences else 0


if __name__ == "__main__":
    sys.exit(main())
