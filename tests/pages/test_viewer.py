"""The page of one input, in a browser: it plays, seeks, takes corrections and gives them back."""

import csv
import re
from pathlib import Path

import pytest
from until import until

from fervid.pages import write_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def home(make_table, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("viewer")
    write_page(make_table(folder))
    return folder


@pytest.fixture
def viewer(home, opened):
    page = opened(home / "clip.page.html")
    until(page, "document.querySelector('video').readyState >= 2")
    return page


def time_of(page) -> float:
    until(page, "!document.querySelector('video').seeking")
    return float(page.evaluate("document.querySelector('video').currentTime"))


def seek(page, seconds: float, face: int = 0, length: float = 6.0, down: float = 0.7) -> None:
    """Click on a face's timeline, below its episodes."""
    track = page.locator(f'[data-face="{face}"] .track')
    box = track.bounding_box()
    track.click(position={"x": box["width"] * seconds / length, "y": box["height"] * down})


VIDEO = "document.querySelector('video')"


def readout(page) -> str:
    return str(page.locator("#time").text_content())


def pixels(page, selector: str) -> int:
    """A number that changes with what a canvas shows."""
    return int(page.evaluate(
        "(selector) => { const c = document.querySelector(selector); let sum = 0; const d = "
        "c.getContext('2d').getImageData(0, 0, c.width, c.height).data; "
        "for (let i = 0; i < d.length; i++) sum = (sum * 31 + d[i]) % 2147483647; return sum; }",
        selector,
    ))  # fmt: skip


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def exported(page, button: str, path: Path) -> Path:
    with page.expect_download() as download:
        page.click(button)
    download.value.save_as(path)
    return path


def test_a_click_on_the_timeline_seeks(viewer) -> None:
    """The video stands within a frame of the place, and the numbers are the table's there."""
    for wanted in (4.55, 1.25, 0.31):
        seek(viewer, wanted)
        assert time_of(viewer) == pytest.approx(wanted, abs=0.06)
        frame = int(wanted * 10)
        assert re.search(rf"0:0{frame / 10:.3f} · frame {frame}$", readout(viewer))
    assert viewer.locator("#bars dt.best").text_content() == "neutral"
    seek(viewer, 1.55)
    shown = viewer.locator("#bars dd.value").all_text_contents()
    assert shown == ["10.0 %", "81.3 %", "8.8 %"]  # the table prints 0.8125 and 0.0875
    assert viewer.locator('[data-face="0"] .now').text_content() == "happiness 81 %"
    seek(viewer, 1.55, face=1)
    assert viewer.locator("#state").text_content().startswith("No label: too short")


def test_the_page_plays_and_the_timeline_follows(viewer) -> None:
    before = viewer.locator('[data-face="0"] .head').get_attribute("style")
    viewer.keyboard.press("Space")
    until(viewer, f"{VIDEO}.currentTime > 0.5")
    assert viewer.locator("#play").get_attribute("aria-label") == "Pause"
    viewer.keyboard.press("Space")
    assert viewer.evaluate("document.querySelector('video').paused")
    assert viewer.locator('[data-face="0"] .head').get_attribute("style") != before
    # The readout follows with the next picture that the browser shows.
    frame = "Number(document.querySelector('#time').textContent.split(' ').pop())"
    until(viewer, f"{frame} >= 5 && Math.abs({frame} - 10 * {VIDEO}.currentTime) <= 1.01")


def test_keys_step_by_frames_and_episodes(viewer) -> None:
    press = viewer.keyboard.press
    for keys, frame in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1),
                        ("Shift+ArrowRight", 11), ("End", 59), ("ArrowRight", 59), ("Home", 0),
                        ("n", 10), ("n", 30), ("n", 40), ("n", 40), ("p", 30)):  # fmt: skip
        press(keys)
        assert readout(viewer).endswith(f"frame {frame}"), keys
        assert frame / 10 <= time_of(viewer) <= (frame + 1) / 10
    assert viewer.locator("#which").text_content() == "1 of 1, face 1"
    press("?")
    assert viewer.locator("dialog").is_visible()
    press("Escape")
    assert not viewer.locator("dialog").is_visible()


def test_curves_are_switched_off_and_on(viewer) -> None:
    lane = '[data-face="0"] .track canvas'
    button = viewer.locator("#legend button", has_text="happiness")
    with_it = pixels(viewer, lane)
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    viewer.wait_for_timeout(100)
    without = pixels(viewer, lane)
    button.click()
    viewer.wait_for_timeout(100)
    assert without != with_it == pixels(viewer, lane)


def test_boxes_and_landmarks_are_drawn_over_the_video(viewer) -> None:
    """A box's edge lies where the table has it, and goes with its switch."""
    seek(viewer, 0.35)
    # An edge of the box, a landmark, and a place with nothing.
    inside = """() => { const c = document.querySelector('#drawn'), pen = c.getContext('2d');
      return [[10, 22], [44.63, 53.63], [120, 90]].map(([x, y]) => pen.getImageData(
        Math.round(x * c.width / 128), Math.round(y * c.height / 96), 1, 1).data[3]); }"""
    until(viewer, f"({inside})()[1] > 0")  # landmarks are unpacked where they are shown
    assert [alpha > 0 for alpha in viewer.evaluate(inside)] == [True, True, False]
    viewer.uncheck("#boxes")
    assert [alpha > 0 for alpha in viewer.evaluate(inside)] == [False, True, False]
    viewer.uncheck("#points")
    assert [alpha > 0 for alpha in viewer.evaluate(inside)] == [False, False, False]


def test_no_box_is_drawn_over_a_text(viewer) -> None:
    """Where faces are close, the box of one may reach the name of another."""
    viewer.evaluate("""() => { window.order = [];
      for (const name of ['strokeRect', 'fillText']) {
        const drawing = CanvasRenderingContext2D.prototype[name];
        CanvasRenderingContext2D.prototype[name] = function (...all) {
          if (this.canvas.id === 'drawn') window.order.push(name);
          return drawing.apply(this, all);
        };
      } }""")
    seek(viewer, 0.45)
    until(viewer, "window.order.length >= 6")
    order = viewer.evaluate("window.order.slice(0, 6)")
    assert order == ["strokeRect"] * 4 + ["fillText"] * 2


def test_corrections_come_back_through_annotate_import(
    viewer, home, fervid_command, refused_by_elan, tmp_path
) -> None:
    """An episode is relabelled and moved, one deleted, one added; both files say so."""
    press = viewer.keyboard.press
    press("n")
    viewer.select_option("#label", "anger")
    viewer.fill("#offset", "1.7")
    press("Tab")
    viewer.locator("#rows tr", has_text="4.000").click()
    press("Delete")
    seek(viewer, 2.55)
    press("i")
    seek(viewer, 2.85)
    press("o")
    press("a")
    assert viewer.locator("#which").text_content() == "2 of 2, face 0"
    press("2")
    viewer.fill("#name", "Ada <&\"'> =1")
    table = exported(viewer, "#csv", tmp_path / "clip.csv")
    document = exported(viewer, "#eaf", tmp_path / "clip.eaf")
    rows = rows_of(table)
    found = [(row["face_id"], row["label"], row["start_seconds"], row["end_seconds"], row["source"])
             for row in rows]  # fmt: skip
    assert found == [
        ("0", "anger", "1", "1.7", "corrected"),
        ("0", "happiness", "2.5", "2.9", "added"),
        ("1", "anger", "3", "3.5", "fervid"),
    ]
    assert rows[0]["subject"] == "Ada <&\"'> =1" and rows[0]["input"] == "clip.mp4"
    for file, tier in ((table, "face 0"), (document, "face 0")):
        out = tmp_path / f"{file.suffix[1:]}.manifest.csv"
        done = fervid_command(
            "annotate", "import", file, "--media", home, "--tier", tier, "--out", out
        )
        assert done.exit_code == 0, done.output
        manifest = rows_of(out)
        assert [(row["label"], row["start_seconds"], row["end_seconds"]) for row in manifest] == [
            ("anger", "1", "1.7"), ("happiness", "2.5", "2.9"),
        ]  # fmt: skip
        assert {row["subject"] for row in manifest} == {"Ada <&\"'> =1"}
    from pympi.Elan import Eaf

    read = Eaf(str(document), suppress_version_warning=True)
    times = [each[:3] for each in read.get_annotation_data_for_tier("face 0")]
    assert sorted(times) == [(1000, 1700, "anger"), (2500, 2900, "happiness")]
    assert read.get_linked_files()[0]["MEDIA_URL"] == (home / "clip.mp4").as_uri()
    assert not refused_by_elan(document)
    press("Control+z")
    assert viewer.locator("#rows tr").count() == 3


def test_corrections_survive_a_reload_until_they_are_discarded(viewer) -> None:
    viewer.keyboard.press("n")
    viewer.keyboard.press("Delete")
    viewer.fill("#name", "Ada")
    viewer.reload()
    viewer.wait_for_selector("body[data-ready]")
    assert viewer.locator("#rows tr").count() == 2
    assert viewer.locator('[data-face="0"] .who button').text_content() == "Ada"
    viewer.click("#help")
    viewer.click("#discard")
    assert viewer.locator("#rows tr").count() == 3
    assert viewer.locator('[data-face="0"] .who button').text_content() == "face 0"


def test_overlaps_are_named_and_cut(viewer, tmp_path, refused_by_elan) -> None:
    """ELAN's tiers hold no overlap, so the second label goes to one of its own."""
    viewer.keyboard.press("n")
    viewer.fill("#offset", "4.5")
    viewer.keyboard.press("Tab")
    assert "1 episode overlaps" in viewer.locator("#overlap").text_content()
    document = exported(viewer, "#eaf", tmp_path / "clip.eaf")
    assert not refused_by_elan(document)
    assert 'TIER_ID="face 0 overlap"' in document.read_text()
    viewer.click("#cut")
    assert viewer.locator("#overlap").is_hidden()
    cells = viewer.locator("#rows tr").all_text_contents()
    assert sorted(cells)[0].startswith("face 0happiness1.000") and "4.500" in sorted(cells)[0]


def test_borders_are_dragged_and_no_border_leaves_the_video(viewer) -> None:
    viewer.keyboard.press("n")
    track = viewer.locator('[data-face="0"] .track').bounding_box()
    place = lambda seconds: track["x"] + track["width"] * seconds / 6  # noqa: E731
    viewer.mouse.move(place(2.0), track["y"] + 8)
    viewer.mouse.down()
    viewer.mouse.move(place(2.62), track["y"] + 8, steps=4)
    viewer.mouse.up()
    assert viewer.input_value("#offset") == "2.600"  # the nearest border of a frame
    viewer.fill("#offset", "600")
    viewer.keyboard.press("Tab")
    assert viewer.input_value("#offset") == "2.600"


def test_zoom_shows_a_part_and_seeks_in_it(viewer) -> None:
    seek(viewer, 3.0)
    for _ in range(3):
        viewer.keyboard.press("+")
    assert viewer.locator("#scroll").is_visible()
    seek(viewer, 0.5, length=1.0)
    assert time_of(viewer) == pytest.approx(3.0, abs=0.11)
    viewer.keyboard.press("0")
    assert viewer.locator("#scroll").is_hidden()


def test_a_reader_who_does_not_see_the_curves(viewer) -> None:
    track = viewer.locator('[data-face="0"] .track')
    assert track.get_attribute("role") == "slider" and track.get_attribute("aria-label")
    viewer.keyboard.press("n")
    assert track.get_attribute("aria-valuetext") == "0:01.000, happiness 81 %"
    viewer.locator("summary", has_text="In words").click()
    words = viewer.locator("#words").inner_text()
    assert "face 0: neutral 66.7 %, happiness 33.3 % of 60 frames" in words
    nameless = viewer.evaluate(
        "[...document.querySelectorAll('button, input, select')].filter((e) => e.checkVisibility() "
        "&& !e.textContent.trim() && !e.getAttribute('aria-label') && !e.labels?.length).length"
    )
    assert nameless == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(home, opened, scheme) -> None:
    page = opened(home / "clip.page.html", color_scheme=scheme)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(246, 247, 249)") == (scheme == "light")


def test_drawn_faces_from_the_command_line(drawn_run, opened) -> None:
    """H.264 by `fervid draw`, tables by the shipped model: what the page shows, they hold."""
    path = sorted(drawn_run.glob("*.page.html"))[0]
    rows = rows_of(drawn_run / path.name.replace(".page.html", ".csv"))
    page = opened(path)
    page.keyboard.press("End")
    last = rows[-1]
    labels = [name.removeprefix("p_") for name in last if name.startswith("p_")]
    shown = dict(zip(labels, page.locator("#bars dd.value").all_text_contents(), strict=True))
    best = last["label"]
    assert shown[best] == f"{100 * float(last[f'p_{best}']):.1f} %"
    assert time_of(page) == pytest.approx(float(last["timestamp"]), abs=0.041)
    assert page.evaluate("document.querySelector('video').videoWidth") == 160


def test_a_video_that_is_gone_leaves_its_numbers(make_table, opened, tmp_path) -> None:
    write_page(make_table(tmp_path))
    (tmp_path / "clip.mp4").unlink()
    page = opened(tmp_path / "clip.page.html")
    page.wait_for_selector("#note:visible")
    assert "does not play clip.mp4" in page.locator("#note").text_content()
    seek(page, 1.55)
    assert readout(page).endswith("frame 15")
    page.keyboard.press("Space")
    until(page, "document.querySelector('#time').textContent.match(/frame (1[89]|2.)/)")


def test_names_that_would_run_do_nothing(make_table, opened, tmp_path) -> None:
    """Names of files and of faces are text, and addresses are quoted."""
    for name in ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a:b #50%25?&amp;"):
        page = opened(write_page(make_table(tmp_path, name, 1.0)))
        assert page.locator("h1").text_content() == f"{Path(name).name}.mp4"
        until(page, "document.querySelector('video').readyState >= 1")
        page.fill("#name", "</script><img src=x onerror=alert(2)>")
        page.keyboard.press("Tab")
        assert page.locator("img").count() == 0
    policy = page.locator("meta[http-equiv]").get_attribute("content")
    assert "default-src 'none'" in policy and "http" not in policy and "unsafe" not in policy


def test_the_policy_holds_even_against_a_script_that_got_in(home, opened, tmp_path) -> None:
    """A page with a foreign line in it runs neither that line nor a request."""
    text = (home / "clip.page.html").read_text()
    bad = "<script>document.title = 'hacked'</script><img src='https://example.org/x.png'></body>"
    place = home / "bad.page.html"
    place.write_text(text.replace("</body>", bad))
    blocked: list[str] = []
    page = opened(place, blocked=blocked)
    assert page.title() == "clip.mp4 – fervid"
    assert blocked == ["https://example.org/x.png: csp"]
