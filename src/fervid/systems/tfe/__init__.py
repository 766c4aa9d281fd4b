"""Identity and emotion learnt jointly: two networks' features in tandem [5]."""

from fervid.systems.tfe.recipe import TFE
from fervid.systems.tfe.recognizer import TFERecognizer

__all__ = ["TFE", "TFERecognizer"]
