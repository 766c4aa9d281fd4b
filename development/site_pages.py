"""Pages of the site that are written from the program itself: commands, recipes, names, tables."""

import csv
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

import fervid
from fervid.cli import app, listing

# The recipe of each paper; its variants are shown by what they change.
PAPERS = ("dtagn", "agn3d", "ir3d", "hybrid", "tfe")


def table(rows: list[tuple[str, ...]]) -> str:
    """A Markdown table; the first row is its head."""
    head, *body = [tuple(map(_cell, row)) for row in rows]
    lines = [head, ("---",) * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    """One line; bars are escaped except in code, where Markdown's tables do not split."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") else part.replace("|", "\\|") for part in parts)


def commands() -> str:
    """Every command with its arguments, options and defaults, from the program."""
    group = typer.main.get_command(app)
    context = group.make_context("fervid", [], resilient_parsing=True)
    return "\n".join(_command(group, context, "fervid", 2))


def _command(command: Any, context: Any, path: str, level: int) -> Iterator[str]:
    for name, each in command.commands.items():
        words = f"{path} {name}"
        inside = each.make_context(name, [], parent=context, resilient_parsing=True)
        yield f"{'#' * level} {words}\n\n{inspect.cleandoc(each.help or '')}\n"
        if hasattr(each, "commands"):
            yield from _command(each, inside, words, level + 1)
            continue
        yield f"```\n{inside.get_usage().removeprefix('Usage: ')}\n```\n"
        records = [each_one.get_help_record(inside) for each_one in each.params]
        rows = [(f"`{use}`", about or "") for use, about in filter(None, records)]
        if rows:
            yield table([("argument or option", "meaning"), *rows])


def recipes() -> str:
    """Each paper's recipe, field by field, and what each of its variants changes."""
    return "\n".join(_recipe(name) for name in PAPERS)


def _recipe(name: str) -> str:
    from fervid.systems import SYSTEMS

    base = SYSTEMS[name]
    package = inspect.getmodule(type(base)).__name__.rpartition(".")[0]  # type: ignore[union-attr]
    described = list(listing._described(base))
    rows = [
        (f"`{field}`", f"`{value}`" if value else "", about) for field, value, about in described
    ]
    text = f"## {name}\n\n" + table([("field", "value", "meaning and source"), *rows])
    plain = {field: value for field, value, _ in described}
    changes = []
    for other, system in SYSTEMS.items():
        if other == name or not type(system).__module__.startswith(package):
            continue
        new = {field: value for field, value, _ in listing._described(system)}
        sets = [f"`{field}={new[field]}`" for field in new if new[field] != plain.get(field)]
        changes.append((f"`{other}`", ", ".join(each for each in sets if "name=" not in each)))
    return text + ("\n" + table([("variant", "what it changes"), *changes]) if changes else "")


def names() -> str:
    """A mkdocstrings block for every public name of `import fervid`."""
    blocks = []
    for name, module in sorted(fervid._MODULE_OF.items(), key=lambda each: each[0].lower()):
        value = getattr(import_module(module), name)
        where = f"{module}.{name}"
        if inspect.isclass(value) or inspect.isfunction(value):
            where = f"{value.__module__}.{value.__qualname__}"
        blocks.append(f"::: {where}\n    options:\n      heading: fervid.{name}\n")
    return "\n".join(blocks)


def results(path: Path) -> str:
    """A table of results/ as a page; empty columns are left out."""
    with path.open(newline="", encoding="utf-8") as file:
        head, *body = [tuple(row) for row in csv.reader(file)]
    kept = [n for n in range(len(head)) if any(row[n] for row in body)]
    rows = [tuple(row[n] for n in kept) for row in (head, *body)]
    return f"# {path.name}\n\n{len(body)} rows; [the file itself]({path.name}).\n\n{table(rows)}"


def notebook(path: Path, resources: str) -> tuple[str, dict[str, bytes]]:
    """An executed notebook as Markdown, and its pictures by their name in the site.

    Args:
        path: the .ipynb file.
        resources: folder of the pictures, relative to the page.
    """
    import nbconvert

    exporter: Any = nbconvert.MarkdownExporter
    where = {"output_files_dir": resources, "unique_key": path.stem}
    text, found = exporter().from_filename(str(path), resources=where)
    text = re.sub(r"<style scoped>.*?</style>", "", text, flags=re.S)
    text = text.replace('<table border="1" class="dataframe">', "<table>")
    return re.sub(r"\n{3,}", "\n\n", text), dict(found["outputs"])
