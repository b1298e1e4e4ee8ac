"""Whether the driver that a source's URL asks for is there: to be known before the first pull."""

import sqlalchemy as sa

from monitor.config import SqlSource
from monitor.sources.sql.access import url_of
from monitor.sources.sql.refusals import no_driver, not_loaded


def lacking(source: SqlSource) -> str | None:
    """The words for a driver that can't be used here, None where one can; connects to nothing."""
    url = url_of(source)
    try:
        url.get_dialect().import_dbapi()
    except sa.exc.NoSuchModuleError:
        return no_driver(url.drivername)
    except ImportError as error:
        return not_loaded(error)
    return None
