import numpy as np
import pytest

from fervid.learning.crops import Square, shares


def points(apart=40.0):
    """(3, 68, 2) with level eyes around (60, 50)."""
    made = np.zeros((3, 68, 2), np.float32)
    made[:] = np.random.default_rng(0).uniform(20, 90, (68, 2))
    for eye, side in ((slice(36, 42), -1), (slice(42, 48), 1)):
        made[:, eye] += (60 + side * apart / 2, 50) - made[:, eye].mean(axis=1, keepdims=True)
    return made


def test_the_square_lies_around_the_eyes():
    left, top, side = Square(64, side=2.6, down=0.55).place(points())
    assert side == pytest.approx(104)
    assert (left + side / 2, top + side / 2) == pytest.approx((60, 72), abs=1e-4)


@pytest.mark.parametrize(("size", "apart"), [(64, 40), (200, 20)])
def test_landmarks_move_with_the_picture(size, apart):
    """Smooth spots drawn at landmarks are found at the landmarks of the cut."""
    marks = points(apart)
    y, x = np.mgrid[:128, :128]
    for which in (30, 33, 57):
        marks[:, which] = (40 + which / 2, 45 + which / 3)
        cx, cy = marks[0, which]
        spot = 200 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 4.0**2))
        faces = np.repeat(spot[None, :, :, None], 3, axis=0).repeat(3, axis=3).astype(np.uint8)
        cut, moved = Square(size).cut(faces, marks)
        assert cut.shape == (3, size, size, 3) and cut.dtype == np.uint8
        grey = cut[0, :, :, 1].astype(float)
        rows, columns = np.mgrid[:size, :size]
        found = (grey * columns).sum() / grey.sum(), (grey * rows).sum() / grey.sum()
        assert found == pytest.approx(tuple(moved[0, which]), abs=0.2)


def test_colours_stay_apart_and_borders_go_on():
    faces = np.tile(np.uint8([10, 100, 200]), (3, 30, 30, 1))
    cut, _ = Square(48).cut(faces, points())
    assert (cut == np.uint8([10, 100, 200])).all()


def test_shares_against_a_slow_transcription():
    """Each new pixel is the mean over its area of the old pixels, which are flat."""
    weights = shares(20, 1.3, 15.0, 6)
    fine = 1.3 + (np.arange(15_000) + 0.5) / 1000
    old = np.clip(np.floor(fine + 0.5), 0, 19).astype(int)
    slow = np.zeros((6, 20))
    for place, pixel in zip(np.arange(15_000) // 2500, old, strict=True):
        slow[place, pixel] += 1 / 2500
    np.testing.assert_allclose(weights, slow, atol=1e-3)
    np.testing.assert_allclose(shares(20, -4.0, 40.0, 7).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(shares(20, -4.0, 40.0, 99).sum(axis=1), 1, rtol=1e-5)
