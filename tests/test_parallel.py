"""Tasks over processes: every result once, crashes named, no worker without its leader."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import tasks

from fervid.errors import FervidError
from fervid.parallel import spread


def refuse(task: object) -> None:
    raise FervidError(f"{task} crashed")


def test_one_process_and_several_give_the_same() -> None:
    alone = dict(spread(tasks.squares, range(9), 1, refuse))
    both = dict(spread(tasks.squares, range(9), 2, refuse, threads=3))
    assert [alone[n][0] for n in range(9)] == [both[n][0] for n in range(9)] == [
        n * n for n in range(9)
    ]  # fmt: skip
    assert {process for _, process, _ in alone.values()} == {os.getpid()}
    assert {process for _, process, _ in both.values()}.isdisjoint({os.getpid()})
    assert {threads for *_, threads in both.values()} == {"3"}
    assert not list(spread(tasks.squares, [], 2, refuse))


def test_a_task_that_kills_its_process_is_tried_once_more_then_named(tmp_path: Path) -> None:
    done = list(spread(partial(tasks.deadly, tmp_path), range(7), 2, lambda n: -n))
    assert sorted(done) == [(0, 0), (1, 1), (2, 2), (3, -3), (4, 4), (5, 5), (6, 6)]
    with pytest.raises(FervidError, match="3 crashed"):
        list(spread(partial(tasks.deadly, tmp_path), [2, 3], 2, refuse))


def test_an_error_is_raised_with_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="seven") as caught:
        list(spread(partial(tasks.deadly, tmp_path), [6, 7], 2, refuse))
    assert "in _die" in "".join(caught.value.__notes__)


def test_workers_write_what_they_complain_of_into_a_log(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        list(spread(partial(tasks.deadly, tmp_path), [6, 7], 2, refuse, log=tmp_path / "log"))
    assert (tmp_path / "log").is_file()


# A shell that starts the suite in the background has Ctrl-C ignored, which its children inherit.
LISTEN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
LEADER = f"""{LISTEN}
import sys
from functools import partial
from pathlib import Path
import tasks
from fervid.parallel import spread

if __name__ == "__main__":
    for _ in spread(partial(tasks.sleepers, Path(sys.argv[1])), range(4), 2, print):
        pass
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_their_leader(tmp_path: Path, number: int) -> None:
    script = tmp_path / "leader.py"
    script.write_text(LEADER)
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(script), str(tmp_path)]
    with subprocess.Popen(command, env=place, stderr=subprocess.DEVNULL) as leader:
        end = time.monotonic() + 60
        while len(workers := list(tmp_path.glob("*.pid"))) < 2:
            assert time.monotonic() < end and leader.poll() is None
            time.sleep(0.01)
        leader.send_signal(number)
    end = time.monotonic() + 2
    while any(alive(int(worker.stem)) for worker in workers):
        assert time.monotonic() < end, "a worker outlived its leader by two seconds"
        time.sleep(0.02)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return True


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    "number, code, by", [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM")]
)
def test_a_command_that_is_stopped_says_how_to_resume(
    tmp_path: Path, number: int, code: int, by: str
) -> None:
    out = tmp_path / "drawn"
    command = [
        sys.executable,
        "-c",
        f"{LISTEN}from fervid.cli import main; main()",
        "draw",
        str(out),
    ]
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [*command, "--jobs", "2", "--size", "64"], env=place, stderr=subprocess.PIPE, text=True
    ) as run:
        end = time.monotonic() + 60
        while not list(out.glob("truth/[!.]*.npz")):
            assert time.monotonic() < end and run.poll() is None
            time.sleep(0.01)
        run.send_signal(number)
        _, said = run.communicate(timeout=20)
    assert run.returncode == code
    assert said.splitlines()[-1] == (
        f"fervid: stopped by {by}; finished clips are kept: run the same command again to resume"
    )
    assert "Traceback" not in said
