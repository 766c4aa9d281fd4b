"""`fervid folds`: who is tested, what leaks, files out and in."""

import csv
import json
import shutil

import numpy as np
import pytest

from fervid.faces.video import write_video
from fervid.folds import digest, from_file, make


def of(folder) -> tuple[str, ...]:
    return ("--database", "folder", "--root", str(folder))


def test_show(run, folder) -> None:
    done = run("folds", "show", "loso", *of(folder))
    lines = done.stdout.splitlines()
    assert done.exit_code == 0 and len(lines) == 9
    assert lines[0].split()[:6] == ["fold", "train", "test", "subjects", "anger", "fear"]
    assert lines[1].split() == ["1", "7", "1", "1", "1", "0", "S0"]


def test_show_of_stores(run, stores) -> None:
    done = run("folds", "show", "paper", "--store", stores["alpha"])
    assert done.stdout.splitlines()[1].split()[:4] == ["1", "30", "6", "2"]
    both = ("--store", stores["alpha"], "--store", stores["gamma"])
    each = run("folds", "show", "leave-one-database-out", *both).stdout
    assert [line.split()[:3] for line in each.splitlines()[1:]] == [
        ["alpha", "24", "24"], ["gamma", "24", "24"],
    ]  # fmt: skip
    one = run("folds", "show", "cross-database", *both[:2], "--test", stores["beta"]).stdout
    assert one.splitlines()[1].split()[:3] == ["beta", "36", "36"]
    parts = run("folds", "show", "parts", "--store", stores["parts"]).stdout.splitlines()[1]
    assert parts.split()[:4] == ["validation", "24", "12", "?"]


@pytest.mark.parametrize("protocol", ["paper", "five-fold", "ten-fold", "loso", "losgo",
                                      "hold-out"])  # fmt: skip
def test_protocols_are_clean(run, stores, protocol) -> None:
    done = run("folds", "check", protocol, "--store", stores["alpha"])
    assert done.exit_code == 0 and "36 clips checked: no leak found" in done.stdout


def test_clean_pictures(run, folder) -> None:
    done = run("folds", "check", "loso", *of(folder), "--perceptual")
    assert done.exit_code == 0 and done.stdout == "8 clips checked: no leak found\n"


def test_shared_subject(refused, folder, tmp_path) -> None:
    split = tmp_path / "mine.json"
    clips = [f"c{n}.mp4" for n in range(8)]
    manifest = (folder / "manifest.csv").read_text().replace("S7", "S1").replace("S6", "S2")
    (folder / "manifest.csv").write_text(manifest)
    split.write_text(json.dumps([{"train": clips[4:], "test": clips[:4]}]))
    said = refused("folds", "check", split, *of(folder))
    assert "2 x shared subject (in fold 1: S1 in training, S1 in test)" in said


def test_duplicate_under_another_name(refused, run, folder, add) -> None:
    shutil.copy(folder / "c0.mp4", folder / "holiday.mp4")
    add("holiday.mp4", "S99")
    said = refused("folds", "check", "loso", *of(folder))
    assert "1 x same content" in said and "holiday.mp4" in said and "c0.mp4" in said


ALTERED = {
    "re-encoded": (lambda images: images, "same pictures"),
    "flipped": (lambda images: images[:, :, ::-1], "mirrored"),
    "darker and flipped": (lambda images: (images[:, :, ::-1] * 0.8).astype(np.uint8), "mirrored"),
}


@pytest.mark.parametrize("how", ALTERED)
def test_altered_copies(refused, run, folder, add, scene, how) -> None:
    alter, kind = ALTERED[how]
    write_video(folder / "copy.mkv", alter(scene(0)), 30)
    add("copy.mkv", "S99")
    plain = run("folds", "check", "loso", *of(folder))
    assert plain.exit_code == 0  # its bytes do not tell
    assert "not checked: re-encoded, mirrored and rotated copies" in plain.stdout
    said = refused("folds", "check", "loso", *of(folder), "--perceptual")
    assert f"1 x {kind}" in said and "copy.mkv" in said and "c0.mp4" in said


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_export_and_back(run, stores, tmp_path, ending) -> None:
    place, alpha = tmp_path / f"out.{ending}", stores["alpha"]
    done = run("folds", "export", "five-fold", place, "--store", alpha)
    assert done.exit_code == 0 and "5 folds of 36 clips" in done.stdout
    from fervid.faces import Store

    clips = Store.open(alpha).database.clips
    assert digest(from_file(place, clips)) == digest(make("five-fold", clips))
    shown = [run("folds", "show", split, "--store", alpha).stdout for split in (place, "five-fold")]
    assert shown[0] == shown[1]


def test_export_needs_an_ending(refused, stores, tmp_path) -> None:
    said = refused("folds", "export", "loso", tmp_path / "out.txt", "--store", stores["alpha"])
    assert said.endswith("choose a name that is")
    said = refused("folds", "export", "hold-out", tmp_path / "o.csv", "--store", stores["alpha"])
    assert said.endswith("export to a .json file")


@pytest.fixture
def mine(tmp_path, stores):
    """A store of its own, to write into."""
    return shutil.copytree(stores["alpha"], tmp_path / "alpha")


@pytest.mark.parametrize("key", ["clip", "subject"])
def test_import(run, mine, tmp_path, key) -> None:
    split = tmp_path / "thirds.csv"
    names = {"clip": [f"c{n:02d}" for n in range(36)], "subject": [f"S{n:02d}" for n in range(12)]}
    each = 3 if key == "clip" else 1
    with split.open("w", newline="") as file:
        rows = [(name, "abc"[n // each % 3]) for n, name in enumerate(names[key])]
        csv.writer(file).writerows([(key, "fold"), *rows])
    done = run("folds", "import", split, "--store", mine)
    assert done.exit_code == 0 and "3 folds imported; use them with" in done.stdout
    shown = run("folds", "show", "thirds", "--store", mine)
    assert [line.split()[:3] for line in shown.stdout.splitlines()[1:]] == [
        ["a", "24", "12"], ["b", "24", "12"], ["c", "24", "12"],
    ]  # fmt: skip
    assert run("folds", "check", "thirds", "--store", mine).exit_code == 0


def test_import_refuses_leaks(refused, mine, tmp_path) -> None:
    split = tmp_path / "leaky.csv"
    lines = [f"c{n:02d},{n % 2}" for n in range(36)]
    split.write_text("\n".join(["clip,fold", *lines]))
    said = refused("folds", "import", split, "--store", mine)
    assert "12 x shared subject" in said and "S00" in said
    assert not (mine / "folds").exists()


def test_import_says_where(refused, run, folder, mine, tmp_path) -> None:
    split = tmp_path / "loso.csv"
    split.write_text("subject,fold\n" + "".join(f"S{n},{n % 4}\n" for n in range(8)))
    assert "choose where to keep" in refused("folds", "import", split, *of(folder))
    assert "the name of a protocol" in refused("folds", "import", split, "--store", mine)
    kept = run("folds", "import", split, *of(folder), "--out", tmp_path / "kept.json")
    assert kept.exit_code == 0 and len(json.loads((tmp_path / "kept.json").read_text())) == 4


def test_whose_clips(refused, folder, stores) -> None:
    assert "--store STORE, or --database" in refused("folds", "show", "loso")
    assert "give either" in refused("folds", "show", "loso", "--database", "folder")
    both = ("--store", stores["alpha"], *of(folder))
    assert "give either" in refused("folds", "show", "loso", *both)
    said = refused("folds", "check", "cross-database", "--store", stores["alpha"])
    assert "--test STORE go together" in said
    assert "choose one of paper" in refused("folds", "show", "nine-fold", *of(folder))


def test_parts_of_unknown_people(run, refused, stores) -> None:
    done = run("folds", "check", "parts", "--store", stores["parts"])
    assert done.exit_code == 0 and "not checked: 36 clips have no subject" in done.stdout
    assert "no subject" in refused("folds", "show", "loso", "--store", stores["parts"])
    assert "no fixed training part" in refused("folds", "show", "parts", "--store", stores["alpha"])


def test_what_a_loader_takes(run, forge, tmp_path) -> None:
    dfew = ("--database", "dfew", "--root", forge("lists").make_dfew(tmp_path / "dfew"))
    for fold, train in ((1, "2"), (2, "1")):
        shown = run("folds", "show", "parts", *dfew, "--set", f"fold={fold}").stdout
        assert shown.splitlines()[1].split()[:3] == ["test", train, "1"]
    ck = ("--database", "ck_plus", "--root", forge("ck_plus").make(tmp_path / "ck"))
    assert run("folds", "show", "loso", *ck, "--set", "last=2").exit_code == 0


def test_of_any_numbers(refused, run, forge, tmp_path) -> None:
    counted = forge("lists").make_counted(tmp_path)
    words = ("folds", "show", "parts", "--database", "lists", "--root", counted)
    codes = "codes={3: 'fear', 11: 'anger'}"
    assert "no fixed training part" in refused(*words, "--set", codes)
    assert "lists" in refused(*words)
