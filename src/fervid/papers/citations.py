"""BibTeX entries of the five papers and of the databases, each set in a .bib file."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fervid.errors import InputError

# Systems whose names do not begin with their paper's.
VARIANTS: Mapping[str, str] = {"ir2d": "ir3d", "dtgn": "dtagn"}


@cache
def papers() -> Mapping[str, str]:
    """BibTeX entries of the papers by fervid's names, in the order of their numbers."""
    return _entries("papers.bib")


@cache
def databases() -> Mapping[str, str]:
    """BibTeX entries of the databases by fervid's names."""
    return _entries("databases.bib")


def _entries(file: str) -> dict[str, str]:
    """All entries of a file, by the name in the comment line above each."""
    text = Path(__file__).with_name(file).read_text(encoding="utf-8")
    return dict(re.findall(r"^% (\w+)\n(@.*?^\})$", text, re.MULTILINE | re.DOTALL))


def title(paper: str) -> str:
    """The title of a paper, by its key in `papers()`."""
    match = re.search(r"title = \{\{(.*)\}\}", papers()[paper])
    assert match is not None  # a test checks that every entry has a title
    return match[1]


def cite(key: str) -> str:
    """The BibTeX entry of a system's paper or of a database.

    Args:
        key: a key of `papers()` or `databases()`, optionally followed by a variant's name
            ("dtagn-mmi", "ck_plus_stills").

    Raises:
        InputError: the key names neither a paper nor a database.

    >>> print(cite("casia_webface").splitlines()[0])
    @article{yi2014learning,
    """
    works = {**papers(), **databases()}
    known = {**{name: name for name in works}, **VARIANTS}
    names = [known[n] for n in known if key == n or key.startswith((f"{n}-", f"{n}_"))]
    if not names:
        raise InputError(f"nothing to cite for {key!r}: choose one of {', '.join(works)}")
    return works[max(names, key=len)]
