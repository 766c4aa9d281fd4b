"""How soon a page of an hour with three faces, and an index of 1,000 inputs, are painted.

    python benchmarks/pages.py [CHROMIUM]

Forges the tables, opens the pages from the disk in headless Chromium, and prints its own
performance entries. Figures depend on the machine; nothing is asserted.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import sync_playwright

from fervid.pages.index import Entry, index
from fervid.pages.media import Shown
from fervid.pages.render import data_address
from fervid.pages.viewer import viewer
from fervid.predict.episodes import Episode
from fervid.predict.writers.table import PredictionTable

LABELS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
RATE, SECONDS, FACES = 25, 3600, 3
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
FIGURES = """() => ({
  "first contentful paint": performance.getEntriesByName("first-contentful-paint")[0].startTime,
  "all drawn": performance.getEntriesByName("fervid drawn")[0].startTime})"""
# Frames of the browser while the pointer is dragged along the timeline.
SCRUB = """() => new Promise((done) => { const gaps = []; let last = performance.now(), n = 0;
  const track = document.querySelector(".track"), box = track.getBoundingClientRect();
  const at = (kind, share) => track.dispatchEvent(new PointerEvent(kind, {bubbles: true, button: 0,
    buttons: 1, pointerId: 1, clientX: box.x + share * box.width, clientY: box.y + 5}));
  track.setPointerCapture = () => {}; at("pointerdown", 0);
  const step = () => { const now = performance.now(); gaps.push(now - last); last = now;
    at("pointermove", ++n / 120); if (n < 120) requestAnimationFrame(step);
    else { gaps.sort((a, b) => a - b); done([gaps[60], gaps[114]]); } };
  requestAnimationFrame(step); })"""


def an_hour(rng: np.random.Generator) -> tuple[PredictionTable, list[Episode]]:
    """Slow curves, boxes and landmarks with the noise of a real finder."""
    frames = RATE * SECONDS
    rows = frames * FACES
    walk = rng.normal(0, 0.25, (frames, FACES, len(LABELS))).cumsum(axis=0)
    walk -= (
        pd.DataFrame(walk.reshape(frames, -1)).rolling(500, 1).mean().to_numpy().reshape(walk.shape)
    )
    odds = np.exp(walk + np.where(np.arange(len(LABELS)) == 0, 3, 0)).reshape(rows, -1)
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    place = np.tile(np.arange(FACES), frames)
    drift = rng.normal(0, 0.4, (frames, FACES, 2)).cumsum(axis=0).reshape(rows, 2) % 200
    columns = {
        "input": "hour.mp4",
        "frame": np.repeat(np.arange(frames), FACES),
        "timestamp": np.repeat(np.arange(frames), FACES) / RATE,
        "face_id": place,
        "status": "face",
        "left": (600 * place + drift[:, 0]).round(2),
        "top": (300 + drift[:, 1]).round(2),
        "width": 220 + rng.normal(0, 0.5, rows).round(2),
        "height": 240 + rng.normal(0, 0.5, rows).round(2),
        "score": rng.uniform(0.8, 0.9, rows).round(4),
        "label": np.array(LABELS)[probabilities.argmax(axis=1)],
    }
    columns |= {f"p_{label}": probabilities[:, k].round(6) for k, label in enumerate(LABELS)}
    shape = rng.uniform(0, 220, 136)
    for point in range(68):
        for axis, name in enumerate("xy"):
            start = columns[("left", "top")[axis]]
            noise = rng.normal(0, 0.3, rows)
            columns[f"{name}{point}"] = (start + shape[2 * point + axis] + noise).round(2)
    table = PredictionTable(Path("hour.csv"), pd.DataFrame(columns), LABELS)
    figures = dict.fromkeys(("peak", "mean", "rise", "area", "probability", "margin", "score"), 0.5)
    episodes = [
        Episode(
            face=n % FACES, label=LABELS[1 + n % 7], onset=2.0 * n, apex=2.0 * n + 0.5,
            offset=2.0 * n + 1, onset_frame=50 * n, apex_frame=50 * n + 12,
            offset_frame=50 * n + 25, frames=25, missing=0, **figures,
        )
        for n in range(1700)
    ]  # fmt: skip
    return table, episodes


def a_thousand() -> list[Entry]:
    picture = data_address(bytes(4000))
    shares = {"neutral": 0.8, "happiness": 0.15, "anger": 0.05}
    return [
        Entry(f"{n}.mp4", f"{n}.page.html", picture, 60.0, 1, shares, (), "", {"table": f"{n}.csv"})
        for n in range(1000)
    ]


def main() -> None:
    begun = time.perf_counter()
    table, episodes = an_hour(np.random.default_rng(0))
    forged = time.perf_counter()
    media = Shown("none", "hour.mp4", width=1920, height=1080).as_dict()
    head = {"key": "", "icon": "data:,", "index": ""}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as program:
        hour, many = Path(name) / "hour.page.html", Path(name) / "index.html"
        hour.write_text(viewer(table, episodes, [], media, head))
        written = time.perf_counter()
        many.write_text(index(a_thousand(), [], Path(name)))
        print(
            f"an hour, {FACES} faces: {hour.stat().st_size / 1e6:.1f} MB, written in "
            f"{written - forged:.1f} s (forged in {forged - begun:.1f} s); an index of 1,000: "
            f"{many.stat().st_size / 1e6:.1f} MB"
        )
        path = sys.argv[1] if len(sys.argv) > 1 else "/usr/bin/chromium"
        browser = program.chromium.launch(executable_path=path, args=[*ARGUMENTS])
        for what, file in (("an hour", hour), ("an index of 1,000", many)):
            runs = []
            for _ in range(5):
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.goto(file.as_uri())
                page.wait_for_selector("body[data-ready]")
                runs.append(page.evaluate(FIGURES))
                if file == hour:
                    runs[-1] |= dict(
                        zip(("scrubbing, median frame", "its 95 % quantile"), page.evaluate(SCRUB),
                            strict=True)
                    )  # fmt: skip
                page.close()
            medians = {key: float(np.median([run[key] for run in runs])) for key in runs[0]}
            print(
                what, ", ".join(f"{key} {value:.0f} ms" for key, value in medians.items()), sep=": "
            )
        browser.close()


if __name__ == "__main__":
    main()
