"""Two faces' curves -> whether one follows the other, and by how many seconds."""

from fervid.synchrony.analyse import Synchrony, synchrony

__all__ = ["Synchrony", "synchrony"]
