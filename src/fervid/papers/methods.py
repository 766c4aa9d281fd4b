"""What a publication says of a run: a methods paragraph, a results table and the references.

Every number comes from the run's report, so nothing is typed by hand.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import fervid
from fervid.atomic import write
from fervid.errors import InputError
from fervid.evaluation.baseline import YARDSTICKS
from fervid.evaluation.report import Difference, Report, percent, title
from fervid.papers import citations

PRETRAINED = "model"  # in the recipe of a model that was not trained in the run: its SHA-256

# Characters that LaTeX would interpret.
SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "±": r"$\pm$", "–": "--",
}  # fmt: skip
SOFTWARE = f"""@software{{fervid,
  title = {{{{fervid: facial expression recognition in video}}}},
  author = {{{{The fervid contributors}}}},
  version = {{{fervid.__version__}}}
}}
"""


@dataclass(frozen=True)
class Methods:
    """A run in the words, table and references of a publication.

    Args:
        text: the methods paragraph in plain text.
        latex: the same for LaTeX, with citations.
        table: a LaTeX table; needs the package booktabs.
        bibtex: entries of the system's paper, the database and fervid.
    """

    text: str
    latex: str
    table: str
    bibtex: str

    def write(self, out: Path) -> None:
        """Write methods.txt, methods.tex, table.tex and references.bib.

        Raises:
            OutputError: the folder cannot be written to.
        """
        write(out / "methods.txt", f"{self.text}\n")
        write(out / "methods.tex", f"{self.latex}\n")
        write(out / "table.tex", self.table)
        write(out / "references.bib", self.bibtex)


def methods(report: Report) -> Methods:
    """Describe a run.

    Args:
        report: of `fervid evaluate`, with any protocol.
    """
    entries = {name: _entry(str(report.facts[name])) for name in ("system", "database")}
    entries["fervid"] = SOFTWARE

    def plain(text: str, source: str) -> str:
        return f"{text} [{_key(entries[source])}]" if entries[source] else text

    def latex(text: str, source: str) -> str:
        cited = rf"~\cite{{{_key(entries[source])}}}" if entries[source] else ""
        return f"{escaped(text)}{cited}"

    known = [entry for entry in entries.values() if entry]
    return Methods(
        " ".join(_sentences(report, plain, str)),
        " ".join(_sentences(report, latex, escaped)),
        _table(report),
        "\n".join(known),
    )


def escaped(text: str) -> str:
    r"""Text for LaTeX.

    >>> escaped("50 % of a_b")
    '50 \\% of a\\_b'
    """
    return "".join(SPECIAL.get(character, character) for character in text)


def _entry(name: str) -> str:
    """The BibTeX entry behind a name, or nothing for a system or database of the user's own."""
    try:
        return citations.cite(name)
    except InputError:
        return ""


def _key(entry: str) -> str:
    match = re.match(r"@\w+\{([^,]+),", entry)
    assert match is not None  # a test checks that every entry has a key
    return match[1]


# Sentences


def _sentences(
    report: Report, cite: Callable[[str, str], str], text: Callable[[str], str]
) -> list[str]:
    """The paragraph's sentences.

    Args:
        cite: a text and whose reference goes behind it -> both, in the format wanted.
        text: a text -> the same in the format wanted.
    """
    facts = report.facts
    own = facts["database"] == "drawn"  # which is no stand-in: its origin is fervid itself
    itself = "" if own else ", not the database itself"
    stand_in = f" ({report.origin}{itself})" if report.origin else ""
    counts = ", ".join(f"{count} {label}" for label, count in facts["counts"].items() if count)
    people = f"{_n(facts['subjects'], 'subject')}: {counts}"
    clips = _n(sum(facts["counts"].values()), "clip")
    paragraph = [
        f"We evaluated {cite(str(facts['system']), 'system')} on "
        f"{cite(str(facts['database']), 'database')}"
        + text(f"{stand_in} ({clips} of {people}) with")
        + f" {cite('fervid ' + str(facts['fervid']), 'fervid')}.",
        text(_training(report)),
        text(_result(report)),
    ]
    for name in YARDSTICKS:
        other = next((each for each in report.differences if each.other == name), None)
        if other:
            paragraph.append(text(_difference(report, other)))
    paragraph.append(text(_chance(report)))
    if report.missing:
        share = percent(report.scores[report.output].accuracy_all)
        paragraph.append(
            text(
                f"{_n(len(report.missing), 'clip')} could not be predicted; counting them as wrong "
                f"gives {share} %."
            )
        )
    return [*paragraph, text(_setting(report))]


def _training(report: Report) -> str:
    facts = report.facts
    if PRETRAINED in facts["recipe"]:
        model = str(facts["recipe"][PRETRAINED])[:12]
        return (
            f"The model, a file with the SHA-256 {model}, was trained on other data and tested on "
            f"every clip ({facts['protocol']})."
        )
    epoch = (
        f"the epoch was chosen on {_span(report, 'validation')} clips of further subjects"
        if float(facts["validation"])
        else "none were held out to choose the epoch, and the last one was used"
    )
    return (
        f"Training and test sets shared no subject ({facts['protocol']}). Each fold's networks "
        f"learned from {_span(report, 'train')} clips; {epoch}."
    )


def _span(report: Report, key: str) -> str:
    """Least and greatest of a number that each fold has, or one number if they are equal."""
    sizes = sorted(int(fold[key]) for fold in report.folds)
    return f"{sizes[0]}" if sizes[0] == sizes[-1] else f"{sizes[0]} to {sizes[-1]}"


def _setting(report: Report) -> str:
    facts = report.facts
    commit = f", commit {str(facts['commit'])[:12]}" if facts.get("commit") else ""
    return (
        f"Seed {facts['seed']}, {' and '.join(facts['device'])}, {facts['precision']}{commit}; "
        f"the data's SHA-256 begins with {str(facts['data'])[:12]}."
    )


def _result(report: Report) -> str:
    score = report.scores[report.output]
    return (
        f"Accuracy was {percent(score.accuracy.value)} % "
        f"(95 % interval [{percent(score.accuracy.low)}, {percent(score.accuracy.high)}], "
        f"bootstrap over subjects; mean over folds {percent(score.fold_mean)} ± "
        f"{percent(score.fold_deviation)} %), and the unweighted average recall "
        f"{percent(score.uar.value)} % [{percent(score.uar.low)}, {percent(score.uar.high)}]."
    )


def _difference(report: Report, difference: Difference) -> str:
    gain, other = difference.accuracy, report.scores[difference.other]
    return (
        f"A linear model ({title(difference.other)}) reached {percent(other.accuracy.value)} %; "
        f"the difference is {percent(gain.value)} points [{percent(gain.low)}, "
        f"{percent(gain.high)}], p = {difference.p:.2g} by permutation of subjects, corrected by "
        "Holm's method."
    )


def _chance(report: Report) -> str:
    chance = report.chance
    return (
        f"Guessing gives {percent(chance.guess)} %, and always answering {chance.label} "
        f"{percent(chance.most)} %."
    )


def _n(count: int, noun: str) -> str:
    """A number and its noun.

    >>> _n(1, "fold"), _n(10, "fold")
    ('1 fold', '10 folds')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


# The table


def _table(report: Report) -> str:
    facts = report.facts
    origin = f" ({report.origin})" if report.origin else ""
    n = report.scores[report.output].n
    caption = escaped(
        f"{facts['system']} on {facts['database']}{origin}: {n} clips, "
        f"{_n(len(report.folds), 'fold')} without shared subjects. In per cent, "
        "with 95 % intervals over subjects."
    )
    head = ("", "accuracy", "UAR", "macro F1", "mean ± SD over folds")
    rows = [_row(name, report) for name in report.scores]
    lines = [f"    {' & '.join(row)} \\\\" for row in rows]
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{caption}}}",
            r"  \begin{tabular}{lcccc}",
            r"    \toprule",
            f"    {' & '.join(map(escaped, head))} \\\\",
            r"    \midrule",
            *lines,
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _row(name: str, report: Report) -> Sequence[str]:
    score = report.scores[name]
    cells = [
        title(name),
        f"{percent(score.accuracy.value)} [{percent(score.accuracy.low)}, "
        f"{percent(score.accuracy.high)}]",
        f"{percent(score.uar.value)} [{percent(score.uar.low)}, {percent(score.uar.high)}]",
        percent(score.macro_f1),
        f"{percent(score.fold_mean)} ± {percent(score.fold_deviation)}",
    ]
    escaped_cells = [escaped(cell) for cell in cells]
    if name == report.output:
        escaped_cells[0] = rf"\textbf{{{escaped_cells[0]}}}"
    return escaped_cells
