"""A table or query of any database that SQLAlchemy reaches."""

from monitor.sources.sql.installed import lacking
from monitor.sources.sql.reading import read

__all__ = ["lacking", "read"]
