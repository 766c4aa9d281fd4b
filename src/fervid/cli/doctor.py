"""`fervid doctor`: what is installed here, what is missing, and the command that helps."""

import importlib
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

import typer

import fervid
from fervid.cli.say import say
from fervid.errors import FervidError
from fervid.parallel import THREADS, cores
from fervid.text import json_text

# Modules that everything needs, the package each comes from, and how it is called.
CORE = {
    "torch": ("torch", "PyTorch"),
    "lightning_fabric": ("lightning-fabric", "Lightning Fabric"),
    "cv2": ("opencv-contrib-python", "OpenCV"),
    "av": ("av", "PyAV"),
    "numpy": ("numpy", "NumPy"),
    "scipy": ("scipy", "SciPy"),
    "sklearn": ("scikit-learn", "scikit-learn"),
    "pandas": ("pandas", "pandas"),
    "pyarrow": ("pyarrow", "PyArrow"),
    "safetensors": ("safetensors", "safetensors"),
    "matplotlib": ("matplotlib", "Matplotlib"),
}
IMPORTED = ("torch", "cv2", "av")  # only these are loaded; loading all would take seconds
EXTRAS = {
    "ray": (("ray",), "several machines, `--on ray`"),
    "mediapipe": (("mediapipe",), "`--faces mediapipe`"),
    "annotate": (("pympi", "pyreadstat"), "ELAN, Praat and SPSS files"),
    "excel": (("openpyxl",), "databases and manifests as .xlsx"),
    "export": (("onnx", "onnxscript", "onnxruntime"), "`fervid weights export`"),
}
LITTLE = 2.0  # GB of free disk below which a database is hardly prepared


@dataclass(frozen=True)
class Fact:
    """Something found here.

    Args:
        name: a word or two.
        value: what it is.
        state: "missing" is optional, "broken" stops everything.
        help: what to do if it is not ok.
    """

    name: str
    value: str
    state: Literal["ok", "missing", "broken"] = "ok"
    help: str = ""

    def __str__(self) -> str:
        return f"{self.state:8} {self.name:18} {self.value}{self.help and f': {self.help}'}"


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Show what is installed, what is missing, and the command that helps.

    Exit code: 0, or 1 if something that every command needs is broken.
    """
    facts = list(examine())
    if json:
        print(json_text([asdict(fact) for fact in facts]))
    else:
        for fact in facts:
            say(str(fact))
    if any(fact.state == "broken" for fact in facts):
        raise typer.Exit(1)


def examine() -> Iterator[Fact]:
    """Everything that `fervid doctor` reports."""
    yield Fact("fervid", f"{fervid.__version__}, {Path(fervid.__file__).parent}")
    system = f"{platform.system()} {platform.machine()}"
    yield Fact("Python", f"{platform.python_version()}, {sys.executable}, {system}")
    for module, (package, name) in CORE.items():
        yield _core(module, package, name)
    for look in (_ffmpeg, _haar, _shipped, _processor, _threads, _gpu):
        yield _safely(look)
    yield from map(_finder, ("yunet", "mediapipe"))
    for extra, (modules, use) in EXTRAS.items():
        yield _extra(extra, modules, use)
    yield from _folders()


def _core(module: str, package: str, name: str) -> Fact:
    help_ = f"pip install --force-reinstall {package}"
    try:
        if module in IMPORTED:
            importlib.import_module(module)
        elif find_spec(module) is None:
            raise ImportError("not installed")
        return Fact(name, version(package))
    except PackageNotFoundError:  # another build of it, such as OpenCV without a window
        return Fact(name, str(getattr(importlib.import_module(module), "__version__", "unknown")))
    except Exception as error:  # whatever a broken library raises
        return Fact(name, f"cannot be loaded ({_short(error)})", "broken", help_)


def _safely(look: Callable[[], Fact]) -> Fact:
    try:
        return look()
    except Exception as error:  # reported above: the library that it asks is broken
        return Fact(look.__name__.strip("_"), f"unknown ({_short(error)})", "missing")


def _short(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]


def _ffmpeg() -> Fact:
    av = importlib.import_module("av")
    libraries = ", ".join(
        f"{name} {'.'.join(map(str, number))}"
        for name, number in getattr(av, "library_versions", {}).items()
        if name in ("libavcodec", "libavformat")
    )
    return Fact("FFmpeg", f"{getattr(av, 'ffmpeg_version_info', 'in PyAV')} ({libraries})")


def _haar() -> Fact:
    from fervid.faces.versions import CASCADE

    path = Path(str(importlib.import_module("cv2").__file__)).parent / "data" / CASCADE
    if path.is_file():
        return Fact("finder builtin", str(path))
    help_ = "pip install --force-reinstall opencv-contrib-python"
    return Fact("finder builtin", f"{path} is missing", "broken", help_)


def _shipped() -> Fact:
    from fervid.cli.names import MODELS
    from fervid.models.shipped import HOME

    installed = {path.stem for path in HOME.glob("*/weights/*.safetensors")}
    if absent := sorted(set(MODELS) - installed):
        help_ = "pip install --force-reinstall fervid"
        return Fact("models", f"{', '.join(absent)} missing from {HOME}", "broken", help_)
    return Fact("models", ", ".join(MODELS))


def _processor() -> Fact:
    torch = importlib.import_module("torch")
    can: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    name = str(can.get("cpu_name") or platform.processor() or platform.machine())
    bf16 = any(value for key, value in can.items() if "bf16" in key)
    fast = "has bfloat16 instructions: `--precision bf16-mixed` is faster"
    slow = "has no bfloat16 instructions: keep `--precision 32-true`"
    return Fact("processor", f"{name} {fast if bf16 else slow}")


def _threads() -> Fact:
    set_ = [f"{name}={os.environ[name]}" for name in THREADS if name in os.environ]
    torch = importlib.import_module("torch")
    each = f"{cores()} cores, {torch.get_num_threads()} threads in PyTorch"
    return Fact("threads", ", ".join([each, *set_]))


def _gpu() -> Fact:
    torch = importlib.import_module("torch")
    if not torch.cuda.is_available():
        built = torch.version.cuda
        why = f"PyTorch is built for CUDA {built}" if built else "PyTorch is built without CUDA"
        return Fact("GPU", f"none ({why})", "missing", "see https://pytorch.org, if there is one")
    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return Fact("GPU", f"{', '.join(names)}, CUDA {torch.version.cuda}")


def _finder(name: str) -> Fact:
    from fervid.faces import outside

    help_ = f"fervid weights get {name}"
    try:
        path = outside.at_hand(name)
    except FervidError as error:
        return Fact(f"finder {name}", str(error).partition(":")[0], "missing", help_)
    if path is None:
        return Fact(f"finder {name}", "its model is not here", "missing", help_)
    return Fact(f"finder {name}", str(path))


def _extra(extra: str, modules: tuple[str, ...], use: str) -> Fact:
    absent = [module for module in modules if find_spec(module) is None]
    if absent:
        lost = f"no {', '.join(absent)} for {use}"
        return Fact(f"extra {extra}", lost, "missing", f"pip install 'fervid[{extra}]'")
    return Fact(f"extra {extra}", f"{use}; {modules[0]} {_version(modules[0])}")


def _version(module: str) -> str:
    try:
        return version({"pympi": "pympi-ling"}.get(module, module))
    except PackageNotFoundError:
        return ""


def _folders() -> Iterator[Fact]:
    from fervid.faces import outside

    given = os.environ.get("FERVID_MODELS")
    if given and not Path(given).is_dir():
        yield Fact("FERVID_MODELS", f"{given} is not there", "missing", "correct or unset it")
    elif given:
        yield Fact("FERVID_MODELS", given)
    yield _folder("cache", outside.cache(), "set FERVID_MODELS to a folder with the models")
    yield _folder("this folder", Path.cwd(), "change to a folder on a larger disk")


def _folder(name: str, path: Path, help_: str) -> Fact:
    there = next(each for each in (path, *path.parents) if each.exists())
    free = shutil.disk_usage(there).free / 1e9
    value = f"{path}, {free:.1f} GB free"
    if not os.access(there, os.W_OK):
        return Fact(name, f"{value}, not writable", "missing", help_)
    return Fact(name, value, "ok" if free >= LITTLE else "missing", "" if free >= LITTLE else help_)
