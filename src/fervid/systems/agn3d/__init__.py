"""3D appearance and geometric network: binary patterns in 3D convolutions, landmark pairs [2]."""

from fervid.systems.agn3d.recipe import AGN3D
from fervid.systems.agn3d.recognizer import AGN3DRecognizer

__all__ = ["AGN3D", "AGN3DRecognizer"]
