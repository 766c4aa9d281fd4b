"""Output of the commands. Control characters in foreign names never reach the terminal."""

from fervid.text import printable


def say(text: str) -> None:
    """Print to standard output."""
    print(printable(text, lines=True))
