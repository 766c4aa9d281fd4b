"""Runs beside one another: the same clips, the same folds, so every comparison is paired."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.evaluation import statistics as st
from fervid.evaluation.calibration import calibration
from fervid.evaluation.changed_answers import write_turned
from fervid.evaluation.comparison import Comparison, Entry
from fervid.evaluation.paired import pairs
from fervid.evaluation.report import Report
from fervid.evaluation.tables import read
from fervid.systems.interface import Store

# A fact that two runs must share, and what it is called.
SHARED = {"data": "clips", "folds": "folds"}


def compare(
    runs: Sequence[Path | str],
    out: Path | None = None,
    *,
    seed: int = 0,
    store: Store | None = None,
) -> Comparison:
    """Compare finished runs on the clips that all of them answered; write it where asked.

    Args:
        runs: folders of `evaluate`. "FOLDER:NETWORK" picks one network of a run; a folder alone is
            the system's answer, and a single folder alone all its networks.
        out: folder for the tables and the picture.
        seed: of the resamples.
        store: of the runs' database; of two networks, faces that the second corrects and breaks
            are then written, too (`write_turned`).

    Raises:
        InputError: fewer than two, no such network, or runs on other clips or folds; a store with
            more than two networks or without `out`.
        OutputError: a folder that holds no whole report, or cannot be written to.
    """
    picked = _pick(runs)
    _same(picked)
    if store is not None and (len(picked) != 2 or out is None):
        raise InputError("faces are shown of two networks, in a folder: name two, and --out FOLDER")
    made, shared = _compare(picked, seed)
    if out is not None:
        made.write(Path(out))
    if store is not None and out is not None:
        labels = picked[0].report.labels
        write_turned(shared.answers, shared.clip, shared.target, labels, store, Path(out))
    return made


@dataclass(frozen=True)
class _Shared:
    """The clips that all answered: (N,) names and labels, and (N, K) answers by network."""

    clip: NDArray[np.str_]
    target: NDArray[np.int64]
    answers: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class _Picked:
    folder: Path
    report: Report
    network: str


def _pick(runs: Sequence[Path | str]) -> list[_Picked]:
    found: list[_Picked] = []
    read_once: dict[Path, Report] = {}
    for one in runs:
        folder, network = parse_run(one)
        if folder not in read_once:
            read_once[folder] = read(folder)
        report = read_once[folder]
        if network and network not in report.scores:
            raise InputError(
                f"{folder} has no network {network!r}: choose one of {', '.join(report.scores)}"
            )
        alone = len(runs) == 1 and not network
        for name in list(report.scores) if alone else [network or report.output]:
            found.append(_Picked(folder, report, name))
    twice = [f"{p.folder}:{p.network}" for p in found]
    again = {name for name in twice if twice.count(name) > 1}
    if again:
        raise InputError(f"{min(again)} is named twice: name each network once")
    if len(found) < 2:
        raise InputError("one network cannot be compared: name two runs, or RUN:NETWORK twice")
    return found


def parse_run(one: Path | str) -> tuple[Path, str]:
    """ "runs/a:dtan" -> its folder and network; a folder with a colon in its name stays whole."""
    if Path(one).is_dir():
        return Path(one), ""
    folder, colon, network = str(one).rpartition(":")
    return (Path(folder), network) if colon and Path(folder).is_dir() else (Path(one), "")


def _same(picked: Sequence[_Picked]) -> None:
    first = picked[0]
    for other in picked[1:]:
        here, there = first.report.facts, other.report.facts
        if here.get("database") != there.get("database"):
            raise InputError(
                f"{first.folder} was run on {here.get('database')} and {other.folder} on "
                f"{there.get('database')}: compare runs on one database"
            )
        for key, called in SHARED.items():
            if here.get(key) != there.get(key) or first.report.labels != other.report.labels:
                raise InputError(
                    f"{first.folder} and {other.folder} were run on other {called} of "
                    f"{here.get('database')} ({here.get('protocol')}; {there.get('protocol')}): "
                    "evaluate both with the same store and protocol"
                )


def _compare(picked: Sequence[_Picked], seed: int) -> tuple[Comparison, _Shared]:
    shared = set(picked[0].report.clip.tolist())
    for each in picked[1:]:
        shared &= set(each.report.clip.tolist())
    if not shared:
        raise InputError("the runs answered no clip in common: look at their missing clips")
    names = _names(picked)
    rows = [_rows(each.report, shared) for each in picked]
    first = picked[0].report
    target, subject = first.target[rows[0]], first.subject[rows[0]]
    answers = {
        name: each.report.probabilities[each.network][row]
        for name, each, row in zip(names, picked, rows, strict=True)
    }
    called = {name: values.argmax(axis=1) for name, values in answers.items()}
    entries = [
        _entry(name, each, answers[name], target, subject, len(shared), seed)
        for name, each in zip(names, picked, strict=True)
    ]
    facts = first.facts
    made = Comparison(
        str(facts["database"]),
        str(facts["protocol"]),
        first.origin,
        len(shared),
        len(np.unique(subject)),
        tuple(entries),
        pairs(called, target, subject, len(first.labels), seed=seed),
    )
    return made, _Shared(first.clip[rows[0]], target, answers)


def _rows(report: Report, shared: set[str]) -> NDArray[np.int64]:
    """The shared clips' rows, in the order of their names."""
    order = np.argsort(report.clip, kind="stable")
    return order[[str(report.clip[row]) in shared for row in order]]


def _names(picked: Sequence[_Picked]) -> list[str]:
    """The shortest that tell them apart: network, folder, or both."""
    networks = [each.network for each in picked]
    folders = [each.folder.name for each in picked]
    both = [f"{f}:{n}" for f, n in zip(folders, networks, strict=True)]
    whole = [f"{each.folder}:{each.network}" for each in picked]
    one_run = len({each.folder for each in picked}) == 1
    choices = (networks, both) if one_run else (folders, both)
    return next((c for c in choices if len(set(c)) == len(c)), whole)


def _entry(
    name: str,
    each: _Picked,
    values: NDArray[np.float32],
    target: NDArray[np.int64],
    subject: NDArray[np.str_],
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
