"""Reproduce a published table: our numbers beside the paper's, or the reason why there are none.

A plan says which network of which run reproduces a published number. One run serves every table
that needs the same system, database and protocol. Each run has its own folder and resumes where it
stopped.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields, is_dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

import fervid
from fervid.atomic import write
from fervid.clip import Database
from fervid.errors import InputError, LabelError, ProtocolError
from fervid.evaluation import baseline, evaluate, read
from fervid.evaluation import statistics as st
from fervid.evaluation.cross_database import across, split
from fervid.evaluation.report import Report
from fervid.evaluation.statistics import Estimate
from fervid.folds import Fold, digest
from fervid.learning.recipes import as_json
from fervid.papers import differences
from fervid.papers.plans import ACROSS, PLANS, Plan
from fervid.papers.published import Published, records
from fervid.papers.published import table as published
from fervid.papers.reproduction_table import Reproduction, Row
from fervid.systems.interface import Store, System

# Papers that give means over folds. Ours are over all clips, and the note has the mean over folds.
OVER_FOLDS = ("ir3d", "hybrid")


def reproduce(
    paper: str,
    table: int | str | None,
    stores: Mapping[str, Store],
    out: Path,
    *,
    runs: Path | None = None,
    systems: Mapping[str, System] | None = None,
    seed: int = 0,
    device: str = "auto",
    precision: str = "32-true",
    jobs: int = 1,
) -> list[Reproduction]:
    """Run what the given stores allow, and write `<paper>_table<n>.csv` after each table.

    At the end, the paired differences of the runs are written to `<paper>_differences.csv`, or to
    `<paper>_table<n>_differences.csv` if one table was requested.

    Args:
        paper: one of `fervid.papers.published.PAPERS`.
        table: a table as numbered in the paper ("2", "Fig. 6"); None for all.
        stores: database -> its prepared faces.
        out: folder for the CSV files.
        runs: parent folder of the runs; by default `out`/runs.
        systems: systems by name; by default `fervid.systems.SYSTEMS`.
        seed, device, precision, jobs: see `fervid.evaluation.evaluate`.

    Raises:
        InputError: there is no such paper or table.
        OutputError: a folder cannot be written to, or holds another run.
    """
    if systems is None:
        from fervid.systems import SYSTEMS

        systems = SYSTEMS
    names = dict.fromkeys(cell.table for cell in records(paper) if cell.table != "text")
    numbers = [str(table)] if table is not None else list(names)
    if not numbers:
        raise InputError(f"for paper {paper!r} only the text is available: use the table 'text'")
    options = {"seed": seed, "device": device, "precision": precision, "jobs": jobs}
    runner = _Runner(stores, systems, runs or Path(out) / "runs", options)
    tables = []
    for number in numbers:
        rows = _rows(paper, number, runner)
        tables.append(Reproduction(paper, number, tuple(rows)))
        _write(Path(out), tables[-1])
    reports = [report for report in runner.done.values() if isinstance(report, Report)]
    if reports:
        name = paper if table is None else tables[0].name
        write(Path(out) / f"{name}_differences.csv", differences.table(reports))
    return tables


def _write(out: Path, table: Reproduction) -> None:
    write(out / f"{table.name}.csv", table.csv())


@dataclass
class _Runner:
    """Runs each evaluation once, when it is first needed."""

    stores: Mapping[str, Store]
    systems: Mapping[str, System]
    folder: Path
    options: Mapping[str, Any]  # passed to `evaluate`
    done: dict[str, Report | str] = field(default_factory=dict)

    def report(self, database: str, plan: Plan, name: str = "") -> Report | str:
        """Report of a system's run (by default the plan's for the database), or why it has none."""
        if database not in self.stores:
            return f"no store of {database}"
        name = name or plan.systems.get(database, "")
        if name not in self.systems:
            return f"{name or 'a system for it'} is not in this version"
        others = self._others(database, plan)
        seed = str(self.options["seed"])
        run = "-".join([database, name, plan.protocol_of(database), *others, seed])
        if run not in self.done:
            self.done[run] = self._run(run, name, database, plan)
        return self.done[run]

    def _others(self, database: str, plan: Plan) -> list[str]:
        """The other databases to train on, if the plan tests across databases."""
        if plan.protocol_of(database) != ACROSS:
            return []
        return [name for name in plan.systems if name in self.stores and name != database]

    def _split(self, database: str, plan: Plan) -> tuple[Store, Sequence[Fold]]:
        store, protocol = self.stores[database], plan.protocol_of(database)
        if protocol != ACROSS:
            return split(store, protocol)
        others = [self.stores[name] for name in self._others(database, plan)]
        return across(others, store, plan.labels)

    def _run(self, run: str, name: str, database: str, plan: Plan) -> Report | str:
        system: Any = self.systems[name]
        planned = name in plan.systems.values()
        if planned and is_dataclass(system) and not isinstance(system, type):
            known = {each.name for each in fields(system)}
            system = replace(system, **{k: v for k, v in plan.changes.items() if k in known})
        try:
            store, folds = self._split(database, plan)
            return self._finished(self.folder / run, system, store, folds) or evaluate(
                system, store, folds, self.folder / run, **self.options
            )
        except (ProtocolError, LabelError) as error:
            return f"not possible with these clips: {error}"

    def _finished(
        self, run: Path, system: System, store: Store, folds: Sequence[Fold]
    ) -> Report | None:
        """The saved report of exactly this run, whatever its device and precision."""
        if not (run / "report.json").is_file():
            return None
        report = read(run)
        expected = {
            "fervid": fervid.__version__,
            "recipe": as_json(system),
            "faces": store.digest,
            "folds": digest(folds),
            "seed": self.options["seed"],
        }
        same = all(report.facts.get(key) == value for key, value in expected.items())
        return report if same else None


# Rows


def _rows(paper: str, number: str, runner: _Runner) -> list[Row]:
    plan = PLANS.get((paper, number))
    cells = published(paper, number)
    rows = [_row(cell, plan, runner) for cell in cells]
    if plan is None:
        return rows
    added = list(plan.added)
    if plan.linear:
        databases = dict.fromkeys(cell.database for cell in cells)
        added += [
            (title, database, "", network)
            for database in databases
            for network, title in baseline.YARDSTICKS.items()
        ]
    for name, database, system, network in added:
        if database in runner.stores:
            extra = Published(paper, number, name, "accuracy", 0, "%", database)
            bare = Row(name, "accuracy", None, "%", note="ours only: not in the paper")
            report = runner.report(database, plan, system)
            # For stills there is only one baseline.
            absent = isinstance(report, Report) and network not in report.scores
            if not (absent and network in baseline.YARDSTICKS):
                rows.append(_answered(bare, extra, plan, network, report))
    return rows


def _row(cell: Published, plan: Plan | None, runner: _Runner) -> Row:
    note = _published_note(cell)
    row = Row(cell.row, cell.column, cell.value, cell.unit, database=cell.database, note=note)
    networks = plan.networks if plan else {}
    network = networks.get(cell.row) or networks.get(cell.column) or networks.get("*", "")
    system = ""
    if plan and (other := plan.others.get(cell.row) or plan.others.get(cell.column)):
        system, network = other
    if plan and plan.measure == "clips":
        store = runner.stores.get(cell.database)
        if store is None:
            return _noted(row, f"no store of {cell.database}")
        return _counted(row, cell, store)
    if plan is None or not network:
        return _noted(row, _why_not(cell, runner))
    row = _noted(row, plan.remarks.get(cell.row, ""))
    return _answered(row, cell, plan, network, runner.report(cell.database, plan, system))


def _answered(row: Row, cell: Published, plan: Plan, network: str, report: Report | str) -> Row:
    if isinstance(report, str):
        return _noted(row, report)
    if network not in report.scores:
        return _noted(row, f"the run has no network {network}")
    # The baselines do not depend on the system's settings.
    note = "" if network in baseline.YARDSTICKS else _reduced(plan, report)
    return _filled(_noted(row, note), cell, plan, network, report)


def _reduced(plan: Plan, report: Report) -> str:
    """The settings that differ from the catalogue's, apart from the plan's changes."""
    from fervid.systems import SYSTEMS

    if report.facts["system"] not in SYSTEMS:
        return ""
    usual, used = as_json(SYSTEMS[report.facts["system"]]), report.facts["recipe"]
    changed = [k for k in used if k in usual and k not in plan.changes and used[k] != usual[k]]
    settings = [_without_folder(f"{k}={used[k]}") for k in changed]
    if (precision := report.facts["precision"]) != "32-true":
        settings.append(str(precision))
    return "with " + ", ".join(settings) if settings else ""


def _published_note(cell: Published) -> str:
    deviation = "" if cell.deviation is None else f"published ± {cell.deviation:g}"
    quoted = "" if cell.own else f"quoted from {cell.source}"
    return "; ".join(filter(None, (quoted, deviation, cell.note)))


def _noted(row: Row, note: str) -> Row:
    return replace(row, note="; ".join(filter(None, (row.note, note))))


def _why_not(cell: Published, runner: _Runner) -> str:
    if not cell.own:
        return ""
    if cell.unit == "count":
        return "nothing to run"
    if cell.paper not in runner.systems:
        return f"{cell.paper} is not in this version"
    return "no run reproduces this number"


def _counted(row: Row, cell: Published, store: Store) -> Row:
    """Fill in the number of clips in the store [1, Table 1]."""
    database = store.database
    clips = len(database.clips) if cell.column == "all" else database.counts.get(cell.column)
    if clips is None:
        return _noted(row, f"the database has no label {cell.column}")
    return replace(row, ours=float(clips), **_data(database, store.digest))


def _data(database: Database, digest: str) -> dict[str, Any]:
    return {"origin": database.origin, "data_digest": digest}


def _filled(row: Row, cell: Published, plan: Plan, network: str, report: Report) -> Row:
    facts = report.facts
    if plan.measure == "confusion":
        unknown = [label for label in (cell.row, cell.column) if label not in report.labels]
        if unknown:
            return _noted(row, f"the run has no label {unknown[0]}")
        ours, n = _cell(report, network, cell.row, cell.column)
    else:
        score = report.scores[network]
        ours, n = score.accuracy, score.n
        if cell.paper in OVER_FOLDS and len(score.folds) > 1:
            mean, deviation = 100 * score.fold_mean, 100 * score.fold_deviation
            row = _noted(row, f"ours as a mean over folds {mean:.2f} ± {deviation:.2f}")
        if report.missing:
            row = _noted(
                row,
                f"{len(report.missing)} clips without a face left out; "
                f"counted as wrong {100 * score.accuracy_all:.2f}",
            )
    value, low, high = (None if np.isnan(v) else 100 * v for v in astuple(ours))
    return replace(
        row,
        ours=value,
        low=low,
        high=high,
        n=n,
        database=cell.database,
        origin=report.origin,
        system=str(facts["system"]),
        network=network,
        protocol=str(facts["protocol"]),
        seed=int(facts["seed"]),
        device=" ".join(facts["device"]),
        data_digest=str(facts["faces"]),
        fervid=str(facts["fervid"]),
        commit=str(facts["commit"]),
        command=_portable(str(facts["command"])),
    )


def _cell(report: Report, network: str, true: str, predicted: str) -> tuple[Estimate, int]:
    """Share of the clips of label `true` predicted as `predicted`, and the number of clips."""
    row, column = report.labels.index(true), report.labels.index(predicted)
    predictions = report.probabilities[network].argmax(axis=1)
    counts = st.by_subject(report.target, predictions, report.subject, len(report.labels))
    totals = np.stack([counts[:, row, column], counts[:, row].sum(-1)], axis=-1)  # (S, 2)
    # Leave out subjects without a clip of this label.
    totals = totals[totals[:, 1] > 0]
    if not len(totals):
        return Estimate(np.nan, np.nan, np.nan), 0
    return st.estimate(totals, st.share), int(totals[:, 1].sum())


def _portable(command: str) -> str:
    """A command line without absolute folders.

    >>> _portable("fervid reproduce dtagn 2 --store /home/me/ck --store ../mmi")
    'fervid reproduce dtagn 2 --store ck --store ../mmi'
    """
    return shlex.join(_without_folder(word) for word in shlex.split(command))


def _without_folder(word: str) -> str:
    """A word or a setting without an absolute folder in its value.

    >>> _without_folder("pretrained=/home/me/faces.safetensors")
    'pretrained=faces.safetensors'
    """
    key, equals, value = word.rpartition("=")
    return key + equals + (PurePosixPath(value).name if value.startswith("/") else value)


# For the command line


def open_stores(paths: Sequence[Path]) -> dict[str, Store]:
    """Open stores and return them by the name of their database.

    Raises:
        InputError: a path is not a store, or two stores are of the same database.
    """
    from fervid.faces.store import Store as Faces

    stores: dict[str, Store] = {}
    for path in paths:
        opened = Faces.open(Path(path))
        name = opened.database.name
        if name in stores:
            raise InputError(f"{path} is a second store of {name}: give one store per database")
        stores[name] = opened
    return stores
