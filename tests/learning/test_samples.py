import os

import numpy as np
import pytest

from fervid.errors import LabelError
from fervid.learning.samples import build

LABELS = ("anger", "fear")


def tracks(n=5):
    for clip in range(n):
        yield clip, (None if clip == 3 else LABELS[clip % 2]), f"s{clip // 2}", clip


def inputs(clip):
    """Clip i gives i samples: none of the first."""
    return {"x": np.full((clip, 2, 3), clip, np.float32), "y": np.full((clip, 1), clip, np.uint8)}


def test_samples_lie_on_disk_in_order(tmp_path):
    samples = build(inputs, tracks(), LABELS, tmp_path / "s")
    assert isinstance(samples.arrays["x"], np.memmap)
    assert samples.arrays["x"].shape == (10, 2, 3) and samples.arrays["y"].dtype == np.uint8
    assert samples.clip.tolist() == [1, 2, 2, 3, 3, 3, 4, 4, 4, 4]
    assert samples.arrays["x"][:, 0, 0].tolist() == samples.clip.tolist()
    assert samples.target.tolist() == [1, 0, 0, -1, -1, -1, 0, 0, 0, 0]
    assert samples.subject.tolist() == ["s0", *["s1"] * 5, *["s2"] * 4]
    assert not isinstance(samples.take(np.array([1, 0])).arrays["x"], np.memmap)


def test_a_finished_build_is_not_done_again(tmp_path):
    def none():
        raise AssertionError("asked for tracks")
        yield

    first = build(inputs, tracks(), LABELS, tmp_path / "s", "digest")
    again = build(inputs, none(), LABELS, tmp_path / "s", "digest")
    np.testing.assert_array_equal(first.arrays["x"], again.arrays["x"])
    other = build(inputs, tracks(3), LABELS, tmp_path / "s", "another")
    assert len(other) == 3


def test_a_failed_build_leaves_nothing(tmp_path):
    def broken():
        yield from tracks(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(inputs, broken(), LABELS, tmp_path / "s")
    with pytest.raises(LabelError):
        build(inputs, iter([(1, "joy", "s", 1)]), LABELS, tmp_path / "s")
    assert not list(tmp_path.iterdir())


def test_no_tracks_give_no_samples(tmp_path):
    assert len(build(inputs, iter([]), LABELS, tmp_path / "s")) == 0


@pytest.mark.parametrize("name", ["x.npy", "target.npy", "subject.npy", "samples.json"])
@pytest.mark.parametrize("how", ["empty", "short", "changed", "gone"])
def test_damaged_samples_are_made_again(tmp_path, name, how):
    whole = build(inputs, tracks(), LABELS, tmp_path / "s", "digest")
    content = (tmp_path / "s" / name).read_bytes()
    path = tmp_path / "s" / name
    if how == "gone":
        path.unlink()
    elif how == "changed":
        path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
    else:
        path.write_bytes(content[:-9] if how == "short" else b"")
    again = build(inputs, tracks(), LABELS, tmp_path / "s", "digest")
    assert path.read_bytes() == content
    np.testing.assert_array_equal(whole.target, again.target)


def test_what_killed_builds_left_is_swept_and_what_others_write_is_not(tmp_path):
    for owner in (os.getppid(), 2**22 + 1):  # the highest process id is 2**22
        (tmp_path / f".s.{owner}.part").mkdir()
    build(inputs, tracks(), LABELS, tmp_path / "s")
    assert {path.name for path in tmp_path.iterdir()} == {"s", f".s.{os.getppid()}.part"}
