"""Train one model on prepared databases, to predict new video."""

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
from fervid.learning.loop import leader_first
from fervid.learning.recipes import as_json
from fervid.learning.run import Run, owned
from fervid.learning.samples import Samples, build, with_votes
from fervid.models.card import learnt_from, trained_on, with_teachers
from fervid.progress import bar as progress
from fervid.systems.interface import Recognizer, Store, System, check_pictures

NEUTRAL = "neutral"


@dataclass(frozen=True)
class Trained:
    """Result of a training.

    Args:
        recognizer: the saved model.
        validation: accuracy in 0..1 on the validation subjects; NaN without any. It is optimistic,
            because these subjects selected the epochs.
        samples: number of training samples.
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

    A killed training resumes from `<out>.run/`, next to the model; delete that folder once the
    model is written.

    Args:
        out: model file to write, with the suffix .safetensors.
        neutral: add the label "neutral", learnt from the beginning of clips (and from the end, if
            the database's course includes the offset). Expressions are also learnt from the frames
            around the apex alone, because a window of live video seldom begins with a neutral face.
        seed: seed for every random choice.
        validation: share of the clips, by subject, reserved for selecting the epochs; with 0 the
            last epochs are used. None: 0.15, or 0 if the recipe does not validate.
        licence: licence of the data, recorded in the model's card.

    Raises:
        InputError: there is nothing to train on.
        ProtocolError: `validation` is out of range, or there is only one subject to split.
        OutputError: the model or its folder cannot be written.
    """
    if out.suffix != ".safetensors":
        raise InputError(f"{out} is not a valid model name: end it in .safetensors")
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
        return _train(
            system, stores, clips, out, run, neutral=neutral, validation=validation,
            licence=licence,
        )  # fmt: skip


def _train(
    system: System,
    stores: Sequence[Store],
    clips: Sequence[Clip],
    out: Path,
    run: Run,
    *,
    neutral: bool,
    validation: float,
    licence: str,
) -> Trained:
    """Train in a locked folder; `clips` are those of all stores, in order."""
    labels, folder, seed = _labels(stores, neutral), run.folder, run.seed
    sweep(out.parent, out.name)
    tracks = _tracks(system, stores, clips, neutral)
    with leader_first(run):
        samples = build(system.inputs, tracks, labels, folder / "samples")
    if not len(samples):
        raise InputError(
            "no clip has both a label and a face: check the output of `fervid prepare`"
        )
    samples = with_votes(samples, clips)
    sides = _sides(clips, sorted(set(samples.clip.tolist())), validation, seed)
    fit, checked = (samples.take(np.flatnonzero(np.isin(samples.clip, side))) for side in sides)
    recognizer = system.fit(fit, checked, run)
    accuracy = _accuracy(recognizer, checked)
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
        recognizer.save(out, card)
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error}): choose another folder") from error
    return Trained(recognizer, accuracy, len(fit))


def _sides(
    clips: Sequence[Clip], usable: Sequence[int], share: float, seed: int
) -> tuple[Sequence[int], Sequence[int]]:
    """Clips to train on and clips to select epochs by; a fixed test part is in neither."""
    parts: dict[str, list[int]] = {}
    for row in usable:
        parts.setdefault(clips[row].groups.get("part", ""), []).append(row)
    if share > 0 and {"train", "validation"} <= set(parts) and "" not in parts:
        return parts["train"], parts["validation"]
    rest = [row for row in usable if clips[row].groups.get("part") != "test"]
    return inner_split(tuple(clips), rest, share, seed)


def _labels(stores: Sequence[Store], neutral: bool) -> tuple[str, ...]:
    """Distinct labels of all databases, ascending."""
    labels = {label for store in stores for label in store.database.labels}
    return tuple(sorted(labels | ({NEUTRAL} if neutral else set())))


def _tracks(
    system: System, stores: Sequence[Store], clips: Sequence[Clip], neutral: bool
) -> Iterator[tuple[int, str | None, str, Track]]:
    owners = [store for store in stores for _ in store.database.clips]
    originals = [clip for store in stores for clip in store.database.clips]
    for row, store in enumerate(progress(owners, "samples")):
        clip = clips[row]
        track = None if clip.label is None else store.main_track(originals[row])
        if track is None or not track.seen.any():
            continue
        check_pictures(system, track, clip)
        cuts = stretches(track, store.database.course) if neutral else [(slice(None), True)]
        for rows, expressive in cuts:
            label = clip.label if expressive else NEUTRAL
            yield row, label, clip.subject or "", track.rows(rows)


def stretches(track: Track, course: Course) -> list[tuple[Any, bool]]:
    """Rows of a clip to learn from, each with True for its expression or False for neutral.

    Onset to apex: the whole clip, its second half, and its first eighth as neutral. Onset, apex,
    offset: the whole clip, the part up to the apex, the half of the clip around the apex, and its
    first and last tenth as neutral. Stills and clips of unknown course: the whole clip.

    Args:
        track: track with at least one row that shows a face.
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


def _accuracy(recognizer: Recognizer, samples: Samples) -> float:
    if not len(samples):
        return nan
    predicted = recognizer.predict(samples.arrays)[recognizer.output].argmax(axis=1)
    return float((predicted == samples.target).mean())
