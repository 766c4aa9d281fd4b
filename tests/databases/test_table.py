"""The one reader of foreign text: what it accepts, and the sentence for what it does not."""

import os
import zipfile

import pytest

from fervid.databases import archive, drawn, folder, lists, table
from fervid.databases.tree import natural, within
from fervid.errors import DatabaseError, LabelError, ProtocolError
from fervid.text import printable


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1\n", "line 2: 1 cells under 2 columns"),
        (b"a,b\n1,2,3\n", "line 2: 3 cells under 2 columns"),
        (b"a,b\n1,2\n\n1\x002,3\n", r"line 4: the control character '\\x00'"),
        (b"a,b\n1,\x1b[2J\n", r"line 2: the control character '\\x1b'"),
        ("a,b\n1,2\n".encode("utf-16"), "line 1: the text is UTF-16"),
        (b"a,b\n1,\x81\xfe\n", "line 2: not text in UTF-8"),
        (b'a,b\n1,2\n"3,4\n5,6\n', "line 3: no CSV"),
        (b'a,b\n1,"2"x\n', "line 2: no CSV"),
        (b"a,b\n1," + b"2" * 200_000, "line 2: no CSV .*limit"),
        (b"a,b\n1," + b"2" * 20_000, "line 2: 'b' holds more than 10000"),
        (b"a,c\n1,2\n", "line 1: no column b "),
        (b"a,b,b\n1,2,3\n", "line 1: two columns are named 'b'"),
        (b"", "line 1: no column a and b"),
    ],
)
def test_a_bad_table_is_named_by_file_and_line(tmp_path, content, said) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(DatabaseError, match=f"t.csv, {said}"):
        table.rows(path, ("a", "b"))


@pytest.mark.parametrize(
    "content",
    [
        b"A,B\r\n1,x y\r\n", b"a;b\n1;x y\n", b"\xef\xbb\xbfa\tb\n1\tx y\n", b"a,b\r1,x y\r",
        b'a,b,,\n1,"x\ny",,\n', b"a title\na;b\n\n1;x y\n",
    ],
)  # fmt: skip
def test_dialects(tmp_path, content) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    (row,) = table.rows(tmp_path / "t.csv", ("a", "b"))
    assert (row["a"], row["b"]) == ("1", "x y")


def test_windows_latin(tmp_path) -> None:
    (tmp_path / "t.csv").write_bytes("a,b\n1,Jürgen\n".encode("cp1252"))
    assert table.rows(tmp_path / "t.csv", ("a", "b"))[0]["b"] == "Jürgen"


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000, "{", "[1, \x00]"])
def test_json_that_cannot_be_read(tmp_path, text) -> None:
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(ProtocolError, match=r"s\.json"):
        table.document(tmp_path / "s.json", ProtocolError)


def test_what_is_no_file_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(DatabaseError, match=r"t\.csv is not a file"):
        table.text(tmp_path / "t.csv")


def test_numbers_of_thousands_of_digits_sort() -> None:
    assert sorted(["S" + "9" * 5000, "S10", "S9"], key=natural) == ["S9", "S10", "S" + "9" * 5000]


@pytest.mark.parametrize(
    "name", ["../a", "a/../../b", "/a", "C:\\a", "\\\\host\\a", "a\\..\\..\\b"]
)
def test_paths_that_lead_out(tmp_path, forge, name) -> None:
    with pytest.raises(DatabaseError, match="leads out"):
        within(name, "list.txt, line 1")
    root = forge("lists").make_counted(tmp_path)
    (root / "train.txt").write_text(f"{name} 12 3\n")
    with pytest.raises(DatabaseError, match=r"train\.txt, line 1: .* leads out"):
        lists.mafw(root)


def test_a_drawn_database_s_link_that_leads_out(tmp_path) -> None:
    root = tmp_path / "drawn"
    root.mkdir()
    (tmp_path / "secret.mp4").write_bytes(b"x")
    (root / "a.mp4").symlink_to(tmp_path / "secret.mp4")
    (root / "drawn.json").write_text('{"course": "apex"}')
    rows = "name,path,label,subject,course,frames,apex,intensity,seed\n"
    for path, said in (("a.mp4", "a link leads"), ("../secret.mp4", "leads out")):
        (root / "manifest.csv").write_text(f"{rows}x,{path},fear,S1,onset-apex,9,8,0.5,1\n")
        with pytest.raises(DatabaseError, match=f"manifest.csv, line 2: .*{said}"):
            drawn.load(root)
    (root / "b.mp4").write_bytes(b"x")
    (root / "manifest.csv").write_text(f"{rows}x,b.mp4,fear,S1,onset-apex,9,{2**70},0.5,1\n")
    with pytest.raises(DatabaseError, match="line 2: apex is '1180591620717411303424'"):
        drawn.load(root)


def test_archives_that_are_bombs_or_odd(tmp_path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(40):
            packed.writestr(f"{number}", b"\0" * 1_000_000)
    with pytest.raises(DatabaseError, match=r"bomb\.zip would unpack to 40 files of 4\.0e\+07"):
        archive.unpack(bomb, tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "bz2.zip", "w", zipfile.ZIP_BZIP2) as packed:
        packed.writestr("a", b"\0" * 1000)
    with pytest.raises(DatabaseError, match="packed in another way"):
        archive.unpack(tmp_path / "bz2.zip", tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as packed:
        packed.writestr("a", b"file")
        packed.writestr("a/b", b"and folder")
    with pytest.raises(DatabaseError, match="cannot be a file's name"):
        archive.unpack(tmp_path / "both.zip", tmp_path / "out")


@pytest.mark.parametrize("label", ["=1+1", "+a", "-a", "@a", "$x$", "a$b", "\x1b[2Jred", "a" * 70])
def test_labels_that_no_table_can_carry(tmp_path, label) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    with pytest.raises(LabelError, match="is not a valid label"):
        folder.load(tmp_path, labels=(label,))


def test_a_terminal_gets_text_only() -> None:
    text = "a\x1b[2Jb\r\x9b\u202e\u200f\udcff\n\tü"
    spelt = "a\\x1b[2Jb\\r\\x9b\\u202e\\u200f\\xff"
    assert printable(text, lines=True) == f"{spelt}\n\tü"
    assert printable(text) == f"{spelt}\\n\\tü"


def test_spans_in_seconds(tmp_path) -> None:
    from scenes import scene

    from fervid.faces.video import write_video

    write_video(tmp_path / "clips" / "a.mp4", scene(0, frames=6, size=64), 10)
    text = "PATH;Label;start_seconds;end_seconds\nclips\\a.mp4;happy;0,2;0.5\n"
    (tmp_path / "manifest.csv").write_text(text)
    (clip,) = folder.load(tmp_path).clips
    assert (clip.start, clip.end, clip.path.name) == (2, 5, "a.mp4")
    for odd in ("nan", "inf", "-1", "1e9", "9" * 40):
        (tmp_path / "manifest.csv").write_text(text.replace("0.5", odd))
        with pytest.raises(DatabaseError, match="line 2: end_seconds is"):
            folder.load(tmp_path)
    (tmp_path / "manifest.csv").write_text("path,label,start\nclips/a.mp4,happy,0.2\n")
    with pytest.raises(DatabaseError, match=r"line 2: start is '0\.2': .* column start_seconds"):
        folder.load(tmp_path)
    (tmp_path / "clips\\a.mp4").write_bytes(b"x")
    (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(DatabaseError, match=r"line 2: .* is both a file's name and a path"):
        folder.load(tmp_path)


def test_a_loop_of_links_ends(tmp_path) -> None:
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "a.mp4").write_bytes(b"x")
    for name in ("one", "two"):
        (tmp_path / "happy" / name).symlink_to(tmp_path / "happy", target_is_directory=True)
    assert [clip.name for clip in folder.load(tmp_path).clips] == ["happy/a.mp4"]
