"""The job `preview`: how the first rows of a source would be read; nothing is written anywhere."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import timedelta

from jobs.preview.forms import Preview
from jobs.preview.look import Look
from monitor.config import FilesSource, Settings, SourceSettings
from monitor.directory import Department
from monitor.errors import SourceError
from monitor.sources import reader
from monitor.sources.batch import Batch, Part, Remark, Start
from monitor.sources.columns import Dialect
from monitor.sources.identity import Identities


def preview(
    settings: Settings, source: SourceSettings, departments: Mapping[str, Department], rows: int
) -> Preview:
    """The first `rows` rows of the source, whatever of it was taken before.

    A source that can't be read is told by its errors, as a pull does.
    """
    source = source.model_copy(update={"batch_rows": rows})
    if isinstance(source, FilesSource):
        source = source.model_copy(update={"settle": timedelta(0)})
    dialect = Dialect(source)
    identities = Identities(source)
    found = Preview(source)
    reading = reader.read(source, dialect, Start(everything=True))
    try:
        for part in reading:
            if isinstance(part, SourceError):
                found = replace(found, errors=(*found.errors, str(part)))
            elif isinstance(part, Remark):
                found = replace(found, remarks=(*found.remarks, part.text))
            else:
                batch = _first(part, rows - len(found.rows))
                look = Look(settings, dialect, departments, batch)
                known = {place.place for place in found.places}
                places = (place for place in look.places() if place.place not in known)
                found = replace(
                    found,
                    places=(*found.places, *places),
                    rows=(*found.rows, *look.rows(identities)),
                )
            if len(found.rows) >= rows:
                break
    except SourceError as error:
        found = replace(found, errors=(*found.errors, str(error)))
    finally:
        if isinstance(reading, Generator):
            reading.close()
    return found


def _first(batch: Batch, rows: int) -> Batch:
    parts: list[Part] = []
    for part in batch.parts:
        kept = min(rows, part.frame.height)
        if kept:
            cut = replace(part, frame=part.frame.head(kept), numbers=part.numbers.head(kept))
            parts.append(cut)
        rows -= kept
    return Batch(tuple(parts))
