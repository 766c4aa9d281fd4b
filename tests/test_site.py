"""The site: links as it needs them, pages written from the program, diagrams up to date."""

import re
import sys
from pathlib import Path

import pytest
import typer

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "development"))

import diagrams  # noqa: E402
import site_links  # noqa: E402
import site_pages  # noqa: E402

PAGES = {"src/a/PAPER.md": "systems/a.md", "results/README.md": "results/index.md"}


@pytest.mark.parametrize("text, source, place, expected", [
    ("[a](../src/a/PAPER.md#x)", "docs/b.md", "b.md", "[a](systems/a.md#x)"),
    ("[r](results)", "README.md", "index.md", "[r](results/index.md)"),
    ("[c](../clip.py)", "src/a/PAPER.md", "systems/a.md", "c (`src/clip.py`)"),
    ("[`clip.py`](../src/clip.py)", "docs/b.md", "b.md", "`clip.py`"),
    ("[d](../../docs/c/d.md)", "src/a/PAPER.md", "systems/a.md", "[d](../c/d.md)"),
    ("![p](p.png)", "docs/c/d.md", "c/d.md", "![p](p.png)"),
    ("[w](https://a.org) [h](#here)", "docs/b.md", "b.md", "[w](https://a.org) [h](#here)"),
    ("```\n[c](../src/clip.py)\n```", "docs/b.md", "b.md", "```\n[c](../src/clip.py)\n```"),
])  # fmt: skip
def test_a_link_is_rewritten(text, source, place, expected):
    assert site_links.rewritten(text, source, place, PAGES) == expected


def test_no_page_leaves_the_site():
    """Every link of every page leads to a page or file that the site has."""
    outside = site_links.outside_pages(ROOT)
    inside = {
        path.relative_to(ROOT).as_posix(): path.relative_to(ROOT / "docs").as_posix()
        for path in (ROOT / "docs").rglob("*") if path.is_file()
    }  # fmt: skip
    places = {*outside.values(), *inside.values()}
    places |= {place.replace(".ipynb", ".md") for place in places}
    for source, place in (inside | outside).items():
        if not source.endswith(".md") or source == "docs/package.md":
            continue
        text = site_links.rewritten((ROOT / source).read_text("utf-8"), source, place, outside)
        for part in site_links.FENCED.split(text):
            for found in () if part.startswith("```") else site_links.LINK.finditer(part):
                target = found[3]
                if target and not re.match(r"[a-z]+:", target):
                    where = (Path(place).parent / target).as_posix()
                    assert re.sub(r"[^/]+/\.\./", "", where) in places, (source, target)


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:")[2]
    named = re.findall(r"[\w/]+\.md", text)
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    books = [f"notebooks/{path.stem}.md" for path in (ROOT / "docs").rglob("*.ipynb")]
    outside = [
        place for source, place in site_links.outside_pages(ROOT).items()
        if not source.endswith(".csv")  # these are listed on the page of results
    ]  # fmt: skip
    assert sorted(named) == sorted({*pages, *books, *outside} - {"package.md"})


def test_the_page_of_commands_has_every_option():
    from fervid.cli import app

    text = site_pages.commands()
    group = typer.main.get_command(app)
    for name, command in group.commands.items():
        for path, each in (
            [(f"{name} {inner}", one) for inner, one in command.commands.items()]
            if hasattr(command, "commands") else [(name, command)]
        ):  # fmt: skip
            part = text.partition(f" fervid {path}\n\n")[2].partition("\n#")[0]
            for param in each.params:
                assert (param.opts[0] in part) or (param.name in part), (path, param.opts)
    assert "`--course <apex|full>`" in text


def test_the_page_of_recipes_says_what_a_variant_changes():
    text = site_pages.recipes()
    assert "| `joint.plan.learning_rate` |" in text
    row = re.search(r"^\| `dtagn-mmi` \| (.*) \|$", text, re.M)[1]
    assert "appearance.layers=" in row and "name=" not in row


def test_every_public_name_has_a_block():
    import fervid

    text = site_pages.names()
    assert all(f"heading: fervid.{name}\n" in text for name in fervid._MODULE_OF)


def test_a_table_of_results_keeps_its_rows(tmp_path):
    path = tmp_path / "some.csv"
    path.write_text('a,b,c\n1,,"x|y"\n2,,z\n', "utf-8")
    text = site_pages.results(path)
    assert "| a | c |" in text and "| 1 | x\\|y |" in text and "2 rows" in text


@pytest.mark.parametrize("name", diagrams.DIAGRAMS)
def test_a_diagram_is_what_its_program_draws(name):
    committed = (ROOT / "docs/diagrams" / f"{name}.svg").read_text("utf-8")
    assert committed == diagrams.svg(diagrams.DIAGRAMS[name])


def test_examples_in_docstrings_are_fenced():
    pytest.importorskip("griffe", reason="comes with the extra docs")
    from doctest_fences import fenced

    text = "Adds.\n\n>>> 1 + 1\n2\n\nRaises:\n    Nothing."
    assert fenced(text) == "Adds.\n\n```pycon\n>>> 1 + 1\n2\n```\n\nRaises:\n    Nothing."
