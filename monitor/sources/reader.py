"""The one door to a source, whatever its kind."""

from collections.abc import Mapping

from monitor.config import FilesSource, HttpSource, SourceSettings, SqlSource
from monitor.sources import files, http, sql
from monitor.sources.batch import Reading, gathered
from monitor.sources.columns import Dialect


def read(source: SourceSettings, dialect: Dialect, cursors: Mapping[str, str]) -> Reading:
    """What the source has that is new since `cursors`.

    Hands out an error for each part that is of no use, and one where nothing (more) can be read.
    """
    match source:
        case FilesSource():
            reading = files.read(source, dialect, cursors)
        case SqlSource():
            reading = sql.read(source, dialect, cursors)
        case HttpSource():
            reading = http.read(source, dialect)
    return gathered(reading, source.batch_rows)
