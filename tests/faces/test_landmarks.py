"""The landmark network: limits, geometry of its crops, and what its weights know."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fervid.errors import FacesError
from fervid.faces import landmarks as module
from fervid.faces.landmarks import (
    ANCHORS,
    INPUT,
    Landmarker,
    Network,
    box_of,
    crops_of_boxes,
    crops_of_landmarks,
    cut_out,
    fold,
    to_frame,
)
from fervid.faces.points68 import MIRROR


@pytest.fixture(scope="module")
def landmarker() -> Landmarker:
    return Landmarker(threads=1)


@pytest.fixture(scope="module")
def face(shared: Path) -> tuple[np.ndarray, np.ndarray]:
    """A rendered face of the CK-like set, (H, W) grey, and its exact landmarks."""
    file = sorted((shared / "ck_like" / "Landmarks").glob("*/*/*.txt"))[0]
    sequence = file.parent.relative_to(shared / "ck_like" / "Landmarks")
    name = file.name.replace("_landmarks.txt", ".png")
    picture = cv2.imread(str(shared / "ck_like" / "cohn-kanade-images" / sequence / name), 0)
    return picture, np.loadtxt(file).astype(np.float32)


def eye_distance(points: np.ndarray) -> float:
    return float(np.linalg.norm(points[..., 36, :] - points[..., 45, :], axis=-1).mean())


def mean_error(found: np.ndarray, truth: np.ndarray) -> float:
    """Without jaw, in interocular distances."""
    return float(np.linalg.norm(found - truth, axis=-1)[..., 17:].mean() / eye_distance(truth))


def turned(angle: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cos, -sin, shift[0]], [sin, cos, shift[1]]], np.float32)


def moved(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


def test_network_keeps_its_limits() -> None:
    assert sum(p.numel() for p in Network().parameters()) <= 2_000_000
    assert module.WEIGHTS.stat().st_size <= 8 * 2**20


def test_flip_is_its_own_inverse_and_keeps_the_parts() -> None:
    assert [MIRROR[point] for point in MIRROR] == list(range(68))
    for start, stop in ((0, 17), (17, 27), (27, 31), (31, 36), (36, 48), (48, 60), (60, 68)):
        assert set(MIRROR[start:stop]) == set(range(start, stop))


def test_folded_network_says_the_same() -> None:
    torch.manual_seed(0)
    network = Network()
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(part.running_mean, -1, 1)
            torch.nn.init.uniform_(part.running_var, 0.5, 2)
            torch.nn.init.uniform_(part.weight, 0.5, 2)
            torch.nn.init.uniform_(part.bias, -1, 1)
    pictures = torch.rand(2, 1, INPUT, INPUT) * 255
    with torch.inference_mode():
        points, logit = network.eval()(pictures)
        folded = fold(network)
        assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())
        assert torch.allclose(folded(pictures)[0], points, atol=1e-4)
        assert torch.allclose(folded(pictures)[1], logit, atol=1e-3)


def test_crop_of_landmarks_follows_any_similarity() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (5, 68, 2)).astype(np.float32)
    matrix = turned(0.7, 2.3, (-40, 13))
    linear, shift = matrix[:, :2], matrix[:, 2]
    plain, mapped = crops_of_landmarks(points), crops_of_landmarks(moved(matrix, points))
    assert np.allclose(linear @ plain[:, :, :2], mapped[:, :, :2], atol=1e-3)
    assert np.allclose(plain[:, :, 2] @ linear.T + shift, mapped[:, :, 2], atol=1e-2)


def test_box_of_landmarks_is_the_box_their_crop_came_from() -> None:
    boxes = np.array([[30, 40, 100, 100], [-10, 5, 33, 33]], np.float32)
    points = np.zeros((2, 68, 2), np.float32)
    anchors = boxes[:, None, :2] + ANCHORS * boxes[:, None, 2:]
    points[:, 36:42], points[:, 42:48] = anchors[:, [0]], anchors[:, [1]]
    points[:, [33, 48, 54]] = anchors[:, 2:]
    assert np.allclose(box_of(points), boxes, atol=1e-3)
    straight = crops_of_boxes(boxes, np.zeros(2, np.float32))
    assert np.allclose(crops_of_landmarks(points), straight, atol=1e-3)


@pytest.mark.parametrize("side", [40.0, 96.0, 300.0])
def test_what_is_seen_in_a_crop_lies_there_in_the_frame(side: float) -> None:
    """A bright dot is found in the crop where `to_frame` says that it is in the frame."""
    frame = np.zeros((400, 500), np.uint8)
    dot = np.array([231.0, 190.0])
    cv2.circle(frame, (231, 190), max(2, int(side / 30)), 255, -1)
    box = np.array([[231 - 0.6 * side, 190 - 0.7 * side, side, side]], np.float32)
    crop = crops_of_boxes(box, np.array([0.4], np.float32))
    seen = cut_out(frame, crop[0]).astype(np.float64)
    y, x = np.mgrid[:INPUT, :INPUT] + 0.5
    middle = np.array([(seen * x).sum(), (seen * y).sum()]) / seen.sum() / INPUT
    assert np.allclose(to_frame(middle[None, None].astype(np.float32), crop)[0, 0], dot, atol=0.25)


def test_colour_and_grey_frames_agree(landmarker: Landmarker) -> None:
    rng = np.random.default_rng(0)
    grey = cv2.GaussianBlur(rng.integers(0, 256, (120, 160), np.uint8), (0, 0), 4)
    box = np.array([[30, 20, 70, 70]], np.float32)
    points, presence = landmarker(grey, box)
    again, same = landmarker(np.repeat(grey[:, :, None], 3, axis=2), box)
    assert points.shape == (1, 68, 2) and points.dtype == np.float32
    assert np.allclose(points, again, atol=0.5) and np.allclose(presence, same, atol=0.02)


def test_no_box_gives_no_face(landmarker: Landmarker) -> None:
    points, presence = landmarker(np.zeros((50, 50), np.uint8), np.zeros((0, 4), np.float32))
    assert points.shape == (0, 68, 2) and presence.shape == (0,)


def test_exact_points_of_a_rendered_face(landmarker: Landmarker, face) -> None:
    picture, truth = face
    found, presence = landmarker(picture, box_of(truth[None]))
    assert presence[0] > 0.8
    assert mean_error(found[0], truth) < 0.06


@pytest.mark.parametrize(("angle", "scale"), [(0.5, 1.0), (-0.4, 1.7), (0.0, 0.6), (1.2, 1.0)])
def test_a_turned_frame_gives_turned_landmarks(landmarker, face, angle, scale) -> None:
    picture, truth = face
    found, _ = landmarker.follow(picture, truth[None])
    matrix = turned(angle, scale, (150, 120))
    frame = cv2.warpAffine(picture, matrix, (900, 900), flags=cv2.INTER_AREA)
    again, presence = landmarker.follow(frame, moved(matrix, truth)[None])
    assert presence[0] > 0.5
    assert mean_error(again[0], moved(matrix, found[0])) < 0.015


def test_angles_turn_the_box(landmarker: Landmarker, face) -> None:
    picture, truth = face
    middle = truth.mean(axis=0)
    matrix = cv2.getRotationMatrix2D(middle.tolist(), -60, 1).astype(np.float32)
    frame = cv2.warpAffine(picture, matrix, picture.shape[::-1])
    target = moved(matrix, truth)
    turn = np.radians(60)
    left, top, side, _ = box_of(truth[None])[0]
    centre = moved(matrix, np.array([left + side / 2, top + side / 2]))
    box = np.array([[*(centre - side / 2), side, side]], np.float32)
    found, presence = landmarker(frame, box, np.array([turn], np.float32))
    assert presence[0] > 0.5 and mean_error(found[0], target) < 0.07


def test_a_mirrored_face_gives_mirrored_landmarks(landmarker: Landmarker, face) -> None:
    picture, truth = face
    width = picture.shape[1]
    found, _ = landmarker.follow(picture, truth[None])
    mirrored = truth[list(MIRROR)] * [-1, 1] + [width - 1, 0]
    again, _ = landmarker.follow(np.ascontiguousarray(picture[:, ::-1]), mirrored[None])
    assert mean_error(again[0][list(MIRROR)] * [-1, 1] + [width - 1, 0], found[0]) < 0.03


def test_an_open_mouth_is_followed(landmarker: Landmarker, shared: Path) -> None:
    """From neutral to apex of surprise the lips part; the mean face would not move."""
    opened = []
    for label in sorted((shared / "ck_like" / "Emotion").glob("*/*/*.txt")):
        if float(label.read_text()) != 7 or len(opened) == 12:
            continue
        sequence = label.parent.relative_to(shared / "ck_like" / "Emotion")
        marks = sorted((shared / "ck_like" / "Landmarks" / sequence).glob("*.txt"))
        both = []
        for mark in (marks[0], marks[-1]):
            exact = np.loadtxt(mark)[None].astype(np.float32)
            name = mark.name.replace("_landmarks.txt", ".png")
            folder = shared / "ck_like" / "cohn-kanade-images" / sequence
            found = landmarker.follow(cv2.imread(str(folder / name), 0), exact)[0]
            both.append([p[0, 66, 1] - p[0, 62, 1] for p in (exact, found)])
        opened.append(np.subtract(*both[::-1]))
    true, found = np.array(opened).T
    assert (true @ found) / (true @ true) > 0.6


def test_following_walks_back_to_the_face(landmarker: Landmarker, face) -> None:
    picture, truth = face
    size = eye_distance(truth)
    here, _ = landmarker.follow(picture, truth[None])
    off = truth + np.array([0.12, -0.1], np.float32) * size
    for _ in range(3):
        off = landmarker.follow(picture, off.reshape(1, 68, 2))[0]
    assert mean_error(off[0], here[0]) < 0.015


def test_no_presence_where_no_face_is(landmarker: Landmarker) -> None:
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:200, :300]
    frames = [
        np.full((200, 300), 90, np.uint8),
        rng.integers(0, 256, (200, 300), np.uint8),
        cv2.GaussianBlur(rng.integers(0, 256, (200, 300), np.uint8), (0, 0), 6),
        (127 + 120 * np.sin(x / 9)).astype(np.uint8),
        ((x // 20 + y // 20) % 2 * 200).astype(np.uint8),
    ]
    boxes = np.array([[x, y, s, s] for s in (60, 120) for x in (0, 80, 160) for y in (0, 70)])
    for frame in frames:
        assert landmarker(frame, boxes.astype(np.float32))[1].max() < 0.5


def test_a_face_upside_down_or_aside_is_none(landmarker: Landmarker, face) -> None:
    picture, truth = face
    box = box_of(truth[None])
    assert landmarker(np.ascontiguousarray(picture[::-1]), box)[1][0] < 0.5
    box[:, :2] += 1.2 * box[:, 2:]
    assert landmarker(picture, box)[1][0] < 0.5


def test_version_names_the_weights(landmarker: Landmarker) -> None:
    name, digest = landmarker.version.split()
    assert name.startswith("builtin-") and len(digest) == 8


def test_missing_and_foreign_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FacesError, match=r"nothing\.safetensors"):
        Landmarker(tmp_path / "nothing.safetensors")
    file = tmp_path / "text.safetensors"
    file.write_text("hello")
    with pytest.raises(FacesError, match=r"text\.safetensors"):
        Landmarker(file)
    save_file({"a": torch.zeros(2)}, file, {"format": "pt"})
    with pytest.raises(FacesError, match="not a landmark network"):
        Landmarker(file)
    ours = {"format": "fervid", "kind": "landmarks", "version": "builtin-1"}
    save_file({"a": torch.zeros(2)}, file, ours)
    with pytest.raises(FacesError, match="another shape"):
        Landmarker(file)
