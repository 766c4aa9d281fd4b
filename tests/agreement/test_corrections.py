"""Corrected files -> a manifest -> clips: the same intervals, the right recording, no guesses."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from fervid.agreement.corrections import import_labels
from fervid.databases import folder
from fervid.errors import InputError, LabelError, OutputError
from fervid.faces import write_video

RATE = 25
SPANS = [(0.2, 1.0, "anger"), (1.0, 2.2, "happiness"), (2.6, 3.0, "fear")]


@pytest.fixture
def media(tmp_path) -> Path:
    path = tmp_path / "films" / "my film.mp4"
    write_video(path, np.zeros((80, 32, 32, 3), np.uint8), RATE)
    return path


def eaf(path: Path, tiers: dict[str, list], linked: str = "", people: dict | None = None) -> Path:
    """As ELAN's user makes it."""
    from pympi.Elan import Eaf

    document = Eaf()
    document.remove_tier("default")
    if linked:
        document.add_linked_file("file:///C:/elsewhere/film.mp4", linked, "video/mp4")
    for name, spans in tiers.items():
        document.add_tier(name, part=(people or {}).get(name))
        for start, end, label in spans:
            document.add_annotation(name, round(1000 * start), round(1000 * end), label)
    path.parent.mkdir(exist_ok=True)
    document.to_file(str(path))
    return path


def textgrid(path: Path, media: Path) -> Path:
    from pympi.Praat import TextGrid

    grid = TextGrid(xmax=3.2)
    tier = grid.add_tier("emotion")
    for span in SPANS:
        tier.add_interval(*span)
    grid.to_file(str(path))
    return path


def boris(path: Path, media: Path) -> Path:
    events = [[t, "Anna", label, "", "", 0] for a, b, label in SPANS for t in (a, b)]
    project = {
        "behaviors_conf": {str(n): {"code": label, "type": "State event"}
                           for n, (*_, label) in enumerate(SPANS)},
        "observations": {"one": {"file": {"1": [str(media)], "2": []}, "events": events}},
    }  # fmt: skip
    path.write_text(json.dumps(project))
    return path


def table(path: Path, media: Path) -> Path:
    rows = ";".join(("Input", "Start_Seconds", "End_Seconds", "LABEL", "subject"))
    for start, end, label in SPANS:
        rows += f"\r\nfilms\\{media.name};{str(start).replace('.', ',')};{end};{label.title()};Anna"
    path.write_text("\ufeff" + rows + "\r\n", encoding="utf-8")
    return path


def read(path: Path) -> list[tuple]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["path", "label", "subject", "start_seconds", "end_seconds"]
    return [(r["path"], r["label"], r["subject"], float(r["start_seconds"]),
             float(r["end_seconds"])) for r in rows]  # fmt: skip


def of_eaf(path: Path, media: Path) -> Path:
    return eaf(path, {"emotion": SPANS}, f"./films/{media.name}", {"emotion": "Anna"})


MAKERS = [(of_eaf, "a.eaf", "Anna"), (textgrid, "my film.TextGrid", ""),
          (boris, "a.boris", "Anna"), (table, "a.csv", "Anna")]  # fmt: skip


@pytest.mark.parametrize(("maker", "name", "subject"), MAKERS, ids=lambda each: str(each)[:12])
def test_same_intervals(tmp_path, media, maker, name, subject) -> None:
    file = maker(tmp_path / name, media)
    beside = media.parent if name.endswith("Grid") else None
    imported = import_labels([file], tmp_path / "manifest.csv", media=beside)
    rows = read(imported.path)
    assert [(row[1], row[3], row[4]) for row in rows] == [
        (label, pytest.approx(start, abs=0.001), pytest.approx(end, abs=0.001))
        for start, end, label in SPANS
    ]
    assert {row[0] for row in rows} == {f"films/{media.name}"} and {r[2] for r in rows} == {subject}
    assert imported.unnamed == (0 if subject else 3) and not imported.outside
    clips = folder.load(imported.path).clips
    assert {(clip.start, clip.end, clip.label) for clip in clips} == {
        (round(start * RATE), round(end * RATE), label) for start, end, label in SPANS
    }
    assert {clip.subject for clip in clips} == {subject or None}


def test_what_convert_wrote_comes_back(tmp_path, media) -> None:
    """Our own table, through ELAN's format, corrected in one place."""
    import pandas as pd
    from pympi.Elan import Eaf

    from fervid.predict.writers import convert

    rows = {
        "input": str(media), "frame": range(50), "timestamp": [n / 25 for n in range(50)],
        "face_id": 0, "status": "face", "left": 1.0, "top": 1.0, "width": 5.0, "height": 5.0,
        "score": 1.0, "label": ["fear"] * 25 + ["anger"] * 25,
        "p_anger": [0.1] * 25 + [0.8] * 25, "p_fear": [0.9] * 25 + [0.2] * 25,
    }  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    (path,) = convert([tmp_path / "t.csv"], "elan")
    document = Eaf(str(path))
    for start, end, label in document.get_annotation_data_for_tier("face 0"):
        if label == "fear":
            document.remove_annotation("face 0", (start + end) // 2)
            document.add_annotation("face 0", start, end, "Surprised")
    document.to_file(str(path))
    imported = read(import_labels([path], tmp_path / "m.csv", subject="S1").path)
    where = "films/my film.mp4"
    assert imported == [(where, "surprise", "S1", 0.0, 1.0), (where, "anger", "S1", 1.0, 2.0)]


def test_a_boris_project_of_several_observations(tmp_path, media) -> None:
    """Each with its own recording; the only tier of each is taken."""
    other = tmp_path / "films" / "other.mp4"
    write_video(other, np.zeros((80, 32, 32, 3), np.uint8), RATE)
    project = json.loads(boris(tmp_path / "a.boris", media).read_text())
    events = [[1.0, "Ben", "fear", "", "", 0], [2.0, "Ben", "fear", "", "", 0]]
    project["observations"]["two"] = {"file": {"1": ["other.mp4"], "2": []}, "events": events}
    (tmp_path / "a.boris").write_text(json.dumps(project))
    done = import_labels([tmp_path / "a.boris"], tmp_path / "m.csv", media=media.parent)
    rows = read(done.path)
    assert [row[:3] for row in rows if row[0] == "films/other.mp4"] == [
        ("films/other.mp4", "fear", "Ben")
    ]
    assert len(rows) == 4 and {row[2] for row in rows} == {"Anna", "Ben"}
    with pytest.raises(InputError, match="about 2 recordings, and --media names one"):
        import_labels([tmp_path / "a.boris"], tmp_path / "no.csv", media=media)
    project["observations"]["two"]["events"].pop()
    (tmp_path / "a.boris").write_text(json.dumps(project))
    with pytest.raises(InputError, match=r"a\.boris, two: fear of Ben at 1\.0 s has no end"):
        import_labels([tmp_path / "a.boris"], tmp_path / "no.csv", media=media.parent)


@pytest.mark.parametrize("kind", ["text", "short text", "binary"])
@pytest.mark.parametrize("label", ["fear", "Überraschung"])
def test_what_praat_saves(tmp_path, media, kind, label) -> None:
    """By Praat's own code, which writes UTF-16 where a label is not ASCII."""
    parselmouth = pytest.importorskip("parselmouth")
    ask = parselmouth.praat.call
    grid = parselmouth.read(str(textgrid(tmp_path / "made.TextGrid", media)))
    third = next(n for n in range(1, 9) if ask(grid, "Get label of interval...", 1, n) == "fear")
    ask(grid, "Set interval text...", 1, third, label)
    saved = tmp_path / "my film.TextGrid"
    ask(grid, f"Save as {kind} file...", str(saved))
    names = {"überraschung": "surprise"}
    done = import_labels([saved], tmp_path / "m.csv", media=media.parent, names=names)
    wanted = [(a, b, names.get(label.lower(), label) if c == "fear" else c) for a, b, c in SPANS]
    assert [(a, b, c) for _, c, _, a, b in read(done.path)] == [
        (pytest.approx(a), pytest.approx(b), c) for a, b, c in wanted
    ]


def test_praat_in_utf_16(tmp_path, media) -> None:
    """As Praat saves labels that are not ASCII."""
    grid = textgrid(tmp_path / "my film.TextGrid", media)
    text = grid.read_text(encoding="utf-8").replace("fear", "Ärger")
    for codec in ("utf-16", "utf-8"):
        grid.write_bytes(text.encode(codec))
        out = tmp_path / f"{codec}.csv"
        import_labels([grid], out, media=media, names={"ärger": "anger"})
        assert [row[1] for row in read(out)] == ["anger", "happiness", "anger"]


def test_several_recordings_of_one_table(tmp_path, media) -> None:
    write_video(media.with_name("b.mp4"), np.zeros((80, 32, 32, 3), np.uint8), RATE)
    file = media.parent / "suggested.csv"
    file.write_text(
        "input,face_id,start_seconds,end_seconds,label\n"
        "elsewhere/my film.mp4,0,0,1,fear\nb.mp4,1,0,1,joy\nb.mp4,1,1,1.01,joy\nb.mp4,1,2,3,\n"
    )
    imported = import_labels([file], tmp_path / "m.csv")
    assert [row[:2] for row in read(imported.path)] == [
        ("films/b.mp4", "happiness"), ("films/my film.mp4", "fear"),
    ]  # fmt: skip
    assert imported.left_out == {"shorter than a frame": 1, "without a label": 1}


def test_labels_are_named_or_refused(tmp_path, media) -> None:
    spans = [(0, 1, "Freude"), (1, 2, "unclear"), (2, 3, "bored")]
    file = eaf(tmp_path / "a.eaf", {"x": spans}, f"films/{media.name}")
    with pytest.raises(LabelError, match=r"a\.eaf, x, 0\.000 s: unknown label 'Freude'.*--label"):
        import_labels([file], tmp_path / "m.csv")
    names = {"freude": "happiness", "unclear": "", "bored": "boredom"}
    imported = import_labels([file], tmp_path / "m.csv", names=names)
    assert [row[1] for row in read(imported.path)] == ["happiness", "boredom"]
    assert imported.left_out == {"labelled unclear": 1}
    assert imported.labels == ("boredom", "happiness")
    assert "--set labels=boredom,happiness" in imported.text()
    assert len(folder.load(imported.path, labels=imported.labels).clips) == 2


def test_several_faces(tmp_path, media) -> None:
    tiers = {"face 0": SPANS, "face 1": [(0, 3, "fear")]}
    file = eaf(tmp_path / "a.eaf", tiers, f"films/{media.name}", {"face 0": "face 0"})
    with pytest.raises(InputError, match=r"labels face 0, face 1 of my film\.mp4.*--tier"):
        import_labels([file], tmp_path / "m.csv")
    with pytest.raises(InputError, match="no labels in tier 'face 2': choose face 0, face 1"):
        import_labels([file], tmp_path / "m.csv", tier="face 2")
    rows = read(import_labels([file], tmp_path / "m.csv", tier="face 0").path)
    assert len(rows) == 3 and {row[2] for row in rows} == {""}


def test_overlapping_labels(tmp_path, media) -> None:
    file = media.parent / "a.csv"
    file.write_text("input,start_seconds,end_seconds,label\nmy film.mp4,0,2,fear\n"
                    "my film.mp4,1,3,anger\n")  # fmt: skip
    with pytest.raises(InputError, match=r"a\.csv: labels overlap at 1\.000 s"):
        import_labels([file], tmp_path / "m.csv")


def test_which_recording(tmp_path, media) -> None:
    grid = textgrid(tmp_path / "film.TextGrid", media)
    with pytest.raises(InputError, match=r"film\.TextGrid: 0 recordings fit in .*--media"):
        import_labels([grid], tmp_path / "m.csv")
    for ending in (".mp4", ".mov"):
        (tmp_path / f"film{ending}").write_bytes(b"x")
    with pytest.raises(InputError, match=r"2 recordings fit in .*film\.mov, film\.mp4"):
        import_labels([grid], tmp_path / "m.csv")
    home = tmp_path / "manifests"
    home.mkdir()
    imported = import_labels([grid], home / "m.csv", media=media)
    assert {row[0] for row in read(imported.path)} == {"../films/my film.mp4"}
    assert imported.outside and "--set absolute=True" in imported.text()
    assert len(folder.load(imported.path, absolute=True).clips) == 3
    other = textgrid(tmp_path / "other.TextGrid", media)
    with pytest.raises(InputError, match=r"film\.TextGrid and .*other\.TextGrid both label"):
        import_labels([grid, other], tmp_path / "m.csv", media=media)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("input,start,end,label\nmy film.mp4,0,25,fear\n", "line 1: no column start_seconds"),
        ("path,input,start_seconds,end_seconds,label\n,,0,1,fear\n", "path and input both name"),
        ("start_seconds,end_seconds,label\n2,1,fear\n", "line 2: end 1 is not after start 2"),
        ("start_seconds,end_seconds,label\n0:10,1,fear\n", "line 2: start_seconds is '0:10'"),
        ("start_seconds,end_seconds,label\n", "no labelled interval"),
    ],
)
def test_bad_tables(tmp_path, media, text, said) -> None:
    file = media.parent / "my film.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        import_labels([file], tmp_path / "m.csv")


def test_a_manifest_is_not_written_over(tmp_path, media) -> None:
    (tmp_path / "m.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"m\.csv exists already"):
        import_labels([table(tmp_path / "a.csv", media)], tmp_path / "m.csv")
    assert (tmp_path / "m.csv").read_text() == "mine"
