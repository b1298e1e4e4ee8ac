"""A service's records as rows of text, and what each is known by while pages are read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from monitor.config import BEHAVIOR_FEEDS, HttpSource
from monitor.sources.batch import Part
from monitor.sources.columns import Dialect, Layout
from monitor.sources.http.paging import Page
from monitor.sources.http.passes import Seen
from monitor.sources.http.place import Place
from monitor.sources.identity import key_columns, telling_columns
from monitor.sources.objects import frame_of_objects

_IDS = ("record_unique_identity", "cd_id", "id")
_OWNERS = ("implement_institution_code", "implement_list_code", "cd_source")
_LOGGING = frozenset({"cd_operation", "cd_batch"})
"""Columns of a log of changes: one record stands in many places of it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A page's records: as rows, and as they are remembered.

    `places` are those of the rows on the page, which has `length`; `others` is what is no object.
    """

    place: str
    layout: Layout | None
    frame: pl.DataFrame
    seen: Sequence[Seen]
    places: pl.Series
    length: int
    others: Sequence[Any]

    @property
    def is_log(self) -> bool:
        """Whether they are changes, of which one record may have many."""
        return self.layout is not None and not _LOGGING.isdisjoint(self.layout.columns)

    def parts(self, places: Sequence[int], delivery: str, first: int, rows: int) -> Iterator[Part]:
        """The rows at these places of the page, `rows` at a time; the first of all is `first`."""
        for begin in range(0, len(places), rows):
            some = pl.Series("number", places[begin : begin + rows], pl.Int64)
            if self.layout is not None:
                yield Part(
                    self.place,
                    delivery,
                    self.layout,
                    self.frame[some],
                    self.places[some] + first,
                    is_placed=False,
                )


class Table:
    """The columns of all pages so far: a record may leave out those that are blank in it."""

    def __init__(self, source: HttpSource, dialect: Dialect, place: Place) -> None:
        feed = source.feed
        self._dialect = dialect
        self._place = place
        self._telling = telling_columns(feed)
        self._key = (*key_columns(feed), *(_OWNERS if feed in BEHAVIOR_FEEDS else ()))
        self._headers: dict[str, None] = {}
        self._layout: Layout | None = None

    def rows(self, page: Page) -> Rows:
        """The page's records.

        Raises SourceError where they aren't the feed's.
        """
        place = f"page {page.number}"
        objects = [*page.objects()]
        places = pl.Series("number", [at for at, _ in objects], pl.Int64)
        length, others = len(page.records), page.others()
        frame = self._frame([record for _, record in objects])
        if not frame.width:
            return Rows(place, None, frame, (), places, length, others)
        headers = {**self._headers, **dict.fromkeys(frame.columns)}
        if self._layout is None or len(headers) > len(self._headers):
            self._layout = self._dialect.layout([*headers], place)
            self._headers = headers
        frame = frame.select(
            pl.col(name) if name in frame.columns else pl.lit(None, pl.String).alias(name)
            for name in headers
        )
        seen = [*self._seen(frame, self._layout)]
        return Rows(place, self._layout, frame, seen, places, length, others)

    def _frame(self, records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        try:
            return frame_of_objects(records)
        except RecursionError:
            raise self._place.refusal("expected records, found some nested too deeply") from None

    def _seen(self, frame: pl.DataFrame, layout: Layout) -> Iterator[Seen]:
        places = {header: place for place, header in enumerate(frame.columns)}

        def of(columns: Sequence[str]) -> list[int]:
            return [places[layout.columns[name]] for name in columns if name in layout.columns]

        ids, key, telling = of(_IDS), of(self._key), of(self._telling)
        is_told = any(name in layout.constants for name in self._telling)
        for row in frame.iter_rows():
            content = hash(tuple(pair for pair in enumerate(row) if pair[1] is not None))
            own = next((row[place] for place in ids if row[place] is not None), None)
            if own is not None:
                yield Seen(hash(("id", own)), content, has_id=True)
            elif is_told or any(row[place] is not None for place in telling):
                yield Seen(hash(("key", *(row[place] for place in key))), content, has_id=False)
            else:
                yield Seen(content, content, has_id=False)
