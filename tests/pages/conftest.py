"""A run over drawn faces with its pages, forged tables, and Chromium to open them."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from fervid.cli import app
from fervid.databases.drawn import draw
from fervid.faces.video import frames, write_video
from fervid.predict.episode_tables import write_episodes
from fervid.predict.episodes import Episode
from fervid.predict.outputs import write_table
from fervid.predict.timeline import Timeline, record_type

LABELS = ("anger", "happiness", "neutral")
RATE, SIZE = 10, (96, 128)
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser. Skipped where there is none, unless FERVID_BROWSER says that there is."""
    named = os.environ.get("FERVID_BROWSER", "")
    path = named or shutil.which("chromium") or ""
    if named:
        assert Path(named).is_file(), f"FERVID_BROWSER={named}: `make .venv/browser` installs it"
    elif not path:
        pytest.skip("Chromium is not here: `make .venv/browser` installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as program:
        browser = program.chromium.launch(executable_path=path, args=[*ARGUMENTS])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium) -> Iterator[Callable[..., Any]]:
    """`opened(path)`: a page from the disk. None may run what it should not, or ask outside."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def open_page(path: Path, *, blocked: list[str] | None = None, **options: Any) -> Any:
        size = {"width": 1280, "height": 900}
        context = chromium.new_context(viewport=size, accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))

        def dismiss(dialog: Any) -> None:
            wrong.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismiss)
        found = wrong if blocked is None else []
        context.on("request", lambda asked: found.append(asked.url) if outside(asked.url) else None)
        if blocked is not None:
            page.on("requestfailed", lambda asked: blocked.append(f"{asked.url}: {asked.failure}"))
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


def outside(url: str) -> bool:
    return not url.startswith(("file:", "data:", "blob:"))


def made_table(
    folder: Path, name: str = "clip", seconds: float = 6.0, *, video: bool = True, faces: int = 2
) -> Path:
    """A table with a video of plain frames; face 0 is happy from 1 to 2 s and from 4 to 5 s.

    Every second frame of face 1 has no label.
    """
    count = round(seconds * RATE)
    kind = record_type(len(LABELS))
    rows = np.zeros(count * faces, kind)
    rows["frame"] = np.repeat(np.arange(count), faces)
    rows["time"] = rows["frame"] / RATE
    rows["face"] = np.tile(np.arange(faces), count)
    rows["box"] = np.stack([10 + 50 * rows["face"], 20 + 0 * rows["face"]] * 2, axis=1)
    rows["box"][:, 2:] = 40
    rows["score"], rows["light"] = 0.9, 120
    happy = (rows["time"] % 3 >= 1) & (rows["time"] % 3 < 2) & (rows["face"] == 0)
    rows["probabilities"] = np.where(happy[:, None], [0.1, 0.8125, 0.0875], [0.05, 0.05, 0.9])
    circle = np.linspace(0, 2 * np.pi, 68)
    rows["landmarks"] = (
        rows["box"][:, None, :2] + 20 + 20 * np.stack([np.cos(circle), np.sin(circle)], axis=1)
    )
    hidden = (rows["face"] == 1) & (rows["frame"] % 2 == 1)
    rows["status"][hidden], rows["probabilities"][hidden] = 3, np.nan
    media = folder / f"{name}.mp4"
    media.parent.mkdir(parents=True, exist_ok=True)
    if video:
        pictures = (np.full((*SIZE, 3), 40 + place % 200, np.uint8) for place in range(count))
        write_video(media, pictures, RATE)
    table = folder / f"{Path(name).name}.csv"
    write_table(table, Timeline.of(rows, f"{name}.mp4", LABELS), "csv", landmarks=True)
    happy_ones = [episode("happiness", 1.0, 2.0), episode("happiness", 4.0, 5.0)]
    episodes = [*happy_ones, episode("anger", 3.0, 3.5, face=1)][: 2 + (faces > 1)]
    write_episodes(folder / f"{Path(name).name}.episodes.csv", name, episodes)
    return table


def episode(label: str, onset: float, offset: float, face: int = 0) -> Episode:
    times = {"onset": onset, "apex": (onset + offset) / 2, "offset": offset}
    places = {f"{name}_frame": round(at * RATE) for name, at in times.items()}
    others = dict.fromkeys(("peak", "mean", "rise", "area", "probability", "margin", "score"), 0.5)
    return Episode(face=face, label=label, **times, **places, **others, frames=10, missing=0)


@pytest.fixture(scope="session")
def make_table() -> Callable[..., Path]:
    return made_table


def command(*words: Any) -> Any:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture(scope="session")
def fervid_command() -> Callable[..., Any]:
    return command


@pytest.fixture(scope="session")
def drawn_run(tmp_path_factory) -> Path:
    """Two drawn people and a picture of one, predicted with `--page`; a broken file beside them."""
    home = tmp_path_factory.mktemp("drawn")
    inputs: Sequence[Path] = sorted(
        draw(home / "faces", subjects=2, emotions=("happiness",), size=160).parent.rglob("*.mp4")
    )
    still = home / "still.png"
    import cv2

    last = list(frames(inputs[0]))[-1].image
    cv2.imwrite(str(still), last[..., ::-1])
    broken = home / "broken.mp4"
    broken.write_bytes(b"no video")
    out = home / "run"
    done = command(
        "predict", *inputs, still, broken, "--out", out, "--faces", "builtin", "--page",
        "--no-timeline",
    )  # fmt: skip
    assert done.exit_code == 1 and "3 pages written" in done.stdout, done.output
    return out
