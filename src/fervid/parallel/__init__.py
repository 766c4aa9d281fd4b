"""Independent tasks over processes, or over the machines of a cluster."""

from fervid.parallel.spread import elsewhere, on, spread
from fervid.parallel.worker import THREADS, cores

__all__ = ["THREADS", "cores", "elsewhere", "on", "spread"]
