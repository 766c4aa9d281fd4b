"""Pages of one table, or of a whole folder of predictions with its index."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fervid
from fervid.atomic import blamed, held, write
from fervid.errors import InputError, OutputError
from fervid.pages.content import strongest
from fervid.pages.index import entry_of, index
from fervid.pages.render import address, data_address, digest
from fervid.pages.viewer import viewer
from fervid.prediction.episode_tables import ENDING as EPISODES
from fervid.prediction.episode_tables import read_episodes
from fervid.prediction.ownership import MARKER, done, earlier, name_of, note
from fervid.prediction.writers import tables
from fervid.prediction.writers.table import read_table
from fervid.progress import bar

ENDING, INDEX = ".page.html", "index.html"
OVERLAYS = (".overlay.mp4", ".overlay.png")
HEAD = 40_000  # characters of a page that hold its key and its thumbnail
KEY = re.compile(r'<meta name="fervid-key" content="([0-9a-f]{64})">')
THUMBNAIL = re.compile(r'<link rel="icon" href="(data:image/jpeg;base64,[A-Za-z0-9+/=]+)">')


@dataclass(frozen=True)
class Pages:
    """What was written.

    Args:
        index: the page of all inputs.
        written: number of pages written.
        kept: number of pages that were there and still hold.
        failed: reason by table, for tables without a page.
    """

    index: Path
    written: int
    kept: int
    failed: Mapping[str, str]

    def text(self) -> str:
        """A line for each failure, then the counts."""
        lines = [f"no page: {reason}" for reason in self.failed.values()]
        pages = "1 page" if self.written == 1 else f"{self.written} pages"
        counts = f"{pages} written, {self.kept} already there"
        return "\n".join([*lines, f"{counts}: {self.index}"])


def write_page(table: Path, media: Path | None = None, out: Path | None = None) -> Path:
    """Write `<table>.page.html`, which shows a video with its expressions.

    Args:
        table: CSV or Parquet by `fervid predict`; its episodes and its marker count where they are
            beside it.
        media: the video or picture; by default the table's input.
        out: folder of the page; by default the table's.

    Returns:
        The page.

    Raises:
        InputError: the table or its episodes cannot be read, or `media` does not exist.
        OutputError: the page cannot be written.
    """
    if media and not media.exists():
        raise InputError(f"{media} does not exist: give the video that the table belongs to")
    path = (out or table.parent) / f"{table.stem}{ENDING}"
    _check(path)
    _write_page(table, media, path, with_index=False)
    return path


def write_pages(folder: Path) -> Pages:
    """Write a page for each finished input of a folder of predictions, and `index.html`.

    Pages that are there and whose table and video have not changed are kept.

    Raises:
        InputError: the folder has no finished input.
        OutputError: it cannot be written to, is in use, or has another program's `index.html`.
    """
    of_inputs = tables([folder])
    _check(folder / INDEX)
    failed: dict[str, str] = {}
    written = 0
    with held(folder, "fervid page"):
        _sweep(folder, {f"{path.stem}{ENDING}" for path in of_inputs})
        for table in bar(of_inputs, "pages"):
            path = folder / f"{table.stem}{ENDING}"
            try:
                _check(path)
                written += _write_page(table, _media(table), path, with_index=True)
            except InputError as error:  # one table must not stop the others
                failed[table.name] = str(error)
        entries = []
        for marker in done(folder):
            name = name_of(marker)
            head = _head(folder / f"{name}{ENDING}")
            picture = THUMBNAIL.search(head)
            page = f"{name}{ENDING}" if head else ""
            entries.append(entry_of(marker, page, picture[1] if picture else ""))
        bad = [row for row in earlier(folder, set(), set()) if row["status"] == "failed"]
        write(folder / INDEX, index(entries, bad, folder))
    return Pages(folder / INDEX, written, len(of_inputs) - written - len(failed), failed)


def _write_page(table: Path, media: Path | None, path: Path, with_index: bool) -> bool:
    """Write a page unless it is there already; returns whether it was written."""
    base = table.parent / table.stem
    overlay = next((p for e in OVERLAYS if (p := Path(f"{base}{e}")).is_file()), None)
    episodes = Path(f"{base}{EPISODES}")
    marker = note(Path(f"{base}{MARKER}"))
    style = marker.get("terms", {}).get("overlay")
    anonymous = style == "anonymous" and overlay is not None
    files = (table, episodes, media, overlay)
    place = media and address(media, path.parent)
    key = _key([*map(_state, files), place, with_index, style])
    if (found := KEY.search(_head(path))) and found[1] == key:
        return False
    from fervid.pages.media import shown, small  # OpenCV is not needed where all is there

    rows = read_table(table, media)
    of_table = read_episodes(episodes) if episodes.is_file() else []
    name = str(rows.rows["input"].iloc[0])
    about = shown(media or rows.media, name, path.parent, overlay, anonymous)
    values = {
        "key": key,
        "icon": data_address(small(media or rows.media, overlay, anonymous, strongest(rows))),
        "index": INDEX if with_index else "",
    }
    write(path, viewer(rows, of_table, marker.get("summary") or [], about.as_dict(), values))
    return True


def _media(table: Path) -> Path | None:
    """The input of a finished table, by its marker, which may be moved together with it."""
    source = note(table.with_name(f"{table.stem}{MARKER}")).get("terms", {}).get("source", "")
    path = table.parent / source
    return path if source and path.exists() else None


def _state(path: Path | None) -> list[int]:
    try:
        stat = None if path is None else path.stat()
    except OSError:
        stat = None
    return [] if stat is None else [stat.st_size, stat.st_mtime_ns]


def _key(parts: list[Any]) -> str:
    looks = digest("viewer.html", "viewer.js", "viewer.css", "base.css")
    return hashlib.sha256(repr([fervid.__version__, looks, parts]).encode()).hexdigest()


def _head(path: Path) -> str:
    """The beginning of a page of ours; empty if it is none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            text = file.read(HEAD)
    except OSError:
        return ""
    return text if '<meta name="generator" content="fervid page' in text[:2000] else ""


def _check(path: Path) -> None:
    """Raises OutputError where another program's file has the page's name."""
    if (path.exists() or path.is_symlink()) and not _head(path):
        raise OutputError(
            f"{path} was not written by fervid and is not overwritten: move it, or choose another "
            "folder with --out"
        )


def _sweep(folder: Path, wanted: set[str]) -> None:
    """Take away pages of inputs that are no longer there."""
    for path in folder.glob(f"*{ENDING}"):
        if path.name not in wanted and _head(path):
            with blamed(path):
                path.unlink()
