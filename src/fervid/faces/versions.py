"""Versions of face finders: their code and models, identified without loading any of them."""

import importlib.metadata
import re
from importlib.util import find_spec
from pathlib import Path

from safetensors import SafetensorError, safe_open

from fervid.atomic import digest_of
from fervid.errors import FacesError
from fervid.faces import outside
from fervid.faces.settings import FaceSettings

WEIGHTS = Path(__file__).parent / "weights" / "landmarks.safetensors"
MOVEMENTS = Path(__file__).parent / "weights" / "movements.safetensors"
CASCADE = "haarcascade_frontalface_alt2.xml"


def version_of(settings: FaceSettings) -> str:
    """What identifies a finder's results: two finders of the same version give the same.

    Raises:
        FacesError: the finder's package or model is missing.
    """
    if settings.finder == "table":
        return "landmarks of a table, 1"
    if settings.finder == "mediapipe":
        return _mediapipe(settings.model)
    if settings.finder == "cropped":
        return f"{landmarker(settings.model)}, whole pictures"
    if settings.finder == "builtin":
        return f"{landmarker(settings.model)}, {CASCADE} of OpenCV {opencv()}"
    model = Path(settings.model or outside.get("yunet"))
    if not model.is_file():
        raise FacesError(f"{model} is not a model file: correct the path")
    return f"{landmarker()}, yunet {digest_of(model)[:12]} in OpenCV {opencv()}"


def landmarker(weights: Path | None = None) -> str:
    """Version of the landmark network, by default that of the package.

    Raises:
        FacesError: the file is missing, or is not a landmark network of fervid.
    """
    path = Path(weights or WEIGHTS)
    return f"{metadata(path)['version']} {digest_of(path)[:8]}"


def metadata(path: Path, kind: str = "landmarks") -> dict[str, str]:
    """Metadata of a network's file.

    Args:
        kind: "landmarks" or "movements".

    Raises:
        FacesError: the file is missing, or is not such a network of fervid.
    """
    script = f"a file written by training/{kind}.py"
    if not path.is_file():
        raise FacesError(f"{path} does not exist: install fervid again, or give {script}")
    try:
        with safe_open(path, "np") as file:
            about: dict[str, str] = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise FacesError(f"{path} is not a safetensors file ({error}): give another") from error
    if about.get("format") != "fervid" or about.get("kind") != kind:
        name = kind.removesuffix("s")
        raise FacesError(f"{path} is not a {name} network of fervid: give {script}")
    return about


def opencv() -> str:
    """Version of OpenCV as `cv2.__version__` states it, from a file beside the library."""
    spec = find_spec("cv2")
    if spec is None or spec.origin is None:
        raise FacesError("OpenCV is not installed: pip install opencv-contrib-python")
    text = Path(spec.origin).with_name("version.py").read_text()
    version = re.search(r'opencv_version = "(\d+\.\d+\.\d+)', text)
    if version is None:
        raise FacesError(f"{spec.origin} does not state its version: install OpenCV again")
    return version[1]


def _mediapipe(path: Path | None) -> str:
    model = Path(path or outside.get("mediapipe"))
    if not model.is_file():
        raise FacesError(f"{model} is not a model file: correct the path")
    try:
        package = importlib.metadata.version("mediapipe")
    except ImportError as error:
        raise FacesError(
            "the face finder mediapipe is not installed: "
            "pip install 'fervid[mediapipe]' or use --faces builtin"
        ) from error
    return f"mediapipe {package}, {model.name} {digest_of(model)[:12]}"
