"""`fervid suggest` and `--corrections` from the command line: the whole loop."""

import csv
import json

import pytest

pytestmark = pytest.mark.usefixtures("quick")


def rows(path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_loop(run, stores, tmp_path) -> None:
    """A planted wrong label is named first; with it corrected, the run is as without."""
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("clip,label\nc06,fear\n")  # anger in truth
    words = ("evaluate", "quick", "--store", stores["alpha"], "--protocol", "five-fold")
    done = run(*words, "--corrections", wrong, "--out", tmp_path / "noisy")
    assert done.exit_code == 0 and "corrections: 1 of 36 clips" in done.stdout
    out = tmp_path / "suggestions.csv"
    done = run("suggest", tmp_path / "noisy", "--store", stores["alpha"], "--n", 5, "--out", out)
    assert done.exit_code == 0 and "clips are likely label errors" in done.stdout
    first = rows(out)[0]
    assert (first["clip"], first["label"], first["suggested"]) == ("c06", "fear", "anger")
    assert first["path"] == "nowhere/c6.mp4" and first["reasons"].startswith("likely label error")

    out.write_text(f"clip,label\n{first['clip']},{first['suggested']}\n")
    assert run(*words, "--corrections", out, "--out", tmp_path / "fixed").exit_code == 0
    assert run(*words, "--out", tmp_path / "clean").exit_code == 0
    fixed, clean = (
        json.loads((tmp_path / name / "report.json").read_text())["scores"]
        for name in ("fixed", "clean")
    )
    assert fixed == clean


def test_train_on_corrections(run, stores, tmp_path, monkeypatch) -> None:
    learnt = []
    monkeypatch.setattr(
        "fervid.models.train.train", lambda _, data, *__, **___: learnt.extend(data)
    )
    dropped = tmp_path / "dropped.csv"
    dropped.write_text("clip,label\n" + "".join(f"c{n:02d},\n" for n in range(9)))
    words = ("train", "quick", "--store", stores["alpha"], "--out", tmp_path / "m.safetensors")
    done = run(*words, "--corrections", dropped)
    assert done.exit_code == 0 and "corrections: 9 of 36 clips" in done.stdout
    assert [clip.name for clip in learnt[0].database.clips] == [f"c{n:02d}" for n in range(9, 36)]


def test_a_second_round(run, stores, tmp_path, monkeypatch) -> None:
    """Of two files the later one counts."""
    learnt = []
    monkeypatch.setattr("fervid.models.train.train", lambda *words, **_: learnt.extend(words[1]))
    words = ["train", "quick", "--store", stores["alpha"], "--out", tmp_path / "m.safetensors"]
    for name, label in (("first", "fear"), ("second", "happiness")):
        (tmp_path / f"{name}.csv").write_text(f"clip,label\nc00,{label}\n")
        words += ["--corrections", tmp_path / f"{name}.csv"]
    done = run(*words)
    assert done.exit_code == 0 and done.stdout.count("corrections: 1 of 36 clips") == 2
    assert learnt[0].database.clips[0].label == "happiness"


def test_a_folder_of_documents(run, refused, stores, tmp_path, monkeypatch) -> None:
    """Two videos' .eaf, one label corrected in each, in one option."""
    from pympi.Elan import Eaf

    from fervid.databases.corrections import NAME_KIND

    learnt = []
    monkeypatch.setattr("fervid.models.train.train", lambda *words, **_: learnt.extend(words[1]))
    words = ("train", "quick", "--store", stores["alpha"], "--out", tmp_path / "m.safetensors")
    (tmp_path / "look").mkdir()
    assert "holds no .eaf" in refused(*words, "--corrections", tmp_path / "look")
    for name, label in (("c00", "fear"), ("c01", "happiness")):
        document = Eaf()
        document.add_linguistic_type(NAME_KIND)
        document.add_tier("clips")
        document.add_tier("clips name", NAME_KIND)
        document.add_annotation("clips", 0, 900, label)
        document.add_annotation("clips name", 0, 1000, name)
        document.to_file(str(tmp_path / "look" / f"{name}.eaf"))
    assert run(*words, "--corrections", tmp_path / "look").exit_code == 0
    assert [clip.label for clip in learnt[0].database.clips[:2]] == ["fear", "happiness"]


def test_refusals(run, refused, stores, tmp_path) -> None:
    assert "give a table" in refused("suggest", tmp_path / "gone")
    words = ("--store", stores["alpha"], "--out", tmp_path / "run")
    assert run("evaluate", "quick", *words, "--protocol", "five-fold").exit_code == 0
    assert "with --store" in refused("suggest", tmp_path / "run", "--elan", tmp_path)
    far = ("suggest", tmp_path / "run", "--store", tmp_path)
    assert "is not a store" in refused(*far)
    assert "--store works with run" in refused("suggest", "x.csv", "--store", stores["alpha"])
    two = ("evaluate", "quick", "--store", stores["alpha"], "--store", stores["beta"])
    file = tmp_path / "c.csv"
    file.write_text("clip,label\nc01,fear\n")
    assert "clips of one store" in refused(*two, "--corrections", file, "--out", tmp_path / "no")
