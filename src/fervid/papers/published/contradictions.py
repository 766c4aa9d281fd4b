"""Where the papers contradict themselves or each other: `contradictions.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fervid.errors import InputError


@dataclass(frozen=True)
class Contradiction:
    """Two statements that cannot both hold.

    Args:
        paper: key of the paper, or keys joined by " / " if papers disagree with each other.
        where: sections, tables and figures concerned.
        says: one statement, in our words.
        but: the other statement.
        figures: the numbers in both sentences, in their order.
    """

    paper: str
    where: str
    says: str
    but: str
    figures: list[float]


@cache
def contradictions() -> dict[str, Contradiction]:
    """All contradictions, by name."""
    text = files("fervid.papers.published").joinpath("contradictions.toml").read_text("utf-8")
    return {name: Contradiction(**fields) for name, fields in tomllib.loads(text).items()}


def markdown(paper: str = "") -> str:
    """The list as Markdown, as in docs/published.md, for one paper or for all.

    Raises:
        InputError: there is no such paper.
    """
    papers = dict.fromkeys(name for entry in contradictions().values() for name in _papers(entry))
    if paper and paper not in papers:
        raise InputError(f"no paper {paper!r}: choose one of {', '.join(papers)}")
    lines = []
    for key, entry in contradictions().items():
        if not paper or paper in _papers(entry):
            says = entry.says[0].upper() + entry.says[1:]
            lines.append(f"- **{key}** ({entry.paper}; {entry.where}). {says}; but {entry.but}.")
    return "\n".join(lines) + "\n"


def _papers(entry: Contradiction) -> list[str]:
    return entry.paper.split(" / ")
