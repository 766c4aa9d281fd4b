"""One contract for every database of which a copy, forged or rendered, is at hand."""

import importlib.util
from pathlib import Path

import pytest

from fervid.clip import Database
from fervid.databases import DATABASES, load
from fervid.errors import DatabaseError

DATA = Path(__file__).parents[1] / "data"


MADE = ["ck_plus", "mmi", "folder", "oulu_casia", "gemep_fera", "disfa", "baum_1s", "rml",
        "fer_plus"]  # fmt: skip
NOBODY = ("fer_plus",)  # nobody knows who is on the pictures


@pytest.fixture(params=MADE)
def copy(request, tmp_path) -> tuple[str, Path]:
    path = DATA / request.param / "make.py"
    spec = importlib.util.spec_from_file_location(f"contract_{request.param}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make(tmp_path)
    return request.param, tmp_path


def test_contract(copy) -> None:
    name, root = copy
    database = load(name, root)
    assert isinstance(database, Database)
    assert database.name == name
    assert database.clips
    assert sum(database.counts.values()) == len(database.clips)
    assert len(set(database.labels)) == len(database.labels)
    for clip in database.clips:
        assert clip.path.exists() and clip.label in database.labels
        assert clip.subject or name in NOBODY
        assert clip.database == name and str(root) not in clip.name
        assert clip.end is None or clip.end > clip.start
    assert load(name, root) == database
    assert load(name, root).digest == database.digest


@pytest.mark.parametrize("name", sorted(DATABASES))
def test_documented_and_plain_about_nothing(name, tmp_path) -> None:
    assert DATABASES[name].__doc__
    with pytest.raises(DatabaseError):
        load(name, tmp_path / "nowhere")
    with pytest.raises(DatabaseError):
        load(name, tmp_path)


def test_unknown() -> None:
    with pytest.raises(DatabaseError, match="choose one of ck_plus"):
        load("nothing", Path())
