"""BORIS [1]: a project with the labels as its ethogram, and its events as a table.

Faces are subjects, labels are state events, and each interval is a START and a STOP event.

[1] Friard, Gamba, BORIS: a free, versatile open-source event-logging software for video/audio
coding and live observations, Methods in Ecology and Evolution 7, 2016.
"""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fervid import atomic
from fervid.prediction.writers.table import PredictionTable, relative

VERSION = "7.0"  # project format, read by BORIS 7 and later
PLAYERS = 8
COLUMNS = (
    *("Observation id", "Observation date", "Description", "Observation duration"),
    *("Observation type", "Source", "Time offset (s)", "Media duration (s)", "FPS", "Subject"),
    *("Behavior", "Behavioral category", "Behavior type", "Time", "Media file name"),
    *("Image index", "Image file path", "Comment"),
)  # as BORIS 8.27 exports them


def write(table: PredictionTable, base: Path) -> list[Path]:
    """Write `<base>.boris` and `<base>.events.tsv`.

    Returns:
        The two files written.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    project = base.with_name(f"{base.name}.boris")
    events = base.with_name(f"{base.name}.events.tsv")
    media = str(table.rows["input"].iloc[0])
    if table.media is not None:
        media = relative(table.media, base.parent)
    atomic.write(project, json.dumps(_project(table, media, now), indent=1))
    atomic.write(events, _tabular(table, media, now))
    return [project, events]


def _events(table: PredictionTable) -> list[tuple[float, str, str, int, str]]:
    """(seconds, subject, behaviour, frame, START or STOP), by time; STOP comes before START."""
    events = []
    for each in table.intervals:
        subject = f"face {each.face}"
        events.append((each.start, subject, each.label, each.first_frame, "START"))
        events.append((each.end, subject, each.label, each.last_frame + 1, "STOP"))
    return sorted(events, key=lambda event: (event[0], event[4] == "START", event[1]))


def _project(table: PredictionTable, media: str, now: str) -> dict[str, Any]:
    excluded = table.labels if table.exclusive else ()  # episodes may overlap
    behaviours = {
        str(place): {
            "type": "State event",
            "key": chr(ord("a") + place) if place < 26 else "",
            "code": label,
            "description": f"{'most probable label' if excluded else 'episode'}: {label}",
            "color": "",
            "category": "",
            "modifiers": "",
            "excluded": ",".join(other for other in excluded if other != label),
            "coding map": "",
        }
        for place, label in enumerate(table.labels)
    }
    subjects = {
        str(place): {
            "key": str(place) if place < 10 else "",
            "name": f"face {face}",
            "description": "",
        }
        for place, face in enumerate(table.faces)
    }
    return {
        "time_format": "hh:mm:ss",
        "project_date": now,
        "project_name": table.name,
        "project_description": "label intervals by fervid",
        "project_format_version": VERSION,
        "subjects_conf": subjects,
        "behaviors_conf": behaviours,
        "behavioral_categories": [],
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
        "observations": {table.name: _observation(table, media, now)},
    }


def _observation(table: PredictionTable, media: str, now: str) -> dict[str, Any]:
    files: dict[str, list[str]] = {str(player): [] for player in range(1, PLAYERS + 1)}
    files["1"] = [media]
    return {
        "file": files,
        "type": "MEDIA",
        "date": now,
        "description": "",
        "time offset": 0.0,
        "events": [
            [round(seconds, 3), subject, behaviour, "", "", frame]
            for seconds, subject, behaviour, frame, _ in _events(table)
        ],
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling_duration": 0,
        "image_display_duration": 1,
        "close_behaviors_between_videos": False,
        "media_info": {
            # BORIS leaves out events after this, and 2.4 as a binary fraction is before 2.400.
            "length": {media: round(table.seconds + 0.001, 3)},
            "fps": {media: round(table.rate, 3)},
            "hasVideo": {media: True},
            "hasAudio": {media: False},
            "offset": {"1": 0.0},
        },
    }


def _tabular(table: PredictionTable, media: str, now: str) -> str:
    seconds, rate = f"{table.seconds:.3f}", f"{table.rate:.3f}"
    source = ("Media file(s)", f"player #1:{media}", "0.0", seconds, rate)
    about = (table.name, now.replace("T", " "), "", seconds, *source)
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for time, subject, behaviour, frame, kind in _events(table):
        event = (subject, behaviour, "", kind, f"{time:.3f}", media, frame, "NA", "")
        writer.writerow([*about, *event])
    return text.getvalue()
