"""What other packages add to a catalogue: entry points, read here alone."""

import warnings
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import TypeVar

T = TypeVar("T")


def joined(own: Mapping[str, T], group: str) -> dict[str, T]:
    """A catalogue with what installed packages offer under an entry point group.

    A package that cannot be loaded, or that takes one of fervid's own names, is left out with a
    warning: everything else must go on.

    Args:
        own: fervid's own entries, by name.
        group: "fervid.systems" or "fervid.databases".
    """
    catalogue = dict(own)
    for point in entry_points(group=group):
        where = f"{point.name} of {point.dist.name if point.dist else 'a package'} ({group})"
        if point.name in own:
            warnings.warn(f"{where} has a name that fervid uses: it is left out", stacklevel=2)
            continue
        try:
            catalogue[point.name] = point.load()
        except Exception as error:
            warnings.warn(f"{where} cannot be loaded ({error}): it is left out", stacklevel=2)
    return catalogue
