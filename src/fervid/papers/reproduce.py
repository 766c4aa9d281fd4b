"""A printed table again: published beside ours, and why where there is nothing beside it.

A plan says which network of which run answers a printed number. One run serves every table that
asks for the same system, database and protocol; each has its folder and resumes where it stopped.
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
from fervid.evaluation.cross_database import join, split
from fervid.evaluation.report import Report
from fervid.evaluation.statistics import Estimate
from fervid.folds import Fold, cross_database, digest
from fervid.learning.recipes import as_json
from fervid.papers import differences
from fervid.papers.plans import ACROSS, PLANS, Plan
from fervid.papers.published import Published, records
from fervid.papers.published import table as published
from fervid.papers.reproduction_table import Reproduction, Row
from fervid.systems.interface import Store, System

# Papers that print means over folds; ours is over all clips, and the mean stands in the note.
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
    """Run what the databases at hand allow; write `<paper>_table<n>.csv` after each table.

    At the end the runs' paired differences follow, in `<paper>_differences.csv`, or
    `<paper>_table<n>_differences.csv` where one table was asked for.

    Args:
        paper: one of `fervid.papers.published.PAPERS`.
        table: as printed ("2", "Fig. 6"); None for all of the paper's.
        stores: database -> its prepared faces.
        runs: where the runs' folders are kept; by default `out`/runs.
        systems: by default `fervid.systems.SYSTEMS`.
        seed, device, precision, jobs: as `fervid.evaluation.evaluate` takes them.

    Raises:
        InputError: no such paper or table.
        OutputError: a folder that cannot be written to, or holds another run.
    """
    if systems is None:
        from fervid.systems import SYSTEMS

        systems = SYSTEMS
    names = dict.fromkeys(one.table for one in records(paper) if one.table != "text")
    wanted = [str(table)] if table is not None else list(names)
    if not wanted:
        raise InputError(f"of paper {paper!r} only the text is here: ask for the table 'text'")
    told = {"seed": seed, "device": device, "precision": precision, "jobs": jobs}
    runner = _Runner(stores, systems, runs or Path(out) / "runs", told)
    found = []
    for number in wanted:
        rows = _rows(paper, number, runner)
        found.append(Reproduction(paper, number, tuple(rows)))
        _write(Path(out), found[-1])
    reports = [report for report in runner.done.values() if isinstance(report, Report)]
    if reports:
        name = paper if table is None else found[0].name
        write(Path(out) / f"{name}_differences.csv", differences.table(reports))
    return found


def _write(out: Path, made: Reproduction) -> None:
    write(out / f"{made.name}.csv", made.csv())


@dataclass
class _Runner:
    """Runs what is asked for, once each."""

    stores: Mapping[str, Store]
    systems: Mapping[str, System]
    folder: Path
    told: Mapping[str, Any]  # to `evaluate`
    done: dict[str, Report | str] = field(default_factory=dict)

    def report(self, database: str, plan: Plan, name: str = "") -> Report | str:
        """The report of a system's run, by default the database's, or why there is none."""
        if database not in self.stores:
            return f"no store of {database}"
        name = name or plan.systems.get(database, "")
        if name not in self.systems:
            return f"{name or 'a system for it'} is not in this version"
        others = self._others(database, plan)
        seed = str(self.told["seed"])
        run = "-".join([database, name, plan.protocol_of(database), *others, seed])
        if run not in self.done:
            self.done[run] = self._run(run, name, database, plan)
        return self.done[run]

    def _others(self, database: str, plan: Plan) -> list[str]:
        """The databases that train for another, if a plan goes across them."""
        if plan.protocol_of(database) != ACROSS:
            return []
        return [name for name in plan.systems if name in self.stores and name != database]

    def _split(self, database: str, plan: Plan) -> tuple[Store, list[Fold]]:
        store, protocol = self.stores[database], plan.protocol_of(database)
        if protocol != ACROSS:
            return split(store, protocol)
        joined = join([*(self.stores[name] for name in self._others(database, plan)), store])
        return joined, cross_database(joined.database.clips, database)

    def _run(self, run: str, name: str, database: str, plan: Plan) -> Report | str:
        system: Any = self.systems[name]
        own = name in plan.systems.values()
        if own and is_dataclass(system) and not isinstance(system, type):
            known = {each.name for each in fields(system)}
            system = replace(system, **{k: v for k, v in plan.changes.items() if k in known})
        try:
            store, folds = self._split(database, plan)
            return self._finished(self.folder / run, system, store, folds) or evaluate(
                system, store, folds, self.folder / run, **self.told
            )
        except (ProtocolError, LabelError) as error:
            return f"these clips do not allow it: {error}"

    def _finished(
        self, run: Path, system: System, store: Store, folds: Sequence[Fold]
    ) -> Report | None:
        """The report of this very run, on any device and in any precision, which it tells."""
        if not (run / "report.json").is_file():
            return None
        report = read(run)
        asked = {
            "fervid": fervid.__version__,
            "recipe": as_json(system),
            "faces": store.digest,
            "folds": digest(folds),
            "seed": self.told["seed"],
        }
        same = all(report.facts.get(key) == value for key, value in asked.items())
        return report if same else None


# Rows


def _rows(paper: str, number: str, runner: _Runner) -> list[Row]:
    plan = PLANS.get((paper, number))
    cells = published(paper, number)
    rows = [_row(one, plan, runner) for one in cells]
    if plan is None:
        return rows
    added = list(plan.added)
    if plan.linear:
        databases = dict.fromkeys(one.database for one in cells)
        added += [
            (called, database, "", network)
            for database in databases
            for network, called in baseline.YARDSTICKS.items()
        ]
    for name, database, system, network in added:
        if database in runner.stores:
            extra = Published(paper, number, name, "accuracy", 0, "%", database)
            bare = Row(name, "accuracy", None, "%", note="ours only: not in the paper")
            report = runner.report(database, plan, system)
            # Stills have one yardstick.
            absent = isinstance(report, Report) and network not in report.scores
            if not (absent and network in baseline.YARDSTICKS):
                rows.append(_answered(bare, extra, plan, network, report))
    return rows


def _row(one: Published, plan: Plan | None, runner: _Runner) -> Row:
    row = Row(one.row, one.column, one.value, one.unit, database=one.database, note=_said(one))
    networks = plan.networks if plan else {}
    network = networks.get(one.row) or networks.get(one.column) or networks.get("*", "")
    system = ""
    if plan and (other := plan.others.get(one.row) or plan.others.get(one.column)):
        system, network = other
    if plan and plan.measure == "clips":
        store = runner.stores.get(one.database)
        if store is None:
            return _noted(row, f"no store of {one.database}")
        return _counted(row, one, store)
    if plan is None or not network:
        return _noted(row, _why_not(one, runner))
    row = _noted(row, plan.remarks.get(one.row, ""))
    return _answered(row, one, plan, network, runner.report(one.database, plan, system))


def _answered(row: Row, one: Published, plan: Plan, network: str, report: Report | str) -> Row:
    if isinstance(report, str):
        return _noted(row, report)
    if network not in report.scores:
        return _noted(row, f"the run has no network {network}")
    # No setting of the system's changes the yardsticks.
    note = "" if network in baseline.YARDSTICKS else _reduced(plan, report)
    return _filled(_noted(row, note), one, plan, network, report)


def _reduced(plan: Plan, report: Report) -> str:
    """Which settings are not the catalogue's, besides the table's own."""
    from fervid.systems import SYSTEMS

    if report.facts["system"] not in SYSTEMS:
        return ""
    usual, used = as_json(SYSTEMS[report.facts["system"]]), report.facts["recipe"]
    other = [k for k in used if k in usual and k not in plan.changes and used[k] != usual[k]]
    told = [_placeless(f"{k}={used[k]}") for k in other]
    if (precision := report.facts["precision"]) != "32-true":
        told.append(str(precision))
    return "with " + ", ".join(told) if told else ""


def _said(one: Published) -> str:
    spread = "" if one.deviation is None else f"published ± {one.deviation:g}"
    quoted = "" if one.own else f"quoted from {one.source}"
    return "; ".join(filter(None, (quoted, spread, one.note)))


def _noted(row: Row, note: str) -> Row:
    return replace(row, note="; ".join(filter(None, (row.note, note))))


def _why_not(one: Published, runner: _Runner) -> str:
    if not one.own:
        return ""
    if one.unit == "count":
        return "nothing to run"
    if one.paper not in runner.systems:
        return f"{one.paper} is not in this version"
    return "no run answers this number"


def _counted(row: Row, one: Published, store: Store) -> Row:
    """How many clips the store holds [1, Table 1]."""
    database = store.database
    clips = len(database.clips) if one.column == "all" else database.counts.get(one.column)
    if clips is None:
        return _noted(row, f"the database has no label {one.column}")
    return replace(row, ours=float(clips), **_data(database, store.digest))


def _data(database: Database, digest: str) -> dict[str, Any]:
    return {"origin": database.origin, "data_digest": digest}


def _filled(row: Row, one: Published, plan: Plan, network: str, report: Report) -> Row:
    facts = report.facts
    if plan.measure == "confusion":
        unknown = [label for label in (one.row, one.column) if label not in report.labels]
        if unknown:
            return _noted(row, f"the run has no label {unknown[0]}")
        ours, n = _cell(report, network, one.row, one.column)
    else:
        score = report.scores[network]
        ours, n = score.accuracy, score.n
        if one.paper in OVER_FOLDS and len(score.folds) > 1:
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
        database=one.database,
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
    """Share of a label's clips that were called another, and how many clips it has."""
    line, column = report.labels.index(true), report.labels.index(predicted)
    called = report.probabilities[network].argmax(axis=1)
    counts = st.by_subject(report.target, called, report.subject, len(report.labels))
    totals = np.stack([counts[:, line, column], counts[:, line].sum(-1)], axis=-1)  # (S, 2)
    # Subjects without a clip of this label say nothing about it.
    totals = totals[totals[:, 1] > 0]
    if not len(totals):
        return Estimate(np.nan, np.nan, np.nan), 0
    return st.estimate(totals, st.share), int(totals[:, 1].sum())


def _portable(command: str) -> str:
    """A command line without the folders of one machine.

    >>> _portable("fervid reproduce dtagn 2 --store /home/me/ck --store ../mmi")
    'fervid reproduce dtagn 2 --store ck --store ../mmi'
    """
    return shlex.join(_placeless(word) for word in shlex.split(command))


def _placeless(word: str) -> str:
    """Without this machine's folders.

    >>> _placeless("pretrained=/home/me/faces.safetensors")
    'pretrained=faces.safetensors'
    """
    key, equals, value = word.rpartition("=")
    return key + equals + (PurePosixPath(value).name if value.startswith("/") else value)


# For the command


def open_stores(paths: Sequence[Path]) -> dict[str, Store]:
    """Stores by the name of their database.

    Raises:
        InputError: no store, or two of one database.
    """
    from fervid.faces.store import Store as Faces

    stores: dict[str, Store] = {}
    for path in paths:
        opened = Faces.open(Path(path))
        name = opened.database.name
        if name in stores:
            raise InputError(f"{path} is a second store of {name}: name one for each database")
        stores[name] = opened
    return stores
