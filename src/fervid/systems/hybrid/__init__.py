"""Spatial and temporal VGG16, a deep belief network over both, a linear SVM [4]."""

from fervid.systems.hybrid.recipe import Hybrid
from fervid.systems.hybrid.recognizer import HybridRecognizer

__all__ = ["Hybrid", "HybridRecognizer"]
