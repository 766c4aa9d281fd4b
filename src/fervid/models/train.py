"""Prepared databases -> one trained model, for prediction on new video."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

import fervid
from fervid.atomic import sweep
from fervid.clip import Clip, Course
from fervid.errors import InputError, OutputError
from fervid.faces.align import normalise
from fervid.faces.track import Track
from fervid.folds import check_share, inner_split
from fervid.learning.recipes import as_json
from fervid.learning.run import Run, owned
from fervid.learning.samples import Samples, build, with_votes
from fervid.models.card import learnt_from, trained_on, with_teachers
from fervid.progress import bar as progress
from fervid.systems.interface import Recognizer, Store, System

NEUTRAL = "neutral"


@dataclass(frozen=True)
class Trained:
    """What came out.

    Args:
        recognizer: as saved.
        validation: accuracy in 0..1 on the validation subjects, who chose the epochs: no test;
            NaN without any.
        samples: how many were trained on.
    """

    recognizer: Recognizer
    validation: float
    samples: int


def train(
    system: System,
    stores: Sequence[Store],
    out: Path,
    *,
    neutral: bool = False,
    seed: int = 0,
    device: str = "auto",
    precision: str = "32-true",
    validation: float | None = None,
    licence: str = "",
) -> Trained:
    """Train on every labelled clip of the stores and save the model.

    A killed training goes on from `<out>.run/` beside the model; the folder may be deleted when
    the model is there.

    Args:
        neutral: add the label "neutral" and learn it from where clips begin (and end, where the
            course says so); also learn each emotion from the stretch around its apex alone, for
            a window of live video seldom begins with a neutral face.
        validation: share of the clips, by subject, kept for choosing the epochs; 0: none are, and
            the last epochs count; None: 0.15, or 0 where the recipe does not validate.
        licence: of the data, said in the model's card.

    Raises:
        InputError: nothing to train on.
        ProtocolError: no such share, or a single subject to share among two sides.
        OutputError: the place cannot be written to.
    """
    if out.suffix != ".safetensors":
        raise InputError(f"{out} is no name for a model: end it in .safetensors")
    if validation is None:
        validation = 0.15 if getattr(system, "validates", True) else 0.0
    check_share(validation)
    clips = [replace(clip, subject=f"{store.database.name}/{clip.subject or clip.name}")
             for store in stores for clip in store.database.clips]  # fmt: skip
    folder = out.with_name(f"{out.name}.run")
    sources = [f"{s.database.name} {s.database.digest} {s.digest}" for s in stores]
    identity = {
        "fervid": fervid.__version__, "recipe": as_json(system), "data": sources,
        "neutral": neutral, "seed": seed, "precision": precision, "validation": validation,
        **learnt_from(system),
    }  # fmt: skip
    with owned(folder, "fervid train", identity):
        run = Run(folder, seed, device, precision, name="train")
        return _train(system, stores, clips, out, run, neutral, validation, licence)


def _train(
    system: System,
    stores: Sequence[Store],
    clips: Sequence[Clip],
    out: Path,
    run: Run,
    neutral: bool,
    validation: float,
    licence: str,
) -> Trained:
    """Train in a folder that is held; `clips` are those of all stores, in their order."""
    labels, folder, seed = _labels(stores, neutral), run.folder, run.seed
    sweep(out.parent, out.name)
    samples = build(system.inputs, _tracks(stores, clips, neutral), labels, folder / "samples")
    if not len(samples):
        raise InputError("no clip has both a label and a face: look at what `fervid prepare` said")
    samples = with_votes(samples, clips)
    sides = _sides(clips, sorted(set(samples.clip.tolist())), validation, seed)
    fit, checked = (samples.take(np.flatnonzero(np.isin(samples.clip, side))) for side in sides)
    made = system.fit(fit, checked, run)
    accuracy = _accuracy(made, checked)
    seen = [clips[row] for row in sides[0]]
    data = with_teachers(
        [data for store in stores for data in trained_on(store.database, seen)], system
    )
    card = {
        "trained_on": data, "samples": len(fit), "seed": seed, "neutral": neutral,
        "validation_subjects": len(set(checked.subject.tolist())),
        "validation_accuracy": round(accuracy, 4) if len(checked) else None,
        "licence_of_data": licence,
        "licence_of_code": "Apache-2.0", "made_by": f"fervid {fervid.__version__}",
    }  # fmt: skip
    try:
        made.save(out, card)
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error}): choose another place") from error
    return Trained(made, accuracy, len(fit))


def _sides(
    clips: Sequence[Clip], usable: Sequence[int], share: float, seed: int
) -> tuple[Sequence[int], Sequence[int]]:
    """Clips to train on and clips to choose the epochs by; a fixed test part is neither."""
    parts: dict[str, list[int]] = {}
    for row in usable:
        parts.setdefault(clips[row].groups.get("part", ""), []).append(row)
    if share > 0 and {"train", "validation"} <= set(parts) and "" not in parts:
        return parts["train"], parts["validation"]
    rest = [row for row in usable if clips[row].groups.get("part") != "test"]
    return inner_split(tuple(clips), rest, share, seed)


def _labels(stores: Sequence[Store], neutral: bool) -> tuple[str, ...]:
    """Every label of every database once, ascending."""
    labels = {label for store in stores for label in store.database.labels}
    return tuple(sorted(labels | ({NEUTRAL} if neutral else set())))


def _tracks(
    stores: Sequence[Store], clips: Sequence[Clip], neutral: bool
) -> Iterator[tuple[int, str | None, str, Track]]:
    owners = [store for store in stores for _ in store.database.clips]
    inside = [clip for store in stores for clip in store.database.clips]
    for row, store in enumerate(progress(owners, "samples")):
        clip = clips[row]
        found = None if clip.label is None else store.main_track(inside[row])
        if found is None or not found.seen.any():
            continue
        cuts = stretches(found, store.database.course) if neutral else [(slice(None), True)]
        for rows, expressive in cuts:
            label = clip.label if expressive else NEUTRAL
            yield row, label, clip.subject or "", found.rows(rows)


def stretches(track: Track, course: Course) -> list[tuple[Any, bool]]:
    """Rows of a clip to learn from, and whether they show its emotion or the neutral face.

    Onset to apex: the whole, its second half, and its first eighth as neutral. Onset, apex,
    offset: the whole, the part up to the apex, the middle half around it, and its first and last
    tenth as neutral. Stills and clips of unknown course: the whole.

    Args:
        track: at least one row with a face.
    """
    seen = np.flatnonzero(track.seen)
    n = len(seen)
    if course not in ("onset-apex", "onset-apex-offset") or n < 4:
        return [(seen, True)]
    if course == "onset-apex":
        return [(seen, True), (seen[n // 2 :], True), (seen[: max(1, n // 8)], False)]
    shapes = normalise(track.landmarks[seen])
    apex = int(np.linalg.norm(shapes - shapes[0], axis=2).mean(axis=1).argmax())
    low, high = max(0, apex - n // 4), min(n, apex + n // 4)
    tenth = max(1, n // 10)
    rise, around = (seen[: max(apex + 1, 2)], True), (seen[low:high], True)
    return [(seen, True), rise, around, (seen[:tenth], False), (seen[-tenth:], False)]


def _accuracy(made: Recognizer, samples: Samples) -> float:
    if not len(samples):
        return nan
    found = made.predict(samples.arrays)[made.output].argmax(axis=1)
    return float((found == samples.target).mean())
