"""A notation for residual networks, after [5, Figs. 3, 4].

C16 is a convolution with 16 filters, I an identity block, P a projection block, which halves height
and width. All convolutions are 3 x 3 except the 1 x 1 in a projection block's shortcut.
"""

import re
from itertools import pairwise

from fervid.errors import InputError

RESNET18 = "C16-I16-I16-P16-I16-P32-I32-P64-I64"
LAYER = re.compile(r"([CIP])(\d+)(/2)?")


def parse(text: str) -> list[tuple[str, int, int]]:
    """Parse the notation into kinds, filters and strides; C32/2 has stride two.

    >>> parse("C16-I16-P32")
    [('C', 16, 1), ('I', 16, 1), ('P', 32, 2)]
    """
    matches = [LAYER.fullmatch(part) for part in text.split("-")]
    layers = [(m[1], int(m[2]), 2 if m[3] or m[1] == "P" else 1) for m in matches if m]
    kinds = "".join(kind for kind, _, _ in layers)
    if not all(matches) or not kinds.startswith("C") or "C" in kinds[1:]:
        raise InputError(f"{text!r} is not a residual network: write it like {RESNET18!r}")
    for (_, before, _), (kind, filters, _) in pairwise(layers):
        if kind == "I" and filters != before:
            raise InputError(
                f"{text!r} has I{filters} after {before} filters: write P{filters} instead"
            )
    return layers
