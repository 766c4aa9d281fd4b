import re

import pytest

from fervid.databases import DATABASES as LOADERS
from fervid.errors import InputError
from fervid.papers.citations import DATABASES, PAPERS, cite
from fervid.systems import SYSTEMS


@pytest.mark.parametrize("key", [*PAPERS, *DATABASES])
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
    works = [*PAPERS.values(), *DATABASES.values()]
    assert len({work.key for work in works}) == len(works)
    assert not set(PAPERS) & set(DATABASES)


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
