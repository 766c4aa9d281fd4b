"""Landmarks of other programs as databases: which table, which video, whose label."""

import numpy as np
import pandas as pd
import pytest
from forging import forge

from fervid.databases import load
from fervid.errors import DatabaseError
from fervid.faces.landmark_table import read_landmarks
from fervid.prediction.writers import convert

PROGRAMS = ("openface", "fex")


@pytest.mark.parametrize("name", PROGRAMS)
def test_tree_and_manifest_say_the_same(tmp_path, name) -> None:
    root = forge(name).make_manifest(tmp_path)
    by_manifest = load(name, root)
    (root / "manifest.csv").unlink()
    by_folders = load(name, root, subject="parent")
    for database in (by_manifest, by_folders):
        said = sorted((clip.path.name, clip.label, clip.subject) for clip in database.clips)
        assert said == [
            ("a.csv", "happiness", "S1"), ("b.csv", "happiness", "S2"),
            ("c.csv", "anger", "S1"), ("d.csv", "anger", "S3"),
        ]  # fmt: skip
        assert all(clip.landmarks == clip.path for clip in database.clips)


def test_video_beside_the_table(tmp_path) -> None:
    root = forge("openface").make(tmp_path)
    (root / "Happy/S1/a.mp4").write_bytes(b"x")
    (root / "Happy/S1/a.avi").write_bytes(b"x")  # OpenFace drew into this one, as it says
    (root / "Happy/S2/b.AVI").write_bytes(b"x")
    clips = {clip.landmarks.name: clip.path.name for clip in load("openface", root).clips}
    assert clips == {"a.csv": "a.mp4", "b.csv": "b.AVI", "c.csv": "c.csv", "d.csv": "d.csv"}
    (root / "Happy/S2/b.mov").write_bytes(b"x")
    with pytest.raises(DatabaseError, match=r"b\.AVI and b\.mov have the name of"):
        load("openface", root)


def test_videos_elsewhere(tmp_path) -> None:
    root = forge("openface").make(tmp_path / "processed")
    media = tmp_path / "videos"
    media.mkdir()
    (media / "d.mp4").write_bytes(b"x")
    clips = {clip.landmarks.name: clip.path for clip in load("openface", root, media=media).clips}
    assert clips["d.csv"] == media / "d.mp4" and clips["a.csv"].name == "a.csv"
    with pytest.raises(DatabaseError, match="give the folder of the videos"):
        load("openface", root, media=tmp_path / "nowhere")


def test_a_manifest_may_name_the_video(tmp_path) -> None:
    root = forge("openface").make(tmp_path)
    (root / "Happy/S1/a.mp4").write_bytes(b"x")
    (root / "lonely.mp4").write_bytes(b"x")
    manifest = root / "manifest.csv"
    manifest.write_text("path,label,subject\nHappy/S1/a.mp4,happy,S1\n")
    (clip,) = load("openface", root).clips
    assert (clip.path.name, clip.landmarks.name) == ("a.mp4", "a.csv")
    manifest.write_text("path,label,subject\nlonely.mp4,happy,S1\n")
    with pytest.raises(DatabaseError, match=r"0 tables are beside .*put its lonely\.csv there"):
        load("openface", root)


def test_names_that_openface_3_and_convert_give(tmp_path) -> None:
    openface = forge("openface")
    points = np.random.default_rng(0).uniform(10, 90, (98, 2))
    openface.write_3_video(tmp_path / "happy/face_analysis_film.csv", [[points]])
    openface.write(tmp_path / "happy/short.openface.csv", {0: openface.face(1)})
    for name in ("film", "short"):
        (tmp_path / f"happy/{name}.mp4").write_bytes(b"x")
    by_table = load("openface", tmp_path).clips
    (tmp_path / "manifest.csv").write_text("path,label\nhappy/film.mp4,joy\nhappy/short.mp4,joy\n")
    for clips in (by_table, load("openface", tmp_path).clips):
        assert [(clip.path.name, clip.landmarks.name) for clip in clips] == [
            ("film.mp4", "face_analysis_film.csv"),
            ("short.mp4", "short.openface.csv"),
        ]


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_convert_wrote_comes_back(tmp_path, name) -> None:
    """Our own table, through the other program's columns."""
    points = np.random.default_rng(0).uniform(10, 90, (5, 68, 2)).round(2)
    seen = np.array([True, True, False, True, True])
    columns = {f"{axis}{n}": points[:, n, "xy".index(axis)] for axis in "xy" for n in range(68)}
    rows = pd.DataFrame({
        "input": "film.mp4", "frame": range(5), "timestamp": np.arange(5) / 30, "face_id": 0.0,
        "status": "face", "left": 1.0, "top": 1.0, "width": 5.0, "height": 5.0, "score": 0.5,
        "label": "fear", "p_anger": 0.2, "p_fear": 0.8, **columns,
    })  # fmt: skip
    missing = [column for column in rows if column not in ("input", "frame", "timestamp", "status")]
    rows.loc[~seen, missing] = np.nan
    (tmp_path / "fear").mkdir()
    rows.to_csv(tmp_path / "film.csv", index=False)
    (written,) = convert([tmp_path / "film.csv"], name, tmp_path / "fear")
    (tmp_path / "fear" / "film.mp4").write_bytes(b"x")
    (clip,) = load(name, tmp_path).clips
    assert (clip.landmarks, clip.path.name) == (written, "film.mp4")
    table = read_landmarks(written)
    assert table.frames.tolist() == list(range(5)) and table.frame.tolist() == [0, 1, 3, 4]
    assert np.allclose(table.landmarks, points[seen], rtol=1e-5)
    assert np.allclose(table.score, 0.5)


def test_seconds_go_by_the_table(tmp_path) -> None:
    """Without a video the table's own time stamps give the rate, here 30 a second."""
    root = forge("openface").make(tmp_path)
    (root / "manifest.csv").write_text(
        "path,label,start_seconds,end_seconds\nHappy/S1/a.csv,happy,0.1,0.2\n"
    )
    (clip,) = load("openface", root).clips
    assert (clip.start, clip.end) == (3, 6)


@pytest.mark.parametrize(
    ("name", "other", "said"),
    [("openface", "fex", "is of py-feat: prepare it as fex"),
     ("fex", "openface", "is of OpenFace 2: prepare it as openface")],
)  # fmt: skip
def test_the_other_program(tmp_path, name, other, said) -> None:
    with pytest.raises(DatabaseError, match=said):
        load(name, forge(other).make(tmp_path))


def test_no_landmarks(tmp_path) -> None:
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy/a.csv").write_text("frame, face_id, confidence, AU01_r\n1, 0, 1, 0\n")
    with pytest.raises(DatabaseError, match=r"happy/a\.csv has no 68 landmarks .*-2Dfp"):
        load("openface", tmp_path)
