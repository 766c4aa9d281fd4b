"""File names as file systems allow them: pipes, bytes that are not text, control characters."""

import os
import shutil
from pathlib import Path

import cv2
import pytest

from fervid.databases import load
from fervid.faces import Store
from fervid.faces.files import pictures
from fervid.faces.video import write_video
from fervid.folds.fingerprints import same_content
from fervid.text import printable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names and pipes of POSIX")


@pytest.fixture
def tree(tmp_path, scene) -> Path:
    """Happy and sad people in folders; two of the names are not text."""
    root = tmp_path / "tree"
    for number, name in enumerate((b"happy/S1/caf\xe9.mp4", b"happy/S2/a\x1b[2J.mp4")):
        path = root / os.fsdecode(name)
        path.parent.mkdir(parents=True)
        write_video(tmp_path / "a.mp4", scene(number), 25)
        shutil.move(tmp_path / "a.mp4", path)
    return root


def test_names_that_are_no_text_are_spelt_out_and_lead_to_their_files(run, tree, tmp_path) -> None:
    done = run("prepare", "folder", tree, "--set", "subject=parent", "--store", tmp_path / "store")
    assert done.exit_code == 0 and printable(done.output, lines=True) == done.output
    clips = Store.open(tmp_path / "store").database.clips
    assert [clip.name for clip in clips] == ["happy/S1/caf\\xe9.mp4", "happy/S2/a\\x1b[2J.mp4"]
    assert all(clip.path.is_file() for clip in clips)
    assert clips == load("folder", tree, subject="parent").clips


def test_a_store_and_a_drawing_in_folders_whose_names_are_no_text(run, tree, tmp_path) -> None:
    odd = tmp_path / os.fsdecode(b"\xe9\x1b[2J")
    words = ("--set", "subject=parent", "--store", odd)
    assert run("prepare", "folder", tree, *words).exit_code == 0
    again = run("prepare", "folder", tree, *words)
    assert "0 clips prepared, 0 already there, 2 failed" in again.output  # no faces
    assert run("folds", "show", "loso", "--store", odd).exit_code == 0
    shown = run("folds", "export", "loso", odd / "split.csv", "--store", odd)
    assert (
        "\\xe9\\x1b[2J/split.csv" in shown.output
        and printable(shown.output, lines=True) == shown.output
    )


def test_pipes_among_videos_and_pictures_are_not_waited_for(run, tree, scene, tmp_path) -> None:
    frames = tree / "sad" / "S3"
    frames.mkdir(parents=True)
    cv2.imwrite(str(frames / "1.png"), scene(5)[0])
    for pipe in ("happy/S1/b.mp4", "sad/S3/2.png", "sad/p.png", "labels.txt"):
        os.mkfifo(tree / pipe)
    done = run("prepare", "folder", tree, "--store", tmp_path / "store")
    assert done.exit_code == 0
    assert "no track: happy/S1/b.mp4" in done.output and "b.mp4 is a pipe" in done.output
    assert "no track: sad/p.png" in done.output
    reasons = Store.open(tmp_path / "store").failed
    assert "no face in any of its 1 frames" in reasons["sad/S3"]
    shutil.copytree(frames, tmp_path / "copy", ignore=shutil.ignore_patterns("2.png"))
    assert same_content([frames, tmp_path / "copy"]) == ([[frames, tmp_path / "copy"]], set())


def test_digits_that_are_no_numbers_are_ordered_too(tmp_path) -> None:
    for name in ("1²2.png", "10.png", "9.png", "٣.png"):
        (tmp_path / name).touch()
    found = [path.name for path in pictures(tmp_path)]
    assert found == ["1²2.png", "٣.png", "9.png", "10.png"]


@pytest.mark.parametrize("name", ["../../x", "a/b", ".", "C:x", "a\x1b[2J", "a\x00"])
def test_a_database_s_name_leads_nowhere(refused, run, forge, tmp_path, name) -> None:
    forge("lists").make(tmp_path / "lists")
    words = ("prepare", "lists", tmp_path / "lists", "--store", tmp_path / "store")
    assert "name" in refused(*words, "--set", f"name={name}")
    assert not (tmp_path / "store").exists()
