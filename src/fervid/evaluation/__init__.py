"""Evaluate a system on folds and report the results."""

from fervid.evaluation.evaluate import evaluate
from fervid.evaluation.report import Report
from fervid.evaluation.tables import read

__all__ = ["Report", "evaluate", "read"]
