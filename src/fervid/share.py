"""One process's share of many clips, if several processes divide them among themselves."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from fervid.errors import InputError

T = TypeVar("T")
SHARE = re.compile(r"0*([1-9]\d{0,5})/0*([1-9]\d{0,5})", re.ASCII)


@dataclass(frozen=True)
class Share:
    """Share `number` of `count`, from 1; it takes every `count`-th item."""

    number: int
    count: int

    @classmethod
    def of(cls, text: str) -> "Share":
        """The share that a user named.

        >>> Share.of("2/8")
        Share(number=2, count=8)

        Raises:
            InputError: the text is no such share.
        """
        match = SHARE.fullmatch(text.strip())
        if not match or int(match[1]) > int(match[2]):
            raise InputError(f"--shard {text}: write I/N with I from 1 to N, such as 2/8")
        return cls(int(match[1]), int(match[2]))

    def take(self, items: Sequence[T]) -> Sequence[T]:
        """The items of this share.

        >>> Share(2, 3).take("abcdefg")
        'be'
        """
        return items[self.number - 1 :: self.count]

    @property
    def name(self) -> str:
        """Name for files: "2-of-8"."""
        return f"{self.number}-of-{self.count}"
