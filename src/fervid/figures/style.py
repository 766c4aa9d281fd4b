"""Common style of the figures: a palette for colour-blind readers and unobtrusive axes."""

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette without yellow, which is hard to see on white.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7F7F7F")
GREY = "#8A8F98"

LOOK: Mapping[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.parse_math": False,  # a label or file name may contain $
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#5F6670",
    "axes.labelcolor": "#30343B",
    "text.color": "#1F2328",
    "xtick.color": "#30343B",
    "ytick.color": "#30343B",
    "axes.grid": False,
    "grid.color": "#E3E6EA",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextmanager
def drawing(width: float, height: float) -> Iterator["Figure"]:
    """Yield a new figure (size in inches) in this style; no display is needed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with plain_text(LOOK):
        figure = Figure((width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


@contextmanager
def plain_text(look: Mapping[str, Any] = MappingProxyType({})) -> Iterator[None]:
    """Draw text literally: $ starts no formula, and characters missing in the font are boxes."""
    import matplotlib

    settings: Any = {"text.parse_math": False, **look}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from", UserWarning)
        warnings.filterwarnings("ignore", "Matplotlib currently does not support", UserWarning)
        yield


def png(figure: "Figure", dpi: int = 160) -> bytes:
    """Render a figure as PNG; equal figures give equal bytes."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi, metadata={"Software": "fervid"})
    return out.getvalue()


def note(figure: "Figure", origin: str) -> None:
    """Write the origin of the data into the figure, which may be copied without its page."""
    if origin:
        figure.supxlabel(f"Data: {origin}", fontsize=8, color="#A33B00", x=0.01, ha="left")
