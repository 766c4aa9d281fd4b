"""What a publication says of a run: every number is the report's, and LaTeX accepts it."""

import re
from dataclasses import replace

import fakes
import pytest

from fervid.evaluation import evaluate, read
from fervid.evaluation.report import Report
from fervid.folds import k_fold
from fervid.papers import citations
from fervid.papers.methods import escaped, methods

pytestmark = pytest.mark.usefixtures("no_page")


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Report:
    folder = tmp_path_factory.mktemp("run")
    store = fakes.store(lost=(3,), origin="drawn for a test")
    folds = k_fold(store.database.clips, 4)
    evaluate(fakes.FakeSystem(shrink=0.4), store, folds, folder, seed=3)
    return read(folder)


def with_facts(report: Report, **facts: object) -> Report:
    return replace(report, facts={**report.facts, **facts})


def test_every_number_is_the_reports(report) -> None:
    text = methods(report).text
    score = report.scores[report.output]
    for share in (score.accuracy.value, score.accuracy.low, score.uar.value, score.fold_mean,
                  score.fold_deviation, score.accuracy_all, report.chance.guess):  # fmt: skip
        assert f"{100 * share:.1f}" in text
    for each in report.differences:
        if each.other.startswith("landmarks"):
            assert f"{100 * each.accuracy.value:.1f} points" in text
    assert f"{report.facts['subjects']} subjects" in text and "Seed 3, cpu" in text
    assert "drawn for a test, not the database itself" in text
    held = {fold["validation"] for fold in report.folds}
    assert "1 clip could not be predicted" in text
    assert f"the epoch was chosen on {min(held)}" in text and f"{max(held)} clips of" in text


def test_another_run_has_other_numbers(report) -> None:
    """No number is written into the sentences."""
    none = replace(report, origin="", missing=())
    text = methods(with_facts(none, validation=0.0, seed=12, commit="", subjects=1)).text
    assert "Seed 12" in text and "of 1 subject:" in text and "the last one was used" in text
    assert "not the database itself" not in text and "predicted;" not in text
    assert "commit" not in text


def test_the_drawn_database_is_no_stand_in(report) -> None:
    drawn = replace(report, origin="drawn by fervid")
    assert "the database itself" not in methods(with_facts(drawn, database="drawn")).text


def test_a_model_trained_elsewhere(report) -> None:
    text = methods(with_facts(report, recipe={"name": "tfe", "model": "f" * 64})).text
    assert "SHA-256 ffffffffffff, was trained on other data" in text
    assert "learned from" not in text


def test_references_are_those_of_the_paper_and_the_database(report) -> None:
    cited = methods(with_facts(report, system="dtagn-laptop", database="ck_plus"))
    assert citations.cite("dtagn") in cited.bibtex and citations.cite("ck_plus") in cited.bibtex
    keys = set(re.findall(r"\\cite\{([^}]+)\}", cited.latex))
    assert keys == set(re.findall(r"^@\w+\{([^,]+),", cited.bibtex, re.MULTILINE))
    assert len(keys) == 3 and all(f"[{key}]" in cited.text for key in keys)
    own = methods(with_facts(report, system="mine", database="ours"))
    assert own.bibtex.count("@") == 1 and "We evaluated mine on ours" in own.text


def test_table(report) -> None:
    table = methods(with_facts(report, database="ck_plus")).table
    rows = [line for line in table.splitlines() if line.endswith("\\\\")]
    assert len(rows) == 1 + len(report.scores)
    assert {row.count(" & ") for row in rows} == {4}
    assert "ck\\_plus" in table and table.count("\\textbf") == 1
    best = next(row for row in rows if "textbf" in row)
    assert f"{100 * report.scores[report.output].macro_f1:.1f}" in best


def test_latex_escapes() -> None:
    assert escaped("a_b & 5 % of {x} ~ #1") == (
        "a\\_b \\& 5 \\% of \\{x\\} \\textasciitilde{} \\#1"
    )
    assert escaped("\\") == "\\textbackslash{}"
