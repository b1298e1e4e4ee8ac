"""Masking: numbers of persons and enterprises are seen by their ends only."""

import re
from collections.abc import Mapping

from monitor.directory import Department
from monitor.notify.disclosure import MASK, masked

_LONG_RUN = re.compile(r"[0-9A-Za-z]{15,}")
_SHOWN_ENDS = (6, 4)


class Agencies:
    """Codes that may be shown: the directory's, and those of agencies, which begin with 1."""

    def __init__(self, departments: Mapping[str, Department]) -> None:
        self._departments = departments

    def __contains__(self, code: object) -> bool:
        return code in self._departments or str(code).startswith("1")

    def masked(self, text: str) -> str:
        """The text without the identity codes in it that are nobody's of these."""
        return masked(text, self)

    def run_masked(self, text: str) -> str:
        """A text of which nobody knows what it is: long runs may be anybody's number."""
        return _LONG_RUN.sub(lambda run: ends(run[0]), self.masked(text))


def ends(number: str) -> str:
    """The ends of a number, at which its kind can be seen and nobody can be."""
    first, last = _SHOWN_ENDS
    if len(number) <= first + last:
        return MASK
    return f"{number[:first]}{MASK}{number[-last:]}"
