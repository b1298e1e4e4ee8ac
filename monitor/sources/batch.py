"""A batch: delivered rows as text, before anything is read into them."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from monitor.errors import SourceError
from monitor.sources.cells import texts
from monitor.sources.columns import Layout


@dataclass(frozen=True, slots=True)
class Start:
    """Where a reading begins: after `cursors`, which is what landed so far, by the reader's keys.

    With `everything` they are passed over; with `since` what changed from that day on is read
    again. Both leave the cursors no further back than they were. A cursor doesn't run ahead of
    `now`, where somebody says it.
    """

    cursors: Mapping[str, str] = field(default_factory=dict)
    since: date | None = None
    everything: bool = False
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one place under one header row.

    `frame` holds text under the delivered headers, null where no cell was delivered; `numbers` are
    the rows' numbers as a person counts them in that place. Keys are counted within a `delivery`.
    A row of a part that `is_placed` stays where it is as long as it stays what it is: in a file it
    does, on the pages of a service and in what a database answers it doesn't.
    """

    place: str
    delivery: str
    layout: Layout
    frame: pl.DataFrame
    numbers: pl.Series
    is_placed: bool = True


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows, or none, that land in one transaction, together with `cursors`.

    `afterwards` is called once they have landed. A crash between the two forgets it: the next
    reading has to see for itself that it is still to be done. `share` is how much of all that is to
    be read is read with this batch, from 0 to 1; None where nobody can say.
    """

    parts: tuple[Part, ...]
    cursors: Mapping[str, str] = field(default_factory=dict)
    afterwards: tuple[Callable[[], None], ...] = ()
    share: float | None = None

    @property
    def height(self) -> int:
        """How many rows it holds."""
        return sum(part.frame.height for part in self.parts)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that somebody should know of a source that was read all the same."""

    text: str


Told = Batch | Remark | SourceError
Reading = Iterator[Told]
"""What a source hands out: batches, and an error for each part of it that is of no use.

A SourceError that is raised ends it: nothing (more) of the source can be read.
"""


def gathered(reading: Reading, rows: int) -> Generator[Told]:
    """The same, small batches put together up to `rows`; what ends the reading comes after them.

    Many small files cost no more than a large one then. The order of the rows is kept.
    """
    waiting: list[Batch] = []
    try:
        for batch in reading:
            if isinstance(batch, SourceError | Remark):
                yield batch
                continue
            if waiting and sum(b.height for b in waiting) + batch.height > rows:
                yield _together(waiting)
                waiting = []
            waiting.append(batch)
    except SourceError:
        if waiting:
            yield _together(waiting)
        raise
    if waiting:
        yield _together(waiting)


def _together(batches: Sequence[Batch]) -> Batch:
    cursors = {key: value for batch in batches for key, value in batch.cursors.items()}
    return Batch(
        tuple(part for batch in batches for part in batch.parts),
        cursors,
        tuple(call for batch in batches for call in batch.afterwards),
        batches[-1].share,
    )


def frame_of(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> pl.DataFrame:
    """`rows` as text columns; short rows are filled with nulls, cells beyond the headers are cut.

    A header that stands twice gets `#2`.
    """
    width = len(headers)
    if set(map(len, rows)) - {width}:
        rows = [[*row[:width], *[None] * (width - len(row))] for row in rows]
    columns = zip(*rows, strict=True) if rows else ((),) * width
    names = unrepeated(headers)
    return pl.DataFrame(
        [texts(cells).alias(name) for name, cells in zip(names, columns, strict=True)]
    )


def unrepeated(headers: Sequence[str]) -> list[str]:
    """The headers, each repeated one with `#2`, `#3` … after it."""
    seen: dict[str, int] = {}
    names = []
    for header in headers:
        seen[header] = seen.get(header, 0) + 1
        names.append(header if seen[header] == 1 else f"{header}#{seen[header]}")
    return names
