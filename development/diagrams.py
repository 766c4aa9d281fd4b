"""Draw the diagrams of docs/systems.md: `python development/diagrams.py` writes docs/diagrams/*.svg.

Every word stands in a box with its own background, so that the pictures can be read on a light and on
a dark page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "diagrams"
WIDTH, LINE, RIM, GAP_X, GAP_Y = 168, 17, 12, 44, 22  # pixels
# Fill and border by what a box stands for.
COLOURS = {
    "data": ("#e3f2fd", "#1565c0"),
    "network": ("#fff3e0", "#ef6c00"),
    "join": ("#f3e5f5", "#7b1fa2"),
    "answer": ("#e8f5e9", "#2e7d32"),
}


@dataclass(frozen=True)
class Box:
    """One box: where it stands, in columns from the left and rows from the top, and what it says."""

    column: int
    row: float
    kind: str
    text: str  # the first line is bold


@dataclass(frozen=True)
class Diagram:
    """Boxes by name, and arrows from box to box."""

    title: str
    boxes: dict[str, Box]
    arrows: tuple[tuple[str, str], ...]


DIAGRAMS = {
    "dtagn": Diagram(
        "DTAGN: appearance and geometry, fine-tuned jointly",
        {
            "clip": Box(0, 0.5, "data", "Clip\nresampled in time to\na fixed length"),
            "faces": Box(1, 0, "data", "3 grey faces\n64 x 64 pixels"),
            "points": Box(1, 1, "data", "49 landmarks\n12 frames, relative\nto the nose"),
            "dtan": Box(2, 0, "network", "DTAN\n2 convolutions,\n2 hidden layers; frames\nare input channels"),
            "dtgn": Box(2, 1, "network", "DTGN\n2 hidden layers,\n100 and 600 units"),
            "sum": Box(3, 0.5, "join", "Sum of logits\ntrained on\nL1 + L2 + 0.1 L3"),
            "answer": Box(4, 0.5, "answer", "Softmax\none label a clip"),
        },
        (("clip", "faces"), ("clip", "points"), ("faces", "dtan"), ("points", "dtgn"),
         ("dtan", "sum"), ("dtgn", "sum"), ("sum", "answer")),
    ),
    "agn3d": Diagram(
        "3DAGN: a 3D network proposes two labels, a second network decides between them",
        {
            "film": Box(0, 0, "data", "10 frames\n299 x 299, as local\nbinary patterns"),
            "pair": Box(0, 1, "data", "Difference image\nlandmarks of the peak\nminus those at rest"),
            "one": Box(1, 0, "network", "Network 1\n3D Inception-ResNet,\nshallower"),
            "two": Box(2, 1, "network", "Network 2\na VGG16 for each pair\nof labels (21)"),
            "top": Box(2, 0, "join", "Two likeliest labels\nselect the VGG16"),
            "three": Box(3, 0.5, "join", "Network 3\nl1 + l2 at those\ntwo labels"),
            "answer": Box(4, 0.5, "answer", "Softmax\none label a clip"),
        },
        (("film", "one"), ("one", "top"), ("top", "two"), ("pair", "two"), ("top", "three"),
         ("two", "three"), ("three", "answer")),
    ),
    "ir3d": Diagram(
        "3D Inception-ResNet with landmark weights and an LSTM",
        {
            "film": Box(0, 0, "data", "10 colour frames\n299 x 299 pixels"),
            "points": Box(0, 1, "data", "66 landmarks\nas maps: 1 at a point,\nless by 0.1 a cell"),
            "stem": Box(1, 0, "network", "Stem\n10 x 38 x 38 x 192"),
            "modules": Box(2, 0, "network", "Modules A, B, C\nInception-ResNet with\nkernels over time"),
            "weights": Box(2, 1, "join", "Landmark weights\non what bypasses\nmodules A and B"),
            "lstm": Box(3, 0, "network", "LSTM\n200 units over\n6 steps"),
            "answer": Box(4, 0, "answer", "Softmax\nmean over a clip's\ntens of frames"),
        },
        (("film", "stem"), ("stem", "modules"), ("points", "weights"), ("weights", "modules"),
         ("modules", "lstm"), ("lstm", "answer")),
    ),
    "hybrid": Diagram(
        "Hybrid: two VGG16 streams, a deep belief network and an SVM",
        {
            "face": Box(0, 0, "data", "Faces\n15 of a segment,\n227 x 227 pixels"),
            "flow": Box(0, 1, "data", "Optical flow\n15 pictures between\nneighbouring frames"),
            "spatial": Box(1, 0, "network", "Spatial stream\nVGG16, 4096 features"),
            "temporal": Box(1, 1, "network", "Temporal stream\nVGG16, 4096 features"),
            "dbn": Box(2, 0.5, "join", "Deep belief network\n4096, 2048, 1024 units,\ntrained layer by layer"),
            "mean": Box(3, 0.5, "join", "Mean\nover all pictures and\nsegments of a clip"),
            "answer": Box(4, 0.5, "answer", "Linear SVM\none label a clip"),
        },
        (("face", "spatial"), ("flow", "temporal"), ("spatial", "dbn"), ("temporal", "dbn"),
         ("dbn", "mean"), ("mean", "answer")),
    ),
    "tfe": Diagram(
        "TFE: identity and emotion learned jointly, on single pictures",
        {
            "face": Box(0, 0.5, "data", "One grey face\n48 x 48 pixels"),
            "identity": Box(1, 0, "network", "Identity network\nDeepID2, trained to\ntell people apart"),
            "emotion": Box(1, 1, "network", "Emotion network\nResNet18, 16 to\n64 filters"),
            "features": Box(2, 0, "data", "160 numbers\ndropout of 0.4"),
            "numbers": Box(2, 1, "data", "64 numbers\nmean of the last map"),
            "tandem": Box(3, 0.5, "join", "Tandem\n224 numbers, one\nlinear layer"),
            "answer": Box(4, 0.5, "answer", "Softmax\none label a frame"),
        },
        (("face", "identity"), ("face", "emotion"), ("identity", "features"),
         ("emotion", "numbers"), ("features", "tandem"), ("numbers", "tandem"),
         ("tandem", "answer")),
    ),
}  # fmt: skip


def svg(diagram: Diagram) -> str:
    """The diagram as a document of its own."""
    tall = max(len(box.text.splitlines()) for box in diagram.boxes.values()) * LINE + 2 * RIM
    columns = 1 + max(box.column for box in diagram.boxes.values())
    rows = 1 + max(box.row for box in diagram.boxes.values())
    width = columns * (WIDTH + GAP_X) - GAP_X + 4
    height = rows * (tall + GAP_Y) - GAP_Y + 4
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:g}" role="img"'
        ' font-family="Helvetica, Arial, sans-serif" font-size="13">',
        f"<title>{escape(diagram.title)}</title>",
        '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
        ' orient="auto"><path d="M0 0 8 4 0 8z" fill="#8a8a8a"/></marker>',
        *_arrows(diagram, tall),
        *(line for box in diagram.boxes.values() for line in _box(box, tall)),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _corner(box: Box, tall: int) -> tuple[float, float]:
    return 2 + box.column * (WIDTH + GAP_X), 2 + box.row * (tall + GAP_Y)


def _box(box: Box, tall: int) -> Iterator[str]:
    left, top = _corner(box, tall)
    fill, border = COLOURS[box.kind]
    lines = box.text.splitlines()
    yield (
        f'<rect x="{left:g}" y="{top:g}" width="{WIDTH}" height="{tall}" rx="6" fill="{fill}"'
        f' stroke="{border}" stroke-width="1.5"/>'
    )
    first = top + (tall - len(lines) * LINE) / 2 + 0.75 * LINE
    for number, line in enumerate(lines):
        weight = ' font-weight="bold"' if number == 0 else ""
        yield (
            f'<text x="{left + WIDTH / 2:g}" y="{first + number * LINE:g}" text-anchor="middle"'
            f' fill="#1a1a1a"{weight}>{escape(line)}</text>'
        )


def _arrows(diagram: Diagram, tall: int) -> Iterator[str]:
    for start, end in diagram.arrows:
        one, other = diagram.boxes[start], diagram.boxes[end]
        (x, y), (u, v) = _corner(one, tall), _corner(other, tall)
        if one.column == other.column:  # straight down or up
            down = other.row > one.row
            x, y, u, v = x + WIDTH / 2, y + tall * down, u + WIDTH / 2, v + tall * (not down)
        else:
            x, y, v = x + WIDTH, y + tall / 2, v + tall / 2
        yield (
            f'<line x1="{x:g}" y1="{y:g}" x2="{u:g}" y2="{v:g}" stroke="#8a8a8a"'
            ' stroke-width="1.6" marker-end="url(#head)"/>'
        )


def main() -> None:
    """Write every diagram."""
    FOLDER.mkdir(exist_ok=True)
    for name, diagram in DIAGRAMS.items():
        (FOLDER / f"{name}.svg").write_text(svg(diagram), encoding="utf-8")


if __name__ == "__main__":
    main()
