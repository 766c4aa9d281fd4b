"""Video + Recognizer -> Timeline; many inputs -> tables, plots and overlays."""

from fervid.predict.batch import predict
from fervid.predict.neutral import relative_to_neutral
from fervid.predict.stream import WindowSettings, timeline
from fervid.predict.summary import Summary
from fervid.predict.timeline import Timeline

__all__ = ["Summary", "Timeline", "WindowSettings", "predict", "relative_to_neutral", "timeline"]
