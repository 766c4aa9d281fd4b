"""Pictures that are faces already."""

import cv2
import numpy as np
import pytest

from fervid.clip import Clip, Database
from fervid.errors import FacesError
from fervid.faces import FaceSettings, Store, finder, prepare
from fervid.faces.cropped import Whole
from fervid.faces.store import track_path


def database(folder, sizes):
    """Noise, grey, one picture for each (height, width)."""
    clips = []
    for number, (height, width) in enumerate(sizes):
        path = folder / f"{number}.png"
        grey = np.random.default_rng(number).integers(0, 256, (height, width)).astype(np.uint8)
        cv2.imwrite(str(path), grey)
        votes = {"neutral": 3, "unknown": number}
        clips.append(
            Clip(f"c{number}", path, "d", "neutral", groups={"part": "train"}, votes=votes)
        )
    return Database("d", ("neutral",), tuple(clips), "still")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cropped")
    given = database(folder, [(48, 48), (60, 40), (900, 400)])
    done = prepare(given, folder / "store", FaceSettings(finder="cropped"))
    assert done.done == 3 and not done.failed
    return given, Store.open(folder / "store")


def test_every_picture_is_a_face_and_kept_as_it_is(prepared):
    given, store = prepared
    whole = cv2.imread(str(given.clips[0].path), 0)
    track = store.main_track(given.clips[0])
    assert track.faces.shape == (1, 48, 48, 3) and track.seen.all()
    assert np.array_equal(track.faces[0], np.repeat(whole[..., None], 3, 2))
    assert track.found_by["finder"] == "cropped"
    assert np.isfinite(track.landmarks).all() and 0 <= track.score[0] <= 1


def test_the_middle_square_of_others_is_taken_and_made_no_larger_than_asked(prepared):
    given, store = prepared
    picture = cv2.imread(str(given.clips[1].path), 0)
    track = store.main_track(given.clips[1])
    assert np.array_equal(track.faces[0, :, :, 0], picture[10:50])
    assert store.main_track(given.clips[2]).faces.shape == (1, 320, 320, 3)


def test_landmarks_lead_back_to_the_picture(prepared):
    given, store = prepared
    track = store.main_track(given.clips[2])
    scale = 400 / 320
    corner = track.to_frame[0] @ np.array([-0.5, -0.5, 1])
    np.testing.assert_allclose(corner, [-0.5, 249.5], atol=1e-3)
    expected = (track.landmarks[0] + 0.5) * scale - 0.5 + [0, 250]
    np.testing.assert_allclose(track.landmarks_in_frame[0], expected, atol=1e-2)


def test_a_store_keeps_votes(prepared):
    given, store = prepared
    assert [clip.votes for clip in store.database.clips] == [clip.votes for clip in given.clips]
    assert store.database.digest == given.digest


def test_a_film_of_crops_keeps_one_size():
    cut = Whole(320)
    points = np.zeros((68, 2), np.float32)
    shapes = [cut(np.zeros((s, s, 3), np.uint8), points, 0)[0].shape for s in (40, 80, 20)]
    assert shapes == [(40, 40, 3)] * 3


def test_preparing_again_changes_nothing(prepared):
    given, store = prepared
    before = {p: p.stat().st_mtime_ns for p in (store.root / "tracks").iterdir()}
    done = prepare(given, store.root, FaceSettings(finder="cropped"))
    assert done.skipped == 3
    assert before == {p: p.stat().st_mtime_ns for p in (store.root / "tracks").iterdir()}
    small = track_path(store.root, store.rows["c0"].key).stat().st_size
    assert small < 12_000  # 2,304 pixels of noise, and 68 points


def test_the_finder_is_named():
    assert "whole pictures" in finder(FaceSettings(finder="cropped")).version
    with pytest.raises(FacesError, match="cropped"):
        FaceSettings(finder="crops")
