"""Imports point left only, and `import fervid` stays light."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "src" / "fervid"
# Figures draw arrays and stand left of the report that shows them.
ORDER = (
    "errors plugins atomic text labels ranks progress parallel share device clip faces databases "
    "folds learning networks systems figures models evaluation papers predict pages agreement "
    "synchrony suggest api cli web __main__"
)
RANK = {name: rank for rank, name in enumerate(ORDER.split())}
HEAVY = {"mediapipe": ("faces",), "av": ("faces",), "cv2": ("faces", "databases/drawn")}
# A system's flow and LBP inputs may use OpenCV too.
INPUTS = "inputs.py"


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def room(name: str) -> str:
    return name.split(".")[1] if name.startswith("fervid.") else ""


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_left(path: Path) -> None:
    place = path.relative_to(ROOT)
    here = place.parts[0].removesuffix(".py")
    names = imported(path)
    if here != "__init__":
        right = [n for n in names if room(n) in RANK and RANK[room(n)] > RANK[here]]
        assert not right, f"{place} imports {right} from its right"
    for library, homes in HEAVY.items():
        if any(n.split(".")[0] == library for n in names):
            at_home = any(str(place).startswith(home) for home in homes)
            assert at_home or (library == "cv2" and path.name == INPUTS), f"{place}: {library}"
    if here == "systems" and len(place.parts) == 3:
        others = [n for n in names if n.startswith("fervid.systems.") and n.split(".")[2] not in
                  (place.parts[1], "interface", "recognizer")]  # fmt: skip
        outside = [n for n in names if room(n) in ("databases", "folds")]
        assert not others + outside, f"{place} imports {others + outside}"


@pytest.mark.parametrize(
    "folder", sorted({p.parent for p in ROOT.rglob("*.py")} - {ROOT}), ids=lambda p: p.name
)
def test_no_file_of_a_room_imports_one_that_imports_it_back(folder: Path) -> None:
    start = ".".join(folder.relative_to(ROOT.parent).parts)
    files = {f"{start}.{p.stem}".removesuffix(".__init__"): p for p in folder.glob("*.py")}
    # A file takes others by their own names; what the package itself binds, it binds from them.
    near = {
        name: {n for n in imported(path) if n in files and n not in (name, start)}
        for name, path in files.items()
    }
    reached = near
    for _ in files:
        reached = {
            name: some.union(*(reached[each] for each in some)) for name, some in reached.items()
        }
    assert not [name for name, some in reached.items() if name in some]


@pytest.mark.parametrize(
    ("folder", "other"),
    [("benchmarks", "training"), ("training", "benchmarks"), ("development", "*ing")],
)
def test_programs_beside_the_package_take_what_is_there_and_nothing_of_one_another(
    folder: str, other: str
) -> None:
    home = ROOT.parents[1]
    foreign = {path.stem for path in home.glob(f"{other}/*.py")} - {"landmarks"}  # theirs, ours
    paths = sorted((home / folder).glob("*.py"))
    assert paths and foreign
    for path in paths:
        names = imported(path)
        assert not names & foreign, path.name
        for name in (name for name in names if name.startswith("fervid.")):
            parent, _, last = name.rpartition(".")
            module = importlib.util.find_spec(parent) and importlib.import_module(parent)
            assert hasattr(module, last) or importlib.util.find_spec(name), f"{path.name}: {name}"


@pytest.mark.parametrize("line", ["import fervid", "from fervid.cli import main"])
def test_light(line: str) -> None:
    code = f"import sys; {line}; print([m for m in ('torch', 'cv2', 'pandas') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_function_takes_more_than_six_arguments_by_position(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
            names = names[1:] if names[:1] in (["self"], ["cls"]) else names
            assert len(names) <= 6, f"{node.name}: put * before {names[6]}"
