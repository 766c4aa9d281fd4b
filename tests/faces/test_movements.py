"""The movement network: what its weights know of drawn faces, mirror images, files it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.torch import save_file

from fervid.databases.drawn.action_units import UNITS
from fervid.databases.drawn.camera import Light, View
from fervid.databases.drawn.face import person
from fervid.databases.drawn.render import render
from fervid.errors import FacesError
from fervid.faces.action_units import COLUMNS, MIRROR, SHAPES, units
from fervid.faces.landmarks import WEIGHTS as LANDMARKS
from fervid.faces.landmarks import Landmarker
from fervid.faces.movements import MovementNetwork, Movements, crops
from fervid.faces.points68 import MIRROR as MIRROR_POINTS
from fervid.faces.versions import MOVEMENTS as WEIGHTS

PEOPLE = range(4)
BELOW_THE_NOSE = [
    COLUMNS.index(name) for name in COLUMNS if name[:4] >= "AU10" and not name.startswith("AU45")
]


@pytest.fixture(scope="module")
def network() -> Movements:
    return Movements(threads=1)


def draw(seed: int, left: float = 0, right: float = 0, codes: tuple[int, ...] = ()):
    """A drawn face, its person's own left and right moved by some units, and its landmarks."""
    moved = np.zeros((len(UNITS), 2))
    moved[[UNITS.index(code) for code in codes]] = right, left  # sides of the image
    wall = np.full((256, 256, 3), 120, np.uint8)
    return render(person(seed), moved, View(), Light(), wall)


@pytest.fixture(scope="module")
def change(network):
    """What a movement changes in the estimates, on average over drawn people."""
    find = Landmarker(threads=1)

    def estimate(seed: int, *movement) -> np.ndarray:
        picture, points = draw(seed, *movement)
        return units(network(picture[None], find.follow(picture, points[None])[0]))[0]

    def changed(codes: tuple[int, ...], left: float = 1, right: float = 1) -> np.ndarray:
        pairs = [(estimate(seed, left, right, codes), estimate(seed)) for seed in PEOPLE]
        return np.mean([moved - still for moved, still in pairs], axis=0)

    return changed


def of(values: np.ndarray, name: str) -> float:
    return float(values[COLUMNS.index(name)])


def test_raised_brows_move_nothing_below_the_nose(change) -> None:
    values = change((1, 2))
    assert min(of(values, f"AU0{unit}_{side}") for unit in (1, 2) for side in "LR") > 0.4
    assert np.abs(values[BELOW_THE_NOSE]).max() < 0.25


@pytest.mark.parametrize(
    ("code", "name", "least"),
    [(12, "AU12", 0.3), (15, "AU15", 0.1), (20, "AU20", 0.2), (45, "AU45", 0.2), (2, "AU02", 0.4)],
)
def test_a_movement_raises_its_unit_on_both_sides(change, code, name, least) -> None:
    values = change((code,))
    assert min(of(values, f"{name}_L"), of(values, f"{name}_R")) > least


def test_an_open_mouth(change) -> None:
    assert of(change((25, 26, 27)), "AU26") > 0.5


@pytest.mark.parametrize("unit", [2, 12])
def test_a_movement_of_one_side_is_seen_on_that_side(change, unit) -> None:
    for left in (1, 0):
        values = change((unit,), left, 1 - left)
        own, other = ("L", "R") if left else ("R", "L")
        assert of(values, f"AU{unit:02d}_{own}") > of(values, f"AU{unit:02d}_{other}") + 0.1


def test_a_mirrored_crop_gets_the_mirrored_answer(network) -> None:
    """By construction: of any picture, not only of faces."""
    noise = np.random.default_rng(0).integers(0, 256, (5, 96, 96), dtype=np.uint8)
    found = network.shapes(noise)
    mirrored = network.shapes(np.ascontiguousarray(noise[:, :, ::-1]))
    np.testing.assert_allclose(mirrored, found[:, list(MIRROR)], rtol=1e-5, atol=1e-5)
    assert np.abs(mirrored - found).max() > 0.01


def test_a_mirrored_face_swaps_left_and_right(network) -> None:
    picture, points = draw(2, 0.8, 0.1, (2, 12))
    flipped = points[list(MIRROR_POINTS)] * np.float32([-1, 1]) + np.float32([255, 0])
    found = network(picture[None], points[None])
    mirrored = network(picture[None, :, ::-1], flipped[None])
    np.testing.assert_allclose(mirrored, found[:, list(MIRROR)], atol=0.02)


def test_shapes_of_the_answer(network) -> None:
    picture, points = draw(0)
    grey = picture.mean(axis=2).astype(np.uint8)
    both = np.stack([points, points * np.nan])
    colour = network(np.stack([picture, picture]), both)
    assert colour.shape == (2, len(SHAPES)) and colour.dtype == np.float32
    assert np.isfinite(colour[0]).all() and np.isnan(colour[1]).all()
    np.testing.assert_allclose(network(grey[None], points[None])[0], colour[0], atol=0.1)
    assert network(np.zeros((0, 9, 9, 3), np.uint8), both[:0]).shape == (0, len(SHAPES))
    assert crops(points[None]).shape == (1, 2, 3)


def test_the_weights_are_small_and_say_what_they_are() -> None:
    count = sum(value.numel() for value in MovementNetwork().parameters())
    assert count <= 1_000_000
    assert WEIGHTS.stat().st_size < 2_000_000
    with safe_open(WEIGHTS, "pt") as file:
        metadata = file.metadata()
    assert json.loads(metadata["shapes"]) == list(SHAPES)
    assert "MIT" in metadata["licence_data"] and "no photographs" in metadata["licence_data"]
    assert "not FACS coding" in metadata["note"]
    card = (WEIGHTS.parent / "CARD.md").read_text(encoding="utf-8")
    part = card[card.index("# movements.safetensors") :]
    assert f"{count:,} parameters" in part
    assert "not FACS coding" in part and metadata["command"].split(" --")[0] in part


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FacesError, match="does not exist: install fervid again"):
        Movements(tmp_path / "none.safetensors")
    text = tmp_path / "text.safetensors"
    text.write_text("no")
    with pytest.raises(FacesError, match="is not a safetensors file"):
        Movements(text)
    with pytest.raises(FacesError, match="is not a movement network of fervid"):
        Movements(LANDMARKS)
    with safe_open(WEIGHTS, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    tensors.pop("answer.bias")
    save_file(tensors, tmp_path / "other.safetensors", metadata)
    with pytest.raises(FacesError, match="holds a movement network of another shape"):
        Movements(tmp_path / "other.safetensors")
