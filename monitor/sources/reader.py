"""The one door to a source, whatever its kind."""

from collections.abc import Generator

from monitor.config import FilesSource, HttpSource, SourceSettings, SqlSource
from monitor.errors import SourceError
from monitor.sources import files, http, sql
from monitor.sources.batch import Start, Told, gathered
from monitor.sources.columns import Dialect


def read(source: SourceSettings, dialect: Dialect, start: Start) -> Generator[Told]:
    """What the source has that is new since `start`, read with the secrets that its files hold now.

    Hands out an error for each part that is of no use; raises SourceError where nothing (more) can
    be read.
    """
    try:
        source = source.with_secrets_of_now()
    except ValueError as error:
        raise SourceError(str(error)) from None
    match source:
        case FilesSource():
            reading = files.read(source, dialect, start)
        case SqlSource():
            reading = sql.read(source, dialect, start)
        case HttpSource():
            reading = http.read(source, dialect, start)
    return gathered(reading, source.batch_rows)
