"""What is drawn into a frame, in which style, where; and the sound beside it."""

import av
import cv2
import numpy as np
import pytest

from fervid.databases.drawn import stand_in
from fervid.errors import OutputError
from fervid.faces.overlay import Drawn, _covered, _head, draw
from fervid.faces.video import frames, write_video
from fervid.prediction import predict

LABELS = ("neutral", "happiness", "sadness", "anger")
COLOURS = dict(zip(LABELS, ((9, 9, 200), (240, 228, 66), (0, 114, 178), (213, 94, 0)), strict=True))


def face(squares, left, top, side, number=0):
    box = np.array([left, top, side, side], np.float32)
    points = (box[:2] + squares.SHAPE * side).astype(np.float32)
    return Drawn(number, box, points, np.array([0.1, 0.8, 0.1, 0.0], np.float32))


def changed(before, after):
    return np.abs(after.astype(int) - before).max(axis=2) > 0


@pytest.mark.parametrize("style", ["full", "box", "points", "anonymous"])
def test_a_style_has_what_its_name_says(squares, style):
    image = np.full((480, 640, 3), 90, np.uint8)
    one = face(squares, 220, 160, 200)
    drawn = draw(image, [one], LABELS, COLOURS, style=style)
    inner = changed(image, drawn)[170:350, 230:410]  # within the box: lines of landmarks alone
    edge = (drawn[159:162, 250:400] == COLOURS["happiness"]).all(axis=2).any()
    bars = (drawn[:, :210] == COLOURS["happiness"]).all(axis=2).any()
    bars |= (drawn[:, 430:] == COLOURS["happiness"]).all(axis=2).any()
    assert inner.any() == (style in ("full", "points"))
    assert edge == (style != "points")
    assert bars == (style in ("full", "anonymous"))


def test_lines_follow_the_face():
    lines = []
    for side in (60, 240, 600):
        points = np.tile(np.array([[100, 100]], np.float32), (68, 1))
        one = Drawn(0, np.array([100, 300, side, side], np.float32), points, np.full(4, np.nan))
        drawn = draw(np.zeros((1000, 1000, 3), np.uint8), [one], LABELS, COLOURS, style="box")
        row = drawn[300 + side // 2, 80 : 100 + side // 3].max(axis=1) > 100
        lines.append(int(row.sum()))
    assert lines[0] < lines[1] < lines[2]


@pytest.mark.parametrize("seed", range(6))
def test_panels_leave_heads_alone(squares, seed):
    """Few faces in a large frame: there is room for every panel."""
    rng = np.random.default_rng(seed)
    image = np.full((720, 1280, 3), 90, np.uint8)
    places = rng.permutation([(200, 200), (560, 260), (900, 180)])
    faces = [face(squares, *place, 110, k) for k, place in enumerate(places)]
    panels = changed(image, draw(image, faces, LABELS, COLOURS, style="anonymous"))
    for one in faces:
        left, top, wide, high = (int(v) for v in _head(one.box))
        inside = panels[top : top + high, left : left + wide].copy()
        x, y, w, h = (int(v) for v in one.box)
        inside[y - top - 4 : y - top + h + 5, x - left - 4 : x - left + w + 5] = False  # its box
        assert inside.mean() < 0.01


def test_a_crowd_gets_titles_and_one_face_at_the_edge_fits(squares):
    image = np.full((300, 400, 3), 90, np.uint8)
    crowd = [face(squares, 40 * (k % 9), 60 * (k // 9), 30, k) for k in range(45)]
    assert draw(image, crowd, LABELS, COLOURS).shape == image.shape
    for place in ((-40, -30), (380, 280), (-500, 10), (150, 100)):
        for size in ((300, 400), (40, 60), (12, 300)):
            small = np.full((*size, 3), 90, np.uint8)
            assert draw(small, [face(squares, *place, 80)], LABELS, COLOURS).shape == small.shape


def test_covered():
    boxes = [np.array(b, np.float32) for b in ((0, 0, 10, 10), (20, 0, 10, 10))]
    assert _covered(np.array([5, 5, 20, 10], np.float32), boxes) == 5 * 5 + 5 * 5


def test_a_stand_in_lies_on_the_landmarks():
    """Landmarks of another drawn face, turned: eyes and mouth are where they were asked for."""
    portrait = stand_in._portrait(stand_in.PEOPLE[1], 192)
    turn = np.array([[0.85, 0.2], [-0.2, 0.85]])
    goal = (portrait.points[:68] @ turn + (90, 60)).astype(np.float32)
    canvas = stand_in.backdrop((400, 500))
    stand_in.put(canvas, goal, 1)
    shown = changed(stand_in.backdrop((400, 500)), canvas)
    inside = np.round(goal[17:]).astype(int)  # the jaw lies on the edge
    assert shown[inside[:, 1], inside[:, 0]].all() and not shown[:5].any()
    matrix = np.column_stack([turn.T, (90, 60)])
    colour = (portrait.picture[..., :3] * portrait.picture[..., 3:]).astype(np.float32)
    expected = cv2.warpAffine(colour, matrix, (500, 400))
    for part in (slice(36, 48), slice(48, 68)):
        left, top = goal[part].min(axis=0).astype(int) + 2
        right, low = goal[part].max(axis=0).astype(int) - 1
        apart = np.abs(canvas[top:low, left:right] - expected[top:low, left:right])
        assert apart.mean() < 3


@pytest.mark.parametrize("seed", range(4))
def test_a_stand_in_bears_any_landmarks(seed):
    rng = np.random.default_rng(seed)
    canvas = stand_in.backdrop((90, 120))
    points = rng.uniform(-300, 400, 2) + rng.normal(0, 10.0 ** rng.integers(-2, 3), (68, 2))
    stand_in.put(canvas, points.astype(np.float32), seed)
    stand_in.put(canvas, np.full((68, 2), 50, np.float32), seed)


def test_an_anonymous_overlay_holds_nothing_of_the_source(tmp_path, squares, world, model):
    """Two films that differ in every pixel but the finder's colours give the same overlay."""
    overlays = []
    for number in range(2):
        folder = tmp_path / str(number)
        rng = np.random.default_rng(number)
        noise = rng.integers(100, 160, (96, 128, 3)).astype(np.uint8)

        def images(noise=noise):
            for _ in range(12):
                image = noise.copy()
                image[20:68, 8:56] = (*squares.RED, 128)
                yield image

        write_video(folder / "film.mp4", images(), 20)
        predict([folder / "film.mp4"], folder, model=model, overlay=True,
                overlay_style="anonymous", landmarks=True)  # fmt: skip
        overlays.append(np.stack([f.image for f in frames(folder / "film.overlay.mp4")]))
    assert overlays[0].shape == (12, 96, 128, 3)
    # the finder's edges move by a pixel at most; the noise itself would differ by 20
    assert np.abs(overlays[0].astype(int) - overlays[1]).mean() < 2
    corner = overlays[0][:, 80:, 100:].astype(int)
    assert np.abs(corner - stand_in.BACKDROP).max() < 12


def test_an_unknown_style(tmp_path, squares, world, model):
    film = squares.film(tmp_path / "a.mp4", 3)
    with pytest.raises(OutputError, match="full, box, points, anonymous"):
        predict([film], tmp_path / "out", model=model, overlay=True, overlay_style="nice")


def with_sound(path, source, codec="aac", delay=0.0):
    """A film with a tone of 440 Hz that begins `delay` seconds after the picture."""
    rate = 48_000 if codec == "libopus" else 44_100
    form, kind = ("s16", np.int16) if codec == "pcm_s16le" else ("fltp", np.float32)
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        picture = new.add_stream_from_template(old.streams.video[0])
        track = new.add_stream(codec, rate=rate, layout="mono")
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = picture
                new.mux(packet)
        wave = 0.3 * np.sin(2 * np.pi * 440 / rate * np.arange(2 * rate))
        tone = (wave * (1 if kind is np.float32 else 32_000)).astype(kind)
        for begin in range(0, len(tone), 1024):
            part = np.ascontiguousarray(tone[None, begin : begin + 1024])
            frame = av.AudioFrame.from_ndarray(part, form, "mono")
            frame.sample_rate, frame.pts = rate, begin + round(delay * rate)
            new.mux(track.encode(frame))
        new.mux(track.encode(None))
    return path


def sound(path):
    """(seconds of the first sample, samples, their rate), or None."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return None
        decoded = list(container.decode(audio=0))
        samples = np.concatenate([frame.to_ndarray()[0] for frame in decoded])
        return decoded[0].time, samples, decoded[0].sample_rate


@pytest.mark.parametrize("ending, codec", [("mp4", "aac"), ("mkv", "aac"), ("mkv", "libopus")])
def test_sound_is_kept(tmp_path, squares, world, model, ending, codec):
    film = squares.film(tmp_path / "silent.mp4", 40, rate=20)
    source = with_sound(tmp_path / f"loud.{ending}", film, codec, delay=0.5)
    out = tmp_path / "out"
    predict([source], out, model=model, overlay=True)
    before, after = sound(source), sound(out / "loud.overlay.mp4")
    assert after[0] == pytest.approx(before[0], abs=0.03)
    assert len(after[1]) / after[2] == pytest.approx(1.5, abs=0.1)  # cut where the picture ends
    # No sample changed; a container may count the first packet of an encoder in or out.
    middle = np.arange(8192, 32768)
    lags = [np.abs(after[1][middle + lag] - before[1][middle]).max() for lag in (0, 1024, -1024)]
    assert min(lags) < 0.01
    pictures = [list(frames(path)) for path in (source, out / "loud.overlay.mp4")]
    assert [f.time for f in pictures[1]] == pytest.approx([f.time for f in pictures[0]], abs=1e-3)


def test_no_sound_where_there_is_none_or_nobody_may_be_known(tmp_path, squares, world, model):
    film = squares.film(tmp_path / "silent.mp4", 20)
    loud = with_sound(tmp_path / "loud.mp4", film)
    predict([film], tmp_path / "a", model=model, overlay=True)
    assert sound(tmp_path / "a/silent.overlay.mp4") is None
    predict([loud], tmp_path / "b", model=model, overlay=True, overlay_style="anonymous")
    assert sound(tmp_path / "b/loud.overlay.mp4") is None


def test_sound_that_no_mp4_takes_is_left_out(tmp_path, squares, world, model):
    film = squares.film(tmp_path / "silent.mp4", 20)
    source = with_sound(tmp_path / "plain.mkv", film, "pcm_s16le")
    assert sound(source) is not None
    predict([source], tmp_path / "out", model=model, overlay=True)
    assert sound(tmp_path / "out/plain.overlay.mp4") is None
    assert len(list(frames(tmp_path / "out/plain.overlay.mp4"))) == 20
