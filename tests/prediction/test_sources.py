"""What the user names: files, folders, globs; each once; names that never collide."""

import os
import socket

import pytest

from fervid.errors import InputError, OutputError
from fervid.prediction.sources import Source, expand, left_out, names


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in ("a/x.mp4", "a/b/x.mp4", "a/b/y.JPG", "a/note.txt", "a/._x.mp4", "a/.h/z.mp4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_folder_is_searched(tree):
    found = expand(["a"], tree / "out")
    assert [s.name for s in found] == ["a/b/x.mp4", "a/b/y.JPG", "a/x.mp4"]


def test_same_file_once(tree):
    (tree / "link.mp4").symlink_to(tree / "a/x.mp4")
    found = expand(["a/x.mp4", tree / "a/x.mp4", "./a/../a/x.mp4", "link.mp4", "a"], tree)
    assert [s.name for s in found] == ["a/x.mp4", "a/b/x.mp4", "a/b/y.JPG"]


def test_glob_and_webcam(tree):
    assert [s.name for s in expand(["a/**/*.mp4"], tree)] == ["a/b/x.mp4", "a/x.mp4"]
    assert expand(["0"], tree) == [Source("webcam 0", 0)]
    (tree / "0").write_bytes(b"")  # a file of that name is meant, if there is one
    assert expand(["0"], tree)[0].path != 0


def test_brackets_in_a_file_name(tree):
    (tree / "x[1].mp4").write_bytes(b"1")
    assert [s.problem for s in expand(["x[1].mp4"], tree)] == [""]


def test_problems_are_noted(tree):
    (tree / "empty").mkdir()
    problems = [s.problem for s in expand(["gone.mp4", "empty", "*.xyz", "a/x.mp4"], tree)]
    assert "gone.mp4 does not exist" in problems[0]
    assert "empty contains no video" in problems[1]
    assert "matches no video" in problems[2] and not problems[3]
    with pytest.raises(InputError):
        expand([], tree)


def test_own_outputs_are_no_input(tree):
    for name in ("x.overlay.mp4", "x.timeline.png", "y.overlay.png"):
        (tree / "a" / name).write_bytes(b"")
    assert len(expand(["a"], tree / "a")) == 3
    assert len(expand(["a"], tree / "elsewhere")) == 6


def test_sequence(tree):
    (only,) = expand(["a/b"], tree, sequence=True)
    assert only.stem == "b" and only.path.is_dir()
    before = only.fingerprint()
    (tree / "a/b/y.JPG").write_bytes(b"changed")
    assert only.fingerprint() != before


def test_names(tree):
    out = tree / "out"
    sources = expand(["a"], out)
    first, second, third = names(sources, {}, out)
    assert second == "y" and first != third
    assert first.startswith("x-") and third.startswith("x-")
    alone = expand(["a/x.mp4"], out)
    assert names(alone, {}, out) == ["x"]
    # Who has a name keeps it; another source of that name is told apart.
    mine = {"x": alone[0].key(out)}
    assert names(sources, mine, out) == [first, "y", "x"]
    assert names(expand(["a/b/x.mp4"], out), mine, out) == [first]


def test_summary_is_taken(tree):
    (tree / "Summary.mp4").write_bytes(b"")
    (name,) = names(expand(["Summary.mp4"], tree), {}, tree)
    assert name.startswith("Summary-")


def test_moved_together(tree):
    source = expand(["a/x.mp4"], tree / "out")[0]
    key = source.key(tree / "out")
    (tree / "moved").mkdir()
    (tree / "a").rename(tree / "moved/a")
    moved = expand([tree / "moved/a/x.mp4"], tree / "moved/out")[0]
    assert moved.key(tree / "moved/out") == key


def test_what_is_left_out_is_counted(tree):
    for name in ("a/data.csv", "a/b/b.csv", "a/README", "a/photo.HEIC", "a/.hidden.txt"):
        (tree / name).write_bytes(b"")
    counts = {".csv": 2, ".txt": 1, "without ending": 1}
    assert left_out(["a", "a/b", "a/x.mp4", "gone"], tree / "out") == counts
    assert left_out(["a/*"], tree / "out") == counts
    assert "a/photo.HEIC" in [s.name for s in expand(["a"], tree / "out")]
    assert not left_out(["a"], tree / "out", sequence=True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders")
def test_nothing_waits_for_a_pipe(tree):
    os.mkfifo(tree / "a/pipe.mp4")
    with socket.socket(socket.AF_UNIX) as listens:
        listens.bind("a/s.mp4")
        (tree / "a/loop.mp4").symlink_to("loop.mp4")
        found = {s.name: s.problem for s in expand(["a"], tree)}
        assert "a/pipe.mp4" not in found and "a/s.mp4" not in found and len(found) == 4
        assert left_out(["a"], tree) == {".txt": 1, "pipe": 1, "socket": 1}
        given = ["a/pipe.mp4", "a/s.mp4", "/dev/null", "a/loop.mp4"]
        problems = [s.problem for s in expand(given, tree)]
    for problem, what in zip(problems, ("pipe", "socket", "device", "link"), strict=True):
        assert f"is a {what}" in problem and "not read" in problem
    (pipe,) = expand(["a/pipe.mp4"], tree)
    assert names([pipe], {}, tree) == ["pipe"] and pipe.key(tree) == "a/pipe.mp4"


def test_names_for_any_stem(tree):
    sources = [Source(name, tree / f"{name}.mp4") for name in ("\u00fc" * 118, "x\ny", "x\udce9")]
    long, control, raw = names(sources, {}, tree)
    assert long.startswith("\u00fc" * 80 + "-") or len(long.encode()) <= 200
    assert control.startswith("x_ny-") and raw.startswith("x_xe9-")
    (tree / f"{long}.overlay.mp4").write_bytes(b"")
    assert expand(["\u00fc" * 200 + ".mp4"], tree)[0].problem  # no file system takes it


def test_names_that_are_taken_by_others(tree):
    sources = expand(["a/b/y.JPG"], tree / "out")
    first = names(sources, {"y": ""}, tree / "out")
    assert first[0].startswith("y-")
    second = names(sources, {"y": "", first[0]: ""}, tree / "out")
    third = names(sources, {"y": "", first[0]: "", second[0]: ""}, tree / "out")
    assert len({*first, *second, *third}) == 3
    every = dict.fromkeys(["y", *first, *second, *third], "")
    with pytest.raises(OutputError, match="all possible names for"):
        names(sources, every, tree / "out")
