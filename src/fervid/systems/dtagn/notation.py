"""The paper's own notation of its networks [1, Sec. 5.1].

`I64-C(5,64)-L5-P2-C(5,64)-L3-P2-FC500-FC500-S7` reads: a 64 x 64 picture, 64 filters of 5 x 5,
local contrast normalisation in a 5 x 5 window, max pooling over 2 x 2, ..., fully connected layers
of 500, softmax over 7 labels; `D1176` is a vector of 1176. Convolutions go at stride 1, poolings
at stride 2. Every C and FC is followed by a ReLU [1, Sec. 3.2, 3.3].
"""

import re

from fervid.errors import InputError

EXAMPLE = "D1176-FC100-FC600-S"
LAYER = re.compile(r"(FC|[IDCLPS])\(?(\d*)(?:,(\d+)\))?")


def parse(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """The notation as layers and their sizes.

    >>> parse("I64-C(5,64)-L5-FC500-S7")
    [('I', (64,)), ('C', (5, 64)), ('L', (5,)), ('FC', (500,)), ('S', (7,))]
    """
    layers = [LAYER.fullmatch(part) for part in text.split("-")]
    if not all(layers):
        raise InputError(f"{text!r} is no network: write it as the paper does, {EXAMPLE!r} for one")
    return [(m[1], tuple(int(size) for size in m.groups()[1:] if size)) for m in layers if m]
