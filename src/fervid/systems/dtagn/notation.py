"""The paper's notation for its networks [1, Sec. 5.1].

`I64-C(5,64)-L5-P2-C(5,64)-L3-P2-FC500-FC500-S7` means: a 64 x 64 picture, 64 filters of 5 x 5,
local contrast normalisation in a 5 x 5 window, max pooling over 2 x 2, ..., two fully connected
layers of 500 units, softmax over 7 labels. `D1176` is an input vector of 1176 numbers. Convolutions
have stride 1, poolings stride 2. A ReLU follows every C and FC [1, Sec. 3.2, 3.3].
"""

import re

from fervid.errors import InputError

EXAMPLE = "D1176-FC100-FC600-S"
LAYER = re.compile(r"(FC|[IDCLPS])\(?(\d*)(?:,(\d+)\))?")


def parse(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """Parse the notation into layers and their sizes.

    >>> parse("I64-C(5,64)-L5-FC500-S7")
    [('I', (64,)), ('C', (5, 64)), ('L', (5,)), ('FC', (500,)), ('S', (7,))]
    """
    layers = [LAYER.fullmatch(part) for part in text.split("-")]
    if not all(layers):
        raise InputError(
            f"{text!r} is not a network in the paper's notation: write it like {EXAMPLE!r}"
        )
    return [(m[1], tuple(int(size) for size in m.groups()[1:] if size)) for m in layers if m]
