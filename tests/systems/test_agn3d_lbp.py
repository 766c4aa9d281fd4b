import numpy as np
from skimage.feature import multiblock_lbp
from skimage.transform import integral_image

from fervid.systems.agn3d import lbp


def pictures():
    """Noise, a picture full of ties, one grey, one pixel wide, and a smooth one."""
    rng = np.random.default_rng(0)
    slope = np.add.outer(np.arange(30) ** 2 // 7, 3 * np.arange(25)) % 256
    return [
        rng.integers(0, 256, (37, 41), np.uint8),
        (rng.integers(0, 4, (50, 33)) * 4).astype(np.uint8),
        np.full((20, 20), 77, np.uint8),
        rng.integers(0, 256, (9, 1), np.uint8),
        slope.astype(np.uint8),
    ]


def test_the_square_is_scikit_image_s_in_blocks_of_one_pixel():
    picture = np.random.default_rng(1).integers(0, 8, (12, 15), np.uint8) * 30
    whole = integral_image(picture)
    found = lbp.encode(picture)
    # Theirs goes clockwise from the top left, the first neighbour being the highest bit.
    clockwise = [(-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1)]
    for row in range(10):
        for column in range(13):
            theirs = multiblock_lbp(whole, row, column, 1, 1)
            bits = {clockwise[i]: theirs >> (7 - i) & 1 for i in range(8)}
            ours = sum(bits[place] << p for p, place in enumerate(lbp.SQUARE))
            assert found[row + 1, column + 1] == ours


def test_fig_2_by_hand():
    """Neighbours at least as bright as the middle are 1."""
    picture = np.array([[6, 5, 2], [7, 6, 1], [9, 8, 7]], np.uint8)
    # Right 1 no, up right 2 no, up 5 no, up left 6 yes, left 7, down left 9, down 8, down right 7.
    assert lbp.encode(picture)[1, 1] == 0b11111000


def test_codes_do_not_change_with_brightness_and_contrast():
    picture = np.random.default_rng(2).integers(0, 100, (3, 20, 24)).astype(np.uint8)
    expected, found = lbp.encode(picture), lbp.encode(2 * picture + 30)
    np.testing.assert_array_equal(found[:, 1:-1, 1:-1], expected[:, 1:-1, 1:-1])
    assert expected.shape == picture.shape


def test_codes_of_a_mirrored_picture_are_looked_up():
    for picture in pictures():
        expected = lbp.encode(picture[:, ::-1].copy())
        found = lbp.mirrored()[lbp.encode(picture)[:, ::-1]]
        np.testing.assert_array_equal(found, expected)


def test_many_pictures_at_once_are_each_alone():
    many = np.random.default_rng(4).integers(0, 256, (2, 3, 14, 11), np.uint8)
    found = lbp.encode(many)
    for i in np.ndindex(2, 3):
        np.testing.assert_array_equal(found[i], lbp.encode(many[i]))
