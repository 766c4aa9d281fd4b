"""Printed tables run again on a fake store: each cell beside its own, or why not."""

import csv
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import fakes
import numpy as np
import pytest
from scipy.stats import norm, t

from fervid.clip import Database
from fervid.errors import InputError, OutputError
from fervid.evaluation import baseline, read
from fervid.folds import PROTOCOLS
from fervid.labels import CK_PLUS
from fervid.papers import reproduce as module
from fervid.papers.plans import ACROSS, PLANS
from fervid.papers.published import PAPERS, records
from fervid.papers.published import table as published
from fervid.papers.reproduce import open_stores, reproduce
from fervid.systems import SYSTEMS
from fervid.systems.agn3d import Input

pytestmark = pytest.mark.usefixtures("no_page")

COLUMNS = (
    "row,column,published,unit,ours,low,high,n,note,database,origin,system,network,protocol,seed,"
    "device,data_digest,fervid,commit,command"
)


@dataclass(frozen=True)
class System(fakes.FakeSystem):
    """As DTAGN: every network where `compare` asks for it."""

    compare: bool = False

    def fit(self, train, validation, run):
        made = super().fit(train, validation, run)
        return Several(made.system, made.labels, made.means)


class Several(fakes.FakeRecognizer):
    def predict(self, arrays):
        found = super().predict(arrays)
        found["weighted"] = (found["dtan"] + found["dtgn"]) / 2
        if self.system.compare:
            # Wrong on purpose, to tell the networks apart.
            found["joint-l3"] = np.roll(found["joint"], 1, axis=1)
            found["concat"] = found["dtgn"]
        return found


SYSTEMS_HERE = {"dtagn": System("dtagn"), "dtagn-mmi": System("dtagn-mmi")}
STORE = fakes.store(lost=(3, 10), origin="drawn for a test")


def again(table, out: Path, stores=None, **options):
    stores = {"ck_plus": STORE} if stores is None else stores
    options = {"systems": SYSTEMS_HERE, **options}
    return reproduce("dtagn", table, stores, out, **options)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("reproduced")
    return {made.table: made for made in again(None, out)}, out


def test_plans_fit_the_papers_and_this_version() -> None:
    for (paper, table), plan in PLANS.items():
        cells = published(paper, table)
        names = {one.row for one in cells} | {one.column for one in cells} | {"*"}
        assert {*plan.networks, *plan.others, *plan.remarks} <= names, (paper, table)
        others = {name for name, _ in plan.others.values()}
        assert others | {system for *_, system, _ in plan.added} <= set(SYSTEMS)
        assert set(plan.systems.values()) <= set(SYSTEMS)
        assert plan.protocol in {*PROTOCOLS, ACROSS}
        for name in plan.systems.values():
            assert all(hasattr(SYSTEMS[name], key) for key in plan.changes)


def test_every_cell_of_every_table_is_there(done) -> None:
    tables, _ = done
    assert list(tables) == [str(number) for number in range(1, 10)]
    for number, made in tables.items():
        printed = [(one.row, one.column, one.value) for one in published("dtagn", number)]
        ours = [(row.row, row.column, row.published) for row in made.rows]
        assert ours[: len(printed)] == printed
        for row in made.rows:
            assert row.note or row.ours is not None


def test_accuracies_are_the_reports(done) -> None:
    tables, out = done
    report = read(out / "runs" / "ck_plus-dtagn-paper-0")
    rows = {row.row: row for row in tables["2"].rows}
    for name, network in (("DTAN", "dtan"), ("DTAGN(Joint)", "joint"), ("DTGN", "dtgn")):
        score, row = report.scores[network], rows[name]
        assert row.ours == pytest.approx(100 * score.accuracy.value)
        assert row.low == pytest.approx(100 * score.accuracy.low)
        assert (row.n, row.network, row.system) == (70, network, "dtagn")
        assert row.origin == "drawn for a test" and row.data_digest == STORE.digest
        assert "2 clips without a face" in row.note
    assert rows["HOG 3D"].ours is None and rows["HOG 3D"].note == "quoted from [9]"
    for row, network in zip(tables["2"].rows[-2:], baseline.YARDSTICKS, strict=True):
        assert (row.published, row.network) == (None, network) and row.ours is not None


def test_paired_differences_of_every_run(done) -> None:
    _, out = done
    with (out / "dtagn_differences.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    report = read(out / "runs" / "ck_plus-dtagn-paper-0")
    mine = rows[: len(report.differences)]  # the first run of Table 2
    assert [row["other"] for row in mine] == [each.other for each in report.differences]
    for row, each in zip(mine, report.differences, strict=True):
        assert row["network"] == "joint" and row["origin"] == "drawn for a test"
        told = [float(row[name]) for name in ("difference", "low", "high")]
        found = 100 * np.array(astuple(each.accuracy))
        np.testing.assert_allclose(told, found, atol=0.006)
        assert float(row["p_swapped"]) == pytest.approx(each.p, abs=6e-5)
        assert int(row["n"]) == len(report.clip)


def test_which_network_answers_which_column(done) -> None:
    tables, out = done
    report = read(out / "runs" / "ck_plus-dtagn-paper-0")
    assert report.facts["recipe"]["compare"] is True
    found = {(row.row, row.column): row for number in "89" for row in tables[number].rows}
    for column, network in (
        ("Baseline", "weighted"), ("One (L3 only)", "joint-l3"), ("Three", "joint"),
        ("Concatenation", "concat"), ("Joint Fine-tuning", "joint"),
    ):  # fmt: skip
        row = found["Accuracy (CK+)", column]
        assert row.ours == pytest.approx(100 * report.scores[network].accuracy.value)
    assert found["Accuracy (CK+)", "One (L3 only)"].ours < 50
    assert found["Accuracy (MMI)", "Three"].note == "no store of mmi"


def test_confusions_are_shares_of_a_row(done) -> None:
    tables, out = done
    counts = np.array(read(out / "runs" / "ck_plus-dtagn-paper-0").scores["joint"].confusion)
    rows = {(row.row, row.column): row for row in tables["3"].rows}
    for place, label in enumerate(fakes.LABELS):
        cells = [rows[label, other] for other in fakes.LABELS]
        assert [cell.ours for cell in cells] == pytest.approx(
            100 * counts[place] / counts[place].sum()
        )
        assert all(cell.n == counts[place].sum() for cell in cells)
        assert all(cell.low <= cell.ours <= cell.high for cell in cells)
    assert rows["contempt", "anger"].note == "the run has no label contempt"


def test_interval_of_a_cell_by_hand() -> None:
    """Six people, the cell's share drawn anew by a loop."""
    rng = np.random.default_rng(3)
    target, called = rng.integers(0, 2, 60), rng.integers(0, 2, 60)
    person = np.repeat(np.arange(6), 10).astype(str)

    probabilities = {"x": np.eye(2)[called]}
    made = SimpleNamespace(
        labels=("a", "b"), subject=person, target=target, probabilities=probabilities
    )
    share, n = module._cell(made, "x", "a", "b")
    assert n == (target == 0).sum() and share.value == (called[target == 0] == 1).mean()
    drawn = []
    for _ in range(4000):
        rows = np.concatenate([np.flatnonzero(person == p) for p in rng.choice(person[::10], 6)])
        mine = rows[target[rows] == 0]
        drawn.append((called[mine] == 1).mean())
    wide = norm.cdf(t.ppf(0.025, 5) * np.sqrt(6 / 5))  # six people are few
    assert (share.low, share.high) == pytest.approx(np.quantile(drawn, [wide, 1 - wide]), abs=0.04)


def test_counts_need_no_run(tmp_path: Path) -> None:
    database = Database("ck_plus", CK_PLUS, STORE.database.clips)
    (made,) = again(1, tmp_path, {"ck_plus": fakes.FakeStore(database, {})})
    rows = {(row.row, row.column): row for row in made.rows}
    assert rows["CK+", "anger"].ours == 24 and rows["CK+", "contempt"].ours == 0
    assert rows["CK+", "all"].ours == 72
    assert rows["Oulu", "all"].note == "no store of oulu_casia"
    assert not (tmp_path / "runs").exists()


def test_csv(done) -> None:
    tables, out = done
    path = out / "dtagn_table2.csv"
    assert path.read_text().splitlines()[0] == COLUMNS
    with path.open(newline="") as file:
        rows = {row["row"]: row for row in csv.DictReader(file)}
    assert rows["MSR"]["published"] == "91.4" and rows["MSR"]["ours"] == ""
    assert rows["DTAN"]["ours"] == f"{tables['2'].rows[7].ours:.2f}"
    assert rows["DTAN"]["seed"] == "0" and rows["DTAN"]["device"] == "cpu"
    kinds = {*(f"table{n}" for n in range(1, 10)), "differences"}
    assert {p.name for p in out.glob("*.csv")} == {f"dtagn_{kind}.csv" for kind in kinds}


def test_one_run_serves_all_and_goes_on(tmp_path: Path) -> None:
    dying = {"dtagn": System("dtagn", dies_in="fold 4/"), "dtagn-mmi": System("dtagn-mmi")}
    with pytest.raises(KeyboardInterrupt):
        again(2, tmp_path, systems=dying)
    log = tmp_path / "runs" / "ck_plus-dtagn-paper-0" / "fits.log"
    assert len(log.read_text().splitlines()) == 3
    # Dying is a field of the recipe, so the rest is run by the same one that now lives.
    object.__setattr__(dying["dtagn"], "dies_in", "")
    identity = log.with_name("run.json")
    identity.write_text(identity.read_text().replace("fold 4/", ""))
    (first,) = again(2, tmp_path, systems=dying)
    again(3, tmp_path, systems=dying)
    assert len(log.read_text().splitlines()) == 10
    whole = again(2, tmp_path / "whole")[0]
    same = [(row.row, row.ours, row.low, row.high) for row in first.rows]
    assert same == [(row.row, row.ours, row.low, row.high) for row in whole.rows]


def test_a_finished_run_keeps_its_commit_and_command(tmp_path: Path) -> None:
    again(2, tmp_path)
    path = tmp_path / "runs" / "ck_plus-dtagn-paper-0" / "report.json"
    text = path.read_text().replace('"command": ""', '"command": "fervid x --store /a/b/ck"')
    path.write_text(text)
    (made,) = again(2, tmp_path)
    row = next(row for row in made.rows if row.row == "DTAN")
    assert row.command == "fervid x --store ck"
    other = replace(STORE, digest="1" * 64)
    with pytest.raises(OutputError, match="another"):
        again(2, tmp_path, {"ck_plus": other})


def test_what_the_clips_do_not_allow_is_a_note(tmp_path: Path) -> None:
    (made,) = again(2, tmp_path, {"ck_plus": fakes.store(subjects=4)})
    row = next(row for row in made.rows if row.row == "DTAN")
    assert row.ours is None and "10 folds need at least 10 subjects" in row.note


@pytest.mark.parametrize("paper", PAPERS)
def test_systems_that_are_not_there(paper: str, tmp_path: Path) -> None:
    tables = dict.fromkeys(one.table for one in records(paper))
    for table in tables:
        (made,) = reproduce(paper, table, {}, tmp_path, systems={})
        assert all(row.ours is None and row.note for row in made.rows)
        assert (tmp_path / f"{made.name}.csv").is_file()
        assert made.text(100)
    assert paper != "hybrid" or (tmp_path / "hybrid_fig6.csv").is_file()


def test_text(done) -> None:
    tables, _ = done
    text = tables["2"].text(120)
    assert "stands in for the real one (drawn for a test)" in text and "do not compare" in text
    line = next(line for line in text.splitlines() if "DTAGN(Joint)" in line)
    assert "97.25" in line
    matrix = tables["3"].text(160)
    assert "100 / 100" in matrix and "true label by row" in matrix
    assert "not run: the run has no label contempt" in matrix
    assert tables["1"].text(140).splitlines()[0].endswith("(dtagn), count")


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no paper"):
        reproduce("vgg", 2, {}, tmp_path)
    with pytest.raises(InputError, match="no table '12'"):
        again(12, tmp_path)
    with pytest.raises(InputError, match="only the text"):
        reproduce("tfe", None, {}, tmp_path)
    with pytest.raises(InputError, match="is not a store"):
        open_stores([tmp_path])
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        again(1, tmp_path / "file")


PRINTED = Input()


@dataclass(frozen=True)
class Named(System):
    """A system whose networks are called as asked for."""

    input: Input = PRINTED
    networks: tuple[str, ...] = ()

    def fit(self, train, validation, run):
        made = super().fit(train, validation, run)
        return Renamed(self, made.labels, made.means, output=self.networks[-1])


class Renamed(fakes.FakeRecognizer):
    def predict(self, arrays):
        found = super().predict(arrays).values()
        return dict(zip(self.system.networks, found, strict=False))


def test_one_table_of_several_systems_on_the_same_folds(tmp_path: Path) -> None:
    systems = {
        "dtagn": System("dtagn"),
        "dtagn-mmi": System("dtagn-mmi"),
        "ir2d": Named("ir2d", networks=("ir2d",)),
        "ir3d": Named("ir3d", networks=("ir3d",)),
        "agn3d": Named("agn3d", input=Input(size=64), networks=("appearance", "geometry", "joint")),
        "agn3d-experiment": Named(
            "agn3d-experiment",
            input=SYSTEMS["agn3d-experiment"].input,
            networks=("appearance",),
        ),
    }
    (made,) = reproduce("agn3d", 1, {"ck_plus": STORE}, tmp_path, systems=systems)
    rows = {row.row: row for row in made.rows}
    for name, system, network in (
        ("2DIR with CRF", "ir2d", "ir2d"), ("3DIR", "ir3d", "ir3d"), ("DTAGN", "dtagn", "joint"),
        ("3DAGN", "agn3d-experiment", "appearance"),
        ("3DAGN, network 1 alone", "agn3d", "appearance"),
        ("3DAGN, networks 1, 2 and 3", "agn3d", "joint"),
    ):  # fmt: skip
        row, report = rows[name], read(tmp_path / "runs" / f"ck_plus-{system}-paper-0")
        assert (row.system, row.network) == (system, network)
        assert row.ours == pytest.approx(100 * report.scores[network].accuracy.value)
        assert report.facts["folds"] == read(tmp_path / "runs" / "ck_plus-dtagn-paper-0").facts[
            "folds"
        ]  # fmt: skip
    # What a table asks of its databases' systems it does not ask of the others.
    assert read(tmp_path / "runs" / "ck_plus-dtagn-paper-0").facts["recipe"]["compare"]
    assert not read(tmp_path / "runs" / "ck_plus-ir3d-paper-0").facts["recipe"]["compare"]
    assert "ours has no CRF" in rows["2DIR with CRF"].note
    assert "with input.size=64" in rows["3DAGN, network 1 alone"].note
    assert "with input.size" not in rows["landmarks, linear"].note
    assert "size" not in rows["3DAGN"].note and rows["STM-ExpLet"].ours is None
    # Rows that no paper prints are shown where their database is at hand.
    assert not any(name.startswith("MMI") for name in rows)
    both = {"ck_plus": STORE, "mmi": STORE}
    (more,) = reproduce("agn3d", 1, both, tmp_path, systems=systems)
    assert (tmp_path / "agn3d_table1_differences.csv").is_file()
    assert not (tmp_path / "agn3d_differences.csv").exists()
    found = {row.row: row for row in more.rows if row.row.startswith("MMI")}
    assert found["MMI: 3DAGN, networks 1, 2 and 3"].system == "agn3d"
    assert found["MMI: linear model of the landmarks"].network == "landmarks"
    assert all(row.published is None and row.ours is not None for row in found.values())
