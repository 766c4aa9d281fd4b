"""Each listed contradiction is computed again from the tables."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fervid.papers.published import PAPERS, confusion, table
from fervid.papers.published.contradictions import contradictions, markdown

PAGE = Path(__file__).parents[2] / "docs" / "published.md"
Figures = tuple[float, ...]
DATABASES = ("ck_plus", "oulu_casia", "mmi")
ACCURACY = {"ck_plus": 2, "oulu_casia": 4, "mmi": 6}


def get(paper: str, number: int | str, row: str, **where: object) -> float:
    """The one number of a row, further fields deciding where there are several."""
    found = {
        one.value
        for one in table(paper, number)
        if one.row == row and all(getattr(one, k) == v for k, v in where.items())
    }
    assert len(found) == 1, (paper, number, row, where, found)
    return found.pop()


def told(paper: str, row: str, **where: object) -> float:
    return get(paper, "text", row, **where)


def rows(paper: str, number: int | str) -> dict[str, np.ndarray]:
    labels, matrix = confusion(paper, number)
    return dict(zip(labels, matrix, strict=True))


def fits(cells: np.ndarray, size: int, slack: float = 0.0101) -> bool:
    """Whether each printed percentage is a multiple of 1/size; cut or rounded, one cell short."""
    return bool(np.all(np.abs(cells - 100 * np.round(cells * size / 100) / size) <= slack))


def mmi_anger_disgust() -> Figures:
    sizes = {one.column: int(one.value) for one in table("dtagn", 1) if one.database == "mmi"}
    anger, disgust = sizes["anger"], sizes["disgust"]
    matrix = rows("dtagn", 7)
    assert fits(matrix["anger"], disgust) and not fits(matrix["anger"], anger, 0.3)
    assert fits(matrix["disgust"], anger) and not fits(matrix["disgust"], disgust, 0.1)
    labels, cells = confusion("dtagn", 7)
    diagonal = np.diag(cells)
    printed = np.average(diagonal, weights=[sizes[label] for label in labels])
    sizes["anger"], sizes["disgust"] = disgust, anger
    clips = [round(cell * sizes[label] / 100) for cell, label in zip(diagonal, labels, strict=True)]
    joint = get("dtagn", 6, "DTAGN(Joint)")
    exchanged = round(100 * sum(clips) / sum(sizes[label] for label in labels), 2)
    assert exchanged == joint
    return anger, disgust, disgust, anger, joint, round(float(printed), 2)


def mmi_dtan_rounding() -> Figures:
    printed, size = get("dtagn", 6, "DTAN"), int(get("dtagn", 1, "MMI", column="all"))
    clips = round(printed * size / 100)
    near = round(100 * clips / size, 2)
    assert printed not in {round(100 * (clips + k) / size, 2) for k in (-1, 0, 1)}
    return printed, size, clips, near


def halves_rounded_both_ways() -> Figures:
    down = get("dtagn", 4, "DTAGN(Weighted Sum)")
    up = get("dtagn", 9, "Accuracy (Oulu)", column="Concatenation")
    matrix = rows("dtagn", 7)
    labels, _ = confusion("dtagn", 7)
    cut = matrix["disgust"][labels.index("happiness")]
    grown = matrix["sadness"][labels.index("anger")]
    sad = matrix["sadness"][labels.index("sadness")]
    assert (100 * 387 / 480, 100 * 363 / 480, 100 * 3 / 32, 100 * 22 / 32) == (
        80.625, 75.625, 9.375, 68.75,
    )  # fmt: skip
    total = round(float(matrix["sadness"].sum()), 2)
    return 387, 480, down, 3, 32, cut, 363, 480, up, 3, 32, grown, 22, 32, sad, total


def single_networks_on_ck() -> Figures:
    appearance, geometry = get("dtagn", 2, "DTAN"), get("dtagn", 2, "DTGN")
    quoted = [one.value for one in table("dtagn", 2) if not one.own]
    assert quoted.count(appearance) == 1
    below = [sum(one < own for one in quoted) for own in (geometry, appearance)]
    return appearance, geometry, below[0], len(quoted), below[1]


def concatenation_worse() -> Figures:
    found = []
    for database in DATABASES:
        joined = next(
            one.value
            for one in table("dtagn", 9)
            if one.database == database and one.column == "Concatenation"
        )
        better = max(get("dtagn", ACCURACY[database], name) for name in ("DTAN", "DTGN"))
        assert joined > better
        found += [joined, better]
    return tuple(found)


def gain_over_concatenation() -> Figures:
    by_row: dict[str, dict[str, float]] = {}
    for one in table("dtagn", 9):
        by_row.setdefault(one.row, {})[one.column] = one.value
    gains = [round(v["Joint Fine-tuning"] - v["Concatenation"], 2) for v in by_row.values()]
    least, most = (
        told("dtagn", "gain over concatenation", column=column)
        for column in ("at least, about", "at most, about")
    )
    assert round(min(gains)) < least and round(max(gains)) == most
    return least, most, *gains


def fear_as_surprise() -> Figures:
    labels, _ = confusion("dtagn", 7)
    fear = dict(zip(labels, rows("dtagn", 7)["fear"], strict=True))
    size = int(get("dtagn", 1, "MMI", column="fear"))
    clips = {label: round(cell * size / 100) for label, cell in fear.items()}
    errors = size - clips["fear"]
    assert 2 * clips["surprise"] < errors
    return fear["surprise"], fear["fear"], errors, clips["surprise"]


def reference_15() -> Figures:
    sources = {one.row: one.source for one in table("dtagn", 2)}
    return tuple(int(sources[name].strip("[]")) for name in ("Cov3D", "3DCNN"))


def appearance_only() -> Figures:
    row = next(one for one in table("agn3d", 1) if one.own)
    assert "appearance" in row.note
    return row.value, told("agn3d", "convolution layers")


def pools_and_frames() -> Figures:
    frames, pools, kernel = (
        int(told("agn3d", row)) for row in ("frames", "pooling layers", "pooling kernel")
    )
    course = [frames]
    while course[-1]:
        course.append(course[-1] // kernel)
    assert len(course) - 1 <= pools
    return frames, pools, kernel, *course


def logits_of_two_sizes() -> Figures:
    sizes = told("agn3d", "classes of network 1"), told("agn3d", "classes of network 2")
    assert sizes[0] != sizes[1]
    return sizes


def six_that_are_seven() -> Figures:
    return tuple(
        told("ir3d", "expressions", column=column, database="ck_plus")
        for column in ("said", "named")
    )


def two_protocols() -> Figures:
    own = [one for one in table("ir3d", 1) if one.own]
    figures = [told("ir3d", "folds"), told("ir3d", "subjects", column="held out")]
    for with_landmarks in (True, False):
        cells = [one for one in own if ("landmarks" in one.column) == with_landmarks]
        assert len({one.protocol for one in cells}) == 1
        figures += [sum(one.deviation is not None for one in cells), len(cells)]
    return tuple(figures)


def outperforms_all() -> Figures:
    found = []
    for number, name in ((1, "CK+"), (1, "MMI"), (2, "MMI")):
        here = [one for one in table("ir3d", number) if one.row == name]
        quoted = max(one.value for one in here if not one.own)
        own = max(one.value for one in here if one.own)
        assert quoted > own
        found += [quoted, own]
    return tuple(found)


def rml_mean() -> Figures:
    labels, matrix = confusion("hybrid", "Fig. 6")
    clips, each = told("hybrid", "clips", database="rml"), 120
    assert fits(matrix, each, 0.0051) and each * len(labels) == clips
    fused = get("hybrid", 2, "DBN fusion", database="rml")
    mean = round(float(np.diag(matrix).mean()), 2)
    return fused, each, len(labels), each, clips, mean, round(mean - fused, 2)


def rml_below_80() -> Figures:
    labels, matrix = confusion("hybrid", "Fig. 6")
    recalls = [matrix[i, i] for i, label in enumerate(labels) if label in
               ("disgust", "sadness", "surprise")]  # fmt: skip
    limit = told("hybrid", "disgust, sadness, surprise")
    assert min(recalls) > limit
    return limit, *recalls


def one_segment_or_many() -> Figures:
    length = told("hybrid", "frames")
    found = [length, length]
    for database in ("baum_1s", "rml", "mmi"):
        clips = told("hybrid", "clips", column="all", database=database)
        segments = told("hybrid", "segments", database=database)
        assert segments > 10 * clips
        found += [clips, segments]
    return tuple(found)


def two_others_of_three() -> Figures:
    others = {one.row for one in table("hybrid", 2)} - {"DBN fusion"}
    for one in table("hybrid", 2):
        if one.row in others:
            assert one.value < get("hybrid", 2, "DBN fusion", database=one.database)
    return told("hybrid", "features that DBN fusion beats"), len(others)


def ck_99() -> Figures:
    abstract = told("tfe", "TFE-JL", source="Abstract", database="ck_plus")
    text = told("tfe", "TFE-JL", source="Sec. 4.5")
    gain = told("tfe", "gain over ResNet", source="Sec. 4.5")
    base = told("tfe", "ResNet", source="Sec. 4.5")
    assert round(text - base, 2) == gain
    return abstract, text, gain, base, round(abstract - base, 2)


def fer_labels() -> Figures:
    return tuple(
        told("tfe", "labels", column=column) for column in ("said", "named", "scored in Table 6")
    )


def fer_images() -> Figures:
    said, training, test = (
        told("tfe", "images", column=column, database="fer_plus")
        for column in ("more than", "training", "test")
    )
    assert training + test < said
    return said, training, test, training + test


def mmi_size() -> Figures:
    return (
        get("dtagn", 1, "MMI", column="all"),
        told("dtagn", "subjects", column="all", database="mmi"),
        told("hybrid", "clips", column="all", database="mmi"),
        told("hybrid", "subjects", database="mmi"),
    )


def mmi_state_of_the_art() -> Figures:
    own = get("hybrid", 3, "MMI: Ours")
    landmarks = get("ir3d", 1, "MMI", column="3D Inception-ResNet + landmarks")
    manifold = get("dtagn", 6, "STM-ExpLet")
    quoted = [one.value for one in table("hybrid", 3) if not one.own and one.database == "mmi"]
    assert max(quoted) < own < min(landmarks, manifold)
    return own, landmarks, manifold


CHECKS: dict[str, Callable[[], Figures]] = {
    check.__name__.replace("_", "-"): check
    for check in (
        mmi_anger_disgust, mmi_dtan_rounding, halves_rounded_both_ways, single_networks_on_ck,
        concatenation_worse, gain_over_concatenation, fear_as_surprise, reference_15,
        appearance_only, pools_and_frames, logits_of_two_sizes, six_that_are_seven, two_protocols,
        outperforms_all, rml_mean, rml_below_80, one_segment_or_many, two_others_of_three, ck_99,
        fer_labels, fer_images, mmi_size, mmi_state_of_the_art,
    )
}  # fmt: skip


def test_every_contradiction_has_a_check() -> None:
    assert set(CHECKS) == set(contradictions())


@pytest.mark.parametrize("key", contradictions())
def test_figures_follow_from_the_tables(key: str) -> None:
    assert CHECKS[key]() == pytest.approx(contradictions()[key].figures, abs=1e-9)


@pytest.mark.parametrize("key", contradictions())
def test_figures_stand_in_the_sentences(key: str) -> None:
    one = contradictions()[key]
    numbers = [float(text) for text in re.findall(r"\d+(?:\.\d+)?", f"{one.says} {one.but}")]
    found = iter(numbers)
    assert all(figure in found for figure in one.figures), f"not in this order: {numbers}"
    assert set(one.paper.split(" / ")) <= set(PAPERS)


def test_the_page_shows_the_list() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert markdown() in text, (
        "docs/published.md is behind: paste what "
        "`fervid.papers.published.contradictions.markdown()` returns"
    )
