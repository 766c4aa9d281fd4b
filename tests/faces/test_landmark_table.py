"""Tables of OpenFace and py-feat with the real columns -> tracks with the same landmarks."""

import numpy as np
import pytest
from forging import forge

from fervid.clip import Clip, Database
from fervid.errors import FacesError, InputError
from fervid.faces import FaceSettings, Store, prepare, write_video
from fervid.faces.landmark_table import read_landmarks
from fervid.faces.points68 import MIRROR, WFLW

openface, fex = forge("openface"), forge("fex")
SIDE = 0.05  # pixels: what OpenFace's one decimal leaves open


def stored(tmp_path, table, video=None, **span):
    """Every track of a table, through a store."""
    clip = Clip("clip", video or table, "openface", "anger", "S1", landmarks=table, **span)
    done = prepare(Database("openface", ("anger",), (clip,)), tmp_path / "store")
    assert not done.failed, done.failed
    store = Store.open(tmp_path / "store")
    assert store.database.clips == (clip,)
    return store.tracks(clip), store.main_track(clip)


def film(path, frames, rate=30.0, size=(240, 320)):
    rng = np.random.default_rng(0)
    write_video(path, rng.integers(0, 255, (frames, *size, 3), np.uint8), rate)
    return path


@pytest.mark.parametrize(("space", "mark"), [(" ", ","), ("", ","), ("", ";"), ("", "\t")])
def test_openface(tmp_path, space, mark) -> None:
    points = openface.face(1)
    table = openface.write(tmp_path / "a.csv", {0: points}, lost=(2, 5), space=space, mark=mark)
    (track,), _ = stored(tmp_path, table)
    assert track.frames.tolist() == list(range(8))
    assert track.seen.tolist() == [n not in (2, 5) for n in range(8)]
    assert np.allclose(track.times, np.arange(8) / 30, rtol=0, atol=0.001)
    assert np.allclose(
        track.landmarks_in_frame[track.seen], points[track.seen], rtol=1e-5, atol=1e-3
    )
    assert np.isnan(track.landmarks[~track.seen]).all()
    assert np.allclose(track.score[track.seen], 0.98)
    assert not track.pictured and track.faces.shape == (8, 0, 0, 3)
    assert track.found_by["finder"] == "table"


def test_openface_pictures_come_from_the_video(tmp_path) -> None:
    points = openface.face(1)
    table = openface.write(tmp_path / "a.csv", {0: points}, lost=(2,))
    (track,), _ = stored(tmp_path, table, film(tmp_path / "a.mp4", 9))
    assert track.pictured
    assert len(track) == 8 and track.faces[0].any() and not track.faces[2].any()
    assert np.allclose(
        track.landmarks_in_frame[track.seen], points[track.seen], rtol=1e-5, atol=1e-3
    )


def test_a_span(tmp_path) -> None:
    table = openface.write(tmp_path / "a.csv", {0: openface.face(1)})
    (track,), _ = stored(tmp_path, table, film(tmp_path / "a.mp4", 8), start=3, end=6)
    assert track.frames.tolist() == [3, 4, 5]
    assert np.allclose(track.landmarks_in_frame, openface.face(1)[3:6], rtol=1e-5, atol=1e-3)


def test_several_faces(tmp_path) -> None:
    """Ids are OpenFace's, in the order of appearance; the main face is the larger one."""
    small, large = openface.face(1), openface.face(2) * 2
    table = openface.write(tmp_path / "a.csv", {7: small, 3: large})
    tracks, main = stored(tmp_path, table)
    assert [track.face for track in tracks] == [0, 1]
    for track, points in zip(tracks, (small, large), strict=True):
        assert np.allclose(track.landmarks_in_frame, points, rtol=1e-5, atol=SIDE)
    assert main.face == 1


def test_openface_of_a_picture(tmp_path) -> None:
    points = openface.face(1, frames=1)[0]
    table = openface.write_image(tmp_path / "a.csv", {0: points})
    (track,), _ = stored(tmp_path, table)
    assert len(track) == 1 and np.allclose(track.landmarks_in_frame[0], points, atol=1e-3)


def test_openface_3(tmp_path) -> None:
    points = np.random.default_rng(0).uniform(10, 90, (6, 98, 2))
    points[:, [60, 64, 68, 72]] = [(20, 30), (35, 30), (55, 30), (70, 30)]
    table = openface.write_3(tmp_path / "a.tsv", points, lost=(0, 3))
    (track,), _ = stored(tmp_path, table)
    assert track.frames.tolist() == [1, 2, 4, 5] and track.seen.all()
    assert np.allclose(track.times, np.array([1, 2, 4, 5]) / 25)
    wanted = points[[1, 2, 4, 5]][:, WFLW]
    assert np.allclose(track.landmarks_in_frame, wanted, rtol=1e-4, atol=1e-2)
    assert np.allclose(track.score, 0.75)


def test_openface_3_of_a_video(tmp_path) -> None:
    """As openface-test 0.1.26 writes it: who is who goes by place, a frame's ids by confidence."""
    rng = np.random.default_rng(0)
    left, right = rng.uniform(10, 60, (98, 2)), rng.uniform((130, 10), (180, 60), (98, 2))
    frames = [[left, right], [right + 1, left + 1], [], [left + 3]]
    table = openface.write_3_video(tmp_path / "face_analysis_film.csv", frames)
    read = read_landmarks(table)
    assert read.frames.tolist() == [0, 1, 2, 3] and read.frame.tolist() == [0, 0, 1, 1, 3]
    assert np.allclose(read.score, 0.75)
    rows = dict(zip(zip(read.frame, read.face, strict=True), read.landmarks, strict=True))
    for frame, face, points in ((0, 0, left), (0, 1, right), (1, 0, left + 1), (3, 0, left + 3)):
        assert np.allclose(rows[frame, face], points[[*WFLW]], rtol=1e-5)


def test_wflw_to_68() -> None:
    """Every part lies where the 98 have it: outer eye corners, nose tip, mouth corners, chin."""
    assert len(set(WFLW)) == 68
    assert [WFLW[n] for n in (36, 39, 42, 45)] == [60, 64, 68, 72]
    assert [WFLW[n] for n in (8, 30, 33, 48, 54, 60, 64)] == [16, 54, 57, 76, 82, 88, 92]


def test_wflw_in_a_mirror() -> None:
    """The points that are one another's mirror image among the 98 are so among the 68."""
    flip = np.arange(98)
    # Brows, eyes and lips begin on the left of the picture and go round, upper edges first.
    for one, other in (
        ((0, 16), (32, 16)),  # jaw
        ((33, 38), (46, 41)), ((38, 42), (50, 46)),  # brows
        ((60, 65), (72, 67)), ((65, 68), (75, 72)), ((96, 97), (97, 96)),  # eyes, pupils
        ((55, 57), (59, 57)),  # nostrils
        ((76, 79), (82, 79)), ((86, 88), (84, 82)), ((88, 90), (92, 90)), ((95, 96), (93, 92)),
    ):  # fmt: skip
        flip[range(*one)], flip[range(*other, -1)] = range(*other, -1), range(*one)
    assert [flip[place] for place in WFLW] == [WFLW[place] for place in MIRROR]


def test_fex(tmp_path) -> None:
    points = fex.face(1)
    table = fex.write(tmp_path / "a.csv", {"Person_0": points}, lost=(2,))
    (track,), _ = stored(tmp_path, table)
    assert track.frames.tolist() == list(range(8))
    assert track.seen.tolist() == [n != 2 for n in range(8)]
    assert np.allclose(
        track.landmarks_in_frame[track.seen], points[track.seen], rtol=1e-5, atol=1e-3
    )
    assert np.allclose(track.score[track.seen], 0.9)


def test_fex_of_every_third_frame(tmp_path) -> None:
    table = fex.write(tmp_path / "a.csv", {"Person_0": fex.face(1)}, every=3)
    (track,), _ = stored(tmp_path, table, film(tmp_path / "a.mp4", 10, rate=25))
    assert track.frames.tolist() == [0, 3, 6] and track.seen.all()
    assert np.allclose(track.times, np.array([0, 3, 6]) / 25, atol=1e-4)


@pytest.mark.parametrize("without", [(), ("Identity",)])
def test_fex_several_faces(tmp_path, without) -> None:
    """Where nobody is named, a face is the one whose last box it overlaps."""
    people = {"Person_1": fex.face(1), "Person_0": fex.face(2, left=200)}
    table = fex.write(tmp_path / "a.csv", people, lost=(4,), without=without)
    read = read_landmarks(table)
    tracks, _ = stored(tmp_path, table)
    assert len(read.frame) == 14 and len(tracks) == 2
    for track, points in zip(tracks, people.values(), strict=True):
        first = track.landmarks_in_frame[track.seen]
        assert any(np.allclose(first, p[track.seen], rtol=1e-5, atol=1e-3) for p in people.values())
        assert track.seen.sum() == len(points) - 1
    assert not np.allclose(tracks[0].landmarks_in_frame[0], tracks[1].landmarks_in_frame[0])


def test_fex_one_identity_twice_is_the_surer_face(tmp_path) -> None:
    table = fex.write(tmp_path / "a.csv", {"A": fex.face(1), "B": fex.face(2, left=200)})
    text = table.read_text().replace(",B,", ",A,")
    lines = text.splitlines()
    for row in range(2, len(lines), 2):  # B's rows
        lines[row] = lines[row].replace(",0.9,", ",0.95,", 1)
    table.write_text("\n".join(lines) + "\n")
    (track,), _ = stored(tmp_path, table)
    assert np.allclose(track.landmarks_in_frame, fex.face(2, left=200), rtol=1e-5, atol=1e-3)


def test_another_video(tmp_path) -> None:
    table = openface.write(tmp_path / "a.csv", {0: openface.face(1)})
    video = film(tmp_path / "a.mp4", 5)
    clip = Clip("clip", video, "openface", "anger", "S1", landmarks=table)
    done = prepare(Database("openface", ("anger",), (clip,)), tmp_path / "store")
    assert "the last frame is 7 (from 0) in" in done.failed["clip"]


def test_prepared_again_when_the_table_changes(tmp_path) -> None:
    table = openface.write(tmp_path / "a.csv", {0: openface.face(1)})
    clip = Clip("clip", table, "openface", "anger", "S1", landmarks=table)
    database = Database("openface", ("anger",), (clip,))
    assert prepare(database, tmp_path / "store").done == 1
    assert prepare(database, tmp_path / "store").skipped == 1
    openface.write(table, {0: openface.face(2)})
    assert prepare(database, tmp_path / "store").done == 1
    track = Store.open(tmp_path / "store").main_track(clip)
    assert np.allclose(track.landmarks_in_frame, openface.face(2), rtol=1e-5, atol=1e-3)


def test_finders(tmp_path) -> None:
    table = openface.write(tmp_path / "a.csv", {0: openface.face(1)})
    own = Clip("clip", table, "openface", "anger", "S1", landmarks=table)
    with pytest.raises(FacesError, match="brings its own landmarks: leave the face finder out"):
        prepare(Database("x", ("anger",), (own,)), tmp_path / "store", FaceSettings())
    with pytest.raises(FacesError, match="brings no landmarks"):
        prepare(
            Database("x", ("anger",), (Clip("clip", table, "x", "anger"),)),
            tmp_path / "store", FaceSettings("table"),
        )  # fmt: skip


def edited(path, line: int, column: str, value: str):
    lines = path.read_text().splitlines()
    place = [name.strip() for name in lines[0].split(",")].index(column)
    cells = lines[line - 1].split(",")
    cells[place] = value
    lines[line - 1] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("line", "column", "value", "said"),
    [
        (3, "x_30", "12,3", r"cannot be read|line 3"),
        (3, "x_30", "left", r"line 3: x_30 is 'left', not a number"),
        (3, "frame", "0", r"line 3: not a valid frame number"),
        (3, "frame", "1", r"line 2: face 0 occurs twice"),
    ],
)
def test_bad_openface(tmp_path, line, column, value, said) -> None:
    table = openface.write(tmp_path / "a.csv", {0: openface.face(1)})
    with pytest.raises(InputError, match=said) as refused:
        read_landmarks(edited(table, line, column, value))
    assert "a.csv" in str(refused.value)


def test_windows_nan_is_no_face(tmp_path) -> None:
    table = openface.write(tmp_path / "a.csv", {0: openface.face(1)})
    edited(table, 3, "x_30", "-nan(ind)")
    assert read_landmarks(table).frame.tolist() == [0, *range(2, 8)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("frame, face_id, timestamp, confidence, success, AU01_r\n1,0,0,1,1,0\n", "-2Dfp"),
        ("", "-2Dfp"),
        ("image_path\tface_id\tlandmarks\na_frame_0.jpg\t0\t[[1, 2]]\n", "list of 98 landmarks"),
        (",".join(fex.COLUMNS) + "\n", "no rows"),
    ],
)
def test_other_tables(tmp_path, content, said) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=said):
        read_landmarks(path)


def test_several_inputs(tmp_path) -> None:
    table = fex.write(tmp_path / "a.csv", {"A": fex.face(1)})
    with pytest.raises(InputError, match="has 2 inputs: write one table for each"):
        read_landmarks(edited(table, 3, "input", "other.mp4"))
