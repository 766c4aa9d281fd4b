"""The built-in database: faces that fervid draws itself, with exact landmarks and action units."""

from fervid.databases.drawn.camera import Light, View
from fervid.databases.drawn.crops import crops
from fervid.databases.drawn.drawing import draw, load
from fervid.databases.drawn.face import Face, person
from fervid.databases.drawn.identity import Identity, sample_identity
from fervid.databases.drawn.render import render

__all__ = [
    "Face",
    "Identity",
    "Light",
    "View",
    "crops",
    "draw",
    "load",
    "person",
    "render",
    "sample_identity",
]
