"""Video + Recognizer -> Timeline; many inputs -> tables, plots and overlays."""

from fervid.prediction.batch import predict
from fervid.prediction.neutral import relative_to_neutral
from fervid.prediction.settings import WindowSettings
from fervid.prediction.summary import Summary
from fervid.prediction.timeline import Timeline  # isort: split

from fervid.prediction.one import timeline  # last: the name is also that of a module

__all__ = ["Summary", "Timeline", "WindowSettings", "predict", "relative_to_neutral", "timeline"]
