"""What libraries in C write themselves does not reach the terminal."""

import os
from pathlib import Path

import cv2
import pytest
import scenes

from fervid.errors import InputError
from fervid.faces.picture import read_picture
from fervid.faces.quiet import quiet
from fervid.faces.video import frames


@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_broken_pictures(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _, data = cv2.imencode(kind, scenes.scene(0, frames=1, size=64)[0])
    broken = data.copy()
    broken[len(data) // 2 : -2] = 255
    (tmp_path / f"a{kind}").write_bytes(broken.tobytes())
    cv2.imdecode(broken, cv2.IMREAD_COLOR)
    assert capfd.readouterr().err  # what is to be kept away
    read_picture(tmp_path / f"a{kind}")
    assert capfd.readouterr().err == ""


def test_an_absent_webcam(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="webcam 99 cannot be opened"):
        next(frames(99))
    assert capfd.readouterr().err == ""


def test_standard_error_comes_back(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError), quiet():
        os.write(2, b"unseen")
        raise ValueError
    os.write(2, b"seen")
    assert capfd.readouterr().err == "seen"
