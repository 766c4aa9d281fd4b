"""The film that the documentation shows: the second person moves as the first, a second later."""

import importlib.util
from pathlib import Path

import numpy as np

PATH = Path(__file__).parents[2] / "development" / "conversation.py"


def test_the_second_follows(monkeypatch) -> None:
    spec = importlib.util.spec_from_file_location("conversation", PATH)
    conversation = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conversation)
    monkeypatch.setattr(conversation, "SECONDS", 12.0)
    monkeypatch.setattr(conversation, "SIZE", 64)
    shown = []

    def watched(face, units, view, light, background, gaze):
        shown.append(units.copy())
        return background.copy(), None  # drawing the face takes long, and others test it

    monkeypatch.setattr(conversation, "render", watched)
    played = conversation.script(0)
    assert len(played) > 1
    units = []
    for who, late in zip(conversation.PEOPLE, (0, 25), strict=True):
        shown.clear()
        pictures = list(conversation.film(who, played, late))
        assert len(pictures) == 300 and pictures[0].shape == (64, 64, 3)
        units.append(np.stack(shown))
    assert units[0].std(axis=0).max() > 0.1  # it moves
    assert (units[1][25:] == units[0][:-25]).all()
