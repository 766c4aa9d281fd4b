"""ELAN's annotation document (.eaf, format 2.8), by pympi-ling.

A tier `face 0` holds the labels of face 0, restricted to a controlled vocabulary of all labels. A
tier `face 0 fear` holds only the intervals of that label, with their mean probability as value. A
tier `face 0 look` holds remarks for the person who corrects the labels. Episodes may overlap, so
they have only the tiers by label.
"""

import mimetypes
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fervid import atomic
from fervid.prediction.writers.table import PredictionTable, relative

VOCABULARY = "labels"
UNDETERMINED = ("und", "http://cdb.iso.org/lg/CDB-00130975-001", "undetermined (und)")


def write(
    table: PredictionTable,
    base: Path,
    remarks: Mapping[int, Sequence[tuple[float, float, str]]] | None = None,
) -> list[Path]:
    """Write `<base>.eaf`, with times in whole milliseconds.

    An interval shorter than half a millisecond is dropped, because ELAN allows none without length.

    Args:
        remarks: face -> start and end in seconds, and the text; those of a face do not overlap.

    Returns:
        The file written.
    """
    path = base.with_name(f"{base.name}.eaf")
    free = ("probability", *(["remark"] if remarks else []))
    document = begin(path.parent, table.media, table.labels, free)
    for face in table.faces if table.exclusive else []:
        _add_tier(document, f"face {face}", "label", face)
    for each in table.intervals:
        start, end = round(1000 * each.start), round(1000 * each.end)
        if start == end:
            continue
        name = f"face {each.face}"
        of_label = f"{name} {each.label}"
        if of_label not in document.tiers:
            _add_tier(document, of_label, "probability", each.face)
        if table.exclusive:  # annotations of one tier must not overlap
            document.add_annotation(name, start, end, each.label)
        document.add_annotation(of_label, start, end, f"{each.probability:.3f}")
    for face, lines in (remarks or {}).items():
        _add_tier(document, f"face {face} look", "remark", face)
        for since, until, line in lines:
            if (times := (round(1000 * since), round(1000 * until)))[0] < times[1]:
                document.add_annotation(f"face {face} look", *times, line)
    save(document, path)
    return [path]


def begin(folder: Path, media: Path | None, labels: Sequence[str], free: Sequence[str]) -> Any:
    """A document without tiers.

    Args:
        folder: the document's folder, which the media's relative path starts from.
        media: the video that is linked.
        labels: the controlled vocabulary of the tier type `label`.
        free: further tier types, with free text.
    """
    from pympi.Elan import Eaf

    document = Eaf(author="fervid")
    # pympi's own date is malformed in time zones with a half-hour offset.
    document.adocument["DATE"] = datetime.now(UTC).isoformat(timespec="seconds")
    document.remove_tier("default")
    document.remove_linguistic_type("default-lt")
    if media:
        kind = mimetypes.guess_type(media.name)[0] or "unknown"
        linked = _dotted(relative(media, folder))
        document.add_linked_file(media.resolve().as_uri(), linked, kind)
    _add_vocabulary(document, labels, free)
    return document


def save(document: Any, path: Path) -> None:
    """Write a document atomically, its time slots in order."""
    _sort_time_slots(document)
    # ELAN continues numbering annotations from here.
    document.properties = [("lastUsedAnnotationId", document.maxaid)]
    with TemporaryDirectory() as scratch:  # pympi would rename an existing file to .bak
        written = Path(scratch) / path.name
        document.to_file(str(written))
        atomic.write(path, written.read_bytes())


def _dotted(path: str) -> str:
    """A relative path in ELAN's notation."""
    return path if path.startswith((".", "/")) else f"./{path}"


def _add_vocabulary(document: Any, labels: Sequence[str], free: Sequence[str]) -> None:
    """Add the vocabulary of labels, and tier types with these labels or with free text."""
    document.add_language(*UNDETERMINED)
    document.add_controlled_vocabulary(VOCABULARY)
    document.add_cv_description(VOCABULARY, "und", "Labels of the model")
    for place, label in enumerate(labels):
        document.add_cv_entry(VOCABULARY, f"cveid_{place}", [(label, "und", None)])
    common = {"TIME_ALIGNABLE": "true", "GRAPHIC_REFERENCES": "false"}
    kinds = {"label": {"CONTROLLED_VOCABULARY_REF": VOCABULARY}, **{name: {} for name in free}}
    for name, more in kinds.items():
        kind = {"LINGUISTIC_TYPE_ID": name, **common, **more}
        document.add_linguistic_type(name, param_dict=kind)


def _add_tier(document: Any, name: str, kind: str, face: int) -> None:
    document.add_tier(name, kind, part=f"face {face}", ann="fervid")


def _sort_time_slots(document: Any) -> None:
    """Number the time slots by time, as the format requires."""
    order = sorted(document.timeslots, key=document.timeslots.__getitem__)
    renamed = {old: f"ts{number}" for number, old in enumerate(order, 1)}
    document.timeslots = {renamed[old]: document.timeslots[old] for old in order}
    for aligned, *_ in document.tiers.values():
        for name, (start, end, *rest) in aligned.items():
            aligned[name] = (renamed[start], renamed[end], *rest)
