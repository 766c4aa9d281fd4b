"""Folds by several processes in one folder: the same report, no fold twice, no other setting."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import fakes
import pytest

from fervid.atomic import part_held, turn
from fervid.errors import InputError, OutputError, ProtocolError
from fervid.evaluation import evaluate
from fervid.evaluation.job import Job, checked
from fervid.evaluation.parts import check_complete, evaluate_part, missing, numbers
from fervid.evaluation.repeated import evaluate_repeated, repeated_jobs
from fervid.folds import k_fold

pytestmark = pytest.mark.usefixtures("no_page")
SYSTEM = fakes.FakeSystem()


def job(folder: Path, store=None, system=SYSTEM, **options) -> Job:
    store = store or fakes.store()
    return checked(system, store, k_fold(store.database.clips, 4), folder, **options)


def run(folder: Path, system=SYSTEM):
    store = fakes.store()
    return evaluate(system, store, k_fold(store.database.clips, 4), folder)


def fits(folder: Path) -> list[str]:
    return [json.loads(line)[0] for line in (folder / "fits.log").read_text().splitlines()]


def results(folder: Path) -> dict[str, object]:
    """Everything with figures, but for the seconds it took."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*.csv")):
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        found[str(path.relative_to(folder))] = [{**row, "seconds": ""} for row in rows]
    return {**found, "scores": json.loads((folder / "report.json").read_text())["scores"]}


def test_parts_make_the_report_of_one_run(tmp_path) -> None:
    run(tmp_path / "one")
    together = tmp_path / "parts"
    assert evaluate_part([job(together)], numbers(["3"])) == [1, 2, 4]
    with pytest.raises(ProtocolError, match=r"3 of 4 folds are not there yet.*--fold 1-2,4 "):
        check_complete([job(together)])
    assert evaluate_part([job(together)], numbers(["1-2", "4"]), processes=2) == []
    assert evaluate_part([job(together)], [1, 2, 3, 4]) == []
    check_complete([job(together)])
    run(together)
    assert fits(together)[0] == "fold-03" and sorted(fits(together)) == sorted(
        fits(tmp_path / "one")
    )
    assert results(together) == results(tmp_path / "one")
    assert not list(together.rglob(".fervid*"))


PART = """
import sys
from pathlib import Path
import fakes
from fervid.evaluation.job import checked
from fervid.evaluation.parts import evaluate_part
from fervid.folds import k_fold

if __name__ == "__main__":
    store = fakes.store()
    folder, *only = sys.argv[1:]
    folds = k_fold(store.database.clips, 4)
    evaluate_part([checked(fakes.FakeSystem(), store, folds, Path(folder))], list(map(int, only)))
"""


def test_processes_at_the_same_time(tmp_path) -> None:
    run(tmp_path / "one")
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    both = [
        subprocess.Popen([sys.executable, "-c", PART, str(tmp_path / "parts"), *only], env=place)
        for only in ("13", "24")
    ]
    assert [each.wait(timeout=120) for each in both] == [0, 0]
    run(tmp_path / "parts")
    assert len(fits(tmp_path / "parts")) == 4
    assert results(tmp_path / "parts") == results(tmp_path / "one")


def test_a_fold_has_one_worker_and_a_run_none_beside_it(tmp_path) -> None:
    with turn(tmp_path, "t"), part_held(tmp_path, "fervid evaluate --fold 2", "fold-02"):
        pass
    with part_held(tmp_path, "fervid evaluate --fold 2", "fold-02"):
        for refused in (lambda: evaluate_part([job(tmp_path)], [1, 2]), lambda: run(tmp_path)):
            with pytest.raises(OutputError, match=r"in use by fervid evaluate --fold 2 \(process"):
                refused()
        assert evaluate_part([job(tmp_path)], [1, 3]) == [2, 4]
    assert evaluate_part([job(tmp_path)], [2]) == [4]


@pytest.mark.parametrize(
    ("change", "said"),
    [({"seed": 1}, r"seed \(0, not 1\)"), ({"validation": 0.3}, "validation"),
     ({"system": fakes.FakeSystem(shrink=0.5)}, "shrink in its recipe")],
)  # fmt: skip
def test_another_setting_is_refused(tmp_path, change, said) -> None:
    evaluate_part([job(tmp_path)], [1])
    for refused in (lambda: evaluate_part([job(tmp_path, **change)], [2]),
                    lambda: check_complete([job(tmp_path, **change)])):  # fmt: skip
        with pytest.raises(OutputError, match=f"another {said}"):
            refused()
    assert missing([job(tmp_path)]) == [2, 3, 4]


def test_repeats_are_counted_on(tmp_path) -> None:
    store, options = fakes.store(), {"repeats": 2, "seed": 5}
    whole = evaluate_repeated(SYSTEM, store, tmp_path / "one", "five-fold", **options)
    jobs = repeated_jobs(SYSTEM, store, tmp_path / "parts", "five-fold", **options)
    assert evaluate_part(jobs, numbers(["4-6"])) == [1, 2, 3, 7, 8, 9, 10]
    assert (tmp_path / "parts/repeat-02/fold-01/fold.json").is_file()
    with pytest.raises(ProtocolError, match=r"no fold 11 among 10 \(5 in each of 2 repeats\)"):
        evaluate_part(jobs, [11])
    assert evaluate_part(jobs, numbers(["1-3,7-10"])) == []
    again = evaluate_repeated(SYSTEM, store, tmp_path / "parts", "five-fold", **options)
    assert again.text() == whole.text()
    assert (tmp_path / "parts/repeats.csv").read_bytes() == (
        tmp_path / "one/repeats.csv"
    ).read_bytes()


@pytest.mark.parametrize("text", ["0", "x", "3-1", "", "1-", "-2", "1,,2", "1234567"])
def test_a_number_of_a_fold(text) -> None:
    with pytest.raises(InputError, match="write a number"):
        numbers([text])
