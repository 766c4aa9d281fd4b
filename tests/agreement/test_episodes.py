"""Episodes that match, and intervals over people."""

from itertools import pairwise

import numpy as np
import pytest

from fervid.agreement import compare
from fervid.agreement.compare import ALL, EPISODES
from fervid.agreement.episodes import matches, merged
from fervid.agreement.people import numbered
from fervid.errors import InputError

LABELS = ("anger", "fear")


def spreadsheet(path, stretches):
    path.parent.mkdir(exist_ok=True)
    lines = [f"{start},{end},{label}" for start, end, label in stretches]
    path.write_text("\n".join(["start_seconds,end_seconds,label", *lines]) + "\n")
    return path


def figures(found, name=EPISODES):
    return {each.label: each for each in found.coefficients if each.name == name}


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        ([(0, 2, "fear")], [(0, 2, "fear")], (2, 2)),
        ([(0, 2, "fear")], [(0, 1.01, "fear")], (2, 2)),  # 0.505 of the time of either
        ([(0, 2, "fear")], [(0, 1, "fear")], (0, 2)),  # just a half
        ([(0, 2, "fear")], [(1, 3, "fear")], (0, 2)),  # a third
        ([(0, 2, "fear")], [(0, 2, "anger")], (0, 1)),
        ([(0, 4, "fear")], [(0, 1.9, "fear"), (2.1, 4, "fear")], (0, 3)),  # cut in two
        ([(0, 4, "fear")], [(0, 2, "fear"), (2.001, 4, "fear")], (2, 2)),  # but touching
        ([(0, 1, "fear"), (5, 6, "fear")], [(0, 1, "fear")], (2, 3)),
        ([], [(0, 1, "fear")], (0, 1)),
        ([], [], (0, 0)),
    ],
)
def test_matches_by_hand(first, second, counts) -> None:
    assert tuple(matches(first, second, LABELS)[1]) == counts
    assert tuple(matches(second, first, LABELS)[1]) == counts


def test_none_matches_twice() -> None:
    """However raters cut the time, an episode has one partner at most."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        sides = []
        for _ in range(2):
            ends = np.sort(rng.uniform(0, 20, 12)).round(3)
            pieces = enumerate(pairwise(ends.tolist()))
            sides.append([(start, end, LABELS[n % 2]) for n, (start, end) in pieces])
        for place, label in enumerate(LABELS):
            one, two = ([e for e in merged(side) if e[2] == label] for side in sides)
            partners = [
                sum(2 * (min(b, d) - max(a, c)) > max(b, d) - min(a, c) for c, d, _ in two)
                for a, b, _ in one
            ]
            assert max(partners, default=0) <= 1
            assert matches(sides[0], sides[1], LABELS)[place].tolist() == [2 * sum(partners),
                                                               len(one) + len(two)]  # fmt: skip


def test_episodes_of_files(tmp_path) -> None:
    first = [(0, 2, "anger"), (3, 4, "fear"), (5, 6, "fear")]
    second = [(0, 1.6, "angry"), (3, 4, "fear"), (5.4, 7, "fear")]
    found = compare(
        [spreadsheet(tmp_path / "a.csv", first), spreadsheet(tmp_path / "b.csv", second)]
    )
    values = {label: each.value for label, each in figures(found).items()}
    assert values == pytest.approx({ALL: 4 / 6, "anger": 1, "fear": 2 / 4})
    assert figures(found)["fear"].share == pytest.approx(4 / 6)
    assert "fear: episodes matched 0.500, given 66.7 % of episodes" in found.text()
    assert f"fear,{EPISODES},a.csv and b.csv,0.5" in found.table()


def raters(tmp_path, recordings: int):
    """Ann and Bob; Bob errs on the odd recordings."""
    for number in range(recordings):
        first = [(0, 2, "anger"), (3, 5, "fear")]
        second = first if number % 2 == 0 else [(0, 2, "fear"), (3, 5, "fear")]
        spreadsheet(tmp_path / "ann" / f"clip{number}.csv", first)
        spreadsheet(tmp_path / "bob" / f"clip{number}.csv", second)
    return [tmp_path / "ann", tmp_path / "bob"]


def test_intervals_over_people(tmp_path) -> None:
    """Sixty recordings of four people are not sixty people."""
    paths = raters(tmp_path, 60)
    people = tmp_path / "people.csv"
    rows = "".join(f"clip{n};{'odd' if n % 2 else 'even'} {n % 4}\n" for n in range(60))
    people.write_text("recording;person\n" + rows)
    alone, grouped = compare(paths), compare(paths, people=people)
    assert (alone.people, grouped.people) == (60, 4)
    assert "60 recordings and faces of 4 people" in grouped.text()
    for name in ("Cohen's kappa", "agreement", EPISODES):
        one, two = figures(alone, name)[ALL], figures(grouped, name)[ALL]
        assert two.value == pytest.approx(one.value)
        assert two.high - two.low > 1.5 * (one.high - one.low)


def test_who_is_seen(tmp_path) -> None:
    path = tmp_path / "people.csv"
    units = [("a", "face 0"), ("a", "face 1"), ("b", "face 0")]
    assert numbered(units, None) == [0, 1, 2]
    path.write_text("recording,tier,person\na,face 0,Kim\na,face 1,Jo\nb,,Kim\n")
    assert numbered(units, path) == [1, 0, 1]
    path.write_text("tier,person\nface 0,Kim\nface 1,Jo\n")
    assert numbered(units, path) == [1, 0, 1]
    for content, said in (
        ("recording,person\na,Kim\n", "names nobody for b face 0"),
        ("recording,person\na,Kim\nb,Jo\nb,Kim\n", "names 2 people for b face 0"),
        ("recording,tier\na,x\n", "no column person"),
    ):
        path.write_text(content)
        with pytest.raises(InputError, match=said):
            numbered(units, path)
