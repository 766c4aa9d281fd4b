"""The built-in database: what is drawn, and what is said about it."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fervid.clip import Database
from fervid.databases import load as load_by_name
from fervid.databases.drawn import Light, View, crops, draw, load, render, sample_identity
from fervid.databases.drawn.action_units import FOLDS, HILLS, LIDS, MOVES, NAMES, UNITS
from fervid.databases.drawn.drawing import Recipe, Take, frames, takes
from fervid.databases.drawn.face import build, deform, move, person
from fervid.databases.drawn.landmarks import MIRROR, front
from fervid.databases.drawn.motion import DIFFICULTY, perform
from fervid.databases.drawn.prototypes import BYPLAY, PROTOTYPES
from fervid.databases.drawn.render import landmarks, lift, project
from fervid.databases.drawn.shape import surface
from fervid.databases.drawn.warp import backward, nodes
from fervid.errors import DatabaseError, InputError, OutputError
from fervid.faces.video import frames as read
from fervid.labels import CK_PLUS

FRONT = View(scale=52, x=128, y=138)
WALL = np.full((256, 256, 3), 120, np.uint8)


@pytest.fixture(autouse=True)
def _one_thread():
    cv2.setNumThreads(1)


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("drawn") / "d"
    return draw(out, 2, 1, "apex", "easy", seed=3, size=96, emotions=("happiness", "surprise"))


def told(root, name) -> dict[str, np.ndarray]:
    """What a drawn tree says is true of a clip."""
    with np.load(root / "truth" / f"{name}.npz", allow_pickle=False) as truth:
        return dict(truth)


def acted(face, **strengths):
    """Landmarks from the front under action units, both sides alike."""
    units = np.zeros((len(UNITS), 2))
    for name, strength in strengths.items():
        units[UNITS.index(int(name[2:]))] = strength
    now = move(face, units)
    radius, _ = deform(face, units, now)
    return landmarks(face, radius, now, FRONT)


def test_the_same_seed_gives_the_same_person():
    assert sample_identity(5) == sample_identity(5)
    assert sample_identity(5) != sample_identity(6)
    people = [sample_identity(k) for k in range(60)]
    assert {p.male > 0.5 for p in people} == {True, False}
    assert len({p.style for p in people}) >= 7
    tones = [sum(p.skin) for p in people]
    assert max(tones) > 2.5 * min(tones)


def test_every_unit_does_something_and_every_name_is_a_unit():
    assert set(MOVES) == set(UNITS) == set(NAMES)
    assert {*FOLDS, *HILLS, *LIDS} <= set(UNITS)
    for unit in UNITS:
        assert MOVES[unit] or unit in LIDS, f"AU {unit} moves nothing"
    used = {u for p in PROTOTYPES.values() for _, s in (*p.cores, *p.options) for u in s}
    assert used | {u for s in BYPLAY for u in s} <= set(UNITS)
    assert set(PROTOTYPES) == set(CK_PLUS)


def test_landmarks_of_an_even_face_mirror():
    flat = front(replace(sample_identity(1), asymmetry=0.0))[:68]
    np.testing.assert_allclose(flat[MIRROR] * (-1, 1), flat, atol=1e-12)
    assert (np.argsort(MIRROR) == MIRROR).all()


def test_projection_of_a_landmark_lies_where_it_was_put_from_far_in_front():
    face = person(2)
    points = lift(face.head.control[:68], face.head.radius)
    np.testing.assert_allclose(points[17:, :2], face.head.flat[17:68], atol=0.012)


@pytest.mark.parametrize("seed", [1, 4])
def test_units_move_what_their_names_say(seed):
    face = person(seed)

    def width(p):
        return np.linalg.norm(p[54] - p[48])

    def gap(p):
        return np.linalg.norm(p[66] - p[62])

    def lids(p):
        return (p[[40, 41, 46, 47], 1] - p[[38, 37, 44, 43], 1]).mean()

    measures = {  # unit -> (what grows with it, by at least this many pixels at full strength)
        "au1": (lambda p: -p[[21, 22], 1].mean(), 4),
        "au2": (lambda p: -p[[17, 26], 1].mean(), 4),
        "au4": (lambda p: p[[20, 21, 22, 23], 1].mean(), 3),
        "au5": (lids, 1),
        "au7": (lambda p: -lids(p), 1),
        "au10": (lambda p: -p[[50, 51, 52], 1].mean(), 3),
        "au12": (width, 6),
        "au15": (lambda p: p[[48, 54], 1].mean(), 3),
        "au17": (lambda p: -p[57, 1], 1),
        "au20": (width, 6),
        "au23": (lambda p: -width(p), 2),
        "au24": (lambda p: -(p[57, 1] - p[51, 1]), 2),
        "au25": (gap, 2),
        "au26": (gap, 6),
        "au27": (gap, 15),
        "au45": (lambda p: -lids(p), 3),
    }
    for name, (measure, least) in measures.items():
        steps = [measure(acted(face, **{name: v})) for v in (0, 0.33, 0.66, 1.0)]
        assert (np.diff(steps) > 0).all(), (name, steps)
        assert steps[-1] - steps[0] > least, (name, steps)


def test_shut_eyes_are_shut_and_lips_never_cross():
    face = person(3)
    assert (lambda p: p[[40, 41, 46, 47], 1] - p[[38, 37, 44, 43], 1])(
        acted(face, au45=1)
    ).max() < 1
    for pressed in (
        {"au24": 1, "au23": 1, "au17": 1},
        {"au24": 1, "au25": 0.2},
        {"au10": 1, "au24": 1},
    ):
        p = acted(face, **pressed)
        assert (p[[67, 66, 65], 1] >= p[[61, 62, 63], 1]).all()
        assert (p[[58, 57, 56], 1] > p[[67, 66, 65], 1]).all()


def test_one_side_moves_alone():
    face = person(4)
    units = np.zeros((len(UNITS), 2))
    units[UNITS.index(12), 1] = 1
    moved = move(face, units) - face.head.control
    assert moved[54, 0] > 0.05 and abs(moved[48]).max() == 0


def test_warp_carries_control_points_back_and_leaves_the_rest():
    rng = np.random.default_rng(0)
    rest = surface(sample_identity(1)).control[:68]
    rest = rest[[k for k in range(68) if not 36 <= k < 48]]
    moved = rest + rng.normal(0, 0.01, rest.shape)
    at = nodes()
    field = backward(moved, rest, at).reshape(-1, 2)
    # the plain definition of a thin plate spline, one node at a time, on exact interpolation
    still = backward(rest, rest, at)
    assert np.abs(still).max() < 1e-5
    for want, place in zip(rest - moved, moved, strict=True):
        near = np.argmin(((at - place) ** 2).sum(1))
        assert np.abs(field[near] - want).max() < 0.02


def test_a_rendered_face_stands_where_its_landmarks_say():
    """Paint the eyes' place: the darkest spot near the pupils' landmarks is the pupil."""
    face = person(1)
    picture, points = render(face, np.zeros((len(UNITS), 2)), FRONT, Light(), WALL)
    assert picture.shape == (256, 256, 3) and picture.dtype == np.uint8
    assert points.shape == (68, 2) and points.dtype == np.float32
    grey = cv2.GaussianBlur(picture[..., 1], (0, 0), 1.0)
    for eye in (slice(36, 42), slice(42, 48)):
        x, y = points[eye].mean(0).round().astype(int)
        patch = grey[y - 6 : y + 7, x - 8 : x + 9]
        at = np.array(np.unravel_index(patch.argmin(), patch.shape)) - (6, 8)
        assert np.abs(at).max() <= 4
    outside = points[16] + (14, -30)
    assert (picture[int(outside[1]), min(int(outside[0]), 255)] == 120).all()


def test_moving_the_view_moves_the_picture_and_the_landmarks_alike():
    face, units = person(1), np.zeros((len(UNITS), 2))
    a, p = render(face, units, FRONT, Light(), WALL)
    b, q = render(face, units, replace(FRONT, x=FRONT.x + 6, y=FRONT.y - 4), Light(), WALL)
    np.testing.assert_allclose(q - p, np.broadcast_to((6, -4), (68, 2)), atol=1e-3)
    assert np.abs(a[40:200, 40:200].astype(int) - b[36:196, 46:206]).mean() < 1.0


def test_yaw_turns_to_the_images_right_and_pitch_down():
    face, units = person(1), np.zeros((len(UNITS), 2))
    now = move(face, units)
    radius, _ = deform(face, units, now)
    straight = landmarks(face, radius, now, FRONT)
    right = landmarks(face, radius, now, replace(FRONT, yaw=0.2))
    down = landmarks(face, radius, now, replace(FRONT, pitch=0.2))
    tilted = landmarks(face, radius, now, replace(FRONT, roll=0.2))
    eyes = straight[36:48].mean(0)
    assert right[30, 0] - straight[30, 0] > 5
    assert down[30, 1] - straight[30, 1] > 2
    assert tilted[42:48].mean(0)[1] > tilted[36:42].mean(0)[1]
    assert abs(project(lift(now[27:28], radius), FRONT)[0, 1] - eyes[1]) < 6


@pytest.mark.parametrize("way", ["apex", "full"])
def test_a_performance_goes_from_neutral_to_its_apex(way):
    for seed in range(12):
        played = perform("happiness", np.random.default_rng(seed), way, "easy")
        smile = played.units[:, UNITS.index(12)].mean(axis=1)
        assert smile[0] < 0.05 and smile[played.apex] > 0.4
        assert smile[played.apex] >= smile.max() - 0.06
        assert (played.units >= 0).all() and (played.units <= 1).all()
        assert (played.apex == len(played) - 1) == (way == "apex")
        if way == "full":
            assert smile[-1] < 0.25 * smile.max()
        assert played.units[played.apex, UNITS.index(45)].max() < 0.2


def test_harder_is_weaker():
    levels = [DIFFICULTY[name] for name in ("easy", "normal", "hard")]
    assert levels[0].intensity > levels[1].intensity > levels[2].intensity
    assert levels[0].noise < levels[1].noise < levels[2].noise


def test_landmarks_stay_in_the_frame_and_move_little():
    recipe = Recipe(3, 1, "full", "normal", 1, "video", 128, CK_PLUS)
    for take in (Take(recipe, 1, "fear", 0), Take(recipe, 2, "surprise", 0)):
        seen = [points for _, points, _ in frames(take)]
        points = np.stack(seen)
        assert (points > 0).all() and (points < 127).all()
        assert np.abs(np.diff(points[:, 27], axis=0)).max() < 3


def test_a_drawn_tree_holds_what_its_manifest_says(tree):
    rows = list(csv.DictReader((tree / "manifest.csv").read_text().splitlines()))
    assert [row["name"] for row in rows] == [
        f"S{s:03d}_{e}_01" for s in (1, 2) for e in ("happiness", "surprise")
    ]
    for row in rows:
        pictures = [frame.image for frame in read(tree / row["path"])]
        truth = told(tree, row["name"])
        assert len(pictures) == int(row["frames"]) == len(truth["landmarks"])
        assert pictures[0].shape == (96, 96, 3)
        assert int(row["apex"]) == truth["apex"] == len(pictures) - 1
        assert truth["units"].shape == (len(pictures), len(UNITS), 2)
        assert truth["unit_names"].tolist() == list(UNITS)
        assert 0.8 <= float(row["intensity"]) <= 1.0
    assert not [p for p in tree.rglob("*") if ".part" in p.name]


def test_load_gives_a_database(tree):
    found = load(tree)
    assert isinstance(found, Database)
    assert (found.name, found.origin, found.course) == ("drawn", "drawn by fervid", "onset-apex")
    assert found.labels == CK_PLUS and found.subjects == ("S001", "S002")
    assert found.counts["happiness"] == 2 and found.counts["anger"] == 0
    assert all(clip.path.exists() and clip.apex is not None for clip in found.clips)
    assert load_by_name("drawn", tree) == found


def test_the_truth_is_that_of_the_pictures(tree):
    """Decoded pictures differ from drawn ones only by compression."""
    recipe = Recipe(
        **(json.loads((tree / "drawn.json").read_text()) | {"emotions": ("happiness", "surprise")})
    )
    take = takes(recipe)[1]
    kept = told(tree, take.name)
    for frame, (picture, points, _), exact in zip(
        read(tree / take.path), frames(take), kept["landmarks"], strict=True
    ):
        np.testing.assert_array_equal(points, exact)
        assert np.abs(frame.image.astype(int) - picture).mean() < 8


def test_a_killed_drawing_goes_on_and_ends_the_same(tree, tmp_path):
    options = {"seed": 3, "size": 96, "emotions": ("happiness", "surprise")}
    out = tmp_path / "again"
    draw(out, 2, 1, "apex", "easy", **options)
    before = {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert before == {p.relative_to(tree): p.read_bytes() for p in tree.rglob("*") if p.is_file()}
    gone = out / "truth" / "S002_surprise_01.npz"
    kept = out / "clips" / "S001" / "happiness_01.mp4"
    stamp = kept.stat().st_mtime_ns
    gone.unlink()
    (out / "manifest.csv").unlink()
    with pytest.raises(DatabaseError, match="cut off"):
        load(out)
    draw(out, 2, 1, "apex", "easy", **options)
    assert {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    assert kept.stat().st_mtime_ns == stamp


@pytest.mark.slow
def test_two_processes_draw_what_one_draws(tree, tmp_path):
    out = draw(tmp_path / "two", 2, 1, "apex", "easy", seed=3, jobs=2, size=96,
               emotions=("happiness", "surprise"))  # fmt: skip
    for path in tree.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (out / path.relative_to(tree)).read_bytes(), path.name


def test_images_instead_of_videos(tmp_path):
    out = draw(tmp_path / "d", 1, 1, "apex", "normal", form="images", size=64, emotions=("fear",))
    (clip,) = load(out).clips
    assert clip.path.is_dir()
    names = sorted(p.name for p in clip.path.iterdir())
    assert names[0] == "00001.png" and len(names) == clip.apex + 1
    recipe = Recipe(1, 1, "apex", "normal", 0, "images", 64, ("fear",))
    for name, (picture, _, _) in zip(names, frames(takes(recipe)[0]), strict=True):
        np.testing.assert_array_equal(cv2.imread(str(clip.path / name))[..., ::-1], picture)


def test_bad_wishes_are_refused_in_a_sentence(tree, tmp_path):
    for wrong in ({"course": "slow"}, {"difficulty": "mean"}, {"form": "oil"}, {"size": 20},
                  {"subjects": 0}, {"emotions": ("joyful",)}):  # fmt: skip
        with pytest.raises(InputError):
            draw(tmp_path / "x", **({"subjects": 1} | wrong))
    assert not (tmp_path / "x").exists()
    with pytest.raises(OutputError, match="other settings"):
        draw(tree, 2, 1, "apex", "hard", seed=3, size=96, emotions=("happiness", "surprise"))
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        draw(tmp_path / "file" / "below", 1)
    with pytest.raises(DatabaseError, match=r"drawn\.json"):
        load(tmp_path)
    (tmp_path / "drawn.json").write_text('{"course": 3}')
    with pytest.raises(DatabaseError):
        load(tmp_path)


def test_crops_are_repeatable_wide_and_framed():
    images, points = crops(40, seed=9)
    again, same = crops(24, seed=9)
    np.testing.assert_array_equal(images[:24], again)
    np.testing.assert_array_equal(points[:24], same)
    assert images.shape == (40, 128, 128) and images.dtype == np.uint8
    assert points.shape == (40, 68, 2) and points.dtype == np.float32
    assert np.isfinite(points).all() and np.abs(points - 0.5).max() < 1.2
    size = np.linalg.norm(points[:, 45] - points[:, 36], axis=1)
    assert 0.25 < np.median(size) < 0.6
    eyes, mouth = points[:, 36:48].mean(1), points[:, 48:].mean(1)
    assert (eyes[:, 1] < mouth[:, 1]).all()
    turned = (points[:, 30, 0] - eyes[:, 0]) / size
    assert turned.min() < -0.15 and turned.max() > 0.15


def test_the_haar_cascade_takes_them_for_faces():
    cascade = cv2.CascadeClassifier(
        str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml")
    )
    found = 0
    for seed in range(12):
        face = build(sample_identity(seed))
        picture, _ = render(face, np.zeros((len(UNITS), 2)), FRONT, Light(), WALL)
        found += len(cascade.detectMultiScale(picture[..., 1], 1.1, 4, minSize=(60, 60))) > 0
    assert found >= 11
