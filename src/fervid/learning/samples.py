"""Samples: what a system eats, for many clips at once; may lie on disk as memory maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Samples:
    """N samples of a database's clips; a clip may give several (windows, segments, frames).

    Args:
        arrays: (N, ...) each, by the names the system's `inputs` gives them.
        target: (N,) int64, index into `labels`.
        clip: (N,) int64, which clip of the database a sample is from.
        subject: (N,) str, who is seen.
        labels: K names.
    """

    arrays: Mapping[str, NDArray[Any]]
    target: NDArray[np.int64]
    clip: NDArray[np.int64]
    subject: NDArray[np.str_]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: NDArray[np.int64]) -> "Samples":
        """The samples at `rows`, in that order; copies what it takes out of a memory map."""
        arrays = {name: np.asarray(array[rows]) for name, array in self.arrays.items()}
        columns = (self.target[rows], self.clip[rows], self.subject[rows])
        return Samples(arrays, *columns, self.labels)
