"""Clips on disk: plan, draw, list, load."""

import io
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from fervid.atomic import blamed, held, sweep, write
from fervid.clip import Clip, Course, Database
from fervid.databases import table
from fervid.databases.drawn.action_units import UNITS
from fervid.databases.drawn.camera import View
from fervid.databases.drawn.face import person
from fervid.databases.drawn.motion import DIFFICULTY, Level, Performance, Ways, perform
from fervid.databases.drawn.render import render
from fervid.databases.drawn.scene import Picture, Scene, expose, lay, set_up
from fervid.databases.tree import inside, within
from fervid.errors import DatabaseError, FervidError, InputError, OutputError
from fervid.labels import CK_PLUS
from fervid.parallel import spread
from fervid.progress import bar
from fervid.text import Rows, csv_text

Form = Literal["video", "images"]
VERSION = 1  # version of the pictures; raise it whenever a seed draws something else
RATE = 25.0
COLUMNS = ("name", "path", "label", "subject", "course", "frames", "apex", "intensity", "seed")
COURSES: dict[str, Course] = {"apex": "onset-apex", "full": "onset-apex-offset"}


@dataclass(frozen=True)
class Recipe:
    """Everything that determines a drawn database."""

    subjects: int
    clips_per_emotion: int
    course: Ways
    difficulty: Level
    seed: int
    form: Form
    size: int
    emotions: tuple[str, ...]
    version: int = VERSION


@dataclass(frozen=True)
class Take:
    """One clip to be drawn: a subject (from 1), an emotion, and how often it was shown before."""

    recipe: Recipe
    subject: int
    emotion: str
    turn: int

    @property
    def name(self) -> str:
        """Name of the clip within the database."""
        return f"S{self.subject:03d}_{self.emotion}_{self.turn + 1:02d}"

    @property
    def path(self) -> str:
        """Path of the clip within the database's folder."""
        end = ".mp4" if self.recipe.form == "video" else ""
        return f"clips/S{self.subject:03d}/{self.emotion}_{self.turn + 1:02d}{end}"

    @property
    def face_seed(self) -> int:
        """Seed of the person."""
        return _seed(self.recipe.seed, self.subject)

    @property
    def seed(self) -> int:
        """Seed of everything in the clip but the person."""
        place = CK_PLUS.index(self.emotion)
        return _seed(self.recipe.seed, self.subject, place, self.turn)


def _seed(*keys: int) -> int:
    return int(np.random.SeedSequence(keys[0], spawn_key=keys[1:]).generate_state(1)[0])


def plan(take: Take) -> tuple[Performance, View, np.random.Generator]:
    """The performance, the head's first view, and the random generator left for the scene.

    Cheap and repeatable.
    """
    rng = np.random.default_rng(take.seed)
    recipe = take.recipe
    played = perform(take.emotion, rng, recipe.course, recipe.difficulty)
    loose = DIFFICULTY[recipe.difficulty].light
    scale = recipe.size * rng.uniform(0.215 - 0.03 * loose, 0.225)
    x, y = recipe.size * (np.array([0.5, 0.525]) + rng.normal(0, 0.008 + 0.012 * loose, 2))
    return played, View(scale=scale, x=x, y=y), rng


def _stage(take: Take) -> tuple[Performance, View, Scene, np.random.Generator]:
    played, view, rng = plan(take)
    size = (take.recipe.size, take.recipe.size)
    who = person(take.face_seed).who
    return played, view, set_up(rng, who, view, DIFFICULTY[take.recipe.difficulty], size), rng


def frames(take: Take) -> Iterator[tuple[Picture, NDArray[np.float32], View]]:
    """Pictures of a take, each with its 68 landmarks in pixels and the head's view."""
    played, view, scene, rng = _stage(take)
    face = person(take.face_seed)
    for t in range(len(played)):
        yaw, pitch, roll = played.pose[t]
        dx, dy = played.drift[t] * view.scale
        now = View(yaw, pitch, roll, view.scale, view.x + dx, view.y + dy)
        gaze = (float(played.gaze[t, 0]), float(played.gaze[t, 1]))
        picture, points = render(face, played.units[t], now, scene.light, scene.background, gaze)
        lay(picture, scene.torso, (0.6 * float(dx), 0.6 * float(dy)))
        yield expose(picture, scene, rng), points, now


def takes(recipe: Recipe) -> list[Take]:
    """Every clip of a recipe, by subject, emotion and repetition."""
    return [
        Take(recipe, subject, emotion, turn)
        for subject in range(1, recipe.subjects + 1)
        for emotion in recipe.emotions
        for turn in range(recipe.clips_per_emotion)
    ]


def draw(
    out: Path,
    subjects: int = 10,
    clips_per_emotion: int = 1,
    course: Ways = "apex",
    difficulty: Level = "normal",
    *,
    seed: int = 0,
    jobs: int = 1,
    form: Form = "video",
    size: int = 256,
    emotions: Sequence[str] = CK_PLUS,
) -> Path:
    """Draw a database into a folder; finished clips are kept, so a killed run resumes.

    Writes clips/S001/<emotion>_01.mp4 (or a folder of PNG pictures), truth/<name>.npz (landmarks,
    action units, pose), manifest.csv and the recipe drawn.json.

    Args:
        subjects: number of people.
        course: "apex" ends at the apex, "full" returns to neutral.
        jobs: number of worker processes; it does not change the result.
        form: "video" (H.264) or "images".
        size: side of the square pictures, in pixels.

    Returns:
        the folder.

    Raises:
        InputError: an unknown option value.
        OutputError: the folder belongs to another recipe or cannot be written to.
    """
    recipe = Recipe(
        subjects, clips_per_emotion, course, difficulty, seed, form, size, tuple(emotions)
    )
    _check(recipe)
    out = Path(out)
    with held(out, "fervid draw"):
        _claim(out, recipe)
        _sweep(out)
        _draw(out, recipe, jobs)
    return out


def _draw(out: Path, recipe: Recipe, jobs: int) -> None:
    left = [take for take in takes(recipe) if not _done(out, take)]
    drawn = spread(partial(_start, out), left, jobs, _crashed, threads=1)
    for _ in bar(drawn, f"drawing into {out}", len(left)):
        pass
    write(out / "manifest.csv", _manifest(recipe))


def _sweep(out: Path) -> None:
    """Remove the unfinished files of a killed drawing."""
    for folder in (out, out / "truth", *out.glob("clips/*/")):
        sweep(folder)
        for part in folder.glob(".*.part/"):
            shutil.rmtree(part, ignore_errors=True)


def _check(recipe: Recipe) -> None:
    for value, allowed in (
        (recipe.course, get_args(Ways)),
        (recipe.difficulty, get_args(Level)),
        (recipe.form, get_args(Form)),
        *((emotion, CK_PLUS) for emotion in recipe.emotions),
    ):
        if value not in allowed:
            raise InputError(f"cannot draw {value!r}: choose one of {', '.join(allowed)}")
    if min(recipe.subjects, recipe.clips_per_emotion) < 1 or not recipe.emotions:
        raise InputError("nothing to draw: ask for at least one subject, clip and emotion")
    if recipe.size < 64 or recipe.size > 1024 or recipe.size % 2:
        raise InputError(f"cannot draw {recipe.size} pixels wide: choose an even size in 64..1024")


def _claim(out: Path, recipe: Recipe) -> None:
    """Claim the folder, or check that it holds this very recipe."""
    mine = json.loads(json.dumps(asdict(recipe)))
    note = out / "drawn.json"
    with blamed(out):
        out.mkdir(parents=True, exist_ok=True)
        if note.exists():
            if _recipe(out) != mine:
                raise OutputError(
                    f"{out} holds faces drawn with other settings (see {note.name}): "
                    "choose another folder"
                )
            return
    write(note, json.dumps(mine, indent=1))


def _done(out: Path, take: Take) -> bool:
    return (out / "truth" / f"{take.name}.npz").exists() and (out / take.path).exists()


def _start(out: Path) -> Callable[[Take], None]:
    return partial(_record, out)


def _crashed(take: Take) -> None:
    raise FervidError(
        f"the process that drew {take.name} was killed, perhaps for memory: run again, with fewer "
        "--jobs; finished clips are kept"
    )


def _record(out: Path, take: Take) -> None:
    """Draw one clip, then write its ground truth last, which marks it as complete."""
    played, _, _ = plan(take)
    points, poses = [], []

    def watched() -> Iterator[Picture]:
        for picture, landmarks, now in frames(take):
            points.append(landmarks)
            poses.append((now.yaw, now.pitch, now.roll))
            yield picture

    goal = out / take.path
    with blamed(goal):
        goal.parent.mkdir(parents=True, exist_ok=True)
        (out / "truth").mkdir(exist_ok=True)
        _SAVE[take.recipe.form](goal, watched())
        memory = io.BytesIO()
        truth: dict[str, Any] = {
            "landmarks": np.stack(points),
            "units": played.units.astype(np.float32),
            "unit_names": np.array(UNITS, np.int64),
            "pose": np.array(poses, np.float32),
            "apex": np.int64(played.apex),
        }
        np.savez_compressed(memory, **truth)
        write(out / "truth" / f"{take.name}.npz", memory.getvalue())


def _save_video(path: Path, pictures: Iterable[Picture]) -> None:
    from fervid.faces.video import write_video

    write_video(path, pictures, RATE)


def _save_images(folder: Path, pictures: Iterable[Picture]) -> None:
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for k, picture in enumerate(pictures, 1):
        done, content = cv2.imencode(".png", picture[..., ::-1])
        if not done:
            raise OSError("no PNG encoder")
        (part / f"{k:05d}.png").write_bytes(content.tobytes())
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)


_SAVE: dict[str, Callable[[Path, Iterable[Picture]], None]] = {
    "video": _save_video,
    "images": _save_images,
}


def _manifest(recipe: Recipe) -> str:
    rows: Rows = [COLUMNS]
    for take in takes(recipe):
        played, _, _ = plan(take)
        rows.append(
            (take.name, take.path, take.emotion, f"S{take.subject:03d}", COURSES[recipe.course],
             len(played), played.apex, f"{played.intensity:.3f}", take.seed)
        )  # fmt: skip
    return csv_text(rows)


def _recipe(root: Path) -> dict[str, Any]:
    if not (root / "drawn.json").is_file():
        raise DatabaseError(
            f"drawn: {root} has no readable drawn.json: draw it with `fervid draw {root}`"
        )
    found = table.document(root / "drawn.json")
    if not isinstance(found, dict) or found.get("course") not in list(COURSES):
        raise DatabaseError(f"drawn: {root}/drawn.json is not by fervid: draw into another folder")
    return found


def load(root: Path) -> Database:
    """Faces drawn by fervid itself (`fervid draw`): seven emotions, exact landmarks.

    Args:
        root: the folder drawn into.

    Raises:
        DatabaseError: not a drawn database, or one whose drawing was interrupted.
    """
    root = Path(root)
    recipe = _recipe(root)
    manifest = root / "manifest.csv"
    if not manifest.is_file():
        raise DatabaseError(
            f"drawn: {root} has no manifest.csv, its drawing was cut off: run the same "
            "`fervid draw` again, it resumes where it stopped"
        )
    clips = tuple(_clip(row, root) for row in table.rows(manifest, COLUMNS))
    return Database("drawn", CK_PLUS, clips, COURSES[recipe["course"]],
                    origin="drawn by fervid", licence="Apache-2.0, as fervid itself.")  # fmt: skip


def _clip(row: table.Row, root: Path) -> Clip:
    path = inside(root / within(row["path"], row.where), root, row.where)
    known = row["label"] in CK_PLUS and row["name"] and row["subject"] and row["path"]
    if not known or not path.exists():
        raise DatabaseError(
            f"drawn: {row.where}: no such clip (label {table.brief(row['label'])}, path "
            f"{table.brief(row['path'])}): draw again"
        )
    return Clip(row["name"], path, "drawn", row["label"], row["subject"], apex=row.number("apex"),
                view="frontal")  # fmt: skip
