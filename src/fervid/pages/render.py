"""A template, its style and its script -> one HTML file that asks nothing of any other machine."""

import base64
import hashlib
import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import fervid
from fervid.predict.writers.table import relative

GENERATOR = f"fervid page {fervid.__version__}"
# Only what is beside the page, or in it. `file:` serves pages opened from a disk.
POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; img-src 'self' file: data:; "
    "media-src 'self' file:; base-uri 'none'; form-action 'none'"
)


def render(name: str, styles: Sequence[str], values: dict[str, Any]) -> str:
    """HTML of `<name>.html` with its style and `<name>.js` inside; values are escaped.

    Args:
        name: of the template and its script.
        styles: names of the style sheets, in their order.
        values: what the template shows.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = "".join(_text(f"{each}.css") for each in styles)
    script = _text(f"{name}.js")
    policy = POLICY.format(script=_hash(script), style=_hash(style))
    return environment.from_string(_text(f"{name}.html")).render(
        policy=policy, generator=GENERATOR, style=Markup(style), script=Markup(script), **values
    )


def digest(*names: str) -> str:
    """A hash of the files that decide what a page looks like."""
    return hashlib.sha256("".join(map(_text, names)).encode()).hexdigest()


def address(path: Path, folder: Path) -> str:
    """A file's address as seen from a page in a folder.

    >>> address(Path("/a/b/50 %#?.mp4"), Path("/a/c"))
    '../b/50%20%25%23%3F.mp4'
    """
    near = relative(path, folder)
    if Path(near).is_absolute():
        return Path(near).as_uri()
    quoted = quote(os.fsencode(near))
    return quoted if quoted.startswith("../") else f"./{quoted}"


def data_address(jpeg: bytes) -> str:
    """A picture within an address; an empty one for no bytes."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else "data:,"


def _text(name: str) -> str:
    return files("fervid.pages").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
