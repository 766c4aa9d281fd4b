"""Exceptions that report a problem the user can fix.

FervidError                the command prints the message and exits with status 2
├── InputError             a file, folder or stream that cannot be read in the expected format
├── DatabaseError          a database folder that is missing, incomplete or a different database
├── LabelError             a label that is not in the label set
├── ProtocolError          folds that cannot be built
│   └── LeakError          a subject in both the training and the test set
├── WeightsError           a model file that fervid did not write, or that does not fit
├── FacesError             a face finder that cannot be started
└── OutputError            a file or folder that cannot be written

Every message is one sentence that names the object and ends with the next step.
"""

import re


class FervidError(Exception):
    """A problem that the user can fix, as opposed to a bug in fervid."""


class InputError(FervidError):
    """A file, folder or stream that cannot be read in the expected format."""


class DatabaseError(FervidError):
    """A database folder that is missing, incomplete or a different database."""


class LabelError(FervidError):
    """A label that is not in the label set."""


class ProtocolError(FervidError):
    """Folds that cannot be built."""


class LeakError(ProtocolError):
    """A subject in both the training and the test set."""


class WeightsError(FervidError):
    """A model file that fervid did not write, or that does not fit."""


class FacesError(FervidError):
    """A face finder that cannot be started."""


class OutputError(FervidError):
    """A file or folder that cannot be written."""


STEERING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def shown(text: str) -> str:
    r"""Escape characters in untrusted text that would control the terminal.

    These are control characters (every escape sequence begins with one), marks that change the
    direction of writing, and bytes of a file name that are not UTF-8. Tabs and newlines stay.

    >>> shown("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return STEERING.sub(lambda code: code[0].encode("unicode_escape").decode(), text)
