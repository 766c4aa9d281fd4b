"""Build the wheel, check its files, and run the command from an otherwise empty environment."""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
QUIET = ("--quiet", "--disable-pip-version-check")
TORCH = "torch>=2.11,<2.14"
HIDDEN = {"PYTHONPATH", "PYTHONHOME", "FERVID_MODELS", "FERVID_SHARED"}


def build(folder: Path) -> Path:
    """Build from a copy: a build folder left in the checkout would put deleted modules into it."""
    source = folder / "source"
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    shutil.copytree(ROOT / "src", source / "src", ignore=unwanted)
    (source / "docs").mkdir()
    for name in ("pyproject.toml", "docs/package.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    pip = (sys.executable, "-m", "pip", "wheel", *QUIET, "--no-deps")
    subprocess.run([*pip, "-w", folder, source], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def check_files(wheel: Path) -> None:
    """Every file of the package is in the wheel, and nothing else but the metadata."""
    package = ROOT / "src"
    expected = {
        path.relative_to(package).as_posix()
        for path in (package / "fervid").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == expected, f"missing or too many in {wheel.name}: {names ^ expected}"


def run_command(wheel: Path, folder: Path) -> None:
    """Install the wheel and use its command on a picture that it draws itself."""
    venv.create(folder / "env", with_pip=True)
    binaries = folder / "env" / "bin"
    env = {name: value for name, value in os.environ.items() if name not in HIDDEN}

    def call(program: str, *words: object) -> str:
        command = [str(word) for word in (binaries / program, *words)]
        done = subprocess.run(
            command, cwd=folder, env=env, check=True, text=True, stdout=subprocess.PIPE
        )
        return done.stdout

    call("pip", "install", *QUIET, TORCH)
    call("pip", "install", *QUIET, wheel)
    assert call("fervid", "--version").startswith("fervid ")
    assert "dtagn" in call("fervid", "systems")
    call("fervid", "draw", "drawn", "--subjects", 2, "--form", "images")
    picture = sorted((folder / "drawn").rglob("*.png"))[0]
    call("fervid", "predict", picture, "--out", "predictions")
    with (folder / "predictions" / f"{picture.stem}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["face"] and rows[0]["label"], rows
    print(f"{wheel.name}: 1 picture, {rows[0]['label']}")


def main() -> None:
    """Do all of it in a folder that goes away."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = build(folder)
        check_files(wheel)
        run_command(wheel, folder)


main()
