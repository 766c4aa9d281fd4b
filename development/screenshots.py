"""Pictures of the pages for the documentation, at 400, 1280 and 2560 pixels.

    python development/screenshots.py LONDON docs [CHROMIUM]

LONDON is a folder with the first people of the Face Research Lab London Set (DeBruine and Jones
2017, CC BY 4.0); the film is of two drawn people (`conversation.py`). Both are predicted by the
shipped model, and the pages opened in headless Chromium.
"""

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from conversation import LAG, PEOPLE, RATE, film, script
from PIL import Image
from playwright.sync_api import sync_playwright

from fervid.faces import FaceSettings, write_video
from fervid.faces.detect import choose
from fervid.pages import write_pages
from fervid.predict import predict

SHOWN = 22  # pictures of the London set
LARGEST = 300_000  # bytes of a picture
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def run(london: Path, home: Path) -> Path:
    """A folder of predictions of the film and the pictures, with its pages."""
    played = script(0)
    halves = [film(who, played, round(place * LAG * RATE)) for place, who in enumerate(PEOPLE)]
    both = (np.concatenate(pair, axis=1) for pair in zip(*halves, strict=True))
    write_video(home / "couple.mp4", both, RATE)
    pictures = sorted(london.glob("*.jpg"))[:SHOWN]
    settings = FaceSettings(choose("auto"))
    out = home / "interviews"
    predict([home / "couple.mp4", *pictures], out, settings=settings, landmarks=True)
    write_pages(out)
    return out


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
    london, docs = Path(sys.argv[1]), Path(sys.argv[2])
    chromium = sys.argv[3] if len(sys.argv) > 3 else "/usr/bin/chromium"
    with tempfile.TemporaryDirectory() as name, sync_playwright() as program:
        out = run(london, Path(name))
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
