"""One contract for every database of which a copy, forged or rendered, is at hand."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from forging import forge

from fervid.clip import Database
from fervid.databases import DATABASES, load
from fervid.databases.about import ABOUT
from fervid.errors import DatabaseError
from fervid.folds import Fold, leave_one_subject_out
from fervid.labels import SHORT

DATA = Path(__file__).parents[1] / "data"
DOCS = Path(__file__).parents[2] / "docs" / "databases"

# Database -> the forger's folder and function, clips there, subjects there.
FORGED = {
    "ck_plus": ("ck_plus", "make", 11, 5),
    "ck_plus_stills": ("ck_plus", "make", 44, 5),
    "mmi": ("mmi", "make", 4, 3),
    "folder": ("folder", "make", 5, 3),
    "oulu_casia": ("oulu_casia", "make", 18, 3),
    "gemep_fera": ("gemep_fera", "make", 5, 4),
    "disfa": ("disfa", "make", 10, 2),
    "baum_1s": ("baum_1s", "make", 7, 3),
    "rml": ("rml", "make", 8, 3),
    "fer_plus": ("fer_plus", "make", 7, 0),
    "casia_webface": ("casia_webface", "make", 4, 2),
    "lfw": ("lfw", "make_flat", 7, 3),
    "afew": ("lists", "make", 3, 3),
    "dfew": ("lists", "make_dfew", 3, 0),
    "ferv39k": ("lists", "make_ferv39k", 2, 0),
    "mafw": ("lists", "make_counted", 2, 0),
    "lists": ("lists", "make", 3, 3),
    "openface": ("openface", "make_manifest", 4, 3),
    "fex": ("fex", "make_manifest", 4, 3),
    "drawn": ("", "", 14, 2),
}
# Databases of people: not every clip shows an emotion.
FACES = ("casia_webface", "lfw")


@pytest.fixture(scope="module", params=sorted(FORGED))
def copy(request, tmp_path_factory) -> tuple[str, Path]:
    folder, function, _, _ = FORGED[request.param]
    tmp_path = tmp_path_factory.mktemp(request.param)
    if request.param == "drawn":
        from fervid.databases.drawn import draw

        draw(tmp_path, subjects=2, clips_per_emotion=1, form="images", size=64)
        return request.param, tmp_path
    return request.param, getattr(forge(folder), function)(tmp_path)


def test_every_database_is_here() -> None:
    assert set(FORGED) == set(DATABASES)


def test_contract(copy) -> None:
    name, root = copy
    _, _, clips, subjects = FORGED[name]
    database = load(name, root)
    assert isinstance(database, Database)
    assert database.name == name
    assert (len(database.clips), len(database.subjects)) == (clips, subjects)
    assert len(set(database.labels)) == len(database.labels)
    labelled = [clip for clip in database.clips if clip.label is not None]
    assert sum(database.counts.values()) == len(labelled)
    assert name in FACES or len(labelled) == clips
    for clip in database.clips:
        assert clip.path.exists() and clip.database == name
        assert clip.label in database.labels or (clip.label is None and name in FACES)
        assert (clip.subject is not None) == bool(subjects)
        assert str(root) not in clip.name and not clip.path.name.startswith("._")
        assert clip.end is None or clip.end > clip.start
        assert clip.apex is None or clip.apex >= clip.start
    if name in ABOUT and name not in FACES:
        assert set(database.labels) <= set(ABOUT[name].labels)
        assert database.licence == ABOUT[name].licence
    assert set(database.labels) <= {*SHORT, "anxiety", "helplessness", "disappointment"}
    assert all(count > 0 for count in database.left_out.values())
    assert load(name, root) == database
    assert load(name, root).digest == database.digest


def test_subjects_can_be_kept_apart(copy) -> None:
    name, root = copy
    database = load(name, root)
    if len(database.subjects) < 2:
        pytest.skip("nobody knows who is seen")
    for fold in leave_one_subject_out(database.clips):
        assert isinstance(fold, Fold) and len(fold.test_subjects) == 1


def test_digest_sees_every_fact(copy) -> None:
    database = load(*copy)
    first, *others = database.clips
    for change in ({"name": "other"}, {"label": "other"}, {"subject": "other"}, {"start": 1}):
        changed = replace(database, clips=(replace(first, **change), *others))
        assert changed.digest != database.digest, change


@pytest.mark.parametrize("name", sorted(DATABASES))
def test_documented_and_plain_about_nothing(name, tmp_path) -> None:
    assert DATABASES[name].__doc__
    with pytest.raises(DatabaseError) as nowhere:
        load(name, tmp_path / "nowhere")
    assert "nowhere" in str(nowhere.value)
    with pytest.raises(DatabaseError) as nothing:
        load(name, tmp_path)
    assert str(tmp_path) in str(nothing.value)


def test_unknown() -> None:
    with pytest.raises(DatabaseError, match="choose one of ck_plus"):
        load("nothing", Path())


@pytest.mark.parametrize("name", sorted(DATABASES))
def test_has_a_page(name) -> None:
    """The table of databases links a page that names the database."""
    lines = (DOCS / "README.md").read_text().splitlines()
    (line,) = [line for line in lines if f"`{name}`" in line and line.startswith("|")]
    page = DOCS / re.findall(r"\]\(([\w./]+)\)", line)[-1]
    assert f"`{name}`" in page.read_text()


def test_the_table_has_the_facts_of_the_catalogue() -> None:
    lines = (DOCS / "README.md").read_text().splitlines()
    rows = {row[1].strip(" `"): row for line in lines if len(row := line.split("|")) > 6}
    for name in set(ABOUT) & set(rows):
        about, (clips, people, labels) = ABOUT[name], rows[name][3:6]
        for count, cell in ((about.clips, clips), (about.subjects, people)):
            assert count is None or f"{count}" in cell.replace(",", ""), name
        assert labels.strip() == (str(len(about.labels)) if about.labels else "none"), name
    assert len(set(ABOUT) & set(rows)) > 10
