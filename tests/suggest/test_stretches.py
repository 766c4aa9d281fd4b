"""Prediction tables -> stretches to look at, and an .eaf that shows them."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fervid.agreement.raters import read_recordings
from fervid.errors import InputError
from fervid.suggest import stretches, suggest_stretches
from fervid.suggest.stretches import text, write_elan

LABELS = ("anger", "fear", "happiness")
SURE, NARROW = (0.9, 0.08, 0.02), (0.5, 0.45, 0.05)


def table(path: Path, script: list[str], media: str = "film.mp4", rate: int = 20) -> Path:
    """Frames by face: A, F, H surely, a, f, h narrowly so (the next label close), "-" none."""
    rows = []
    for frame in range(len(script[0])):
        for face, line in enumerate(script):
            sign = line[frame]
            p = dict.fromkeys((f"p_{label}" for label in LABELS), np.nan)
            label = None
            if sign != "-":
                place = "AFH".index(sign.upper())
                label = LABELS[place]
                values = np.roll(SURE if sign.isupper() else NARROW, place)
                p = {f"p_{name}": value for name, value in zip(LABELS, values, strict=True)}
            base = dict.fromkeys(("left", "top", "width", "height", "score"), 1.0)
            about = {"input": media, "frame": frame, "timestamp": frame / rate, "face_id": face}
            status = "face" if label else "too short"
            rows.append({**about, "status": status, **base, "label": label, **p})
    path.parent.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def about(stretches) -> list[tuple]:
    return [(s.face, s.start, s.end, s.label, s.suggested) for s in stretches]


def test_narrow_and_brief(tmp_path) -> None:
    #                                      0         10        20        30
    path = table(tmp_path / "x.csv", ["A" * 10 + "f" * 10 + "A" * 6 + "HH" + "A" * 12,
                                      "A" * 10 + "H" * 2 + "-" * 28])  # fmt: skip
    found = suggest_stretches([path])
    assert about(found) == [(0, 0.5, 1.0, "fear", "happiness"), (0, 1.3, 1.4, "happiness", "anger")]
    assert found[0].reasons == ("narrow: 0.05 between the two likeliest",)
    assert found[0].margin == pytest.approx(0.05) and np.isnan(found[0].agreement)
    assert found[1].reasons == ("lasts 0.10 s",)  # but face 1's end, where it vanishes, is not
    assert "x face 0, 0.50 to 1.00 s: fear, or happiness? narrow" in text(found)
    assert len(suggest_stretches([path], n=1)) == 1


def test_models_that_disagree(tmp_path) -> None:
    first = table(tmp_path / "a" / "x.csv", ["A" * 20 + "F" * 20])
    second = table(tmp_path / "b" / "x.csv", ["A" * 24 + "H" * 16])
    third = table(tmp_path / "c" / "x.csv", ["A" * 20 + "H" * 12 + "F" * 8])
    found = suggest_stretches([first, second, third])
    assert about(found) == [(0, 1.0, 2.0, "fear", "happiness")]
    assert found[0].agreement == pytest.approx(8 / 40) and found[0].table.path == first
    assert found[0].reasons == ("other models say fear in 20% of its frames",)
    assert suggest_stretches([first, first]) == []


def test_inputs_are_kept_apart(tmp_path) -> None:
    first = table(tmp_path / "x.csv", ["A" * 20])
    other = table(tmp_path / "y.csv", ["F" * 20], media="other.mp4")
    assert suggest_stretches([first, other]) == []


def test_csv(tmp_path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"")
    path = table(tmp_path / "x.csv", ["A" * 10 + "f" * 10])
    (row,) = csv.DictReader(stretches.table(suggest_stretches([path])).splitlines())
    assert row["path"] == str(tmp_path / "film.mp4") and row["agreement"] == ""
    assert (row["face_id"], row["start_seconds"], row["end_seconds"]) == (
        "0",
        "0.500000",
        "1.000000",
    )
    assert (row["label"], row["suggested"]) == ("fear", "happiness")


def test_elan(tmp_path) -> None:
    """All labels as `convert` writes them; the reasons in a tier that `agreement` passes over."""
    from pympi.Elan import Eaf

    path = table(tmp_path / "x.csv", ["A" * 10 + "f" * 10, "A" * 20])
    (written,) = write_elan(suggest_stretches([path]), tmp_path / "out")
    assert written == tmp_path / "out" / "x.suggested.eaf"
    (look,) = Eaf(str(written)).get_annotation_data_for_tier("face 0 look")
    assert look == (500, 1000, "happiness? narrow: 0.05 between the two likeliest")
    tiers = read_recordings(written)[""]
    assert tiers["face 0"] == [(0, 0.5, "anger"), (0.5, 1.0, "fear")]
    assert set(tiers) == {"face 0", "face 1"}


def test_other_labels(tmp_path) -> None:
    first = table(tmp_path / "a" / "x.csv", ["A" * 20])
    second = table(tmp_path / "b" / "x.csv", ["A" * 20])
    second.write_text(second.read_text().replace("p_fear", "p_contempt"))
    with pytest.raises(InputError, match="one input but have other labels"):
        suggest_stretches([first, second])
