"""fervid from Python: the same results as the commands, from names and paths."""

import warnings
from pathlib import Path

import numpy as np
import pytest

import fervid
from fervid.databases import drawn
from fervid.errors import InputError


@pytest.fixture(scope="module")
def faces(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("faces")
    drawn.draw(folder, 5, 1, "apex", "easy", seed=1, size=96, emotions=("happiness", "surprise"))
    return folder


@pytest.fixture(scope="module")
def store(faces, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    prepared = fervid.prepare("drawn", faces, folder, faces="builtin")
    assert len(prepared.database.clips) == 10
    return folder


def test_a_video_is_a_table(faces, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    one, two = sorted(faces.glob("clips/*/*.mp4"))[:2]
    table = fervid.predict(one, faces="builtin")
    assert list(table.input.unique()) == [str(one)]
    assert table.frame.tolist() == list(range(len(table)))
    chances = table.filter(like="p_").to_numpy()
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-3)
    assert not list(tmp_path.iterdir())
    kept = fervid.predict([two, one], faces="builtin", out="kept")
    assert list(kept.input.unique()) == [str(two), str(one)]
    assert (tmp_path / "kept" / f"{one.stem}.csv").is_file()
    again = kept[kept.input == str(one)].reset_index(drop=True)
    assert again.equals(table)
    other = fervid.predict(one, faces="builtin", format="parquet,openface")
    assert len(other) == len(table) and {"p_happiness", "label"} <= set(other.columns)


def test_a_bad_video_is_named_and_left_out(faces, tmp_path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"not a video")
    good = next(iter(sorted(faces.glob("clips/*/*.mp4"))))
    with pytest.warns(UserWarning, match=r"bad\.mp4 was left out"):
        table = fervid.predict([bad, good], faces="builtin")
    assert list(table.input.unique()) == [str(good)]
    with warnings.catch_warnings(), pytest.raises(InputError):
        fervid.predict(bad, faces="builtin")


def test_a_system_is_evaluated_by_name(store, tmp_path) -> None:
    fields = {"geometry.plan.epochs": 2}
    words = {"protocol": "five-fold", "fields": fields, "seed": 3, "device": "cpu"}
    report = fervid.evaluate("dtgn", store, out=tmp_path / "run", **words)
    assert report.facts["seed"] == 3 and len(report.clip) == 10
    assert report.facts["recipe"]["geometry.plan.epochs"] == 2
    again = fervid.read_report(tmp_path / "run")
    np.testing.assert_array_equal(
        again.probabilities[report.output].argmax(1), report.probabilities[report.output].argmax(1)
    )
    with pytest.raises(InputError, match="choose one of dtagn"):
        fervid.evaluate("dtagm", store)
    with pytest.raises(InputError, match=r"has no field 'plan\.epochs'"):
        fervid.evaluate("dtgn", store, fields={"plan.epochs": 2})
    with pytest.raises(InputError, match="prepare"):
        fervid.evaluate("dtgn", tmp_path / "nowhere")


def test_a_trained_model_predicts(store, faces, tmp_path) -> None:
    model = tmp_path / "mine.safetensors"
    trained = fervid.train("dtgn", store, model, fields={"geometry.plan.epochs": 2}, device="cpu")
    assert trained.samples > 0 and model.is_file()
    video = next(iter(sorted(faces.glob("clips/*/*.mp4"))))
    table = fervid.predict(video, model=model, faces="builtin")
    assert {"p_happiness", "p_surprise"} <= set(table.columns)
