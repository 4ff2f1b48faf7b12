"""What the launcher says: plain lines, each trouble with its remedy."""

import sys


class Trouble(Exception):
    """Something went wrong that a person can mend. The text is one line."""


def say(text: str) -> None:
    print(text, flush=True)


def note(text: str) -> None:
    """Progress: not part of the answer."""
    print(text, file=sys.stderr, flush=True)
