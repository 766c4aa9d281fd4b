"""Video + Recognizer -> Timeline; many inputs -> tables, plots and overlays."""

from fervid.predict.batch import predict
from fervid.predict.neutral import relative_to_neutral
from fervid.predict.settings import WindowSettings
from fervid.predict.summary import Summary
from fervid.predict.timeline import Timeline  # isort: split

from fervid.predict.one import timeline  # last: the name is also that of a module

__all__ = ["Summary", "Timeline", "WindowSettings", "predict", "relative_to_neutral", "timeline"]
