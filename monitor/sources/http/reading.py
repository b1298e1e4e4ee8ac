"""The records of a service: asked for page by page, and again where the list moved meanwhile."""

from collections.abc import Iterator
from dataclasses import replace

from monitor.config import HttpSource
from monitor.errors import SourceError
from monitor.sources.batch import Batch, Part, Reading, Remark, Start
from monitor.sources.columns import Dialect
from monitor.sources.http.cursor import Progress
from monitor.sources.http.left_out import LeftOut
from monitor.sources.http.paging import Pages
from monitor.sources.http.passes import Pass
from monitor.sources.http.service import Service
from monitor.sources.http.table import Table

_PASSES = 3
"""How often a list that moves is gone through in one pull."""

_COMPARED = frozenset({"page", "offset", "link"})
"""The kinds of paging whose pages are places in a list; a cursor stays with its record."""


def read(source: HttpSource, dialect: Dialect, start: Start) -> Reading:
    """The records of every page; the cursor comes with the last ones, where all were read.

    Raises SourceUnavailableError where the service doesn't answer, or still says "later" after the
    last attempt, and SourceError where it refuses or its answer holds no records.
    """
    with Service(source) as service:
        yield from _Reading(source, dialect, start, service).parts()


class _Reading:
    def __init__(
        self, source: HttpSource, dialect: Dialect, start: Start, service: Service
    ) -> None:
        self._source = source
        self._service = service
        self._progress = Progress(source, start)
        self._pages = Pages(service, source, self._progress.parameters())
        self._table = Table(source, dialect, service.place)
        self._seen = Pass()
        self._left_out = LeftOut()
        self._settled = False

    def parts(self) -> Reading:
        """What is read; each batch waits for the next one, so that the last can take the cursor."""
        waiting: Batch | None = None
        try:
            for batch in self._batches():
                if waiting is not None:
                    yield waiting
                waiting = batch
        except SourceError:
            if waiting is not None:
                yield waiting
            raise
        if waiting is not None:
            yield replace(waiting, cursors=self._progress.reached()) if self._settled else waiting
        for remark in (*self._progress.remarks(), *self._remarks()):
            yield Remark(remark)

    def _batches(self) -> Iterator[Batch]:
        """What is to land; afterwards `_settled` says whether all of the list was seen."""
        held: list[Part] = []
        for number in range(1, _PASSES + 1):
            before, self._seen, held = self._seen.trace, Pass(), []
            self._left_out = LeftOut()
            yield from self._passed(f"reading {number}", self._seen, held)
            # a list that is the same twice stood still: what repeats in it does so for good
            self._settled = not self._seen.moved or (number > 1 and self._seen.trace == before)
            if self._settled:
                break
        if held:
            yield Batch(tuple(held) if self._settled else tuple(map(_of_its_own, held)))

    def _passed(self, delivery: str, seen: Pass, held: list[Part]) -> Iterator[Batch]:
        """The list once, from its first page to its last; rows that are held back go to `held`."""
        row, total = 1, None
        for page in self._pages:
            rows = self._table.rows(page)
            self._progress.note(rows.frame)
            seen.repeats_ids = rows.is_log
            found = seen.take(
                rows.seen,
                page.total,
                others=len(rows.others),
                begins_with_last=page.begins_with_last and page.begins_with_object,
            )
            self._left_out.note(page.number, rows.others)
            total = page.total or total
            share = min((row + rows.length - 1) / total, 1.0) if total else None
            again = f"{delivery} page {page.number} again"
            for part in rows.parts(found.new, delivery, row, self._source.batch_rows):
                yield Batch((part,), share=share)
            for part in rows.parts(found.again, again, row, self._source.batch_rows):
                yield Batch((part,), share=share)
            held += rows.parts(found.held, delivery, row, self._source.batch_rows)
            row += rows.length
        if seen.pages > 1:
            if self._source.paging.kind in _COMPARED:
                first = self._pages.first()
                seen.compare_first(self._table.rows(first).seen, first.total)
            seen.moved |= seen.is_short

    def _remarks(self) -> Iterator[str]:
        yield from self._left_out.remarks()
        if not self._settled:
            yield (
                f"the list was another one each of the {_PASSES} times that it was read: records "
                "may have been passed over; the next pull asks for them again"
            )
        if self._seen.is_short:
            yield (
                f"said to hold {self._seen.total} records, handed out {self._seen.count} "
                "different ones"
            )


def _of_its_own(part: Part) -> Part:
    """The part as versions of what came before, not as other records of the same key."""
    return replace(part, delivery=f"{part.delivery} {part.place} again")
