"""The one database: engine, tables, migrations and the few queries that several parts share."""

from monitor.store.engine import Store, why

__all__ = ["Store", "why"]
