"""`prepare` and `predict` cut faces out alike: a model sees in use what it was judged on."""

import cv2
import numpy as np
import pytest

from fervid.clip import Clip, Database
from fervid.databases.drawn.crops import crops
from fervid.faces import FaceSettings, Store, prepare
from fervid.models.shipped import open_model
from fervid.predict.one import timeline


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Drawn faces, grey; one is not square."""
    folder = tmp_path_factory.mktemp("crops")
    paths = []
    for number, face in enumerate(crops(6, seed=4)[0]):
        size = (192, 192) if number else (180, 240)
        path = folder / f"{number}.png"
        cv2.imwrite(str(path), cv2.resize(face, size, interpolation=cv2.INTER_AREA))
        paths.append(path)
    return paths


@pytest.mark.parametrize("finder", ["cropped", "builtin"])
def test_a_picture_gets_the_same_answer_from_a_store_and_from_predict(pictures, tmp_path, finder):
    settings = FaceSettings(finder=finder, lossless=True)
    clips = tuple(Clip(path.stem, path, "d", "neutral") for path in pictures)
    prepare(Database("d", ("neutral",), clips, "still"), tmp_path / "store", settings)
    store, model = Store.open(tmp_path / "store"), open_model("tfe-plus")
    tracks = {clip.path: store.main_track(clip) for clip in store.database.clips}
    seen = {path: track for path, track in tracks.items() if track is not None}
    assert len(seen) == 6 if finder == "cropped" else len(seen) >= 4
    for path, track in seen.items():
        line = timeline(path, model, settings)
        arrays = model.system.inputs(track)
        [expected] = model.predict(arrays)[model.output]
        np.testing.assert_allclose(line.probabilities[0], expected, rtol=1e-4, atol=1e-6)
