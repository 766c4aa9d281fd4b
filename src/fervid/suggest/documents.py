"""Suggested clips -> an ELAN document for each of their videos, to correct in place.

The tier `clips` holds each clip's label, `clips name` its name, and `clips look` why to look at it.
Annotations of one tier must not overlap: clips that do are put in `clips 2`, `clips 3`, ...
`fervid.databases.corrections` reads the labels back.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fervid.clip import Clip
from fervid.databases.corrections import NAME_ENDING, NAME_KIND
from fervid.databases.tree import VIDEOS
from fervid.errors import InputError
from fervid.faces.video import probe, seconds_of
from fervid.suggest.clips import ClipSuggestion

Span = tuple[int, int, ClipSuggestion]  # milliseconds


def write_elan(
    suggestions: Sequence[ClipSuggestion],
    clips: Mapping[str, Clip],
    labels: Sequence[str],
    folder: Path,
) -> list[Path]:
    """Write `<video>.suggested.eaf` for every video of the suggestions.

    Args:
        clips: of the store, by name.
        labels: that a clip can have, the vocabulary.

    Returns:
        The files written.

    Raises:
        InputError: a clip of pictures, or a video that cannot be read.
    """
    videos: dict[Path, list[ClipSuggestion]] = {}
    for each in suggestions:
        path = clips[each.clip].path
        if path.suffix.lower() not in VIDEOS or path.is_dir():
            raise InputError(
                f"{each.clip} is of pictures, and ELAN plays videos: take --out instead of --elan"
            )
        videos.setdefault(path, []).append(each)
    written: list[Path] = []
    for path, mine in videos.items():
        rate, seconds = probe(path).rate, seconds_of(path)
        spans = sorted(
            ((*_span(clips[each.clip], rate, seconds), each) for each in mine), key=lambda s: s[:2]
        )
        base, number = f"{path.stem}.suggested", 1
        while (file := folder / f"{base}{f'-{number}' if number > 1 else ''}.eaf") in written:
            number += 1
        _write(path, spans, labels, file)
        written.append(file)
    return written


def _span(clip: Clip, rate: float, seconds: float) -> tuple[int, int]:
    """Start and end of a clip in milliseconds, by its video's frame rate and length."""
    end = seconds if clip.end is None else clip.end / rate
    start = round(1000 * clip.start / rate)
    return start, max(round(1000 * end), start + 1)


def _write(video: Path, spans: Sequence[Span], labels: Sequence[str], file: Path) -> None:
    from fervid.predict.writers import elan

    document = elan.begin(file.parent, video, labels, ("remark", NAME_KIND))
    free_from: list[int] = []  # of each layer
    for start, end, each in spans:
        layer = next((n for n, free in enumerate(free_from) if free <= start), len(free_from))
        free_from[layer : layer + 1] = [end]
        tier = f"clips {layer + 1}" if layer else "clips"
        remark = f"{each.suggested}? {'; '.join(each.reasons)}"
        for name, kind, text in (
            (tier, "label", each.label),
            (tier + NAME_ENDING, NAME_KIND, each.clip),
            (f"{tier} look", "remark", remark),
        ):
            if name not in document.tiers:
                document.add_tier(name, kind, ann="fervid")
            document.add_annotation(name, start, end, text)
    elan.save(document, file)
