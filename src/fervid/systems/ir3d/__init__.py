"""3D Inception-ResNet with landmark weights and an LSTM [3]."""

from fervid.systems.ir3d.recipe import IR3D
from fervid.systems.ir3d.recognizer import IR3DRecognizer

__all__ = ["IR3D", "IR3DRecognizer"]
