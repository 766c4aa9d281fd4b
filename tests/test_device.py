"""--device: where networks compute."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fervid.device import chosen
from fervid.errors import InputError
from fervid.faces import FaceSettings, finder, prepare
from fervid.learning.run import Run
from fervid.models.pretrained import Pretrained
from fervid.models.shipped import open_model
from fervid.predict import predict

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA GPU here")


def test_auto_is_the_gpu_where_there_is_one(monkeypatch) -> None:
    for there, name in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert chosen("auto") == name and chosen("cpu") == "cpu"
    with pytest.raises(InputError, match="no CUDA GPU here: use cpu or auto"):
        chosen("cuda")
    with pytest.raises(InputError, match="--device gpu7: use cpu, cuda or auto"):
        chosen("gpu7")


def test_every_place_that_computes_refuses_a_missing_gpu(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    picture = tmp_path / "grey.png"
    write(picture)
    run = Run(tmp_path / "run", device="cuda")
    labels = open_model("tfe-plus").labels
    for work in (
        lambda: open_model("tfe-plus", device="cuda"),
        lambda: finder(FaceSettings(), device="cuda"),
        lambda: finder(FaceSettings("cropped"), device="cuda"),
        lambda: prepare(clips(picture), tmp_path / "store", device="cuda"),
        lambda: predict([picture], tmp_path / "out", device="cuda"),
        lambda: Pretrained.of("tfe-plus").fit(Labelled(labels), Labelled(labels), run),
    ):
        with pytest.raises(InputError, match="no CUDA GPU here"):
            work()


class Labelled:
    """All that `Pretrained.fit` looks at."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels


def write(path: Path) -> None:
    import cv2

    cv2.imwrite(str(path), np.full((64, 64, 3), 128, np.uint8))


def clips(path: Path):
    from fervid.clip import Clip, Database

    return Database("one", ("neutral",), (Clip("grey", path, "one", "neutral", "someone"),))


@GPU
def test_a_gpu_finds_and_judges_the_same(shared: Path) -> None:
    from fervid.predict import timeline

    photo = shared / "videos" / "multi_face.jpg"
    settings = FaceSettings(max_faces=8)
    rows = [
        timeline(photo, open_model("tfe-plus", device=name), settings,
                 finder=finder(settings, device=name))
        for name in ("cpu", "cuda")
    ]  # fmt: skip
    np.testing.assert_allclose(rows[1].landmarks, rows[0].landmarks, atol=0.05)
    np.testing.assert_allclose(rows[1].probabilities, rows[0].probabilities, atol=1e-2)
