"""Every Nth frame, or so many a second: by count, by the clock, through gaps."""

import cv2
import numpy as np
import pytest

from fervid.errors import InputError
from fervid.faces.sampling import check, sampler
from fervid.faces.video import frames, write_video


def taken(times, **asked):
    wanted = sampler(**asked)
    return [index for index, time in enumerate(times) if wanted(index, time)]


def test_every():
    assert taken(np.arange(10) / 25, every=4) == [0, 4, 8]
    assert taken(np.arange(3) / 25) == [0, 1, 2]


@pytest.mark.parametrize("rate", [23.976, 25.0, 29.97, 60.0])
@pytest.mark.parametrize("fps", [0.2, 1.0, 5.0, 12.5])
def test_fps_is_the_first_frame_of_each_step(rate, fps):
    times = np.arange(1500) / rate
    chosen = taken(times, fps=fps)
    assert len(chosen) == np.floor(times[-1] * fps + 1e-6) + 1
    for step, index in enumerate(chosen):
        assert times[index] >= step / fps - 1e-6 and (index == 0 or times[index - 1] < step / fps)


def test_fps_above_the_rate_takes_all_and_a_gap_costs_nothing():
    assert taken(np.arange(5) / 2, fps=50) == list(range(5))
    assert taken([0.0, 0.1, 9.0, 9.1, 9.4, 10.0], fps=1) == [0, 2, 5]


@pytest.mark.parametrize("wrong", [(0, None), (1, 0.0), (1, float("nan")), (2, 5.0)])
def test_refused(wrong):
    with pytest.raises(InputError):
        check(*wrong)


def test_of_videos_and_folders(tmp_path):
    images = [np.full((32, 48, 3), 5 * i, np.uint8) for i in range(20)]
    write_video(tmp_path / "x.mp4", images, 10)
    for number, image in enumerate(images):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    for source in (tmp_path / "x.mp4", tmp_path):
        some = list(frames(source, rate=10, wanted=sampler(every=6)))
        assert [f.index for f in some] == [0, 6, 12, 18]
        assert [f.time for f in some] == pytest.approx([0, 0.6, 1.2, 1.8])
        assert [f.image.mean() for f in some] == pytest.approx([0, 30, 60, 90], abs=3)
