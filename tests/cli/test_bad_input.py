"""Whatever a user hands over by mistake: exit code 2, one sentence, no traceback."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from fervid.faces.video import write_video
from fervid.systems import SYSTEMS
from fervid.systems.recognizer import Recognizer


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    """DTAGN's smaller networks, untrained."""
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    recipe = SYSTEMS["dtagn-mmi"]
    Recognizer(recipe, ("anger", "fear"), recipe.networks(2)).save(path, {})
    return path


@pytest.fixture
def bad(tmp_path, scene) -> dict[str, Path]:
    """Files that are not videos, as users have them."""
    whole = tmp_path / "whole.mp4"
    write_video(whole, scene(0), 25)
    data = whole.read_bytes()
    made = {
        "zero bytes": ("zero.mp4", b""),
        "truncated": ("cut.mp4", data[: len(data) // 3]),
        "no video": ("letter.mp4", b"Dear Sir or Madam,\n" * 50),
        "no picture": ("letter.png", b"Dear Sir or Madam,\n" * 50),
        "no media at all": ("letter.txt", b"Dear Sir or Madam,\n"),
    }
    for name, content in made.values():
        (tmp_path / name).write_bytes(content)
    return {what: tmp_path / name for what, (name, _) in made.items()}


@pytest.mark.parametrize(
    "what", ["zero bytes", "truncated", "no video", "no picture", "no media at all"]
)
def test_predict_a_bad_file(refused, bad, model, tmp_path, what) -> None:
    out = tmp_path / "out"
    said = refused("predict", bad[what], "--model", model, "--out", out)
    assert bad[what].name in said
    with (out / "summary.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["status"] == "failed" and row["reason"] == said


def test_predict_two_bad_files(refused, bad, model, tmp_path) -> None:
    words = (bad["zero bytes"], bad["no video"], "--model", model, "--out", tmp_path / "out")
    assert "all 2 inputs failed" in refused("predict", *words)


def test_predict_an_empty_folder(refused, model, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    said = refused("predict", tmp_path / "empty", "--model", model, "--out", tmp_path / "out")
    assert "contains no video or image" in said


def test_predict_what_is_not_there(refused, model, tmp_path) -> None:
    said = refused("predict", tmp_path / "no.mp4", "--model", model, "--out", tmp_path / "out")
    assert "does not exist" in said
    said = refused("predict", tmp_path / "*.mp4", "--model", model, "--out", tmp_path / "out")
    assert "matches no video" in said


@pytest.fixture
def foreign(tmp_path) -> dict[str, Path]:
    """Checkpoints that are not ours."""
    paths = {name: tmp_path / f"{name}.safetensors" for name in ("other", "garbage", "pickle")}
    save_file({"weight": np.zeros((3, 3), np.float32)}, paths["other"])
    paths["garbage"].write_bytes(b"\x00" * 100)
    paths["pickle"].write_bytes(b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00")
    return paths


@pytest.mark.parametrize("kind", ["other", "garbage", "pickle"])
def test_predict_with_a_foreign_checkpoint(refused, foreign, scene, tmp_path, kind) -> None:
    write_video(tmp_path / "a.mp4", scene(0), 25)
    said = refused("predict", tmp_path / "a.mp4", "--model", foreign[kind], "--out", tmp_path / "o")
    assert foreign[kind].name in said


def test_predict_with_a_cut_checkpoint(refused, model, scene, tmp_path) -> None:
    write_video(tmp_path / "a.mp4", scene(0), 25)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(model.read_bytes()[:-1000])
    said = refused("predict", tmp_path / "a.mp4", "--model", cut, "--out", tmp_path / "o")
    assert "cut.safetensors" in said
    said = refused("predict", tmp_path / "a.mp4", "--model", "nobody", "--out", tmp_path / "o")
    assert "neither a file nor one of the models" in said


def test_manifest_with_a_missing_file(refused, folder, add, tmp_path) -> None:
    add("gone.mp4", "S9")
    said = refused("prepare", "folder", folder, "--store", tmp_path / "store")
    assert "line 10" in said and "no file 'gone.mp4'" in said
    assert not (tmp_path / "store").exists()


def test_manifest_with_an_unknown_label(refused, folder, tmp_path) -> None:
    manifest = folder / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("c3.mp4,fear", "c3.mp4,grumpy"))
    said = refused("prepare", "folder", folder, "--store", tmp_path / "store")
    assert "line 5" in said and "unknown label 'grumpy'" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no column path and label"),
        (b"path;label\nc0.mp4,fear\n", "line 2: 1 cells under 2 columns"),
        (b"\xff\xfe\x00\x01", "line 1: the text is UTF-16"),
        (b"path,label\nc0.mp4\n", "line 2: 1 cells under 2 columns"),
        (b"path,label,start\nc0.mp4,fear,soon\n", "line 2: start is 'soon'"),
        (b"path,label\n../../c0.mp4,fear\n", "line 2: '../../c0.mp4' leads out of the folder"),
    ],
)
def test_bad_manifest(refused, folder, tmp_path, content, said) -> None:
    (folder / "manifest.csv").write_bytes(content)
    assert said in refused("prepare", "folder", folder, "--store", tmp_path / "store")


@pytest.mark.usefixtures("quick")
def test_a_subject_on_both_sides_of_a_split_file(refused, stores, tmp_path) -> None:
    split = tmp_path / "mine.csv"
    split.write_text("clip,fold\n" + "".join(f"c{n:02d},{n % 2}\n" for n in range(36)))
    words = ("--store", stores["alpha"], "--protocol", split, "--out", tmp_path / "run")
    said = refused("evaluate", "quick", *words)
    assert "trains and tests on the same subjects (S00, S01" in said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "line 1"),
        ("a.csv", b"clip,fold\nnobody,1\n", "no clip 'nobody'"),
        ("a.csv", b"subject,fold\nS00,1\n", "leaves out 33 of 36"),
        ("a.csv", b"\xff\xfe\xfa", "line 1: the text is UTF-16"),
        ("a.json", b"{", "line 1: no JSON"),
        ("a.json", b'[{"train": ["c00"], "test": [7]}]', "lists of clip names"),
        ("a.json", b"[]", "nothing to check"),
    ],
)
def test_bad_split_files(refused, stores, tmp_path, name, content, said) -> None:
    (tmp_path / name).write_bytes(content)
    assert said in refused("folds", "check", tmp_path / name, "--store", stores["alpha"])


@pytest.mark.usefixtures("quick")
def test_places_that_cannot_be_written_to(refused, stores, folder, model, scene, tmp_path) -> None:
    """Below a file nobody can make a folder, not even root."""
    (tmp_path / "file").write_text("")
    below = tmp_path / "file" / "out"
    alpha = ("--store", stores["alpha"])
    write_video(tmp_path / "a.mp4", scene(0), 25)
    commands = (
        ("evaluate", "quick", *alpha, "--out", below),
        ("train", "quick", *alpha, "--out", below / "model.safetensors"),
        ("prepare", "folder", folder, "--store", below),
        ("predict", tmp_path / "a.mp4", "--model", model, "--out", below),
        ("draw", below, "--subjects", 2),
        ("folds", "export", "loso", below / "s.csv", *alpha),
        ("reproduce", "dtagn", "1", "--out", below),
    )
    for words in commands:
        assert str(tmp_path / "file") in refused(*words), words


def test_names_longer_than_file_systems_take(refused, stores, model, folder, tmp_path) -> None:
    long = tmp_path / ("x" * 300)
    alpha = ("--store", stores["alpha"])
    commands = (
        ("prepare", "ck_plus", long, "--store", tmp_path / "store"),
        ("prepare", "folder", folder, "--store", long),
        ("predict", long, "--model", model, "--out", tmp_path / "out"),
        ("predict", folder, "--model", "x" * 5000, "--out", tmp_path / "out"),
        ("evaluate", "linear", "--store", long),
        ("evaluate", "linear", *alpha, "--protocol", long),
        ("evaluate", "linear", *alpha, "--out", long),
        ("folds", "check", long, *alpha),
        ("folds", "export", "loso", long.with_suffix(".csv"), *alpha),
        ("convert", long, "--format", "elan"),
        ("agreement", long, long),
        ("compare", long, long),
    )
    for words in commands:
        assert "x" * 50 in refused(*words), words


@pytest.mark.parametrize("command", ["prepare", "folds"])
def test_missing_database(refused, tmp_path, command) -> None:
    root = tmp_path / "nowhere"
    words = {
        "prepare": ("prepare", "ck_plus", root, "--store", tmp_path / "store"),
        "folds": ("folds", "show", "loso", "--database", "ck_plus", "--root", root),
    }[command]
    said = refused(*words)
    assert str(root) in said and "cohn-kanade-images" in said
    assert not (tmp_path / "store").exists()


def test_half_copied_database(refused, forge, tmp_path) -> None:
    root = forge("ck_plus").make(tmp_path / "ck")
    shutil.rmtree(root / "cohn-kanade-images" / "S010")
    said = refused("prepare", "ck_plus", root, "--store", tmp_path / "store")
    assert "half copied" in said and "S010" in said
    shutil.rmtree(root / "Emotion")
    said = refused("prepare", "ck_plus", root, "--store", tmp_path / "store")
    assert "expected the folder Emotion/" in said and "found cohn-kanade-images/" in said


def test_unknown_names(refused, stores, tmp_path) -> None:
    store = ("--store", tmp_path / "store")
    assert "choose one of ck_plus" in refused("prepare", "ckplus", tmp_path, *store)
    assert "choose one of dtagn" in refused("evaluate", "vgg", "--store", stores["alpha"])
    said = refused("prepare", "oulu_casia", tmp_path, *store, "--set", "light=pink")
    assert "pink" in said
    assert "has the fields light, camera" in refused(
        "prepare", "oulu_casia", tmp_path, *store, "--set", "colour=red"
    )


def test_no_store(refused, folder, tmp_path) -> None:
    said = refused("evaluate", "dtagn", "--store", folder)
    assert "is not a store: make one with `fervid prepare" in said
    (tmp_path / "store.json").write_text("{}")
    assert "was not written by fervid" in refused("evaluate", "dtagn", "--store", tmp_path)


@pytest.mark.usefixtures("quick")
def test_a_folder_of_another_run(refused, run, stores, tmp_path) -> None:
    words = ("evaluate", "quick", "--store", stores["alpha"], "--protocol", "hold-out")
    assert run(*words, "--out", tmp_path / "run").exit_code == 0
    said = refused(*words, "--out", tmp_path / "run", "--seed", 5)
    assert "another seed (0, not 5)" in said
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    assert "holds thesis.txt" in refused(*words, "--out", tmp_path / "mine")


@pytest.mark.parametrize(
    "words",
    [("evaluate",), ("folds", "check"), ("predict",), ("prepare", "ck_plus", "x"), ("nothing",),
     ("evaluate", "dtagn", "--store", "x", "--jobs", "0")],
)  # fmt: skip
def test_wrong_usage(run, words) -> None:
    done = run(*words)
    assert done.exit_code == 2 and "Traceback" not in done.output
