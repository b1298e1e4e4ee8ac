"""The one door to a source, whatever its kind."""

from collections.abc import Mapping

from monitor.config import FilesSource, HttpSource, SourceSettings, SqlSource
from monitor.sources import files, http, sql
from monitor.sources.batch import Reading
from monitor.sources.columns import Dialect


def read(source: SourceSettings, dialect: Dialect, cursors: Mapping[str, str]) -> Reading:
    """What the source has that is new since `cursors`.

    Raises SourceError where nothing (more) can be read, and hands one out for each part that is of
    no use while others are.
    """
    match source:
        case FilesSource():
            return files.read(source, dialect, cursors)
        case SqlSource():
            return sql.read(source, cursors)
        case HttpSource():
            return http.read(source)
