"""How much of a file its reader has passed."""

from dataclasses import dataclass


@dataclass(slots=True)
class Passed:
    """`share` of one file, from 0 to 1, as its reader moves on."""

    share: float = 0.0
