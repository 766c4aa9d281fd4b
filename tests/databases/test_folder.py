"""A user's own data: what is read, and what is said about what cannot be."""

import pytest

from fervid.databases import folder
from fervid.errors import DatabaseError, LabelError


@pytest.fixture
def manifest(tmp_path, forge):
    return forge("folder").make(tmp_path)


def edit(manifest, old: str, new: str) -> None:
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new), encoding="utf-8")


def test_manifest(manifest) -> None:
    for root in (manifest, manifest.parent):
        database = folder.load(root)
        assert [(c.name, c.label, c.subject) for c in database.clips] == [
            ("a b/clip 2.MP4#0-", "surprise", "S9"),
            ("long.avi#0-50", "sadness", "S9"),
            ("long.avi#50-120", "fear", "S9"),
            ("a b/clip 1.mp4#0-", "happiness", "S10"),
            ("ünïcode.mov#0-", "anger", "S11"),
        ]
        assert database.labels == ("anger", "fear", "happiness", "sadness", "surprise")
        assert database.clips[1].end == 50
        assert database.clips[0].groups == {"sex": "f"}
        assert all(clip.path.is_file() for clip in database.clips)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("clip 1.mp4", "clip 3.mp4", "line 2: no file"),
        ("surprise", "hapiness", "line 3: unknown label 'hapiness'"),
        ("path,label", "file,label", "line 1: no column path"),
        ("path,label", "path,emotion", "line 1: no column label"),
        ("50,120", "0,50", "line 5: the same clip as line 4"),
        ("50,120", "50,50", "line 5: end 50 is not after start 50"),
        ("50,120", "x,120", "line 5: start is 'x'"),
        ("50,120", "-5,120", "line 5: start is '-5'"),
        ("sad,", "sad,,", "line 4: 7 cells under 6 columns"),
        ("a b/clip 1.mp4", "../clip 1.mp4", "line 2: .* leads out"),
        ("a b/clip 1.mp4", "/etc/hostname", "line 2: .* leads out"),
        ("a b/clip 1.mp4", "", "line 2: the path is empty"),
    ],
)
def test_bad_row_is_named_by_file_and_line(manifest, old, new, said) -> None:
    edit(manifest, old, new)
    with pytest.raises((DatabaseError, LabelError), match=f"manifest.csv, {said}"):
        folder.load(manifest)


def test_absolute_paths_when_allowed(tmp_path, manifest) -> None:
    home = tmp_path / "elsewhere"
    home.mkdir()
    lines = [f"{tmp_path}/long.avi,fear", f"{tmp_path}/a b/clip 1.mp4,happy"]
    (home / "list.csv").write_text("\n".join(["path,label", *lines]))
    with pytest.raises(DatabaseError, match="leads out"):
        folder.load(home / "list.csv")
    database = folder.load(home / "list.csv", absolute=True)
    names = [clip.name.rpartition("/")[2] for clip in database.clips]
    assert sorted(names) == ["clip 1.mp4", "long.avi"]
    assert not any(clip.name.startswith("/") for clip in database.clips)


def test_own_labels(manifest) -> None:
    edit(manifest, "fear", "Boredom")
    (manifest.parent / "labels.txt").write_text("boredom\nhappy\nsurprise\nanger\nsad\n")
    database = folder.load(manifest)
    assert database.labels == ("boredom", "happiness", "surprise", "anger", "sadness")
    with pytest.raises(LabelError, match=r"labels\.txt"):
        folder.load(manifest, labels=("anger",))


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"", b"path,label\n"])
def test_not_a_manifest(tmp_path, data) -> None:
    (tmp_path / "m.csv").write_bytes(data)
    with pytest.raises(DatabaseError, match=r"m.csv"):
        folder.load(tmp_path / "m.csv")


def test_empty_and_missing(tmp_path) -> None:
    with pytest.raises(DatabaseError, match="holds no clip"):
        folder.load(tmp_path)
    with pytest.raises(DatabaseError, match="give a CSV manifest"):
        folder.load(tmp_path / "nothing")


def test_tree(tmp_path, forge) -> None:
    root = forge("folder").make_tree(tmp_path)
    database = folder.load(root)
    assert [(c.name, c.label) for c in database.clips] == [
        ("Anger/S01/take 1", "anger"), ("Anger/S03/v3.MOV", "anger"),
        ("happy/S01/v1.mp4", "happiness"), ("happy/S02/v2.mp4", "happiness"),
    ]  # fmt: skip
    assert database.subjects == ()
    for rule in ("parent", r"/(S\d+)/"):
        assert folder.load(root, subject=rule).subjects == ("S01", "S02", "S03")


@pytest.mark.parametrize(
    ("rule", "said"), [(r"S\d+", "with a group"), ("(", "with a group"), ("(X+)", "no subject in")]
)
def test_bad_subject_rule(tmp_path, forge, rule, said) -> None:
    root = forge("folder").make_tree(tmp_path)
    with pytest.raises(DatabaseError, match=said):
        folder.load(root, subject=rule)


def test_label_folder_is_no_subject(tmp_path) -> None:
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "a.mp4").write_bytes(b"x")
    with pytest.raises(DatabaseError, match="no subject's folder"):
        folder.load(tmp_path, subject="parent")


def test_excel(manifest) -> None:
    """Excel holds whole numbers as fractions; the first sheet is the manifest."""
    from openpyxl import Workbook

    wanted = folder.load(manifest)
    book = Workbook()
    lines = manifest.read_text(encoding="utf-8-sig").splitlines()
    for line in lines:
        book.active.append([float(c) if c.isdecimal() else c or None for c in line.split(",")])
    manifest.unlink()
    book.save(manifest.with_suffix(".xlsx"))
    assert folder.load(manifest.parent) == wanted == folder.load(manifest.with_suffix(".xlsx"))
    manifest.write_text("path,label\n")
    with pytest.raises(DatabaseError, match=r"holds manifest\.csv and manifest\.xlsx"):
        folder.load(manifest.parent)


def test_label_map(manifest) -> None:
    edit(manifest, "surprise", "Überraschung")
    table = manifest.parent / "map.csv"
    table.write_text("\ufefffrom;to\r\nüberraschung;surprise\r\nSad;fear\r\n", encoding="utf-8")
    with pytest.raises(LabelError, match="line 3: unknown label 'Überraschung'"):
        folder.load(manifest)
    labels = [clip.label for clip in folder.load(manifest, label_map=table).clips]
    assert labels == ["surprise", "fear", "fear", "happiness", "anger"]
    table.write_text("from,to\nsad,fear\nSAD,anger\n")
    with pytest.raises(DatabaseError, match=r"map\.csv, line 3: 'SAD' is 'anger' here and 'fear'"):
        folder.load(manifest, label_map=table)
