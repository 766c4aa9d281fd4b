"""Text from elsewhere: shown, not run."""

import csv
import io

import pytest

from fervid.text import CsvWriter, cell, json_text, parse_json, printable, uncell


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd", "-x", "@x", "=", "''=1", "+1+1", "-1-cmd|' /C'!A"]
)
def test_a_spreadsheet_runs_nothing(text):
    assert cell(text) == f"'{text}" and uncell(cell(text)) == text


@pytest.mark.parametrize(
    "text", ["-0.5", "+3", "-1e-05", "-1.2 [-3.0, 0.5]", "-", "-inf", "a=b", ""]
)
def test_numbers_stay_numbers(text):
    assert cell(text) == text
    assert cell(-0.5) == -0.5 and cell(None) is None


@pytest.mark.parametrize(
    "text", ["a\rb", "a\nb", "a\0b", "a\x1b]0;x\x07", "\udcff", "\u202egpj", "\ud83d"]
)
def test_nothing_raw_reaches_a_terminal_or_splits_a_row(text):
    assert printable(text).isprintable() and printable(text).encode()
    out = io.StringIO()
    CsvWriter(out).writerows([[text, 1], ["b", 2]])
    assert list(csv.reader(io.StringIO(out.getvalue()))) == [[printable(text), "1"], ["b", "2"]]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\0"])
def test_bad_json_is_always_a_value_error(text):
    with pytest.raises(ValueError):
        parse_json(text)


def test_json_has_null_for_nan():
    assert parse_json(json_text({"a": (1.5, float("nan"))})) == {"a": [1.5, None]}
