import re
from pathlib import Path

import pytest

from fervid.databases import DATABASES as LOADERS
from fervid.errors import InputError
from fervid.papers import citations as module
from fervid.papers.citations import cite, databases, papers, title
from fervid.systems import SYSTEMS


@pytest.mark.parametrize("key", [*papers(), *databases()])
def test_entries_are_bibtex(key: str) -> None:
    entry = cite(key)
    assert re.match(r"@(article|inproceedings|techreport)\{\w+,\n", entry)
    assert entry.count("{") == entry.count("}")
    assert re.search(r"\n  year = \{(19|20)\d\d\},?\n", entry)
    assert re.search(r"\n  (journal|booktitle|institution) = \{", entry)
    for line in entry.splitlines()[1:-1]:
        assert re.fullmatch(r"  \w+ = \{.+\},?", line), line
    authors = re.search(r"author = \{(.+)\}", entry)
    assert authors and all(", " in name for name in authors[1].split(" and "))


def test_keys_are_unique() -> None:
    works = [*papers().values(), *databases().values()]
    assert len(works) == 5 + 16
    assert len({work.partition(",")[0] for work in works}) == len(works)
    assert not set(papers()) & set(databases())


def test_files_hold_nothing_that_is_not_read() -> None:
    for name, works in (("papers", papers()), ("databases", databases())):
        text = Path(module.__file__).with_name(f"{name}.bib").read_text(encoding="utf-8")
        assert text.count("\n@") == len(works)
    assert title("dtagn").startswith("Joint Fine-Tuning in Deep")
    assert all(title(paper) for paper in papers())


def test_every_system_and_every_database_of_a_paper() -> None:
    for name in SYSTEMS:
        assert "{" in cite(name), name
    ours = ("drawn", "folder", "lists")
    for name in set(LOADERS) - set(ours):
        assert "{" in cite(name), name
    assert cite("dtagn-mmi") == cite("dtagn") and cite("ck_plus_stills") == cite("ck_plus")


def test_unknown_key() -> None:
    with pytest.raises(InputError, match="choose one of dtagn"):
        cite("nobody")
