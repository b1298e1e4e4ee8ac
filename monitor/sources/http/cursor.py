"""How far a service was read: the greatest value of a field, and what it is asked for next time.

A service says nothing of the order of its records, so the cursor moves only where all were read. A
value later than the pull's beginning doesn't move it: what changes while pages are read may stand
on one that was read already, and a time that is yet to come would pass over all that comes before.
"""

import json
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import polars as pl

from monitor.config import HttpSource
from monitor.sources import dates
from monitor.sources.batch import Start
from monitor.workdays import ZONE

_INSTANT, _NUMBER = "instant", "number"
_AHEAD = timedelta(days=1)
_SHOWN = 20


class Progress:
    """How far the records that are read reach; reads pages as they come."""

    def __init__(self, source: HttpSource, start: Start) -> None:
        self._source = source
        self._start = start
        self._stored = _stored(source, start)
        self._greatest: Any = None
        self._furthest: datetime | None = None
        self._records = 0
        self._without = 0
        self._headers: list[str] = []

    def parameters(self) -> dict[str, Any]:
        """What the service is asked for: nothing where everything is wanted."""
        source, start = self._source, self._start
        if source.since_param is None or start.everything:
            return {}
        if source.since_format == _NUMBER:
            if self._stored is None or start.since is not None:
                return {}
            return {source.since_param: max(self._stored - source.overlap_rows, 0)}
        begins = [] if self._stored is None else [self._stored - source.overlap]
        if start.since is not None:
            begins.append(datetime.combine(start.since, time(), tzinfo=ZONE))
        # never after the cursor: what lies between would be passed over for good
        return {source.since_param: _written(source, min(begins))} if begins else {}

    def note(self, frame: pl.DataFrame) -> None:
        """Take note of a page's rows."""
        cursor = self._source.cursor
        if cursor is None:
            return
        self._records += frame.height
        if cursor not in frame.columns:
            self._without += frame.height
            self._headers = self._headers or frame.columns
            return
        text = pl.col(cursor).str.strip_chars()
        if self._source.since_format == _NUMBER:
            values = frame.select(text.cast(pl.Int64, strict=False)).to_series()
            counting = values
        else:
            values = frame.select(dates.instant(text)).to_series()
            counting = (
                values if self._start.now is None else values.filter(values <= self._start.now)
            )
            furthest = values.max()
            if isinstance(furthest, datetime):
                self._furthest = max(furthest, self._furthest or furthest)
        self._without += values.null_count()
        greatest = counting.max()
        if greatest is not None:
            self._greatest = greatest if self._greatest is None else max(greatest, self._greatest)

    def reached(self) -> dict[str, str]:
        """The cursor once everything has landed; it never goes back."""
        known = [value for value in (self._stored, self._greatest) if value is not None]
        if self._source.cursor is None or not known:
            return {}
        value = max(known)
        told = {_NUMBER: value} if isinstance(value, int) else {_INSTANT: value.isoformat()}
        return {self._source.cursor: json.dumps(told)}

    def remarks(self) -> Iterator[str]:
        """What somebody should know of the field."""
        cursor, now = self._source.cursor, self._start.now
        if self._source.since_format == _NUMBER and self._start.since is not None:
            yield f"{cursor} is a number, which names no day: everything was read again"
        if self._records and self._without == self._records:
            found = f", found {', '.join(self._headers[:_SHOWN])}" if self._headers else ""
            yield (
                f"expected the cursor {cursor} in the records{found}: everything is read each time"
            )
        elif self._without:
            yield (
                f"{self._without} of {self._records} records have no {cursor} that can be read: "
                "whether one of those changes, only the service knows"
            )
        if now is not None and self._furthest is not None and self._furthest > now + _AHEAD:
            yield (
                f"{cursor} reaches into the future ({self._furthest.astimezone(ZONE):%Y-%m-%d}): "
                "records from there are read each time until then"
            )


def _stored(source: HttpSource, start: Start) -> Any:
    """The cursor of the last reading, where it is of the kind that the settings ask for."""
    told = json.loads(start.cursors.get(source.cursor or "", "{}"))
    if source.since_format == _NUMBER:
        return told.get(_NUMBER)
    return datetime.fromisoformat(told[_INSTANT]) if _INSTANT in told else None


def _written(source: HttpSource, instant: datetime) -> str | int:
    match source.since_format:
        case "seconds":
            return int(instant.timestamp())
        case "milliseconds":
            return int(instant.timestamp()) * 1000
        case form:
            return instant.astimezone(ZONE).strftime(form)
