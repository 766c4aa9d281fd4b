"""Alignment against a slow transcription, and unmoved by what must not move it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fervid.faces.align import RIGID, Aligner, crop, inverse, move, template, to_crop
from fervid.faces.settings import FaceSettings
from fervid.faces.track import SIZE

Floats = NDArray[np.float32]


def some_faces(count: int, seed: int = 0) -> Floats:
    """(T, 68, 2) wobbling faces anywhere, at any angle and size."""
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 1, (count, 68, 2))
    points[:, list(RIGID)] = np.array(list(RIGID.values())) + rng.normal(
        0, 0.03, (count, len(RIGID), 2)
    )
    angle, scale = rng.uniform(-3, 3, count), rng.uniform(10, 300, count)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = np.einsum("ijt,tlj->tli", turn * scale, points)
    return (turned + rng.uniform(-500, 2000, (count, 1, 2))).astype(np.float32)


def umeyama(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Umeyama 1991, Eqs. 38-42, as printed: means, covariance, SVD, sign, scale."""
    m_x, m_y = source.mean(axis=0), target.mean(axis=0)
    covariance = np.zeros((2, 2))
    variance = 0.0
    for x, y in zip(source, target, strict=True):
        covariance += np.outer(y - m_y, x - m_x) / len(source)
        variance += float((x - m_x) @ (x - m_x)) / len(source)
    u, d, v = np.linalg.svd(covariance)
    sign = np.diag([1.0, 1.0 if np.linalg.det(covariance) >= 0 else -1.0])
    rotation = u @ sign @ v
    scale = np.trace(np.diag(d) @ sign) / variance
    return np.column_stack([scale * rotation, m_y - scale * rotation @ m_x])


def test_the_closed_form_is_umeyamas() -> None:
    faces = some_faces(20)
    ours = to_crop(faces)
    for face, transform in zip(faces, ours, strict=True):
        slow = umeyama(face[list(RIGID)].astype(float), template())
        assert np.allclose(transform[:, :2], slow[:, :2], atol=1e-5)
        points = face[list(RIGID)][None]
        assert np.allclose(move(points, transform[None]), move(points, slow[None]), atol=1e-2)


def test_no_other_similarity_is_nearer() -> None:
    face = some_faces(1)
    best = to_crop(face).astype(float)

    def error(transform: NDArray[np.float64]) -> float:
        rigid = face[:, list(RIGID)].astype(float)
        return float(((rigid @ transform[0, :, :2].T + transform[0, :, 2] - template()) ** 2).sum())

    rng = np.random.default_rng(0)
    for _ in range(50):
        a, b, x, y = rng.normal(0, 1e-3, 4)
        nudge = np.array([[[a, -b, 1000 * x], [b, a, 1000 * y]]])
        assert error(best + nudge) >= error(best) - 1e-3


@settings(max_examples=30, deadline=None)
@given(
    angle=st.floats(-3.1, 3.1),
    scale=st.floats(0.2, 5),
    x=st.floats(-800, 800),
    seed=st.integers(0, 9),
)
def test_the_crop_does_not_see_how_the_camera_was_held(
    angle: float, scale: float, x: float, seed: int
) -> None:
    face = some_faces(1, seed)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (face @ turn.T + [x, -x]).astype(np.float32)
    here, there = move(face, to_crop(face)), move(moved, to_crop(moved))
    assert np.abs(here - there).max() < 0.5  # float32 pixels far from the origin


def test_an_expression_does_not_move_the_crop() -> None:
    face = some_faces(1)
    smiling = face.copy()
    smiling[:, 48:] += 20
    smiling[:, :27] -= 9
    assert np.array_equal(to_crop(face), to_crop(smiling))


def test_inverse_undoes_and_nan_stays_nan() -> None:
    faces = some_faces(5)
    faces[2] = np.nan
    there = to_crop(faces)
    back = move(move(faces, there), inverse(there))
    assert np.isnan(there[2]).all() and np.isnan(back[2]).all()
    seen = [0, 1, 3, 4]
    assert np.allclose(back[seen], faces[seen], atol=0.05)


def test_a_whole_face_fits_into_the_crop() -> None:
    points = template()
    eyes = (points[[0, 1]].mean(axis=0) + points[[2, 3]].mean(axis=0)) / 2
    unit = 0.28 * SIZE
    assert eyes[1] - 1.2 * unit >= 0  # hairline
    assert eyes[1] + 2.2 * unit <= SIZE  # a dropped jaw, 99.9 % of the rendered faces
    assert abs(eyes[0] - (SIZE - 1) / 2) < 1e-9


def test_crop_agrees_with_sampling_by_hand() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (60, 80, 3)).astype(np.uint8)
    transform = np.array([[2.0, 0, -20], [0, 2.0, -30]], np.float32)  # frame -> crop, enlarging
    cut = crop(image, transform, 64)
    for u, v in [(0, 0), (10, 20), (40, 6), (63, 63)]:
        assert np.abs(cut[v, u].astype(int) - bilinear(image, (u + 20) / 2, (v + 30) / 2)).max() < 3


def test_a_large_face_is_averaged_down() -> None:
    """Every pixel of a chequered face counts: the crop of a fine pattern is grey, not striped."""
    image = np.zeros((1024, 1024, 3), np.uint8)
    image[::2] = 255
    transform = np.array([[0.25, 0, -0.375], [0, 0.25, -0.375]], np.float32)
    assert np.abs(crop(image, transform, 256)[1:-1].astype(int) - 128).max() <= 1
    ramp = np.repeat(np.arange(1024)[None] / 4, 1024, axis=0).astype(np.uint8)[..., None]
    shrunk = crop(np.repeat(ramp, 3, axis=2), transform, 256)
    assert np.abs(shrunk[128, :, 0].astype(int) - np.arange(256)).max() <= 1


def bilinear(image: NDArray[np.uint8], x: float, y: float) -> NDArray[np.float64]:
    left, top = int(np.floor(x)), int(np.floor(y))
    total = np.zeros(3)
    for dx in (0, 1):
        for dy in (0, 1):
            i, j = top + dy, left + dx
            if 0 <= i < image.shape[0] and 0 <= j < image.shape[1]:
                total += image[i, j] * abs(1 - dx - (x - left)) * abs(1 - dy - (y - top))
    return total


def test_the_aligner_gives_points_where_the_crop_shows_them() -> None:
    image = np.zeros((400, 500, 3), np.uint8)
    face = some_faces(1)[0]
    face = (face - face.mean(axis=0)) / 10 + 220
    x, y = face[30].round().astype(int)
    image[y - 2 : y + 3, x - 2 : x + 3] = 255
    picture, points, back = Aligner(FaceSettings())(image, face, 0)
    rows, columns = np.nonzero(picture[..., 0] > 128)
    scale = float(np.hypot(*back[:, 0]))
    assert np.abs(points[30] - [columns.mean(), rows.mean()]).max() < 1 + 1 / scale
    assert np.allclose(move(points[None], back[None])[0], face, atol=0.01)


def jumpy(count: int) -> Floats:
    rng = np.random.default_rng(3)
    steady = some_faces(1)
    return (steady + rng.normal(0, 2, (count, 1, 2))).astype(np.float32)


@pytest.mark.parametrize("face", [0, 7])
def test_smooth_is_steadier_and_jumps_when_the_face_jumps(face: int) -> None:
    image = np.zeros((50, 50, 3), np.uint8)
    faces = jumpy(30)
    spread = {}
    for kind in ("per-frame", "smooth"):
        align = Aligner(FaceSettings(stabilise=kind))
        backs = np.array([align(image, points, face)[2] for points in faces])
        spread[kind] = backs[5:, :, 2].std(axis=0).mean()
    assert spread["smooth"] < 0.7 * spread["per-frame"]
    away = faces[0] + 900
    _, points, _ = align(image, away, face)
    assert np.allclose(points, move(away[None], to_crop(away[None]))[0], atol=0.1)
