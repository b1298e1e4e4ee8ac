"""Columns that tables share, and what names their constraints."""

from typing import Any

from sqlalchemy import Column, MetaData, Text, UniqueConstraint
from sqlalchemy.schema import SchemaItem

from monitor.store.types import Document, Id, Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _version_columns(prefix: str) -> list[Column[Any]]:
    return [
        Column(f"{prefix}batch", Text),
        Column(f"{prefix}cd_time", Instant),
        Column(f"{prefix}sequence", Id),
    ]


def carried_columns() -> list[SchemaItem]:
    """What every row that a source delivers carries: whence it came and how it read."""
    return [
        Column("source", Text, nullable=False),
        Column("record_id", Text, nullable=False),
        Column("content_hash", Text, nullable=False),
        Column("delivery_hash", Text),  # of the row as it came; one that has it again says the same
        Column("malformed", Text),  # the columns that could not be read, joined by 、
        Column("raw", Document),  # the delivered row, where anything of it is not in a column
        Column("first_seen_at", Instant, nullable=False),
        Column("deleted_at", Instant),  # tombstone: the source withdrew the row
        # the version of what the row says, and of the deletion where it is gone
        *_version_columns(""),
        *_version_columns("withdrawn_"),
        UniqueConstraint("source", "record_id"),
    ]


def delivery_columns() -> frozenset[str]:
    """The names of the columns that say whence a row came, and of its number."""
    delivered = (each.name for each in carried_columns() if isinstance(each, Column))
    return frozenset({"id", *delivered})
