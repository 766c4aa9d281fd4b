"""Every writer, read back by a program that is not ours."""

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fervid.errors import InputError, OutputError
from fervid.prediction.episode_tables import write_episodes
from fervid.prediction.episodes import Episode
from fervid.prediction.intervals import STILL_SECONDS, intervals
from fervid.prediction.outputs import write_table
from fervid.prediction.timeline import STATUS, Timeline, record_type
from fervid.prediction.writers import WRITERS, convert, formats, read_table
from fervid.prediction.writers.codebook import describe

LABELS = ("anger", "contempt", 'joy, "or so"')
FACE, NO_FACE, UNREADABLE, SHORT = range(4)
# By frame: the two faces' labels; "-" no label (too short), " " no face. Frame 7 is unreadable.
SCRIPT = ("aaajjj  -aaac ", " jjjjjj!  ccc ")


def forged(times: np.ndarray | None = None, script: tuple[str, ...] = SCRIPT) -> Timeline:
    """A timeline that follows the script, frames at an uneven pace."""
    rng = np.random.default_rng(0)
    length = len(script[0])
    if times is None:
        times = np.cumsum(np.append(0, rng.uniform(0.03, 0.06, length - 1))).round(6)
    records = []
    for frame in range(length):
        seen = [face for face in range(len(script)) if script[face][frame] in "acj-"]
        for face in seen or [-1]:
            record = np.zeros((), record_type(len(LABELS)))
            sign = script[face][frame] if face >= 0 else " "
            torn = face < 0 and any(line[frame] == "!" for line in script)
            record["frame"], record["time"], record["face"] = frame, times[frame], face
            record["status"] = {"-": SHORT, " ": UNREADABLE if torn else NO_FACE}.get(sign, FACE)
            record["box"] = record["score"] = record["landmarks"] = np.nan
            record["probabilities"] = np.nan
            if face >= 0:
                record["box"], record["score"] = rng.uniform(10, 90, 4), rng.uniform(0.5, 1)
                record["landmarks"] = rng.uniform(10, 90, (68, 2))
            if sign in "acj":
                scores = rng.uniform(0.1, 1, 3)
                scores["acj".index(sign)] = 2
                record["probabilities"] = scores / scores.sum()
            records.append(record)
    return Timeline.of(np.array(records), "clips/holiday.mp4", LABELS)


def as_table(folder: Path, rows: Timeline, ending: str = "csv", landmarks: bool = True) -> Path:
    path = folder / f"holiday.{ending}"
    write_table(path, rows, ending, landmarks)  # type: ignore[arg-type]
    return path


def slow_intervals(rows: Timeline) -> set[tuple[int, str, float, float]]:
    """Frame by frame, from the timeline itself: (face, label, start, end)."""
    times = np.unique(rows.time)
    ends = {*pairwise(times)}
    end_of = dict(ends) | {times[-1]: times[-1] + np.median(np.diff(times))}
    found = set()
    for face in rows.faces:
        begun, name, end, last = None, "", 0.0, -9
        for each in np.flatnonzero(rows.face == face):
            label = rows.label[each]
            if begun is not None and (label != name or rows.frame[each] != last + 1):
                found.add((face, name, begun, end))
                begun = None
            if label and begun is None:
                begun, name = rows.time[each], str(label)
            end, last = end_of[rows.time[each]], rows.frame[each]
            if not label:
                begun = None
        if begun is not None:
            found.add((face, name, begun, end))
    return found


@pytest.fixture(params=["csv", "parquet"])
def table(request, tmp_path) -> Path:
    return as_table(tmp_path, forged(), request.param)


def same(found: list[tuple[int, str, float, float]], within: float) -> None:
    wanted = sorted(slow_intervals(forged()))
    assert [each[:2] for each in sorted(found)] == [each[:2] for each in wanted]
    assert np.allclose(
        [each[2:] for each in sorted(found)], [each[2:] for each in wanted], rtol=0, atol=within
    )


def test_script_has_what_a_table_can_have() -> None:
    rows = forged()
    assert {STATUS[code] for code in rows.status} == set(STATUS)
    assert len(slow_intervals(rows)) == 6


def test_intervals(table) -> None:
    same(
        [(each.face, each.label, each.start, each.end) for each in read_table(table).intervals],
        1e-6,
    )


def test_a_frame_without_the_face_ends_an_interval_but_not_one_unseen() -> None:
    rows = forged(script=("aaaa",)).to_frame()
    (whole,) = intervals(rows, LABELS)
    assert (whole.first_frame, whole.last_frame) == (0, 3)
    assert whole.probability == pytest.approx(rows["p_anger"].mean())
    (some,) = intervals(rows.drop(index=[1, 3]), LABELS)  # as with --every 2
    assert (some.first_frame, some.last_frame) == (0, 2)
    rows.loc[2, ["face_id", "label"]] = None
    assert [each.last_frame for each in intervals(rows, LABELS)] == [1, 3]
    assert intervals(rows.assign(label=None), LABELS) == []


def test_elan(table, tmp_path) -> None:
    from pympi.Elan import Eaf

    media = tmp_path / "clips" / "my holiday.mp4"
    media.parent.mkdir()
    media.write_bytes(b"")
    (path,) = convert([table], "elan", tmp_path / "out", media)
    read = Eaf(str(path))
    found = [
        (face, label, start / 1000, end / 1000)
        for face in (0, 1)
        for start, end, label in read.get_annotation_data_for_tier(f"face {face}")
    ]
    same(found, 0.0006)
    for face, label, start, end in found:
        alone = read.get_annotation_data_for_tier(f"face {face} {label}")
        assert [value for *when, value in alone if when == [round(1000 * start), round(1000 * end)]]
    (linked,) = read.get_linked_files()
    assert linked["RELATIVE_MEDIA_URL"] == "../clips/my holiday.mp4"
    assert linked["MEDIA_URL"].endswith("/clips/my%20holiday.mp4")
    assert linked["MIME_TYPE"] == "video/mp4"
    entries = read.get_cv_entries("labels").values()
    assert [values[0][0] for values, _ in entries] == list(LABELS)
    kind = read.get_parameters_for_tier("face 0")["LINGUISTIC_TYPE_REF"]
    assert read.get_parameters_for_linguistic_type(kind)["CONTROLLED_VOCABULARY_REF"] == "labels"


def test_elan_by_its_schema(tmp_path, refused_by_elan) -> None:
    """Labels and episodes, with media and without, and nobody at all."""
    media = tmp_path / "my \N{LATIN SMALL LETTER U WITH DIAERESIS}ber & holiday.mp4"
    media.write_bytes(b"")
    path = shown_twice(tmp_path)
    written = convert([path], "elan", tmp_path / "a")
    written += convert([path], "elan", tmp_path / "b", media)
    written += convert([path], "elan", tmp_path / "c", episodes=True)
    (tmp_path / "nobody").mkdir()
    nobody = as_table(tmp_path / "nobody", forged(script=("   ",)))
    written += convert([nobody], "elan", tmp_path / "d")
    assert len(written) == 4
    for document in written:
        assert refused_by_elan(document) == ""
    text = written[0].read_text(encoding="utf-8")
    for name, wrong in {
        "order": text.replace("<TIER ", "<TIME_ORDER/><TIER ", 1),
        "slot": text.replace('REF1="ts1"', 'REF1="ts99"'),
        "type": text.replace('TYPE_REF="label"', 'TYPE_REF="other"'),
    }.items():
        (tmp_path / f"{name}.eaf").write_text(wrong, encoding="utf-8")
        assert refused_by_elan(tmp_path / f"{name}.eaf"), name


def test_elan_time_slots_ascend(table, tmp_path) -> None:
    from xml.etree import ElementTree

    (path,) = convert([table], "elan", tmp_path / "out")
    root = ElementTree.parse(path).getroot()
    slots = [int(slot.attrib["TIME_VALUE"]) for slot in root.iter("TIME_SLOT")]
    assert len(slots) == 24 and slots == sorted(slots)
    last = max(int(each.attrib["ANNOTATION_ID"][1:]) for each in root.iter("ALIGNABLE_ANNOTATION"))
    (used,) = (p.text for p in root.iter("PROPERTY") if p.get("NAME") == "lastUsedAnnotationId")
    assert int(used) == last
    assert not list(root.iter("MEDIA_DESCRIPTOR"))


def shown_twice(folder):
    """A table with two episodes that overlap, of which the labels' runs know nothing."""
    path = as_table(folder, forged())
    rows = Episode(0, LABELS[0], 0.1, 0.15, 0.301, 2, 3, 6, 0.9, 0.7, 2, 0.2, 0.8, 5, 0, 0.3, 0.9)
    found = [rows, replace(rows, label=LABELS[2], onset=0.2, offset=0.4)]
    write_episodes(folder / "holiday.episodes.csv", "holiday", found)
    return path


def test_episodes_as_intervals(tmp_path) -> None:
    from pympi.Elan import Eaf
    from pympi.Praat import TextGrid

    path = shown_twice(tmp_path)
    elan, grid, boris, _ = convert([path], "elan,textgrid,boris", tmp_path / "out", episodes=True)
    names = [f"face 0 {label}" for label in (LABELS[0], LABELS[2])]
    tiers = Eaf(str(elan))
    assert sorted(tiers.get_tier_names()) == names
    assert tiers.get_annotation_data_for_tier(names[0]) == [(100, 301, "0.700")]
    praat = TextGrid(str(grid))
    for name, start, end in zip(names, (0.1, 0.2), (0.301, 0.4), strict=True):
        tier = praat.get_tier(name.replace('"', "'"))
        (only,) = [each for each in tier.get_intervals() if each[2]]
        assert only[:2] == pytest.approx((start, end)) and only[2] == name.removeprefix("face 0 ")
    project = json.loads(boris.read_text(encoding="utf-8"))
    assert {each["excluded"] for each in project["behaviors_conf"].values()} == {""}
    (observation,) = project["observations"].values()
    assert [event[0] for event in observation["events"]] == [0.1, 0.2, 0.301, 0.4]
    with pytest.raises(InputError, match=r"long has no intervals: .* elan, textgrid, boris"):
        convert([path], "elan,long", tmp_path / "out", episodes=True)
    (tmp_path / "holiday.episodes.csv").unlink()
    with pytest.raises(InputError, match=r"holiday.episodes.csv is not a table of episodes"):
        convert([path], "elan", tmp_path / "out", episodes=True)


def test_a_face_without_an_episode(tmp_path) -> None:
    path = as_table(tmp_path, forged())
    write_episodes(tmp_path / "holiday.episodes.csv", "holiday", [])
    for written in convert([path], "elan,textgrid,boris", tmp_path / "out", episodes=True):
        assert written.stat().st_size > 100


def test_textgrid(table, tmp_path) -> None:
    from pympi.Praat import TextGrid

    (path,) = convert([table], "textgrid", tmp_path / "out")
    read = TextGrid(str(path))
    found = [
        (face, label, start, end)
        for face in (0, 1)
        for start, end, label in read.get_tier(f"face {face}").get_intervals()
        if label
    ]
    same(found, 2e-6)
    for tier in read.get_tiers():
        edges = [(start, end) for start, end, _ in tier.get_intervals()]
        assert edges[0][0] == 0 and edges[-1][1] == pytest.approx(read.xmax)
        assert all(a[1] == b[0] for a, b in pairwise(edges))  # no gaps


def test_textgrid_in_praat(table, tmp_path) -> None:
    parselmouth = pytest.importorskip("parselmouth")
    (path,) = convert([table], "textgrid", tmp_path / "out")
    grid = parselmouth.read(str(path))
    ask = parselmouth.praat.call
    found = []
    assert ask(grid, "Get number of tiers") == 2
    for tier in (1, 2):
        face = int(ask(grid, "Get tier name...", tier).removeprefix("face "))
        for number in range(1, ask(grid, "Get number of intervals...", tier) + 1):
            get = [f"Get {what} of interval..." for what in ("label", "start time", "end time")]
            label, start, end = (ask(grid, each, tier, number) for each in get)
            if label:
                found.append((face, label, start, end))
    same(found, 2e-6)


def test_boris(table, tmp_path) -> None:
    project, events = convert([table], "boris", tmp_path / "out")
    read = json.loads(project.read_text(encoding="utf-8"))
    codes = {each["code"]: each for each in read["behaviors_conf"].values()}
    assert tuple(codes) == LABELS
    assert {each["type"] for each in codes.values()} == {"State event"}
    subjects = [each["name"] for each in read["subjects_conf"].values()]
    assert subjects == ["face 0", "face 1"]
    (observation,) = read["observations"].values()
    (media,) = observation["file"]["1"]
    # As BORIS compares them: an event beyond the media's length is lost.
    last = max(Decimal(str(event[0])) for event in observation["events"])
    assert last < Decimal(observation["media_info"]["length"][media]) < last + Decimal("0.1")
    open_since: dict[tuple[str, str], float] = {}
    found = []
    for seconds, subject, code, *_ in observation["events"]:  # as BORIS pairs them
        if (subject, code) in open_since:
            found.append((subjects.index(subject), code, open_since.pop((subject, code)), seconds))
        else:
            open_since[subject, code] = seconds
    assert not open_since
    same(found, 0.0006)
    rows = pd.read_csv(events, sep="\t")
    assert rows["Time"].is_monotonic_increasing
    paired = rows.groupby(["Subject", "Behavior"])["Behavior type"].agg("".join)
    assert paired.str.fullmatch("(STARTSTOP)+").all()
    starts = rows[rows["Behavior type"] == "START"]["Time"]
    assert sorted(starts) == pytest.approx(sorted(start for *_, start, _ in found))


def test_spss(table, tmp_path) -> None:
    import pyreadstat

    (path,) = convert([table], "spss", tmp_path / "out")
    read, about = pyreadstat.read_sav(path)
    ours = read_table(table).rows
    assert len(read) == len(ours) and len(read.columns) == len(ours.columns)
    assert about.variable_value_labels["label"] == dict(enumerate(map(str, LABELS), 1))
    assert about.variable_value_labels["status"] == dict(enumerate(STATUS, 1))
    assert about.column_names_to_labels["p_joy_or_so"] == 'probability of joy, "or so"'
    assert about.column_names_to_labels["timestamp"].endswith("(seconds)")
    shown = {
        "status": "F8.0",
        "frame": "F8.0",
        "timestamp": "F10.3",
        "score": "F8.6",
        "x67": "F8.2",
    }
    assert {name: about.original_variable_types[name] for name in shown} == shown
    named, _ = pyreadstat.read_sav(path, apply_value_formats=True)
    assert named["label"].astype(object).where(named["label"].notna(), "").tolist() == (
        ours["label"].fillna("").tolist()
    )
    for column, name in (("timestamp", "timestamp"), ("p_joy_or_so", "p_" + LABELS[2])):
        assert np.allclose(read[column], ours[name], equal_nan=True)
    assert np.allclose(read["x67"], ours["x67"], equal_nan=True)
    same(
        [
            (each.face, each.label, each.start, each.end)
            for each in intervals(
                named.rename(columns={"p_joy_or_so": "p_" + LABELS[2]}).assign(
                    label=named["label"].astype(object)
                ),
                LABELS,
            )
        ],
        1e-6,
    )


def test_long(table, tmp_path) -> None:
    path, codebook = convert([table], "long", tmp_path / "out")
    tidy, ours = pd.read_csv(path), read_table(table).rows
    labelled = ours[ours["label"].notna()]
    assert len(tidy) == 3 * len(labelled) + len(ours) - len(labelled)
    assert tidy["frame"].is_monotonic_increasing
    assert set(tidy["frame"]) == set(ours["frame"])
    wide = tidy.dropna(subset="label").pivot(
        index=["frame", "face_id"], columns="label", values="probability"
    )
    wanted = labelled.set_index(["frame", "face_id"])[[f"p_{label}" for label in LABELS]]
    assert np.allclose(wide[[*LABELS]], wanted.sort_index())
    with codebook.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["column"] for line in lines] == list(tidy.columns)
    assert all(all(line.values()) for line in lines)
    assert {line["column"]: line["unit"] for line in lines}["timestamp"] == "seconds"


def test_codebook_covers_a_table() -> None:
    for column in forged().to_frame(landmarks=True).columns:
        about = describe(column)
        assert about.meaning and about.range and about.source, column


def test_openface(table, tmp_path) -> None:
    (path,) = convert([table], "openface", tmp_path / "out")
    header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert header[:5] == ["frame", "face_id", "timestamp", "confidence", "success"]
    assert header[5:141] == [f"{axis}_{point}" for axis in "xy" for point in range(68)]
    assert not any(name.startswith(("AU", "gaze", "pose")) for name in header)
    read, rows = pd.read_csv(path), forged()
    assert read["frame"].tolist() == (rows.frame + 1).tolist()
    seen = rows.face >= 0
    assert read["success"].tolist() == seen.astype(int).tolist()
    points = read[header[5:141]].to_numpy().reshape(-1, 2, 68).transpose(0, 2, 1)
    assert np.allclose(points[seen], rows.landmarks[seen], rtol=0, atol=0.006)
    assert (points[~seen] == 0).all() and (read["confidence"][~seen] == 0).all()
    assert np.allclose(read["p_anger"], rows.probabilities[:, 0], atol=1e-6, equal_nan=True)


def test_fex(table, tmp_path) -> None:
    (path,) = convert([table], "fex", tmp_path / "out")
    read, rows = pd.read_csv(path), forged()
    assert read.columns[:5].tolist() == [
        *("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore")
    ]
    assert read.columns[-4:].tolist() == ["input", "frame", "approx_time", "Identity"]
    seen = rows.face >= 0
    assert read["frame"].tolist() == rows.frame.tolist()
    assert read["Identity"].isna().tolist() == (~seen).tolist()
    assert set(read["Identity"].dropna()) == {"Person_0", "Person_1"}
    numbers = read.drop(columns=["input", "frame", "approx_time", "Identity"])
    assert numbers[~seen].isna().all(axis=None)
    assert np.allclose(read["x_30"], rows.landmarks[:, 30, 0], atol=0.006, equal_nan=True)
    assert np.allclose(read["FaceRectWidth"], rows.box[:, 2], atol=0.006, equal_nan=True)
    assert read["fear"].isna().all() and "contempt" in read
    assert np.allclose(read["anger"], rows.probabilities[:, 0], atol=1e-6, equal_nan=True)


def test_fex_minutes(tmp_path) -> None:
    late = forged(np.array([0.0, 59.99, 60.0, 3725.5]), ("aaaa",))
    (path,) = convert([as_table(tmp_path, late)], "fex", tmp_path / "out")
    assert pd.read_csv(path)["approx_time"].tolist() == ["00:00", "00:59", "01:00", "62:05"]


def test_a_picture(tmp_path) -> None:
    """One frame: the programs take no interval without length."""
    from pympi.Elan import Eaf

    path = as_table(tmp_path, forged(np.zeros(1), ("a",)))
    written = convert([path], ",".join(WRITERS), tmp_path / "out")
    (document,) = (each for each in written if each.suffix == ".eaf")
    (annotation,) = Eaf(str(document)).get_annotation_data_for_tier("face 0")
    assert annotation == (0, 1000 * STILL_SECONDS, "anger")


def test_nobody(tmp_path) -> None:
    """A video without a face becomes files without intervals, not an error."""
    from pympi.Praat import TextGrid

    path = as_table(tmp_path, forged(script=("   ",)))
    written = convert([path], ",".join(WRITERS), tmp_path / "out")
    assert {each.name for each in written} == {each.name for each in (tmp_path / "out").iterdir()}
    (grid,) = (each for each in written if each.suffix == ".TextGrid")
    assert [text for tier in TextGrid(str(grid)).get_tiers() for *_, text in tier.intervals] == [""]


def test_the_table_itself_stays(table, tmp_path) -> None:
    before = table.read_bytes()
    written = convert([table], ",".join(WRITERS))
    assert table.read_bytes() == before and table not in written
    assert len(set(written)) == len(written) == 9
    assert {each.parent for each in written} == {tmp_path}


def test_a_folder(tmp_path) -> None:
    as_table(tmp_path, forged())
    with pytest.raises(InputError, match="no table"):
        convert([tmp_path], "long")
    (tmp_path / "holiday.done.json").write_text("{}")
    first = convert([tmp_path], "long")
    assert convert([tmp_path], "long") == first  # what was written is not taken for a table


def test_a_changed_encoding_of_csv(tmp_path) -> None:
    """As a spreadsheet saves it: BOM, CRLF."""
    path = as_table(tmp_path, forged())
    text = path.read_bytes().decode()
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_table(path).labels == LABELS


def test_a_label_called_none(tmp_path) -> None:
    rows = forged(script=("aa",)).to_frame()
    rows = rows.rename(columns={"p_anger": "p_None"}).assign(label="None")
    rows.to_csv(tmp_path / "x.csv", index=False)
    (each,) = read_table(tmp_path / "x.csv").intervals
    assert each.label == "None"


@pytest.mark.parametrize("names", ["elan, pdf", "", "csv"])
def test_unknown_format(names) -> None:
    with pytest.raises(OutputError, match=r"choose from openface, fex, elan"):
        formats(names)


def test_missing_package(monkeypatch) -> None:
    monkeypatch.setattr("fervid.prediction.writers.find_spec", lambda _: None)
    assert formats("long,boris") == ["long", "boris"]
    with pytest.raises(OutputError, match=r"pip install 'fervid\[annotate\]'"):
        formats("spss")


@pytest.mark.parametrize("name", ["openface", "fex"])
def test_without_landmarks(tmp_path, name) -> None:
    path = as_table(tmp_path, forged(), landmarks=False)
    with pytest.raises(InputError, match=r"holiday\.csv has no landmarks.*predict --landmarks"):
        convert([path], name)


def bad(column: str, value: object) -> str:
    rows = forged().to_frame()
    rows[column] = value
    buffer = io.StringIO()
    rows.to_csv(buffer, index=False)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("input,frame\nx,1\n", "no column 'timestamp'"),
        ("", "cannot be read"),
        (bad("timestamp", "soon"), "column 'timestamp'"),
        (bad("timestamp", ""), "column 'timestamp': a number is"),
        (bad("timestamp", "inf"), "column 'timestamp': a number is"),
        (bad("frame", "9" * 23), "column 'frame': (a number is|Integer out of range)"),
        (bad("face_id", 0.5), "column 'face_id': a number is"),
        (bad("face_id", 1e30), "column 'face_id': a number is"),
        (bad("left", "-inf"), "column 'left': a number is"),
        (bad("label", "boredom"), "'boredom'"),
        (bad("input", [str(number) for number in range(len(forged()))]), "inputs"),
        (forged().to_frame().iloc[:0].to_csv(index=False), "no rows"),
    ],
)
def test_bad_tables(tmp_path, content, said) -> None:
    (tmp_path / "x.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=said) as refused:
        read_table(tmp_path / "x.csv")
    assert "x.csv" in str(refused.value)


def test_media_of_several_tables(tmp_path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    paths = [as_table(tmp_path / name, forged()) for name in "ab"]
    with pytest.raises(InputError, match="one video for 2 tables"):
        convert(paths, "long", media=paths[0])
    with pytest.raises(InputError, match="two tables are called holiday"):
        convert(paths, "long", tmp_path / "out")
    with pytest.raises(InputError, match=r"film\.mp4 is not a file"):
        convert(paths[:1], "long", media=tmp_path / "film.mp4")
