"""What a source hands out, read without landing it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from monitor.config import HttpSource
from monitor.errors import SourceError
from monitor.sources import reader, records
from monitor.sources.batch import Remark, Start
from monitor.sources.columns import Dialect
from monitor.sources.identity import Identities

NOW = datetime(2022, 1, 28, 2, tzinfo=UTC)


@dataclass
class Taken:
    """The ids of the records in the order in which they came, the newest cells of each, and more.

    `largest` is the number of rows of the largest batch, `shares` how much is read with each.
    """

    ids: list[str] = field(default_factory=list)
    cells: dict[str, dict[str, Any]] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    error: SourceError | None = None
    largest: int = 0
    shares: list[float | None] = field(default_factory=list)


def taken(
    settings: Mapping[str, Any],
    cursors: Mapping[str, str] | None = None,
    since: date | None = None,
    *,
    everything: bool = False,
    now: datetime = NOW,
) -> Taken:
    """Read a service to its end, or to its error."""
    source = HttpSource.model_validate(settings)
    dialect, identities, found = Dialect(source), Identities(source), Taken()
    try:
        for part in reader.read(source, dialect, Start(cursors or {}, since, everything, now)):
            match part:
                case SourceError():
                    raise part
                case Remark():
                    found.remarks.append(part.text)
                case batch:
                    frame = records.read(dialect, batch, identities).frame
                    found.ids.extend(frame["record_id"])
                    found.cells |= {row["record_id"]: row for row in frame.iter_rows(named=True)}
                    found.cursors |= batch.cursors
                    found.largest = max(found.largest, batch.height)
                    found.shares.append(batch.share)
    except SourceError as error:
        found.error = error
    return found
