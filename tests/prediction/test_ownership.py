"""What others put into an output folder is left alone; what we put there is whole and all told."""

import json
import warnings

import pandas as pd
import pytest

from fervid.errors import InputError, OutputError
from fervid.prediction import outputs, predict, work


@pytest.fixture
def here(tmp_path, squares, monkeypatch):
    """The current folder, with a film."""
    (tmp_path / "films").mkdir()
    monkeypatch.chdir(tmp_path / "films")
    squares.film(tmp_path / "films" / "clip.mp4", 6)
    return tmp_path / "films"


def test_what_is_not_ours_is_left_alone(here, world, model):
    foreign = {"clip.csv": "mine", "clip.timeline.png": "mine, too", "clip.done.json": "[]"}
    for name, text in foreign.items():
        (here / name).write_text(text)
    assert predict(["clip.mp4"], ".", model=model).done == 1
    assert predict(["clip.mp4"], ".", model=model).skipped == 1
    assert {name: (here / name).read_text() for name in foreign} == foreign
    assert len(list(here.glob("clip-????????.csv"))) == 1

    (here / "other").mkdir()
    (here / "other" / "summary.csv").write_text("month,sales\n1,2\n")
    with pytest.raises(OutputError, match=r"summary.csv was not written by fervid"):
        predict(["clip.mp4"], "other", model=model)
    assert [path.name for path in (here / "other").iterdir()] == ["summary.csv"]


def test_own_outputs_are_no_inputs(here, world, model, squares):
    first = predict(["."], ".", model=model, overlay=True)
    assert first.done == 1 and not first.left_out
    again = predict(["."], ".", model=model, overlay=True)
    assert (again.done, again.skipped) == (0, 1)
    elsewhere = predict(["."], "elsewhere", model=model)  # nor by another folder's run
    assert (elsewhere.done, len(elsewhere.rows)) == (1, 1)
    assert not elsewhere.left_out
    squares.film(here / "holiday.overlay.mp4", 5)  # a name like ours makes nothing ours
    assert predict(["."], "third", model=model).done == 2


@pytest.mark.parametrize("named", ["../precious.csv", "precious.csv", "films", "clip.mp4", 3, [[]]])
def test_a_tampered_marker_deletes_nothing(here, world, model, named):
    precious = here.parent / "precious.csv", here / "precious.csv"
    for path in precious:
        path.write_text("mine")
    predict(["clip.mp4"], ".", model=model)
    note = json.loads((here / "clip.done.json").read_text())
    note["outputs"] = [str(here.parent / "precious.csv"), named, "clip.csv"]
    (here / "clip.done.json").write_text(json.dumps(note))
    assert predict(["clip.mp4"], ".", model=model, step=0.5).done == 1
    assert all(path.read_text() == "mine" for path in precious)
    assert (here / "clip.mp4").exists()


@pytest.mark.parametrize("summary", [None, {}, [], [3], [{"input": "x", "status": "face"}]])
def test_a_tampered_summary_is_made_anew(here, world, model, summary):
    rows = predict(["clip.mp4"], ".", model=model).rows
    note = json.loads((here / "clip.done.json").read_text())
    (here / "clip.done.json").write_text(json.dumps(note | {"summary": summary}))
    again = predict(["clip.mp4"], ".", model=model)
    assert (again.done, again.rows) == (1, rows) and again.text()


def test_the_summary_is_merged(here, world, model, squares):
    squares.film(here / "other.mp4", 8)
    (here / "-broken.mp4").write_bytes(b"")
    predict(["clip.mp4", "-broken.mp4"], "out", model=model)
    later = predict(["other.mp4"], "out", model=model)
    assert [row["input"] for row in later.rows] == ["other.mp4"]
    table = pd.read_csv("out/summary.csv")
    assert table["input"].tolist() == ["other.mp4", "clip.mp4", "'-broken.mp4"]
    assert table["frames"].tolist()[:2] == [8, 6] and table["status"][2] == "failed"
    squares.film(here / "-broken.mp4", 5)  # mended
    predict(["-broken.mp4"], "out", model=model)
    table = pd.read_csv("out/summary.csv")
    assert sorted(table["frames"]) == [5, 6, 8] and "failed" not in set(table["status"])
    (here / "out" / "clip.csv").unlink()
    predict(["other.mp4"], "out", model=model)
    assert "clip.mp4" not in set(pd.read_csv("out/summary.csv")["input"])


def test_another_model_or_format_is_refused(here, world, model):
    predict(["clip.mp4"], "out", model=model)
    before = {path.name: path.read_bytes() for path in (here / "out").iterdir()}
    with pytest.raises(OutputError, match=r"results of another table format .*--out"):
        predict(["clip.mp4"], "out", model=model, format="parquet")
    model.write_bytes(b"another")
    with pytest.raises(OutputError, match=r"results of another model .*--out"):
        predict(["clip.mp4"], "out", model=model)
    assert {path.name: path.read_bytes() for path in (here / "out").iterdir()} == before


EVERY = "csv,parquet,eaf,textgrid,boris,spss,openface,fex,long"
FILES = {
    "clip.csv", "clip.parquet", "clip.eaf", "clip.TextGrid", "clip.boris", "clip.events.tsv",
    "clip.sav", "clip.openface.csv", "clip.fex.csv", "clip.long.csv", "clip.codebook.csv",
    "clip.timeline.png", "clip.done.json", "summary.csv", "clip.episodes.csv", "episodes.csv",
}  # fmt: skip


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_every_format_at_once(here, world, model):
    from pympi.Elan import Eaf

    assert predict(["clip.mp4"], "out", model=model, format=EVERY).done == 1
    assert names(here / "out") == FILES
    table = pd.read_csv("out/clip.csv")
    pd.testing.assert_frame_equal(
        table, pd.read_parquet("out/clip.parquet"), check_dtype=False, rtol=1e-5
    )
    assert "x67" in table  # openface and fex need the landmarks
    assert len(pd.read_csv("out/clip.openface.csv")) == len(table)
    (linked,) = Eaf("out/clip.eaf").get_linked_files()
    assert linked["RELATIVE_MEDIA_URL"] == "../clip.mp4"
    marker = json.loads((here / "out" / "clip.done.json").read_text())
    assert set(marker["outputs"]) == FILES - {"clip.done.json", "summary.csv", "episodes.csv"}
    # In another order it is the same wish; and nothing of ours is an input.
    other = ",".join(EVERY.split(",")[::-1])
    again = predict(["clip.mp4", "out"], "out", model=model, format=other)
    assert (again.skipped, again.left_out) == (1, {})
    with pytest.raises(OutputError, match="another table format"):
        predict(["clip.mp4"], "out", model=model)
    assert names(here / "out") == FILES


@pytest.mark.parametrize("lost", ["clip.eaf", "clip.codebook.csv", "clip.parquet"])
def test_one_format_that_is_gone_makes_the_input_anew(here, world, model, lost):
    predict(["clip.mp4"], "out", model=model, format="csv,parquet,elan,long")
    before = names(here / "out")
    (here / "out" / lost).unlink()
    assert predict(["clip.mp4"], "out", model=model, format="csv,parquet,elan,long").done == 1
    assert names(here / "out") == before


def test_a_writer_that_fails_leaves_nothing(here, world, model, monkeypatch):
    from fervid.prediction.writers import WRITERS, Writer

    def broken(table, base):
        base.with_name(f"{base.name}.boris").write_text("half")
        raise IndexError("oh")

    monkeypatch.setitem(WRITERS, "boris", Writer(broken, WRITERS["boris"].endings))
    with pytest.raises(InputError, match="mistake of ours"):
        predict(["clip.mp4"], "out", model=model, format="elan,boris")
    assert names(here / "out") == {"summary.csv", "episodes.csv"}


def test_a_file_of_another_program_is_not_written_over(here, world, model):
    (here / "clip.eaf").write_text("mine")
    assert predict(["clip.mp4"], ".", model=model, format="elan").done == 1
    assert (here / "clip.eaf").read_text() == "mine"
    assert len(list(here.glob("clip-*.eaf"))) == 1 and len(list(here.glob("clip-*[!s].csv"))) == 1


def test_unknown_formats(here, world, model):
    with pytest.raises(OutputError, match="no format 'xls': choose from csv, parquet, openface"):
        predict(["clip.mp4"], "out", model=model, format="csv,xls")
    assert not (here / "out").exists()


def test_a_failure_leaves_no_half(here, world, model, monkeypatch):
    def broken(path, rows):
        raise IndexError("oh")

    monkeypatch.setattr(work, "write_plot", broken)
    with pytest.raises(InputError, match="mistake of ours"):
        predict(["clip.mp4"], "out", model=model)
    names = sorted(path.name for path in (here / "out").iterdir())
    assert names == ["episodes.csv", "summary.csv"]
    assert len((here / "out/episodes.csv").read_text().splitlines()) == 1


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_only_what_is_whole_is_done(here, world, model, monkeypatch, format):
    real = getattr(outputs, f"_{format}")
    fewer = lambda place, parts: real(place, (part.iloc[:5] for part in parts))  # noqa: E731
    monkeypatch.setattr(outputs, f"_{format}", fewer)
    with pytest.raises(OutputError, match="has 5 rows instead of 6"):
        predict(["clip.mp4"], "out", model=model, format=format)
    assert not list((here / "out").glob("*.done.json"))


def test_frames_that_get_lost(here, world, model, monkeypatch):
    real = work.spool
    monkeypatch.setattr(work, "spool", lambda *args: real(*args)[:-1])
    with pytest.raises(OutputError, match="has 5 rows instead of 6"):
        predict(["clip.mp4"], "out", model=model)
    assert not list((here / "out").glob("clip*"))


STRANGE = {
    "control": "a\x1b[31mb\r\n.mp4",
    "formula": "=cmd()|x.mp4",
    "markup": "[red]$x^{2$ \U0001f600.mp4",
    "long": "\u00fc" * 115 + ".mp4",
    "bytes": "caf\udce9.mp4",
    "backslash": "a\\b.mp4",
}


def test_a_mistyped_path_does_not_stay_in_the_summary(here, world, model):
    def named() -> list[str]:
        return pd.read_csv("out/summary.csv")["input"].tolist()

    (here / "empty.mp4").write_bytes(b"")
    summary = predict(["clip.mp4", "clop.mp4", "empty.mp4"], "out", model=model)
    assert named() == ["clip.mp4", "clop.mp4", "empty.mp4"]
    assert summary.text().count("clop.mp4") == 1, "the reason names the file already"
    predict(["clip.mp4"], "out", model=model)
    assert named() == ["clip.mp4", "empty.mp4"]


@pytest.mark.parametrize("kind", STRANGE)
def test_strange_names(here, world, model, kind):
    try:
        (here / "clip.mp4").rename(here / STRANGE[kind])
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no such name")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        summary = predict([here / STRANGE[kind]], "out", model=model, overlay=True)
    assert summary.done == 1 and len(summary.text().splitlines()) == 2
    assert summary.text().replace("\n", "").isprintable()
    summary.text().encode()
    names = [path.name for path in (here / "out").iterdir()]
    assert len(names) == 7 and all(len(name.encode()) < 240 for name in names)
    others = ("summary.csv", "episodes.csv")
    table, found = sorted(
        (path for path in (here / "out").glob("*.csv") if path.name not in others),
        key=lambda path: path.name.endswith(".episodes.csv"),
    )
    assert "onset" in found.read_text() and found.read_bytes().count(b"\r") == 0
    assert len(pd.read_csv(table)) == 6 and table.read_bytes().count(b"\r") == 0
    assert predict([here / STRANGE[kind]], "out", model=model, overlay=True).skipped == 1
