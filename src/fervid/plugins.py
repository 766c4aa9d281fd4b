"""Entry points by which other packages extend a catalogue; only this module reads them."""

import warnings
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import TypeVar

T = TypeVar("T")


def joined(own: Mapping[str, T], group: str) -> dict[str, T]:
    """Extend a catalogue by what installed packages offer in an entry point group.

    An entry that cannot be loaded, or that uses one of fervid's own names, is left out with a
    warning, so that everything else keeps working.

    Args:
        own: fervid's own entries, by name.
        group: "fervid.systems" or "fervid.databases".
    """
    catalogue = dict(own)
    for point in entry_points(group=group):
        where = f"{point.name} of {point.dist.name if point.dist else 'a package'} ({group})"
        if point.name in own:
            warnings.warn(f"{where} has a name that fervid uses; it is left out", stacklevel=2)
            continue
        try:
            catalogue[point.name] = point.load()
        except Exception as error:
            warnings.warn(f"{where} cannot be loaded ({error}); it is left out", stacklevel=2)
    return catalogue
