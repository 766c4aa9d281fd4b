"""Deep temporal appearance-geometry network: joint fine-tuning of two small networks [1]."""

from fervid.systems.dtagn.recipe import DTAGN
from fervid.systems.dtagn.recognizer import DTAGNRecognizer

__all__ = ["DTAGN", "DTAGNRecognizer"]
