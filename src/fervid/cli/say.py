"""What a command prints: names and texts from elsewhere never steer the terminal."""

from fervid.text import printable


def say(text: str) -> None:
    """Print to standard output."""
    print(printable(text, lines=True))
