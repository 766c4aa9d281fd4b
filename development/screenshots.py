"""Pictures of the pages for the documentation, at 400, 1280 and 2560 pixels.

    python development/screenshots.py LONDON docs [CHROMIUM]

LONDON is a folder with the first people of the Face Research Lab London Set (DeBruine and Jones
2017, CC BY 4.0); the film is of two drawn people (`conversation.py`). Both are predicted by the
shipped model in runs/screenshots, where a second run resumes, and the pages opened in headless
Chromium.
"""

import io
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
from conversation import LAG, PEOPLE, film, script
from PIL import Image
from playwright.sync_api import sync_playwright

from fervid.cli import app
from fervid.databases.drawn.drawing import RATE
from fervid.faces import write_video

HOME = Path("runs/screenshots")
SHOWN = 12  # pictures of the London set
LARGEST = 300_000  # bytes of a picture
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def run(london: Path) -> Path:
    """A folder of predictions of the film and the pictures, with its pages."""
    out = HOME / "interviews"
    HOME.mkdir(parents=True, exist_ok=True)
    if not (HOME / "couple.mp4").is_file():
        played = script(0)
        halves = [film(who, played, round(n * LAG * RATE)) for n, who in enumerate(PEOPLE)]
        both = (np.concatenate(pair, axis=1) for pair in zip(*halves, strict=True))
        write_video(HOME / "couple.mp4", both, RATE)
    pictures = sorted(london.absolute().glob("*.jpg"))[:SHOWN]
    words = ["predict", "couple.mp4", *map(str, pictures), "--out", out.name, "--page"]
    with chdir(HOME):
        if code := app(words, standalone_mode=False):
            sys.exit(code)
    return out.absolute()


def save(page: Any, path: Path, whole: bool = False) -> None:
    """A screenshot as WebP, as good as fits."""
    picture = Image.open(io.BytesIO(page.screenshot(full_page=whole)))
    for quality in range(90, 20, -5):
        packed = io.BytesIO()
        picture.convert("RGB").save(packed, "WEBP", quality=quality, method=6)
        if packed.tell() < LARGEST:
            break
    path.write_bytes(packed.getvalue())
    print(f"{path}: {picture.width} x {picture.height}, quality {quality}, {packed.tell()} bytes")


def opened(browser: Any, path: Path, width: int, height: int, scheme: str) -> Any:
    """A page that has drawn itself."""
    size = {"width": width, "height": height}
    page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]")
    return page


def viewer(browser: Any, path: Path, width: int, height: int, scheme: str) -> Any:
    """The film's page as a person leaves it: faces named, an episode corrected, at its peak."""
    page = opened(browser, path, width, height, scheme)
    for face, name in ((1, "Ben"), (0, "Ada")):
        page.select_option("#face", str(face))
        page.fill("#name", name)
        page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.press("n")
    page.keyboard.press("n")
    page.fill("#offset", "10.2")
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    if width > 400:
        page.keyboard.press("+")
    page.wait_for_timeout(1000)
    return page


def main() -> None:
    """Make all of them."""
    london, docs = Path(sys.argv[1]), Path(sys.argv[2])
    chromium = sys.argv[3] if len(sys.argv) > 3 else "/usr/bin/chromium"
    out = run(london)
    with sync_playwright() as program:
        browser = program.chromium.launch(executable_path=chromium, args=[*ARGUMENTS])
        film_page = out / "couple.page.html"
        save(viewer(browser, film_page, 400, 900, "light"), docs / "viewer_400.webp", whole=True)
        save(viewer(browser, film_page, 1280, 1000, "light"), docs / "viewer_1280.webp")
        save(viewer(browser, film_page, 2560, 1440, "dark"), docs / "viewer_2560.webp")
        index = opened(browser, out / "index.html", 1280, 1000, "light")
        index.wait_for_timeout(500)
        save(index, docs / "viewer_index.webp")
        smile = sorted(out.glob("*happiness*.page.html"))[0]
        still = opened(browser, smile, 1280, 800, "light")
        still.wait_for_timeout(500)
        save(still, docs / "viewer_picture.webp")
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main()
