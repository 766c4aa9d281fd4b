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
