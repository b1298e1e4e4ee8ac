"""What jobs keep of their own: runs, cursors, leases, and who did what by hand."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from monitor.store.tables.columns import metadata
from monitor.store.types import Document, Id, Instant

run = Table(
    "run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("job", Text, nullable=False),
    Column("source", Text),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", Text, nullable=False),  # running, ok, partial, failed or stopped
    Column("error", Text),
    Column("rows_read", Integer, nullable=False, server_default="0"),
    Column("rows_landed", Integer, nullable=False, server_default="0"),
    Column("rows_unchanged", Integer, nullable=False, server_default="0"),
    Column("rows_malformed", Integer, nullable=False, server_default="0"),
    Column("details", Document),  # malformed by column, what is unknown, warnings; since or all
    Index(None, "job", "source", "started_at"),
)

source_count = Table(
    "source_count",
    metadata,
    Column("source", Text, primary_key=True),
    Column("what", Text, primary_key=True),  # pulls, rows, malformed, column or department
    Column("name", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),  # in all pulls that ended
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
)

unlanded = Table(
    "unlanded",
    metadata,
    Column("source", Text, primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("delivery", Text, nullable=False),  # the file; of other sources what was asked for
    Column("place", Text, nullable=False),
    Column("number", Integer, nullable=False),  # the row's, in that place
    Column("lacking", Text, nullable=False),  # the columns that it lacks, joined by 、
    Column("raw", Document, nullable=False),  # its cells by header
    Column("run", BigInteger, nullable=False),  # the pull that saw it last
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
)

cursor = Table(
    "cursor",
    metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),  # a file's path; empty for other sources
    Column("value", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", Instant, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("details", Document, nullable=False),
)
