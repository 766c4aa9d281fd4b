"""Published models that are not part of the package: where they are and how to get them."""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from fervid.atomic import digest_of
from fervid.errors import FacesError


@dataclass(frozen=True)
class Model:
    """A published model file.

    Args:
        file: name in $FERVID_MODELS and in the cache.
        url: address from which `fervid weights get` downloads it.
        sha256: hash of the only file that is accepted.
        licence: terms of its authors.
        use: what fervid uses it for.
    """

    file: str
    url: str
    sha256: str
    licence: str
    use: str


MODELS = {
    "yunet": Model(
        "yunet_n_640_640.onnx",
        "https://github.com/ShiqiYu/libfacedetection.train/raw/"
        "47198234de8c4646961e46159e02af5b06021a78/onnx/yunet_n_640_640.onnx",
        "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31",
        "Apache-2.0 / MIT",
        "face detector for `--faces yunet` and `auto`",
    ),
    "mediapipe": Model(
        "face_landmarker.task",
        "https://storage.googleapis.com/mediapipe-models/face_landmarker/"
        "face_landmarker/float16/1/face_landmarker.task",
        "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        "Apache-2.0",
        "faces and landmarks for `--faces mediapipe`",
    ),
}


def at_hand(name: str) -> Path | None:
    """A model's file in $FERVID_MODELS or the cache; None if it is in neither.

    Raises:
        FacesError: there is a file of that name, but it is a different one.
    """
    model = MODELS[name]
    folder = os.environ.get("FERVID_MODELS")
    for home in (Path(folder) if folder else None, cache()):
        if home is not None and (path := home / model.file).is_file():
            if digest_of(path) != model.sha256:
                raise FacesError(
                    f"{path} is not the expected {name} model (sha256 mismatch): remove it, then "
                    f"run `fervid weights get {name}`"
                )
            return path
    return None


def get(name: str) -> Path:
    """A model's file, downloaded once and checked.

    Raises:
        FacesError: there is no such model, or it cannot be downloaded.
    """
    if name not in MODELS:
        raise FacesError(f"there is no model {name!r}: choose one of {', '.join(MODELS)}")
    if (path := at_hand(name)) is not None:
        return path
    import pooch

    model = MODELS[name]
    try:
        return Path(pooch.retrieve(model.url, f"sha256:{model.sha256}", model.file, cache()))
    except (OSError, ValueError) as error:  # no network, a full disk, or an unexpected file
        raise FacesError(
            f"{name} could not be downloaded from {model.url} ({type(error).__name__}): put "
            f"{model.file} into a folder and set FERVID_MODELS to it, or use --faces builtin"
        ) from error


def cache() -> Path:
    """Folder for downloaded models."""
    return Path(platformdirs.user_cache_dir("fervid"))
