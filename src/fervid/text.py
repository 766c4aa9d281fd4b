"""Untrusted text (names, metadata, labels) made safe for terminals, spreadsheets and parsers."""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import IO, Any

# Control characters, halves of pairs (bytes of a name that is not UTF-8), line separators, and
# marks that turn the direction of writing.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_FORMULA = re.compile(r"'*[=+\-@]")  # what a spreadsheet takes for a formula; quoted once more
_NUMBER = re.compile(r"[+-]?(inf|\d[\d.]*(e[+-]?\d+)?%?( \[[\d., +%-]*\])?)?", re.IGNORECASE)


def printable(text: object, *, lines: bool = False) -> str:
    r"""Text that a terminal only shows: what would steer it is spelt out.

    Args:
        lines: keep tabs and ends of lines; otherwise everything is on one line.

    >>> printable("a\x1b[31m\r\udce9.mp4")
    'a\\x1b[31m\\r\\xe9.mp4'
    """
    allowed = "\n\t" if lines else ""
    return _UNPRINTABLE.sub(lambda m: m[0] if m[0] in allowed else _spelt(m[0]), str(text))


def _spelt(character: str) -> str:
    code = ord(character)
    byte = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code  # as `os.fsdecode` hides a byte
    return chr(byte).encode("unicode_escape").decode() if byte < 0xD800 else f"\\u{byte:04x}"


def cell(value: Any) -> Any:
    """Make a table cell that no spreadsheet runs and no parser splits; numbers stay unchanged.

    >>> [cell(value) for value in ("=1+1", "-0.5", -0.5, "@x", "a-b", "-")]
    ["'=1+1", '-0.5', -0.5, "'@x", 'a-b', '-']
    """
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def uncell(text: str) -> str:
    """Recover the printable text that `cell` wrote.

    >>> [uncell(cell(text)) for text in ("=1+1", "'=1", "it's", "'x'")]
    ['=1+1', "'=1", "it's", "'x'"]
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


Rows = list[Iterable[Any]]


class CsvWriter:
    """A `csv.writer` that ends lines with a line feed and passes every cell through `cell`."""

    def __init__(self, file: IO[str]) -> None:
        self._rows = csv.writer(file, lineterminator="\n")

    def writerow(self, row: Iterable[Any]) -> None:
        """Write one row."""
        self._rows.writerow([cell(value) for value in row])

    def writerows(self, rows: Iterable[Iterable[Any]]) -> None:
        """Write several rows."""
        for row in rows:
            self.writerow(row)


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Rows, the header first, as `CsvWriter` writes them."""
    text = io.StringIO()
    CsvWriter(text).writerows(rows)
    return text.getvalue()


def terminal_text(parts: Iterable[Any], width: int | None = None) -> str:
    """Lines of text and `rich` tables as one text.

    Args:
        parts: strings, printed as they are, and tables.
        width: width in characters; by default the terminal's, but at least 100.
    """
    from rich.console import Console

    text = io.StringIO()
    console = Console(file=text, width=width or max(Console().width, 100), highlight=False)
    for part in parts:
        console.print(part, markup=False)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def digits(value: float | None) -> str:
    """A number for a table, with six digits; empty if there is none.

    >>> digits(2 / 3), digits(float("nan"))
    ('0.666667', '')
    """
    return "" if value is None or math.isnan(value) else f"{value:.6g}"


def parse_json(text: str | bytes) -> Any:
    """`json.loads` of text from outside.

    Raises:
        ValueError: the text is not JSON, or nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None


def json_text(value: Any) -> str:
    """JSON for people and programs, with NaN as null."""
    return json.dumps(_without_nan(value), indent=1, allow_nan=False)


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
