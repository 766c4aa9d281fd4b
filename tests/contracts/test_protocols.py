"""One contract for every protocol, on the two stand-ins where they are at hand."""

from pathlib import Path

import pytest

from fervid.clip import Clip
from fervid.databases import load
from fervid.protocols import PROTOCOLS, digest, inner_split


def forged() -> tuple[Clip, ...]:
    return tuple(
        Clip(f"c{s}-{i}", Path("x"), "d", "abcdef"[(s + i) % 6], f"S{s:03d}")
        for s in range(23)
        for i in range(1 + s % 7)
    )


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
@pytest.mark.parametrize("source", ["forged", "ck_like", "mmi_like"])
def test_contract(name, source, request) -> None:
    if source == "forged":
        clips = forged()
    else:
        root = request.getfixturevalue("shared") / source
        clips = load({"ck_like": "ck_plus", "mmi_like": "mmi"}[source], root).clips
    folds = PROTOCOLS[name](clips)
    assert digest(folds) == digest(PROTOCOLS[name](clips))
    assert len({fold.name for fold in folds}) == len(folds)
    assert all(fold.protocol == folds[0].protocol and fold.protocol for fold in folds)
    tested = [row for fold in folds for row in fold.test]
    assert len(set(tested)) == len(tested)
    assert name == "hold-out" or sorted(tested) == list(range(len(clips)))
    for fold in folds:
        assert not set(fold.train_subjects) & set(fold.test_subjects)
        inner, validation = inner_split(clips, fold.train)
        assert not {clips[r].subject for r in inner} & {clips[r].subject for r in validation}
        assert {clips[r].label for r in inner} == {clips[r].label for r in fold.train}
