"""What stands in a service's lists and is no record: it is left out, and counted."""

from collections.abc import Iterator, Sequence
from typing import Any

from monitor.sources import paths

_PAGES = 5
"""How many pages are named."""


class LeftOut:
    """What is no object in one list, page by page."""

    def __init__(self) -> None:
        self._kinds: dict[str, int] = {}
        self._pages: list[int] = []

    def note(self, page: int, others: Sequence[Any]) -> None:
        """Count what is none on the page."""
        for other in others:
            kind = paths.kind(other)
            self._kinds[kind] = self._kinds.get(kind, 0) + 1
        if others:
            self._pages.append(page)

    def remarks(self) -> Iterator[str]:
        """How many there were, what, and where."""
        if not self._pages:
            return
        kinds = ", ".join(f"{kind} ({count})" for kind, count in self._kinds.items())
        shown = ", ".join(map(str, self._pages[:_PAGES]))
        more = len(self._pages) - _PAGES
        where = f"on page {shown}" + (f" and {more} more" if more > 0 else "")
        yield (
            f"left out among the records what is no object, {sum(self._kinds.values())} in all: "
            f"{kinds}, {where}"
        )
