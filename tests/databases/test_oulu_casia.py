"""Oulu-CASIA on a forged tree with its quirks."""

import shutil

import pytest

from fervid.databases import oulu_casia
from fervid.errors import DatabaseError
from fervid.labels import BASIC


@pytest.fixture
def root(tmp_path, forge):
    return forge("oulu_casia").make(tmp_path / "Oulu CASIA")


def test_strong_visible_originals(root) -> None:
    database = oulu_casia.load(root)
    assert [clip.name for clip in database.clips][:7] == [
        *(f"P001_{label}" for label in BASIC), "P002_anger",
    ]  # fmt: skip
    assert database.subjects == ("P001", "P002", "P010")
    assert database.counts == dict.fromkeys(BASIC, 3)
    assert {clip.apex for clip in database.clips} == {2}  # three frames, macOS companions aside
    assert all("OriginalImg/VL/Strong" in clip.path.as_posix() for clip in database.clips)
    assert database.left_out == {"folders of no emotion": 1}
    assert database.course == "onset-apex"


def test_light_and_camera(root) -> None:
    assert "VL/Dark" in oulu_casia.load(root, light="dark").clips[0].path.as_posix()
    clip = oulu_casia.load(root, camera="nir").clips[0]
    assert "NI/Strong" in clip.path.as_posix()
    assert clip.groups == {"light": "strong", "camera": "nir"}
    with pytest.raises(DatabaseError, match=r"expected NI/Weak/.* found Strong"):
        oulu_casia.load(root, camera="nir", light="weak")
    with pytest.raises(DatabaseError, match=r"no light 'bright'"):
        oulu_casia.load(root, light="bright")


def test_crops_where_there_is_nothing_else(root) -> None:
    shutil.rmtree(root / "OriginalImg")
    assert {clip.apex for clip in oulu_casia.load(root).clips} == {1}
    assert len(oulu_casia.load(root / "PreProcess_Img" / "VL_Acropped").clips) == 18


def test_half_copied(root) -> None:
    for path in (root / "OriginalImg" / "VL" / "Strong" / "P002" / "Fear").iterdir():
        path.unlink()
    with pytest.raises(DatabaseError, match=r"1 of 18 .* the first is P002/Fear"):
        oulu_casia.load(root)


def test_second_copy_of_a_frame(root) -> None:
    folder = root / "OriginalImg" / "VL" / "Strong" / "P001" / "Anger"
    (folder / "002 (1).jpeg").write_bytes(b"x")
    with pytest.raises(DatabaseError, match=r"002 \(1\).jpeg', a second copy"):
        oulu_casia.load(root)
