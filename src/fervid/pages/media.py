"""Which file a page shows, and what it says where browsers do not play the video itself."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fervid.errors import InputError
from fervid.faces.files import is_still
from fervid.faces.playing import Playing, playing, thumbnail
from fervid.pages.render import address, data_address

SMALL, LARGE = (192, 108), (1280, 960)  # sides of a thumbnail, and of a picture in the page


@dataclass(frozen=True)
class Shown:
    """What a page shows, with addresses as seen from it.

    Args:
        kind: "video", "picture" or "none".
        name: file name of the input.
        source: address of the input; empty if it is not there.
        shown: address of the file to show, perhaps the overlay.
        drawn: whether faces are drawn into it already.
        note: why it is not the input, or may not play; empty if all is well.
        width: pixels of a frame of the input; 0 if unknown.
        height: likewise.
        shift: seconds to add to our times for the browser's.
    """

    kind: str
    name: str
    source: str = ""
    shown: str = ""
    drawn: bool = False
    note: str = ""
    width: int = 0
    height: int = 0
    shift: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """For the page's JSON."""
        return asdict(self)


def shown(
    media: Path | None, name: str, folder: Path, overlay: Path | None, anonymous: bool
) -> Shown:
    """What a page in `folder` shows of its input.

    Args:
        media: the input; None if it is not there.
        name: the input as its table names it.
        overlay: the annotated copy; None if there is none.
        anonymous: whether only the copy may be shown.
    """
    if media is None and overlay is None:
        return Shown("none", name, note=f"{name} is not here: only its numbers are shown")
    if media is not None and media.is_dir() and overlay is None:
        note = "these are single pictures, which a page does not play; `--overlay` makes a video"
        return Shown("none", name, note=note)
    source = "" if media is None or anonymous else address(media, folder)
    if overlay is not None and (media is None or media.is_dir() or anonymous):
        how = playing(overlay)
        return _with(how, Shown(_kind(overlay), name, source, address(overlay, folder), drawn=True))
    assert media is not None
    try:
        how = playing(media)
    except InputError as error:
        return Shown("none", name, source, note=str(error))
    plain = Shown(_kind(media), name, source, source)
    if not how.problem:
        return _with(how, plain)
    if overlay is not None:
        other = address(overlay, folder)
        note = f"{how.problem}, so this is the annotated copy"
        size = Playing(how.size, playing(overlay).shift, "")
        return _with(size, Shown(_kind(media), name, source, other, drawn=True, note=note))
    if _kind(media) == "picture":  # small enough to be within the page
        return _with(how, Shown("picture", name, source, data_address(thumbnail(media, 0, *LARGE))))
    note = f"{how.problem}. `fervid predict --overlay` makes a copy that every browser plays"
    return _with(how, Shown("video", name, source, source, note=note))


def _with(how: Playing, shown: Shown) -> Shown:
    values = asdict(shown) | {"width": how.size[0], "height": how.size[1], "shift": how.shift}
    return Shown(**values)


def _kind(path: Path) -> str:
    return "picture" if is_still(path) else "video"


def small(media: Path | None, overlay: Path | None, anonymous: bool, seconds: float) -> bytes:
    """A thumbnail; empty if nothing can be shown."""
    source = overlay if anonymous or media is None else media
    try:
        return b"" if source is None else thumbnail(source, seconds, *SMALL)
    except InputError:
        return b""
