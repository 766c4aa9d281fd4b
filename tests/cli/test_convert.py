"""`fervid convert` as a user runs it."""

from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "holiday.csv"
    rows = {
        "input": "holiday.mp4", "frame": range(50), "timestamp": [n / 25 for n in range(50)],
        "face_id": 0, "status": "face", "left": 1.0, "top": 1.0, "width": 5.0, "height": 5.0,
        "score": 1.0, "label": ["fear"] * 25 + ["anger"] * 25,
        "p_anger": [0.1] * 25 + [0.8] * 25, "p_fear": [0.9] * 25 + [0.2] * 25,
    }  # fmt: skip
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_convert(run, table, tmp_path) -> None:
    from pympi.Elan import Eaf

    done = run("convert", table, "--format", "elan,spss", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "holiday.eaf" in done.output and "holiday.sav" in done.output
    read = Eaf(str(tmp_path / "out" / "holiday.eaf"))
    annotations = sorted(read.get_annotation_data_for_tier("face 0"))
    assert annotations == [(0, 1000, "fear"), (1000, 2000, "anger")]


@pytest.mark.parametrize(
    ("name", "format", "said"),
    [
        ("holiday.csv", "doc", "choose from openface"),
        ("holiday.csv", "openface", "predict --landmarks"),
        ("party.csv", "elan", "does not exist"),
    ],
)
def test_refused(refused, table, name, format, said) -> None:
    assert said in refused("convert", table.with_name(name), "--format", format)


def test_agreement(run, refused, table, tmp_path) -> None:
    human = tmp_path / "human.csv"
    human.write_text("start_seconds,end_seconds,label\n0,1.2,Fear\n1.2,2,anger\n")
    done = run("agreement", table, human, "--out", tmp_path / "figures.csv")
    assert done.exit_code == 0, done.output
    assert "(all): agreement 0.900" in done.output
    figures = pd.read_csv(tmp_path / "figures.csv").set_index(["label", "coefficient"])["value"]
    assert figures["(all)", "Cohen's kappa"] == pytest.approx(0.8)
    assert "two raters" in refused("agreement", table)
