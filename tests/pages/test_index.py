"""The page of a run: every input with its picture and its shares, failures with their reasons."""

import re
import shutil
import time
from pathlib import Path

import pytest
from until import until

from fervid.errors import InputError, OutputError
from fervid.pages import write_pages
from fervid.pages.index import Entry, index
from fervid.pages.render import data_address


@pytest.fixture
def run_folder(drawn_run, tmp_path) -> Path:
    """A copy whose pages may change; inputs lie where they lay as seen from it."""
    home = tmp_path / "home"
    shutil.copytree(drawn_run.parent, home)
    return home / "run"


@pytest.mark.browser
def test_every_input_leads_to_its_page_and_files(drawn_run, opened) -> None:
    page = opened(drawn_run / "index.html")
    assert page.locator(".input").count() == 3
    assert page.locator(".input img").count() == 3
    loaded = "[...document.images].every((image) => image.complete && image.naturalWidth > 20)"
    until(page, loaded)
    assert "broken.mp4 is not a video that can be read" in page.locator("#failed").inner_text()
    links = page.eval_on_selector_all("a[href^='./']", "all => all.map((a) => a.href)")
    assert len(links) >= 9
    for link in links:
        assert Path(link.removeprefix("file://")).is_file(), link
    page.fill("#filter", "still")
    assert page.locator(".input:visible").count() == 1
    page.locator(".input:visible h2 a").click()
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate("document.querySelector('#still').naturalWidth") == 160
    assert page.locator("#bars dt.best").count() == 1 and page.locator("#lanes").is_hidden()
    page.click("text=All inputs")
    page.wait_for_selector(".input")


@pytest.mark.browser
def test_a_thousand_inputs(opened, tmp_path) -> None:
    """Readable, quick, sorted and filtered; a name that is HTML is text."""
    picture = data_address(bytes(3000))
    entries = []
    for n in range(1000):
        shares = {"neutral": 1 - n / 1000, "happiness": n / 1000}
        flags = ("dark",) if n % 10 == 0 else ()
        page, files = f"{n}.page.html", {"table": f"{n}.csv"}
        name = f"clips/<b>{n}.mp4"
        entries.append(Entry(name, page, picture, 10.0 + n, 1 + n % 3, shares, flags, "", files))
    failed = [{"input": "<i>x", "status": "failed", "reason": "<script>alert(1)</script>"}]
    path = tmp_path / "index.html"
    path.write_text(index(entries, failed, tmp_path))
    page = opened(path)
    assert page.locator(".input").count() == 1000
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert paint < 5000, "first paint, on a machine that others use too"
    begun = time.monotonic()
    page.fill("#filter", "dark")
    assert page.locator("#count").text_content() == "100 of 1000"
    page.select_option("#order", "share happiness")
    assert page.locator(".input:visible h2").first.text_content() == "<b>990.mp4"
    assert time.monotonic() - begun < 5
    assert page.locator("#failed td").nth(1).text_content() == "<script>alert(1)</script>"


def test_pages_are_kept_until_something_changes(run_folder) -> None:
    first = write_pages(run_folder)
    assert (first.written, first.kept) == (0, 3), "the copy lies as the original did"
    table = next(run_folder.glob("*happiness*.csv"))
    text = table.read_text()
    table.write_text(f"{text}")
    again = write_pages(run_folder)
    assert (again.written, again.kept, again.failed) == (1, 2, {})


def test_a_bad_table_stops_no_other(run_folder) -> None:
    next(run_folder.glob("*[0-9].csv")).write_text("no,table\n1,2\n")
    pages = write_pages(run_folder)
    assert len(pages.failed) == 1 and "has no column" in pages.text()
    assert "index.html" in pages.text() and pages.index.is_file()


def test_pages_of_inputs_that_are_gone_go_and_foreign_files_stay(run_folder) -> None:
    gone = next(run_folder.glob("*.done.json"))
    gone.unlink()
    (run_folder / "mine.page.html").write_text("<p>mine")
    write_pages(run_folder)
    assert len(list(run_folder.glob("*.page.html"))) == 3  # two of ours and one that is not
    (run_folder / "index.html").write_text("<p>mine")
    with pytest.raises(OutputError, match=r"index\.html was not written by fervid"):
        write_pages(run_folder)
    assert (run_folder / "index.html").read_text() == "<p>mine"


def test_only_the_drawn_faces_of_an_anonymous_run_are_in_its_pages(
    drawn_run, fervid_command, opened, tmp_path
) -> None:
    """Neither the video's address nor a picture of the person is in the page or the index."""
    source = next((drawn_run.parent / "faces").rglob("*.mp4"))
    done = fervid_command(
        "predict", source, "--out", tmp_path, "--faces", "builtin", "--page", "--no-timeline",
        "--overlay-style", "anonymous", "--seconds", 0.5,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    for path in tmp_path.glob("*.html"):
        assert not re.search(r'(src|href|source)"?[=:] ?"[^"]*faces/', path.read_text()), path
    page = opened(next(tmp_path.glob("*.page.html")))
    assert page.locator("video").get_attribute("src").endswith(".overlay.mp4")
    assert not page.locator("#boxes").is_checked()


def test_the_command(make_table, fervid_command, tmp_path) -> None:
    table = make_table(tmp_path, seconds=1.0)
    done = fervid_command("page", table, tmp_path / "clip.mp4", "--out", tmp_path / "pages")
    assert done.exit_code == 0 and "pages/clip.page.html" in done.stdout, done.output
    assert '"shown": "../clip.mp4"' in (tmp_path / "pages" / "clip.page.html").read_text()
    refused = fervid_command("page", tmp_path, tmp_path / "clip.mp4")
    assert refused.exit_code == 2 and "is a folder" in refused.stderr
    with pytest.raises(InputError, match="has no table"):
        write_pages(tmp_path)
    assert fervid_command("page", tmp_path / "clip.mp4").exit_code == 2
