"""Who is told, and what was."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from monitor.store.tables.columns import metadata
from monitor.store.types import Document, Id, Instant

contact = Table(
    "contact",
    metadata,
    Column("id", Id, primary_key=True),
    Column("department", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("destination", Text, nullable=False),
    UniqueConstraint("department", "audience", "destination"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("department", Text, nullable=False),
    Column("month", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("message", Document, nullable=False),
    Column("state", Text, nullable=False),  # waiting, sending, sent, failed, withdrawn
    Column("attempts", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("leased_by", Text),
    Column("leased_until", Instant),
    Column("error", Text),
    UniqueConstraint("department", "month", "step", "channel", "destination"),
    Index(None, "state", "next_attempt_at"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("outbox_id", Id, ForeignKey("outbox.id"), nullable=False),
    Column("attempted_at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),  # sent, retry or failed
    Column("receipt", Document),  # what the channel answered with: {"channel": …, "ts": …}
    Column("error", Text),
    Index(None, "outbox_id"),
)
