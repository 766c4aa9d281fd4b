"""What a command prints: names and texts from elsewhere never steer the terminal."""

from fervid.errors import shown


def say(text: str) -> None:
    """Print to standard output."""
    print(shown(text))
