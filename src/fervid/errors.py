"""The error tree.

FervidError                a sentence for the user; the command prints it and exits with 2
├── InputError             a file, folder or stream that cannot be read as what it should be
├── DatabaseError          a database's folder is missing, half copied or not what its name says
├── LabelError             a label that the label set does not hold
├── ProtocolError          folds that cannot be built
│   └── LeakError          a subject stands on both sides of a split
├── WeightsError           a checkpoint that is not ours, or does not fit
├── FacesError             a face finder that cannot be started
└── OutputError            a place that cannot be written to

Every message is one sentence that names the thing and ends with what to do next.
"""

import re


class FervidError(Exception):
    """Anything that the user can mend; never a bug of ours."""


class InputError(FervidError):
    """A file, folder or stream that cannot be read as what it should be."""


class DatabaseError(FervidError):
    """A database's folder is missing, half copied or not what its name says."""


class LabelError(FervidError):
    """A label that the label set does not hold."""


class ProtocolError(FervidError):
    """Folds that cannot be built."""


class LeakError(ProtocolError):
    """A subject stands on both sides of a split."""


class WeightsError(FervidError):
    """A checkpoint that is not ours, or does not fit."""


class FacesError(FervidError):
    """A face finder that cannot be started."""


class OutputError(FervidError):
    """A place that cannot be written to."""


STEERING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def shown(text: str) -> str:
    r"""Foreign text as a terminal may have it: what would steer the terminal is spelt out.

    Control characters (escape sequences begin with one), marks that turn the direction of
    writing, and bytes of a file's name that are not UTF-8; tabs and ends of lines stay.

    >>> shown("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return STEERING.sub(lambda code: code[0].encode("unicode_escape").decode(), text)
