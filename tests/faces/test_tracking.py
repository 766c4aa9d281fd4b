"""Ids stay with their faces: through crossings, gaps, jumps and flicker."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from fervid.faces.detections import Detections
from fervid.faces.settings import FaceSettings
from fervid.faces.tracking import FrameFaces, follow, overlap, thumbnail
from fervid.faces.video import Frame

RNG = np.random.default_rng(0)
LOOKS = {name: RNG.integers(0, 256, (6, 6, 3)).astype(np.uint8) for name in "abcd"}
SHAPE = RNG.uniform(-1, 1, (68, 2)).astype(np.float32)
Place = tuple[str, float, float]  # who, and the middle of the face


@dataclass
class Scripted:
    """A finder that is told what it will find, in any order."""

    script: Sequence[Sequence[Place]]
    version: str = "script"
    at: int = -1
    streams: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.at = -1
        self.streams.append("begin")

    def close(self) -> None:
        self.streams.append("close")

    def __call__(self, image: NDArray[np.uint8], time: float) -> Detections:
        self.at += 1
        places = self.script[self.at]
        points = [SHAPE * 20 + (x, y) for _, x, y in places]
        return Detections(
            np.array(points, np.float32).reshape(-1, 68, 2), np.ones(len(places), np.float32)
        )


class Restarted(Scripted):
    """One that goes on in its script where it begins anew."""

    def begin(self) -> None:
        self.streams.append("begin")


def pictures(script: Sequence[Sequence[Place]], rate: float = 25) -> Iterator[Frame]:
    for index, places in enumerate(script):
        image = np.full((200, 600, 3), 90, np.uint8)
        for who, x, y in places:
            patch = np.kron(LOOKS[who], np.ones((7, 7, 1), np.uint8))
            image[int(y) - 21 : int(y) + 21, int(x) - 21 : int(x) + 21] = patch
        yield Frame(index, index / rate, image)


def run(script: Sequence[Sequence[Place]], rate: float = 25, **settings: float) -> list[FrameFaces]:
    chosen = FaceSettings(**{"max_faces": 4, "min_frames": 1, **settings})  # type: ignore[arg-type]
    return list(follow(pictures(script, rate), chosen, Restarted(script)))


def ids(row: FrameFaces) -> list[int]:
    return [seen.face for seen in row.faces]


def who_is(row: FrameFaces, face: int) -> float:
    """The x of a face's middle."""
    (seen,) = (s for s in row.faces if s.face == face)
    return float((seen.landmarks - SHAPE * 20).mean(axis=0)[0])


def test_every_frame_comes_out_once_and_in_order() -> None:
    script: list[list[Place]] = [[("a", 100, 100)] if i % 3 else [] for i in range(20)]
    for lag in (1, 2, 5):
        rows = run(script, min_frames=lag)
        assert [row.frame.index for row in rows] == list(range(20))
    assert [row.status for row in run(script)] == [
        "face" if i % 3 else "no face" for i in range(20)
    ]


def test_order_of_finding_does_not_matter() -> None:
    one: list[Place] = [("a", 100, 100), ("b", 300, 100)]
    rows = run([one, one[::-1], one, one[::-1]])
    assert [who_is(row, 0) for row in rows] == pytest.approx([100] * 4, abs=0.01)


def test_two_who_cross_keep_their_ids() -> None:
    script: list[list[Place]] = [
        [("a", 100 + 12 * i, 90), ("b", 400 - 12 * i, 110)][:: 1 if i % 2 else -1]
        for i in range(26)
    ]
    rows = run(script)
    assert all(ids(row) == [0, 1] for row in rows)
    first = who_is(rows[0], 0)
    assert who_is(rows[-1], 0) == pytest.approx(400 if first < 250 else 100, abs=1)


def test_a_short_gap_keeps_the_id_a_long_one_does_not() -> None:
    def gap(count: int) -> list[list[Place]]:
        here: list[list[Place]] = [[("a", 100, 100), ("b", 300, 100)]] * 5
        return [*here, *([[("b", 300, 100)]] * count), *here]

    assert ids(run(gap(20))[-1]) == [0, 1]
    assert ids(run(gap(30))[-1]) == [1, 2]


def test_who_comes_back_elsewhere_is_known_by_looks() -> None:
    script: list[list[Place]] = [[("a", 100, 100)]] * 5 + [[]] * 5 + [[("a", 170, 100)]] * 5
    assert ids(run(script)[-1]) == [0]
    other: list[list[Place]] = [*script[:10], *[[("c", 170, 100)]] * 5]
    assert ids(run(other)[-1]) == [1]


def test_far_away_is_somebody_else_whatever_the_looks() -> None:
    script: list[list[Place]] = [[("a", 60, 100)]] * 5 + [[("a", 500, 100)]] * 5
    assert ids(run(script)[-1]) == [1]


def test_a_cut_to_another_scene_makes_new_ids_and_a_new_search() -> None:
    script: list[list[Place]] = [[("a", 100, 100)]] * 12
    rng = np.random.default_rng(5)
    scenes = [np.kron(rng.integers(0, 256, (5, 15, 3)), np.ones((40, 40, 1))) for _ in range(2)]
    shots = [
        Frame(f.index, f.time, (0.2 * f.image + 0.8 * scenes[f.index // 6]).astype(np.uint8))
        for f in pictures(script)
    ]
    finder = Scripted(script * 2)
    rows = list(follow(shots, FaceSettings(min_frames=1), finder))
    assert [ids(row) for row in rows] == [[0]] * 6 + [[1]] * 6
    assert finder.streams == ["begin", "begin", "close"]


def test_flicker_is_dropped_and_takes_no_id() -> None:
    script: list[list[Place]] = [[("a", 100, 100)] if i >= 4 else [] for i in range(15)]
    script[1] = [("b", 300, 100)]
    script[8] = [*script[8], ("c", 400, 100)]
    rows = run(script, min_frames=3)
    assert [ids(row) for row in rows] == [[]] * 4 + [[0]] * 11
    assert ids(run(script, min_frames=1)[1]) == [0]


def test_a_still_needs_one_frame_only() -> None:
    assert ids(run([[("a", 100, 100)]], min_frames=3)[0]) == [0]
    assert run([], min_frames=3) == []


def test_an_unreadable_frame_is_a_row_and_is_not_shown_to_the_finder() -> None:
    script: list[list[Place]] = [[("a", 100, 100)]] * 6
    damaged = [Frame(f.index, f.time, f.image, readable=f.index != 3) for f in pictures(script)]
    finder = Scripted(script)
    rows = list(follow(damaged, FaceSettings(min_frames=1), finder))
    assert [row.status for row in rows] == ["face"] * 3 + ["unreadable"] + ["face"] * 2
    assert finder.at == 4 and ids(rows[-1]) == [0]


def test_each_stream_begins_and_closes_the_finder() -> None:
    script: list[list[Place]] = [[("a", 100, 100)]] * 4
    finder = Scripted(script)
    list(follow(pictures(script), FaceSettings(), finder))
    stream = follow(pictures(script), FaceSettings(), finder)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert finder.streams == ["begin", "close"] * 2


def test_few_frames_are_held() -> None:
    script: list[list[Place]] = [[("a", 100, 100)]] * 50
    given = 0

    def counted() -> Iterator[Frame]:
        nonlocal given
        for frame in pictures(script):
            given += 1
            yield frame

    for taken, _ in enumerate(follow(counted(), FaceSettings(min_frames=3), Scripted(script)), 1):
        assert given - taken <= 2


def test_overlap_is_intersection_over_union() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = np.sort(rng.integers(0, 20, (2, 2, 2)), axis=1).reshape(2, 4).astype(np.float32)
        grid = np.zeros((2, 20, 20), bool)
        for i, (left, top, right, bottom) in enumerate(np.array([a, b], int)):
            grid[i, top:bottom, left:right] = True
        union = (grid[0] | grid[1]).sum()
        slow = (grid[0] & grid[1]).sum() / union if union else 0.0
        assert overlap(a, b) == pytest.approx(slow, abs=1e-6)


def test_looks_ignore_brightness_and_survive_the_frame_edge() -> None:
    (frame,) = pictures([[("a", 100, 100)]])
    box = np.array([79, 79, 121, 121], np.float32)
    dim = (frame.image * 0.5 + 20).astype(np.uint8)
    assert thumbnail(frame.image, box) @ thumbnail(dim, box) > 0.99
    for outside in ([-90, -90, -50, -50], [590, 190, 700, 300], [-5, -5, 700, 700]):
        assert np.isfinite(thumbnail(frame.image, np.array(outside, np.float32))).all()


def test_frames_far_apart_are_so_many_stills() -> None:
    script: list[list[Place]] = [[("a", 100, 100)] if i % 3 else [] for i in range(9)]
    finder = Restarted(script)
    rows = list(follow(pictures(script, rate=0.5), FaceSettings(min_frames=3), finder))
    assert [row.status for row in rows] == ["no face", "face", "face"] * 3
    assert finder.streams == ["begin"] * 9 + ["close"]  # each is searched, not followed into


def test_who_stays_keeps_an_id_through_a_time_lapse() -> None:
    script: list[list[Place]] = [[("a", 100 + 4 * (i % 3), 100), ("b", 300, 100)] for i in range(8)]
    assert [ids(row) for row in run(script, rate=0.5)] == [[0, 1]] * 8
    later: list[list[Place]] = [*script[:3], [], *script[:2]]
    assert ids(run(later, rate=0.5)[-1]) == [2, 3]  # unseen for two seconds and longer


def test_a_stretch_between_pauses_settles_by_itself() -> None:
    """Five frames at 25 per second, a pause, one more: nobody waits for the other stretch."""
    script: list[list[Place]] = [[("a", 100, 100)]] * 5 + [[("a", 100, 100), ("b", 300, 100)]]
    shots = [Frame(f.index, f.time + 3 * (f.index == 5), f.image) for f in pictures(script)]
    rows = list(follow(shots, FaceSettings(max_faces=2), Restarted(script)))
    assert [ids(row) for row in rows] == [[0]] * 5 + [[0, 1]]


def test_flicker_is_brief_and_not_unseen() -> None:
    script: list[list[Place]] = [[("a", 100, 100)] if i == 4 else [] for i in range(9)]
    assert [row.brief for row in run(script, min_frames=3)] == [int(i == 4) for i in range(9)]
