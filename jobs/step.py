"""A step of a pull: what it tells whoever asked for it, who may ask it to end there."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A batch of a source that landed; one of no rows says that the pull begins, or still waits.

    `share` is how much of the whole is read with it, from 0 to 1, where that is known.
    """

    source: str
    rows: int
    share: float | None = None


class StoppedError(Exception):
    """A job is asked to end between two steps; what it recorded so far stays."""


Progress = Callable[[Step], None]
"""Told each step; may raise StoppedError to end the pull there."""
