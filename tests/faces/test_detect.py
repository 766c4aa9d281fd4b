"""The finders, on real pictures where they are at hand, and what they say if they cannot start."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import platformdirs
import pytest

from fervid.errors import FacesError
from fervid.faces import outside
from fervid.faces.candidates import Haar
from fervid.faces.detect import TrackingFinder, choose, finder
from fervid.faces.detections import Detections
from fervid.faces.landmarks import ANCHORS, crops_of_anchors, crops_of_landmarks, middle_and_side
from fervid.faces.mediapipe import Mediapipe
from fervid.faces.points68 import MESH
from fervid.faces.settings import FaceSettings
from fervid.faces.tracking import FrameFaces, follow
from fervid.faces.video import Frame, frames

GREY = np.full((240, 320, 3), 127, np.uint8)


@pytest.fixture
def mediapipe(models: Path, monkeypatch: pytest.MonkeyPatch) -> FaceSettings:
    pytest.importorskip("mediapipe")
    monkeypatch.setenv("FERVID_MODELS", str(models))
    return FaceSettings(finder="mediapipe")


def watch(path: Path, settings: FaceSettings) -> Iterator[FrameFaces]:
    return follow(frames(path), settings, finder(settings))


def test_builtin_is_the_default_and_needs_nothing() -> None:
    found = finder(FaceSettings())
    assert isinstance(found, TrackingFinder) and "haarcascade" in found.version
    found.begin()
    assert found(GREY, 0.0).landmarks.shape == (0, 68, 2)
    found.close()


class _Scripted:
    """Stands for the landmark network: presence as told, a shape in the middle of each box."""

    def __init__(self, presence: list[float], first: float = 0.9) -> None:
        self.presence, self.first, self.followed = presence, first, 0
        self.shape = np.random.default_rng(0).uniform(0, 1, (68, 2)).astype(np.float32)

    def place(self, image: object, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        middle, side = middle_and_side(crops)
        points = middle[:, None] + (self.shape - 0.5) * side[:, None, None]
        return points.astype(np.float32), np.full(len(crops), self.first, np.float32)

    def follow(self, image: object, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.followed += len(landmarks)
        presence = self.presence.pop(0) if len(landmarks) and self.presence else 0.9
        return landmarks, np.full(len(landmarks), presence, np.float32)


class _Cascade:
    def __init__(self, boxes: list[list[int]]) -> None:
        self.boxes, self.calls = boxes, 0

    def detectMultiScale(self, *_: object, **__: object) -> np.ndarray:  # noqa: N802 - OpenCV's
        self.calls += 1
        return np.array(self.boxes)


def scripted(boxes: list[list[int]], presence: list[float], **settings: int) -> TrackingFinder:
    found = TrackingFinder(FaceSettings(**settings))  # type: ignore[arg-type]
    found._landmarker = _Scripted(presence)  # type: ignore[assignment]
    found._detector.cascade = _Cascade(boxes)  # type: ignore[attr-defined]
    return found


def searches(found: TrackingFinder) -> int:
    return found._detector.cascade.calls  # type: ignore[attr-defined, no-any-return]


def test_a_followed_face_costs_no_detection() -> None:
    found = scripted([[10, 10, 20, 20]], [])
    counts = [len(found(GREY, i / 25).score) for i in range(50)]
    assert counts == [1] * 50
    assert searches(found) == 1 and found._landmarker.followed == 49


def test_others_are_looked_for_now_and_then() -> None:
    found = scripted([[10, 10, 20, 20]], [], max_faces=3, redetect_every=10)
    counts = [len(found(GREY, i / 25).score) for i in range(40)]
    assert counts == [1] * 40  # the same face again is not a new face
    assert searches(found) == 4


def test_a_lost_face_is_looked_for_at_once() -> None:
    found = scripted([[10, 10, 20, 20]], [0.9, 0.9, 0.1])
    counts = [len(found(GREY, i / 25).score) for i in range(8)]
    assert counts == [1] * 8 and searches(found) == 2


def test_while_nothing_is_there_the_search_slows_down() -> None:
    found = scripted([], [], redetect_every=12)
    for i in range(400):
        assert not len(found(GREY, i / 25).score)
    calls = searches(found) / 2  # large faces, then small ones
    assert 400 / 12 <= calls <= 100


def test_the_largest_are_kept_and_weak_ones_are_not() -> None:
    found = scripted([], [], max_faces=2)
    shape = np.random.default_rng(0).uniform(0, 1, (68, 2)).astype(np.float32)
    sizes = np.array([10, 50, 30, 40], np.float32)
    points = shape * sizes[:, None, None] + np.arange(4)[:, None, None] * 100
    kept = found._kept(Detections(points, np.array([0.9, 0.9, 0.9, 0.2], np.float32)))
    assert np.allclose(kept.landmarks, points[[1, 2]])


def test_the_cascade_finds_real_faces(shared: Path) -> None:
    (picture,) = frames(shared / "videos" / "multi_face.jpg")
    assert len(Haar(FaceSettings(max_faces=8)).boxes(picture.image)) >= 4
    one = next(frames(shared / "videos" / "single_face.mp4"))
    ((left, top, width, height),) = Haar(FaceSettings(max_faces=8, min_size=0.12)).boxes(one.image)
    assert left < 307 < left + width and top < 190 < top + height


@pytest.mark.parametrize(
    ("name", "seen", "unseen"),
    [("face_noface.mov", 72, 97), ("no_face.mp4", 0, 95), ("single_face.mp4", 72, 0)],
)
def test_builtin_finds_follows_and_loses_real_faces(
    shared: Path, name: str, seen: int, unseen: int
) -> None:
    rows = list(watch(shared / "videos" / name, FaceSettings(max_faces=8)))
    assert [row.status for row in rows] == ["face"] * seen + ["no face"] * unseen
    assert {face.face for row in rows for face in row.faces} <= {0}


def test_builtin_keeps_ids_while_the_camera_pans_and_a_hand_passes(shared: Path) -> None:
    (group,) = frames(shared / "videos" / "multi_face.jpg")

    def panning() -> Iterator[Frame]:
        for i in range(66):
            x, y = int(150 + 140 * np.sin(i / 19)), int(60 + 40 * np.cos(i / 23))
            view = group.image[y : y + 500, x : x + 640].copy()
            if 50 <= i < 62:
                view[200:400, 100:330] = 90  # hides two of the four
            yield Frame(i, i / 25, view)

    settings = FaceSettings(max_faces=8)
    rows = list(follow(panning(), settings, finder(settings)))
    ids = [[face.face for face in row.faces] for row in rows]
    assert ids == [[0, 1, 2, 3]] * 50 + [[2, 3]] * 12 + [[0, 1, 2, 3]] * 4


def test_mediapipe_finds_follows_and_loses_real_faces(
    shared: Path, mediapipe: FaceSettings
) -> None:
    rows = list(watch(shared / "videos" / "face_noface.mov", mediapipe))
    assert [row.status for row in rows] == ["face"] * 72 + ["no face"] * 97
    for row in rows[:72:10]:
        (seen,) = row.faces
        eyes = seen.landmarks[36:48].reshape(2, 6, 2).mean(axis=1)
        width = np.ptp(seen.landmarks[:17, 0])
        assert eyes[0, 0] < seen.landmarks[30, 0] < eyes[1, 0]
        assert eyes[:, 1].max() < seen.landmarks[48:, 1].min() < seen.landmarks[8, 1]
        assert 100 < width < 300


def test_mediapipe_sees_nobody_where_nobody_is(shared: Path, mediapipe: FaceSettings) -> None:
    rows = list(watch(shared / "videos" / "no_face.mp4", mediapipe))
    assert {row.status for row in rows} == {"no face"} and len(rows) == 95


def test_mediapipe_does_not_remember_the_stream_before(
    shared: Path, mediapipe: FaceSettings
) -> None:
    found = finder(mediapipe)
    path = shared / "videos" / "single_face.mp4"
    twice = [list(follow(frames(path, 0, 12), mediapipe, found)) for _ in range(2)]
    for a, b in zip(*twice, strict=True):
        assert np.array_equal(a.faces[0].landmarks, b.faces[0].landmarks)


def test_mediapipe_takes_equal_times(mediapipe: FaceSettings) -> None:
    found = Mediapipe(mediapipe)
    found.begin()
    for time in (0.0, 0.0, 0.0001, -1.0):
        assert len(found(GREY, time).score) == 0
    found.close()


class _YuNet:
    """Stands for OpenCV's detector: one face wherever it is told, in pixels of what it is given."""

    def __init__(self, points: np.ndarray, score: float) -> None:
        self.row = np.concatenate([np.zeros(4), points.ravel(), [score]]).astype(np.float32)

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802 - OpenCV's
        self.size = size

    def detect(self, image: np.ndarray) -> tuple[int, np.ndarray | None]:
        assert image.shape[1::-1] == tuple(self.size)
        return 1, self.row[None]


def yunet(points: np.ndarray, score: float, presence: float, monkeypatch: Any) -> TrackingFinder:
    fake = _YuNet(points, score)
    monkeypatch.setattr(cv2.FaceDetectorYN, "create", lambda *_: fake)
    found = TrackingFinder(FaceSettings(finder="yunet", model=Path(__file__), max_faces=8))
    found._landmarker = _Scripted([presence] * 9, presence)  # type: ignore[assignment]
    return found


def test_yunet_s_points_become_the_crop_of_the_same_face(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turned face in a picture that is given to the detector at a quarter of its size."""
    image = np.zeros((800, 1200, 3), np.uint8)
    points = landmarks_of_a_turned_face() * 160 + [500, 300]
    eyes = points[36:48].reshape(2, 6, 2).mean(axis=1)
    seen = np.stack([*eyes, points[30], points[48], points[54]])
    shrink = 16 / (0.08 * 800)
    found = yunet((seen + 0.5) * shrink - 0.5, 0.8, 0.9, monkeypatch)
    (crop,), _ = found._detector(image)
    anchors = np.stack([*eyes, points[48], points[54]])[None].astype(np.float32)
    np.testing.assert_allclose(crop, crops_of_anchors(anchors, (0, 1, 3, 4))[0], rtol=1e-3)
    np.testing.assert_allclose(crop, crops_of_landmarks(points[None])[0], rtol=0.02, atol=3)


def landmarks_of_a_turned_face() -> np.ndarray:
    """(68, 2) the anchors of the landmark network's crop, 20 degrees clockwise; unit: the box."""
    shape = np.zeros((68, 2))
    for places, anchor in zip(
        (range(36, 42), range(42, 48), [33], [48], [54]), ANCHORS, strict=True
    ):
        shape[list(places)] = anchor
    turn = np.radians(20)
    return shape @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


@pytest.mark.parametrize(("score", "faces"), [(0.8, 1), (0.3, 0)])
def test_a_detector_that_is_sure_needs_no_second_opinion(
    monkeypatch: pytest.MonkeyPatch, score: float, faces: int
) -> None:
    points = np.array([[130, 100], [190, 100], [160, 130], [135, 160], [185, 160.0]])
    found = yunet(points, score, 0.1, monkeypatch)
    for frame in range(3):  # not to be followed, but found again each time
        rows = found(np.zeros((240, 320, 3), np.uint8), frame / 25)
        assert len(rows.score) == faces and all(rows.score == np.float32(score))


def test_yunet_finds_everybody(shared: Path, models: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("FERVID_MODELS", str(models))
    assert choose("auto") == "yunet"
    settings = FaceSettings(finder="yunet", max_faces=8)
    (row,) = watch(shared / "videos" / "multi_face.jpg", settings)
    assert len(row.faces) == 5
    for name, seen in (("no_face.mp4", 0), ("single_face.mp4", 72)):
        rows = list(watch(shared / "videos" / name, settings))
        assert sum(row.status == "face" for row in rows) == seen


def test_auto_is_yunet_where_its_file_is(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda _: tmp_path / "cache")
    monkeypatch.setenv("FERVID_MODELS", str(tmp_path))
    assert choose("auto") == "builtin" and choose("cropped") == "cropped"
    (tmp_path / "yunet_n_640_640.onnx").write_bytes(b"something else")
    with pytest.raises(FacesError, match=r"yunet_n_640_640\.onnx is not the expected yunet model"):
        choose("auto")
    known = replace(outside.MODELS["yunet"], sha256=sha256(b"something else").hexdigest())
    monkeypatch.setitem(outside.MODELS, "yunet", known)
    assert choose("auto") == "yunet"
    with pytest.raises(FacesError, match="is not a YuNet model that OpenCV"):
        finder(FaceSettings(finder="yunet"))


def test_the_mesh_maps_to_68_points() -> None:
    assert len(MESH) == 68 == len(set(MESH))
    assert min(MESH) >= 0 and max(MESH) < 478


def test_without_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = tmp_path / "face_landmarker.task"
    model.write_bytes(b"x")
    for name in [n for n in sys.modules if n.split(".")[0] == "mediapipe"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mediapipe", None)  # as if it were not installed
    with pytest.raises(FacesError, match=r"pip install 'fervid\[mediapipe\]'"):
        finder(FaceSettings(finder="mediapipe", model=model))


def test_a_model_that_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    bad = tmp_path / "bad.task"
    bad.write_bytes(b"not a model")
    with pytest.raises(FacesError, match=r"bad\.task"):
        finder(FaceSettings(finder="mediapipe", model=bad))
    with pytest.raises(FacesError, match=r"missing\.task"):
        finder(FaceSettings(finder="mediapipe", model=tmp_path / "missing.task"))


def test_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import pooch

    def offline(*_: object) -> str:
        raise ConnectionError

    monkeypatch.delenv("FERVID_MODELS", raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda _: tmp_path)
    monkeypatch.setattr(pooch, "retrieve", offline)
    for name in ("mediapipe", "yunet"):
        with pytest.raises(FacesError, match="FERVID_MODELS") as caught:
            finder(FaceSettings(finder=name))
        assert "\n" not in str(caught.value)


def test_settings_that_make_no_sense() -> None:
    wrong = [{"finder": "dlib"}, {"max_faces": 0}, {"size": 3}, {"stabilise": "yes"}]
    for fields in wrong:
        with pytest.raises(FacesError):
            FaceSettings(**fields)  # type: ignore[arg-type]


def test_the_digest_tells_settings_and_versions_apart_but_not_places() -> None:
    plain = FaceSettings()
    assert plain.digest("1") == FaceSettings().digest("1") != plain.digest("2")
    assert plain.digest("1") != FaceSettings(size=256).digest("1")
    here, there = (FaceSettings(model=Path(p) / "m.task") for p in ("/a", "/b"))
    assert here.digest("1") == there.digest("1")
    assert FaceSettings.of(FaceSettings(model=Path("/a/m")).text).model == Path("m")
