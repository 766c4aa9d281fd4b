"""Compare runs on the same clips and folds, so that every comparison is paired."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.evaluation import statistics as st
from fervid.evaluation.calibration import calibration
from fervid.evaluation.changed_answers import write_changes
from fervid.evaluation.comparison import Comparison, Entry
from fervid.evaluation.paired import pairs
from fervid.evaluation.report import Report
from fervid.evaluation.tables import read
from fervid.systems.interface import Store

# Facts that two runs must share -> the name of each fact.
SHARED = {"data": "clips", "folds": "folds"}


def compare(
    runs: Sequence[Path | str],
    out: Path | None = None,
    *,
    seed: int = 0,
    store: Store | None = None,
) -> Comparison:
    """Compare finished runs on the clips that all of them predicted.

    Args:
        runs: folders of `evaluate`. "FOLDER:NETWORK" selects one network of a run. A folder alone
            means the network that gives the system's prediction; a single folder as the only run
            means all its networks.
        out: folder for the tables and the figure; None to write nothing.
        seed: seed for the resampling.
        store: store of the runs' database. With it and two networks, the faces that the second
            network corrects or breaks are written too (`write_changes`).

    Raises:
        InputError: there are fewer than two networks, a network does not exist, the runs are on
            other clips or folds, or `store` comes with more than two networks or without `out`.
        OutputError: a folder holds no complete report, or `out` cannot be written to.
    """
    picked = _pick(runs)
    _same(picked)
    if store is not None and (len(picked) != 2 or out is None):
        raise InputError("faces are written for two networks only: name two, and --out FOLDER")
    comparison, shared = _compare(picked, seed)
    if out is not None:
        comparison.write(Path(out))
    if store is not None and out is not None:
        labels = picked[0].report.labels
        write_changes(shared.probabilities, shared.clip, shared.target, labels, store, Path(out))
    return comparison


@dataclass(frozen=True)
class _Shared:
    """Clips that all networks predicted: (N,) names and labels, (N, K) probabilities by network."""

    clip: NDArray[np.str_]
    target: NDArray[np.int64]
    probabilities: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class _Picked:
    folder: Path
    report: Report
    network: str


def _pick(runs: Sequence[Path | str]) -> list[_Picked]:
    picked: list[_Picked] = []
    reports: dict[Path, Report] = {}
    for run in runs:
        folder, network = parse_run(run)
        if folder not in reports:
            reports[folder] = read(folder)
        report = reports[folder]
        if network and network not in report.scores:
            raise InputError(
                f"{folder} has no network {network!r}: choose one of {', '.join(report.scores)}"
            )
        alone = len(runs) == 1 and not network
        for name in list(report.scores) if alone else [network or report.output]:
            picked.append(_Picked(folder, report, name))
    names = [f"{p.folder}:{p.network}" for p in picked]
    duplicates = {name for name in names if names.count(name) > 1}
    if duplicates:
        raise InputError(f"{min(duplicates)} is named twice: name each network once")
    if len(picked) < 2:
        raise InputError("one network cannot be compared: name two runs, or RUN:NETWORK twice")
    return picked


def parse_run(run: Path | str) -> tuple[Path, str]:
    """Split "runs/a:dtan" into folder and network; an existing folder may contain a colon."""
    if Path(run).is_dir():
        return Path(run), ""
    folder, colon, network = str(run).rpartition(":")
    return (Path(folder), network) if colon and Path(folder).is_dir() else (Path(run), "")


def _same(picked: Sequence[_Picked]) -> None:
    first = picked[0]
    for other in picked[1:]:
        facts, other_facts = first.report.facts, other.report.facts
        database = facts.get("database")
        if database != other_facts.get("database"):
            raise InputError(
                f"{first.folder} was run on {database} and {other.folder} on "
                f"{other_facts.get('database')}: compare runs on one database"
            )
        for key, name in SHARED.items():
            if facts.get(key) != other_facts.get(key) or first.report.labels != other.report.labels:
                raise InputError(
                    f"{first.folder} and {other.folder} were run on different {name} of {database} "
                    f"({facts.get('protocol')}; {other_facts.get('protocol')}): "
                    "evaluate both with the same store and protocol"
                )


def _compare(picked: Sequence[_Picked], seed: int) -> tuple[Comparison, _Shared]:
    shared = set(picked[0].report.clip.tolist())
    for each in picked[1:]:
        shared &= set(each.report.clip.tolist())
    if not shared:
        raise InputError("the runs predicted no clip in common: check their missing clips")
    names = _names(picked)
    rows = [_rows(each.report, shared) for each in picked]
    first = picked[0].report
    target, subject = first.target[rows[0]], first.subject[rows[0]]
    probabilities = {
        name: each.report.probabilities[each.network][row]
        for name, each, row in zip(names, picked, rows, strict=True)
    }
    predicted = {name: values.argmax(axis=1) for name, values in probabilities.items()}
    entries = [
        _entry(name, each, probabilities[name], target, subject, shared=len(shared), seed=seed)
        for name, each in zip(names, picked, strict=True)
    ]
    facts = first.facts
    comparison = Comparison(
        str(facts["database"]),
        str(facts["protocol"]),
        first.origin,
        len(shared),
        len(np.unique(subject)),
        tuple(entries),
        pairs(predicted, target, subject, len(first.labels), seed=seed),
    )
    return comparison, _Shared(first.clip[rows[0]], target, probabilities)


def _rows(report: Report, shared: set[str]) -> NDArray[np.int64]:
    """Rows of the shared clips, in the order of their names."""
    order = np.argsort(report.clip, kind="stable")
    return order[[str(report.clip[row]) in shared for row in order]]


def _names(picked: Sequence[_Picked]) -> list[str]:
    """The shortest distinct names: network, folder, or both."""
    networks = [each.network for each in picked]
    folders = [each.folder.name for each in picked]
    both = [f"{f}:{n}" for f, n in zip(folders, networks, strict=True)]
    full = [f"{each.folder}:{each.network}" for each in picked]
    one_run = len({each.folder for each in picked}) == 1
    choices = (networks, both) if one_run else (folders, both)
    return next((c for c in choices if len(set(c)) == len(c)), full)


def _entry(
    name: str,
    each: _Picked,
    values: NDArray[np.float32],
    target: NDArray[np.int64],
    subject: NDArray[np.str_],
    *,
    shared: int,
    seed: int,
) -> Entry:
    counts = st.by_subject(target, values.argmax(axis=1), subject, values.shape[1])
    facts = each.report.facts
    return Entry(
        name=name,
        run=each.folder.name,
        system=str(facts["system"]),
        network=each.network,
        seed=int(facts["seed"]),
        accuracy=st.estimate(counts, st.accuracy, seed=seed),
        uar=st.estimate(counts, st.uar, seed=seed),
        macro_f1=st.estimate(counts, st.macro_f1, seed=seed),
        calibration_error=calibration(values, target, subject, seed=seed).error,
        left_out=len(each.report.clip) - shared,
    )
