"""The table of action units: names, sides, sums."""

import numpy as np
import pytest

from fervid.faces.action_units import (
    ACTION_UNITS,
    COLUMNS,
    MIRROR,
    SHAPES,
    both_sides,
    units,
)


def shape(name: str, value: float = 1) -> np.ndarray:
    values = np.zeros(len(SHAPES), np.float32)
    values[SHAPES.index(name)] = value
    return values


def moved(name: str) -> set[str]:
    return {column for column, value in zip(COLUMNS, units(shape(name)), strict=True) if value}


def test_every_unit_of_the_table_is_there_with_its_sides() -> None:
    codes = {code for unit in ACTION_UNITS for code in unit.codes}
    assert codes == {
        1,
        2,
        4,
        5,
        6,
        7,
        9,
        10,
        12,
        14,
        15,
        16,
        17,
        18,
        20,
        22,
        23,
        24,
        25,
        26,
        43,
        45,
    }
    assert {"AU01_L", "AU01_R", "AU45_L", "AU17", "AU18", "AU22", "AU26"} <= set(COLUMNS)
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert len(set(SHAPES)) == len(SHAPES) == 51


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("browInnerUp_L", {"AU01_L"}),
        ("browDown_R", {"AU04_R"}),
        ("cheekRaiser_L", {"AU06_L"}),
        ("cheekSquint_L", {"AU06_L"}),
        ("mouthSmile_R", {"AU12_R"}),
        ("mouthShrugLower", {"AU17"}),
        ("jawOpen", {"AU26"}),
        ("eyeBlink_R", {"AU45_R"}),
        ("mouthRollLower", set()),  # stands for none of the units
    ],
)
def test_a_shape_moves_its_unit_and_no_other(name: str, columns: set[str]) -> None:
    assert moved(name) == columns


def test_units_add_up() -> None:
    both = shape("cheekRaiser_L", 0.3) + shape("cheekSquint_L", 0.4)
    assert units(both)[COLUMNS.index("AU06_L")] == pytest.approx(0.7)
    assert units(np.stack([both, 2 * both]))[1] == pytest.approx(2 * units(both))


def test_the_mirror_swaps_the_sides() -> None:
    names = [SHAPES[place] for place in MIRROR]
    swapped = {"_L": "_R", "_R": "_L", "Left": "Right", "Right": "Left"}
    for name, other in zip(SHAPES, names, strict=True):
        ending = next((each for each in swapped if name.endswith(each)), "")
        assert other == name.removesuffix(ending) + swapped.get(ending, "")


def test_both_sides_are_a_mean_under_every_code() -> None:
    values = units(np.stack([shape("mouthSmile_L"), shape("mouthPress_R"), shape("jawOpen")]))
    means = both_sides(values)
    assert means[12] == pytest.approx([0.5, 0, 0])
    for code, expected in ((23, [0, 0.5, 0]), (24, [0, 0.5, 0]), (25, [0, 0, 1]), (26, [0, 0, 1])):
        assert means[code] == pytest.approx(expected)
    assert list(means) == sorted(means)
