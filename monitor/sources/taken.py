"""Which files are taken: told from what was taken before, and from nothing else."""

from collections.abc import Mapping
from enum import StrEnum


class Verdict(StrEnum):
    """Why a file is read, or isn't."""

    NEW = "nothing was taken from there before"
    CHANGED = "what was last taken from there is another content"
    SAME = "that very content was the last taken from there"
    MOVED = "that very content was the last taken from another place"


READ = frozenset({Verdict.NEW, Verdict.CHANGED})


class Taken:
    """What was last taken from each place, as fingerprints of content."""

    def __init__(self, cursors: Mapping[str, str]) -> None:
        self._contents = dict(cursors)

    def verdict(self, place: str, content: str) -> Verdict:
        """What to do with the file.

        A correction back to an older content counts: only the last content of a place is compared.
        A place that is new with a content that is in force elsewhere is a copy or a renamed file:
        read once more it could only set back what another file corrected since.
        """
        last = self._contents.get(place)
        if last is not None:
            return Verdict.SAME if last == content else Verdict.CHANGED
        return Verdict.MOVED if content in self._contents.values() else Verdict.NEW

    def take(self, place: str, content: str) -> None:
        """From now on the content is the last from there."""
        self._contents[place] = content
