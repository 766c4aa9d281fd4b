"""Raters' files of every kind -> the same moments -> the same figures."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fervid.agreement import compare
from fervid.agreement.compare import ALL, UNLABELLED
from fervid.agreement.raters import read_rater
from fervid.errors import InputError
from fervid.labels import canonical
from fervid.prediction.writers import convert

MODEL = [(0, 2, "anger"), (2, 3, "fear"), (3.2, 6, "happiness")]
HUMAN = [(0, 1.6, "Angry"), (1.6, 3, "fear"), (3.2, 6, "happy")]


def frames(path: Path, faces: list[list[tuple[float, float, str]]], rate: int = 25) -> Path:
    """A prediction table that says so."""
    rows = []
    for frame in range(6 * rate):
        time = frame / rate
        for face, stretches in enumerate(faces):
            now = [canonical(name) for a, b, name in stretches if a <= time + 1e-9 < b]
            label = now[0] if now else None
            p = {f"p_{name}": float(name == label) for name in ("anger", "fear", "happiness")}
            base = dict.fromkeys(("left", "top", "width", "height", "score"), 1.0)
            status = "face" if label else "too short"
            rows.append({"input": "x.mp4", "frame": frame, "timestamp": round(time, 6),
                         "face_id": face, "status": status, **base, "label": label,
                         **(p if label else {})})  # fmt: skip
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def spreadsheet(path: Path, stretches: list[tuple[float, float, str]], sep: str = ",") -> Path:
    lines = [sep.join(("start_seconds", "end_seconds", "label"))]
    path.write_text("\n".join(lines + [sep.join(map(str, each)) for each in stretches]) + "\n")
    return path


def figure(found, name: str, label: str = ALL) -> float:
    return next(
        each.value for each in found.coefficients if (each.name, each.label) == (name, label)
    )


def test_by_hand(tmp_path) -> None:
    """150 moments, of which 10 differ: anger 50 and 40, fear 25 and 35, happiness 70, none 5."""
    model = frames(tmp_path / "model.csv", [MODEL])
    human = spreadsheet(tmp_path / "human.csv", HUMAN)
    found = compare([model, human])
    assert found.seconds == pytest.approx(6) and found.left_out == ()
    assert figure(found, "agreement") == pytest.approx(140 / 150)
    expected = (50 * 40 + 25 * 35 + 70 * 70 + 5 * 5) / 150**2
    assert figure(found, "Cohen's kappa") == pytest.approx((140 / 150 - expected) / (1 - expected))
    pooled = (45**2 + 30**2 + 70**2 + 5**2) / 150**2
    assert figure(found, "Fleiss' kappa") == pytest.approx((140 / 150 - pooled) / (1 - pooled))
    values = np.array([90, 60, 140, 10])
    chance = (values * (values - 1)).sum() / (300 * 299)
    alpha = (140 / 150 - chance) / (1 - chance)
    assert figure(found, "Krippendorff's alpha") == pytest.approx(alpha)
    assert figure(found, "Krippendorff's alpha", "happiness") == pytest.approx(1)
    assert all(np.isnan(each.low) for each in found.coefficients)  # one face: no interval


def test_unlabelled_as_missing(tmp_path) -> None:
    human = spreadsheet(tmp_path / "human.csv", HUMAN[:2])
    paths = [frames(tmp_path / "model.csv", [MODEL]), human]
    found = compare(paths, skip_unlabelled=True)
    assert figure(found, "agreement") == pytest.approx(65 / 75)
    assert UNLABELLED not in {each.label for each in found.coefficients}
    assert figure(compare(paths), "agreement") == pytest.approx(70 / 150)


@pytest.mark.parametrize("format", ["elan", "textgrid", "boris"])
def test_every_kind_of_file(tmp_path, format) -> None:
    """What a person corrects in ELAN, Praat or BORIS says the same as the table it began as."""
    table = frames(tmp_path / "model.csv", [MODEL, HUMAN])
    written = convert([table], format, tmp_path / "out")[0]
    assert compare([table, written], step=0.04).coefficients[0].value == 1
    before, after = read_rater(table), read_rater(written)
    assert set(after.units) == set(before.units)
    for unit, stretches in before.units.items():
        assert [each[2] for each in after.units[unit]] == [each[2] for each in stretches]
        times = [each[:2] for each in stretches]
        assert np.allclose([each[:2] for each in after.units[unit]], times, rtol=0, atol=0.0006)


def test_three_raters_and_the_interval(tmp_path) -> None:
    """Three folders of eight recordings; one rater is worse than the others."""
    rng = np.random.default_rng(0)
    names = ("anger", "fear", "happiness")
    for rater, wrong in (("ann", 0.1), ("bob", 0.1), ("cyd", 0.6)):
        (tmp_path / rater).mkdir()
        for clip in range(8):
            truth = np.random.default_rng(clip).choice(names, 30)
            said = np.where(rng.random(30) < wrong, rng.choice(names, 30), truth)
            stretches = [(n, n + 1, label) for n, label in enumerate(said)]
            spreadsheet(tmp_path / rater / f"clip{clip}.csv", stretches)
    found = compare([tmp_path / rater for rater in ("ann", "bob", "cyd")], step=0.5)
    assert len(found.units) == 8 and found.seconds == pytest.approx(240)
    kappas = {
        c.raters: c for c in found.coefficients if (c.name, c.label) == ("Cohen's kappa", ALL)
    }
    assert kappas["ann", "bob"].low > kappas["ann", "cyd"].high
    for each in found.coefficients:
        if each.label != UNLABELLED and not np.isnan(each.value):
            assert each.low <= each.value <= each.high
    rows = list(csv.DictReader(found.table().splitlines()))
    assert len(rows) == len(found.coefficients) and rows[0]["raters"] == "ann and bob and cyd"
    assert "8 recordings and faces" in found.text()


def test_bounds_of_two_people(tmp_path) -> None:
    """So few people leave nearly everything open, but no share below 0 nor coefficient below -1."""
    model = frames(tmp_path / "model.csv", [MODEL, HUMAN])
    same = frames(tmp_path / "same.csv", [MODEL, HUMAN])
    figures = compare([model, same]).coefficients
    for each in figures:
        least = 0 if each.name in ("agreement", "episodes matched") else -1
        assert least <= each.low < each.value == each.high == 1, each
    kappa = min(each.low for each in figures if each.name == "Cohen's kappa")
    assert kappa < 0  # so that the bound of shares is not met by accident


def test_faces_that_only_one_judged(tmp_path) -> None:
    model = frames(tmp_path / "model.csv", [MODEL, HUMAN])
    human = tmp_path / "human.csv"
    human.write_text("start;end;label;face_id\n0;1.6;anger;1\n1.6;3;fear;1\n")
    found = compare([model, human])
    assert found.units == (("", "face 1"),) and found.left_out == (("", "face 0"),)
    assert "left out: face 0" in found.text()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("start,end,label\n0,2,fear\n1,3,anger\n", "overlap at 1.000 s"),
        ("start,end,label\n2,1,fear\n", "line 2"),
        ("start,end,emotion\n0,1,fear\n", "no column 'label'"),
        ("a,b\n0,1\n", "no column 'input'"),
    ],
)
def test_bad_files(tmp_path, content, said) -> None:
    (tmp_path / "a.csv").write_text(content)
    good = spreadsheet(tmp_path / "b.csv", HUMAN)
    with pytest.raises(InputError, match=said) as refused:
        compare([tmp_path / "a.csv", good])
    assert "a.csv" in str(refused.value)


def test_refusals(tmp_path) -> None:
    human = spreadsheet(tmp_path / "human.csv", HUMAN)
    (tmp_path / "x.eaf").write_text("no xml")
    (tmp_path / "x.doc").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "some").mkdir()
    spreadsheet(tmp_path / "some" / "human.csv", HUMAN)
    for paths, said in (
        ([human], "two raters"),
        ([human, tmp_path / "gone.csv"], "does not exist"),
        ([human, tmp_path / "x.eaf"], "cannot be read"),
        ([human, tmp_path / "x.doc"], "is not one of"),
        ([human, tmp_path / "some"], "cannot compare one recording's file with folders"),
        ([tmp_path / "empty", tmp_path / "empty"], "holds no .csv"),
    ):
        with pytest.raises(InputError, match=said):
            compare(paths)
    model = frames(tmp_path / "model.csv", [MODEL, HUMAN])
    with pytest.raises(InputError, match="nothing in common"):
        compare([model, human])


@pytest.mark.parametrize("step", [0.0, float("nan"), float("inf"), 1e-300])
def test_steps_that_are_none(tmp_path, step) -> None:
    with pytest.raises(InputError, match="--step"):
        compare([spreadsheet(tmp_path / f"{name}.csv", HUMAN) for name in "ab"], step=step)


def test_boris_projects_of_several_observations(tmp_path) -> None:
    """Matched by the observations' names; against files of the same names, too."""
    import json

    (tmp_path / "tables").mkdir()
    projects = {}
    for rater, stretches in (("model", MODEL), ("human", HUMAN)):
        table = frames(tmp_path / f"{rater}.csv", [stretches])
        project = json.loads(convert([table], "boris", tmp_path / "out")[0].read_text())
        (observation,) = project["observations"].values()
        project["observations"] = {"one": observation, "two": observation}
        projects[rater] = tmp_path / f"{rater}.boris"
        projects[rater].write_text(json.dumps(project))
    for name in ("one", "two"):
        frames(tmp_path / "tables" / f"{name}.csv", [MODEL])
    for model in (projects["model"], tmp_path / "tables"):
        found = compare([model, projects["human"]])
        assert found.units == (("one", "face 0"), ("two", "face 0"))
        assert figure(found, "agreement") == pytest.approx(140 / 150)
    with pytest.raises(InputError, match="cannot compare one recording's file"):
        compare([tmp_path / "model.csv", projects["human"]])


def test_a_boris_event_without_end(tmp_path) -> None:
    import json

    table = frames(tmp_path / "model.csv", [MODEL])
    project = convert([table], "boris", tmp_path / "out")[0]
    content = json.loads(project.read_text())
    next(iter(content["observations"].values()))["events"].pop()
    project.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"happiness of face 0 at 3\.2 s has no end"):
        compare([table, project])
