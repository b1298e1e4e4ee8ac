"""The pages of a service, as it hands them out: by number, by offset, by cursor or by link.

A list ends where a page is empty, where a page is the one before once more (services that know of
no page after the last give that one), or where the service says so: by its total, by `more`, by
naming no next page. A short page alone is no end: services leave out of it what may not be seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.config import HttpSource
from monitor.sources.http.document import Document
from monitor.sources.http.request import built
from monitor.sources.http.service import Answer, NotThereError, Service
from monitor.sources.paths import ABSENT

_SIZED = frozenset({"page", "offset", "cursor"})
_NO = frozenset({"", "false", "0", "no", "n"})
"""How a service says that no page comes after."""


@dataclass(frozen=True, slots=True)
class Page:
    """The records of one page, counted from 1; what is no object is still among them.

    `total` is how many the service says there are in all; `is_last` that it says that no page comes
    after. `begins_with_last` says that the first record was to be the last of the page before.
    """

    number: int
    records: Sequence[Any]
    total: int | None = None
    is_last: bool = False
    begins_with_last: bool = False

    def objects(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """The records that are some, with their places on the page."""
        for place, found in enumerate(self.records):
            if isinstance(found, dict):
                yield place, found

    @property
    def begins_with_object(self) -> bool:
        """Whether its first record is one."""
        return bool(self.records) and isinstance(self.records[0], dict)

    def others(self) -> list[Any]:
        """What stands among them and is no object; not what the page before ended with."""
        new = self.records[1:] if self.begins_with_last else self.records
        return [found for found in new if not isinstance(found, dict)]


class Pages:
    """The pages of one list; it can be gone through again."""

    def __init__(self, service: Service, source: HttpSource, parameters: Mapping[str, Any]) -> None:
        self._service = service
        self._source = source
        self._paging = source.paging
        self._parameters = dict(parameters)
        if self._paging.kind in _SIZED and self._paging.size_param:
            self._parameters[self._paging.size_param] = self._paging.size

    def __iter__(self) -> Iterator[Page]:
        match self._paging.kind:
            case "none":
                return iter([self.first()])
            case "page":
                return self._numbered()
            case "offset":
                return self._offset()
            case _:
                return self._led()

    def first(self) -> Page:
        """The first page, as it is now."""
        return self._page(1, self._ask(1, self._begin()))

    def _begin(self) -> dict[str, Any]:
        match self._paging.kind:
            case "page":
                return {self._paging.page_param: self._paging.first}
            case "offset":
                return {self._paging.offset_param: 0}
            case _:
                return {}

    def _numbered(self) -> Iterator[Page]:
        """Page by page, by their numbers."""
        page: Page | None = self.first()
        read = 0
        while page is not None:
            yield page
            read += len(page.records)
            after = {self._paging.page_param: self._paging.first + page.number}
            page = None if self._ends(page, read) else self._counted(page, read, after)

    def _offset(self) -> Iterator[Page]:
        """From record to record; each page begins with the last record of the one before.

        So it shows where the list moves in between. A service that rounds the offset down to whole
        pages gives the same page once more: then they follow one another without that.
        """
        page = self.first()
        read, back = len(page.records), 1
        yield page
        while not self._ends(page, read):
            if back:
                found = self._ask(page.number + 1, {self._paging.offset_param: read - 1})
                following = self._page(page.number + 1, found, begins_with_last=True)
                if following.records == page.records:
                    back = 0
                    continue
            else:
                counted = self._counted(page, read, {self._paging.offset_param: read})
                if counted is None:
                    return
                following = counted
            yield following
            if len(following.records) <= back:
                return
            page = following
            read += len(page.records) - back

    def _counted(self, page: Page, read: int, after: Mapping[str, Any]) -> Page | None:
        """The page after `page`, with which `read` records are read; None where that was the last.

        Raises SourceError where the service doesn't seem to page at all.
        """
        seems_last = len(page.records) < self._paging.size or read == page.total
        try:
            following = self._page(page.number + 1, self._ask(page.number + 1, after))
        except NotThereError:
            if seems_last:
                return None
            raise self._service.place.refusal(
                "expected 200, found 404 Not Found; where the list ends, paging.total can say"
            ) from None
        if following.records != page.records or not page.records:
            return following
        if seems_last or page.number > 1:
            return None
        names = ", ".join(after)
        raise self._service.place.refusal(
            f"expected another page for another {names}, found the first one once more. Is {names} "
            "the service's own name for it? That one page holds everything, paging.total can say"
        )

    def _ends(self, page: Page, read: int) -> bool:
        """Whether the service says that `page`, with which `read` records are read, is the last."""
        if page.is_last or not page.records:
            return True
        if page.total is None:
            return False
        # a total that the first page alone has may be the number of its own records
        is_short = len(page.records) < self._paging.size
        return (is_short and read >= page.total) or (page.number > 1 and read == page.total)

    def _led(self) -> Iterator[Page]:
        """From page to page, as each names the next one."""
        place, told = self._service.place, set[str]()
        answer = self._ask(1, {})
        page = self._page(1, answer)
        used: str | None = None
        while True:
            yield page
            following = None if page.is_last else self._following(answer)
            # one scroll may go on under one name until it gives nothing more
            if following is None or (following == used and not page.records):
                return
            if following in told and following != used:
                raise place.refusal("the pages go round in a circle")
            told.add(following)
            before, used = page, following
            answer = self._after(page.number, following)
            page = self._page(before.number + 1, answer)
            if page.records == before.records and page.records:
                raise place.refusal("expected another page, found the one before once more")

    def _after(self, number: int, following: str) -> Answer:
        if self._paging.kind == "cursor":
            return self._ask(number + 1, {self._paging.cursor_param: following})
        self._service.place.page = number + 1
        url = str(self._service.elsewhere(self._source.url, following))
        return self._service.ask(built(self._source, self._parameters, url))

    def _following(self, answer: Answer) -> str | None:
        """The next page's cursor or address."""
        found = answer.document.at(self._paging.next)
        if self._paging.kind == "link" and found in (ABSENT, None, ""):
            return answer.following
        return None if found in (ABSENT, None, "", False) else str(found)

    def _ask(self, number: int, parameters: Mapping[str, Any]) -> Answer:
        self._service.place.page = number
        return self._service.ask(built(self._source, {**self._parameters, **parameters}))

    def _page(self, number: int, answer: Answer, *, begins_with_last: bool = False) -> Page:
        found = answer.document
        records = found.records(self._source.records)
        total = self._total(found, records)
        more = ABSENT if self._paging.more is None else found.at(self._paging.more)
        is_last = more not in (ABSENT, None) and str(more).lower() in _NO
        return Page(number, records, total, is_last, begins_with_last)

    def _total(self, found: Document, records: Sequence[object]) -> int | None:
        if self._paging.total is None:
            return None
        total = found.at(self._paging.total)
        if isinstance(total, str) and total.isascii() and total.isdecimal():
            return int(total)
        if not records:
            return None
        shown = "nothing" if total is ABSENT else self._service.place.quoted(total)
        raise self._service.place.refusal(
            f"expected the number of all records at {self._paging.total}, found {shown}"
        )
