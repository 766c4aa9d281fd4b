"""Paper 3's tables: three networks of one run, and databases tested by what the others taught."""

from dataclasses import dataclass, replace
from pathlib import Path

import fakes
import pytest

from fervid.evaluation import read
from fervid.papers.plans import PLANS
from fervid.papers.published import table
from fervid.papers.reproduce import reproduce
from fervid.systems import SYSTEMS

pytestmark = pytest.mark.usefixtures("no_page")


@dataclass(frozen=True)
class System(fakes.FakeSystem):
    compare: bool = False

    def fit(self, train, validation, run):
        made = super().fit(train, validation, run)
        return Renamed(made.system, made.labels, made.means, "ir3d")


class Renamed(fakes.FakeRecognizer):
    def predict(self, arrays):
        names = {"dtan": "ir2d", "dtgn": "ir3d-shortcut", "joint": "ir3d"}
        asked = names.values() if self.system.compare else ["ir3d"]
        found = {names[name]: values for name, values in super().predict(arrays).items()}
        return {name: found[name] for name in asked}


def store(name: str, subjects: int):
    made = fakes.store(subjects=subjects)
    return replace(made, database=replace(made.database, name=name), digest=name)


STORES = {"ck_plus": store("ck_plus", 10), "mmi": store("mmi", 6)}


def again(number: str, out: Path, names=("ck_plus", "mmi")):
    stores = {name: STORES[name] for name in names}
    return reproduce("ir3d", number, stores, out, systems={"ir3d": System("ir3d")})[0]


def ours(made):
    return {
        (row.row, row.network): row
        for row in made.rows
        if row.ours is not None and row.published is not None
    }


def test_table_1_comes_from_one_run_of_three_networks(tmp_path) -> None:
    found = ours(again("1", tmp_path))
    networks = ("ir2d", "ir3d-shortcut", "ir3d")
    assert set(found) == {(name, network) for name in ("CK+", "MMI") for network in networks}
    report = read(tmp_path / "runs" / "ck_plus-ir3d-five-fold-0")
    assert len(report.folds) == 5
    for network in networks:
        row = found["CK+", network]
        assert row.ours == pytest.approx(100 * report.scores[network].accuracy.value)
        assert row.n == 60
    columns = {row.column: row.network for row in found.values()}
    assert columns == dict(PLANS["ir3d", "1"].networks)


def test_table_2_trains_on_the_other_databases(tmp_path) -> None:
    found = ours(again("2", tmp_path))
    assert set(found) == {("CK+", "ir3d"), ("MMI", "ir3d")}
    assert found["CK+", "ir3d"].protocol == "trained on mmi, tested on ck_plus"
    assert (found["CK+", "ir3d"].n, found["MMI", "ir3d"].n) == (60, 36)
    report = read(tmp_path / "runs" / "ck_plus-ir3d-across-mmi-0")
    assert found["CK+", "ir3d"].ours == pytest.approx(100 * report.scores["ir3d"].accuracy.value)
    log = tmp_path / "runs" / "ck_plus-ir3d-across-mmi-0" / "fits.log"
    assert log.read_text().count("\n") == 1 and "ck_plus" not in log.read_text()
    again("2", tmp_path)
    assert log.read_text().count("\n") == 1  # done already


def test_one_database_alone_is_not_crossed(tmp_path) -> None:
    rows = again("2", tmp_path, ["mmi"]).rows
    assert not [row for row in rows if row.ours is not None]
    notes = {row.row: row.note for row in rows if row.column.startswith("3D")}
    assert "cannot join one store" in notes["MMI"] and "no store" in notes["CK+"]


def test_every_number_of_the_paper_s_own_is_planned() -> None:
    for number in ("1", "2"):
        plan = PLANS["ir3d", number]
        for cell in table("ir3d", number):
            assert (cell.column in plan.networks) == cell.own
            assert cell.database in plan.systems
    assert set(PLANS["ir3d", "1"].networks.values()) == set(
        replace(SYSTEMS["ir3d"], compare=True).trained
    )
