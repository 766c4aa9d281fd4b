"""Names for help texts and shell completion, repeated here because the catalogues load torch.

Tests compare them with the catalogues. Names from other packages are added without loading them.
"""

from collections.abc import Callable, Iterable
from importlib.metadata import entry_points

SYSTEMS = (
    "dtagn", "dtagn-mmi", "dtagn-single-frame", "dtagn-laptop", "dtagn-joint-l3",
    "dtagn-concat", "dtagn-weighted", "dtgn", "ir3d", "ir3d-shortcut", "ir2d", "ir3d-no-lstm",
    "ir3d-pooled", "ir3d-laptop", "hybrid", "hybrid-dbn-1", "hybrid-dbn-2", "hybrid-score",
    "hybrid-spatial", "hybrid-temporal", "hybrid-laptop", "agn3d", "agn3d-shared-trunk",
    "agn3d-laptop", "agn3d-experiment", "tfe", "tfe-ck", "tfe-laptop", "tfe-resnet", "tfe-svm",
    "tfe-fresh", "tfe-plus",
)  # fmt: skip
YARDSTICKS = ("linear", "movements")  # evaluated like systems, but without a model to keep
PROTOCOLS = ("paper", "five-fold", "ten-fold", "loso", "losgo", "hold-out", "cross-database",
             "leave-one-database-out", "parts")  # fmt: skip
MODELS = ("dtagn", "tfe", "tfe-plus")


def complete(names: Iterable[str], group: str = "") -> Callable[[str], list[str]]:
    """A completion function for the shell, from an unfinished word to the names that fit.

    Args:
        names: fervid's own names.
        group: entry points through which other packages add names.
    """

    def completion(incomplete: str) -> list[str]:
        others = entry_points(group=group).names if group else ()
        return [name for name in (*names, *sorted(others)) if name.startswith(incomplete)]

    return completion


def databases(incomplete: str) -> list[str]:
    """Complete the name of a database from the catalogue, which is quick to load."""
    from fervid.databases import DATABASES

    return [name for name in DATABASES if name.startswith(incomplete)]
