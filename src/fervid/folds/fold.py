"""Who is trained on and who is tested on; a fold that mixes them cannot be built."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from fervid.clip import Clip
from fervid.databases.tree import natural
from fervid.errors import LeakError, ProtocolError

Clips = tuple[Clip, ...]


@dataclass(frozen=True)
class Fold:
    """Clips to train on and clips to test on, never of one subject.

    Args:
        clips: the database's, which `train` and `test` index.
        train: indices, ascending.
        test: indices, ascending.
        name: said in progress lines and tables ("3").
        protocol: the words of the protocol that made it.
        validation: those of `train` that choose the epoch, where the database fixes them; empty:
            nothing is chosen, the last epoch counts. None: they are drawn (see `inner_split`).
        ready: nothing is trained, a model that is there already is judged; `train` may be empty.

    Raises:
        ProtocolError: a side is empty, a clip has no subject or stands twice.
        LeakError: subjects stand on both sides; names them.
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
                raise ProtocolError(f"fold {self.name} holds a clip twice: remove one of the two")
            if not all(0 <= row < len(self.clips) for row in rows):
                raise ProtocolError(
                    f"fold {self.name} names a clip that the database does not hold"
                )
        need_subjects(self.clips[row] for row in (*self.train, *self.test))
        both = set(self.train_subjects) & set(self.test_subjects)
        if both:
            named = ", ".join(sorted(both, key=natural)[:10])
            more = f" and {len(both) - 10} more" if len(both) > 10 else ""
            raise LeakError(
                f"fold {self.name} trains and tests on the same subjects: {named}{more}: "
                "put all clips of a subject on one side"
            )

    @property
    def train_subjects(self) -> tuple[str, ...]:
        """Who is trained on, ascending."""
        return subjects_of(self.clips[row] for row in self.train)

    @property
    def test_subjects(self) -> tuple[str, ...]:
        """Who is tested on, ascending."""
        return subjects_of(self.clips[row] for row in self.test)

    @property
    def train_names(self) -> tuple[str, ...]:
        """The clips trained on."""
        return tuple(self.clips[row].name for row in self.train)

    @property
    def test_names(self) -> tuple[str, ...]:
        """The clips tested on."""
        return tuple(self.clips[row].name for row in self.test)


def need_subjects(clips: Iterable[Clip]) -> None:
    """Refuse clips without a subject, by name."""
    bare = [clip.name for clip in clips if not clip.subject]
    if bare:
        raise ProtocolError(
            f"{len(bare)} clips have no subject (the first is {bare[0]}), so no split can keep "
            "people apart: add a subject column to the manifest, or give a subject rule"
        )


def subjects_of(clips: Iterable[Clip]) -> tuple[str, ...]:
    """Whose clips these are, ascending, digits read as numbers."""
    return tuple(sorted({clip.subject or "" for clip in clips}, key=lambda s: (natural(s), s)))
