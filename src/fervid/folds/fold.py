"""Fold: clips to train on and to test on; building one fails if they share a subject."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from fervid.clip import Clip
from fervid.databases.tree import natural
from fervid.errors import LeakError, ProtocolError

Clips = tuple[Clip, ...]


@dataclass(frozen=True)
class Fold:
    """Clips to train on and clips to test on, which share no subject.

    Args:
        clips: all clips of the database, which `train` and `test` index.
        train: indices, ascending.
        test: indices, ascending.
        name: shown in progress lines and tables, such as "3".
        protocol: description of the protocol that made the fold.
        validation: the part of `train` that selects the epoch, if the database fixes it. Empty:
            no selection, the last epoch is used. None: drawn by `inner_split`.
        ready: True to evaluate an existing model without training; `train` may then be empty.

    Raises:
        ProtocolError: a side is empty, or a clip has no subject or is listed twice.
        LeakError: subjects are on both sides; the message names them.
    """

    clips: Clips = field(repr=False)
    train: tuple[int, ...] = field(repr=False)
    test: tuple[int, ...] = field(repr=False)
    name: str = ""
    protocol: str = ""
    validation: tuple[int, ...] | None = field(default=None, repr=False)
    ready: bool = False

    def __post_init__(self) -> None:
        for side, rows in (("train", self.train), ("test", self.test)):
            if not rows and not (self.ready and side == "train"):
                raise ProtocolError(
                    f"fold {self.name} has nothing to {side} on: use fewer folds or more subjects"
                )
            if len(set(rows)) < len(rows):
                raise ProtocolError(f"fold {self.name} lists a clip twice: remove one of the two")
            if not all(0 <= row < len(self.clips) for row in rows):
                raise ProtocolError(
                    f"fold {self.name} has a clip index outside 0..{len(self.clips) - 1}: "
                    "build it from the clips of this database"
                )
        need_subjects(self.clips[row] for row in (*self.train, *self.test))
        both = set(self.train_subjects) & set(self.test_subjects)
        if both:
            names = ", ".join(sorted(both, key=natural)[:10])
            more = f" and {len(both) - 10} more" if len(both) > 10 else ""
            raise LeakError(
                f"fold {self.name} trains and tests on the same subjects ({names}{more}): "
                "put all clips of a subject on one side"
            )

    @property
    def train_subjects(self) -> tuple[str, ...]:
        """Subjects to train on, ascending."""
        return subjects_of(self.clips[row] for row in self.train)

    @property
    def test_subjects(self) -> tuple[str, ...]:
        """Subjects to test on, ascending."""
        return subjects_of(self.clips[row] for row in self.test)

    @property
    def train_names(self) -> tuple[str, ...]:
        """Names of the clips to train on."""
        return tuple(self.clips[row].name for row in self.train)

    @property
    def test_names(self) -> tuple[str, ...]:
        """Names of the clips to test on."""
        return tuple(self.clips[row].name for row in self.test)


def need_subjects(clips: Iterable[Clip]) -> None:
    """Raise ProtocolError if clips have no subject; the message names the first."""
    bare = [clip.name for clip in clips if not clip.subject]
    if bare:
        raise ProtocolError(
            f"{len(bare)} clips have no subject (the first is {bare[0]}), so no split can keep "
            "people apart: add a subject column to the manifest, or give a subject rule"
        )


def subjects_of(clips: Iterable[Clip]) -> tuple[str, ...]:
    """Distinct subjects of the clips, ascending, with digits read as numbers."""
    return tuple(sorted({clip.subject or "" for clip in clips}, key=lambda s: (natural(s), s)))
