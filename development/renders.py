"""The rendered faces that training/ learns from and benchmarks/ measures on."""

import io
import zipfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

HELD_OUT = 1000  # the last of them: kept for the choice between heads and for the report

# The landmarks of rendered_faces_68.zip are fractions of the detector's box, which is the inner
# 88 of a picture's 128 pixels. Measured: with 88/128 the difference between MediaPipe's points
# and the exact ones is the same, to 0.6 % of the interocular distance, as on other renders of the
# same face model whose landmarks come in pixels; see docs/landmarks.md.
INNER = 88


def renders(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """(N, 128, 128) grey pictures and (N, 68, 2) exact landmarks in their pixels.

    Args:
        path: rendered_faces_68.zip.
    """
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        data = [np.frombuffer(archive.read(name), np.uint8) for name in names]
        with np.load(io.BytesIO(archive.read("landmarks.npz")), allow_pickle=False) as file:
            fractions = file["landmarks"]
    pictures = np.stack([np.asarray(cv2.imdecode(each, cv2.IMREAD_GRAYSCALE)) for each in data])
    side = pictures.shape[1]
    landmarks = fractions * INNER + (side - INNER) / 2 - 0.5
    return pictures.astype(np.uint8), landmarks.astype(np.float32)
