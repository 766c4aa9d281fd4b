"""Output of the commands. Control characters in foreign names never reach the terminal."""

from fervid.ranks import leads
from fervid.text import printable


def say(text: str) -> None:
    """Print to standard output; of several processes of `torchrun`, only the first does."""
    if leads():
        print(printable(text, lines=True))
