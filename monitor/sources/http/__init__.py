"""A JSON service, read page by page."""

from monitor.sources.http.reading import read

__all__ = ["read"]
