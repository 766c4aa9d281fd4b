"""What README and docs tell a reader to type is there: commands, options, names, links."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import typer

from fervid.cli import app
from fervid.cli.settings import arguments, everywhere, recipe
from fervid.databases import DATABASES
from fervid.systems import SYSTEMS

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"),
                 *(ROOT / "src").rglob("*.md"), *(ROOT / "results").glob("*.md"))
)  # fmt: skip
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
INDENTED = re.compile(r"(?<=\n\n)(?: {4}.*\n)+")
INLINE = re.compile(r"`(fervid [^`]+)`")
EXAMPLE = "nearest-mean"  # the system that docs/extending.md adds; test_plugins.py runs it
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")

# Prints the words of each command in a block instead of running it.
SPY = """
say() { printf '%s\\0' "$@"; printf '\\n'; }
for name in fervid python make pip; do eval "$name() { say $name \\"\\$@\\"; }"; done
"""
WRONG = typer.BadParameter.__base__  # every complaint about the words of a command
BASH = shutil.which("bash") or "bash"


def blocks(page: Path) -> list[str]:
    """Shell blocks of a page: fenced, or indented by four."""
    text = page.read_text(encoding="utf-8")
    fenced = [body for kind, body in FENCED.findall(text) if kind in ("", "sh", "console")]
    plain = [body.replace("\n    ", "\n")[4:] for body in INDENTED.findall(FENCED.sub("", text))]
    found = [re.sub(r"^\$ ", "", body, flags=re.M) for body in (*fenced, *plain)]
    return [body for body in found if re.search(r"^\s*(fervid|python|make|pip) ", body, re.M)]


def spied(block: str) -> list[list[str]]:
    """The words of every command in a block, with the shell's own rules for them."""
    done = subprocess.run(
        [BASH, "--norc", "-euc", SPY + block],
        env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False, timeout=20,
    )  # fmt: skip
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [line.split("\0")[:-1] for line in done.stdout.splitlines()]


def parsed(words: list[str]):
    """The context of a command of ours, its words checked and nothing run."""
    command, context = typer.main.get_command(app), None
    if words in (["--version"], ["--install-completion"]):
        return command.make_context("fervid", words, resilient_parsing=True)
    while words and hasattr(command, "commands"):
        assert words[0] in command.commands, f"no command {words[0]!r}"
        context = command.make_context(words[0], [], parent=context, resilient_parsing=True)
        name, words = words[0], words[1:]
        command = command.commands[name]
    if hasattr(command, "commands"):
        return command.make_context(name, [], parent=context, resilient_parsing=True)
    return command.make_context(name, list(words), parent=context)


def check_sets(given: dict) -> None:
    """The recipe's fields that --set names are there and take such values."""
    sets = given.get("sets") or []
    if "paper" in given:
        everywhere(sets)
    elif given.get("system") == EXAMPLE:
        return
    elif given.get("system") in SYSTEMS or (sets and "system" in given):
        recipe(given["system"], sets)
    elif given.get("database") in DATABASES:
        arguments(given["database"], DATABASES[given["database"]], sets)


SHELL = [(page, block) for page in PAGES for block in blocks(page)]
SPOKEN = sorted({
    " ".join(words.split()) for page in PAGES
    for words in INLINE.findall(FENCED.sub("", page.read_text(encoding="utf-8")))
})  # fmt: skip


def test_pages_are_found():
    """Without these, the tests below could pass because they look at nothing."""
    named = {page.relative_to(ROOT).as_posix() for page, _ in SHELL}
    assert {"README.md", "docs/predict.md", "docs/protocols.md", "docs/drawn.md"} <= named
    assert "fervid cite dtagn" in SPOKEN


@pytest.mark.parametrize("page, block", SHELL, ids=[page.stem for page, _ in SHELL])
def test_a_shell_block_is_of_commands_and_options_that_exist(page, block):
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
    for program, *words in spied(block):
        if program == "fervid":
            check_sets(parsed(words).params)
        elif program == "python":
            assert (ROOT / words[0]).is_file(), words
        elif program == "make":
            assert set(words) <= set(targets), words


@pytest.mark.parametrize("line", SPOKEN)
def test_a_command_in_the_text_exists(line):
    """In a sentence arguments may be left out; what is there must be right."""
    (words,) = spied(line)
    try:
        check_sets(parsed(words[1:]).params)
    except WRONG as error:
        assert type(error).__name__ == "MissingParameter", error


def test_a_wrong_word_is_noticed():
    for line in ("fervid predict a.mp4 --overly", "fervid evaluat dtagn", "fervid draw",
                 "fervid draw faces --form film"):  # fmt: skip
        with pytest.raises((AssertionError, WRONG)):
            parsed(spied(line)[0][1:])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_what_a_package_index_shows_needs_no_file_beside_it():
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / about["readme"]).read_text(encoding="utf-8")
    assert not LINK.findall(text) and not re.search(r"<(img|a) ", text)
    assert about["description"] and "fervid predict" in text


def test_contributing_names_the_rooms_in_their_order():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    order = re.search(r"^errors < .*$", text, re.M)[0].split(" < ")
    kept = re.search(r"ORDER = \((.*?)\)", (ROOT / "tests/test_imports.py").read_text(), re.S)[1]
    assert order == [name for name in re.findall(r"\w+", kept) if name not in ("web", "__main__")]
    rooms = re.findall(r"^\| `(\w+)/` \|", text, re.M)
    package = ROOT / "src" / "fervid"
    assert rooms == [name for name in order if name in rooms]
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    assert folders - set(rooms) <= {"cli", "papers"}
