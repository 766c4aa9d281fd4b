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
