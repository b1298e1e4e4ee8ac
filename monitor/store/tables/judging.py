"""Rules, what fails them, and what waits to be judged."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text

from monitor.store.tables.columns import metadata
from monitor.store.types import Id

rule = Table(
    "rule",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("class", Text, nullable=False),  # 01–10, 数据检核类型
    Column("severity", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("suite", Text, nullable=False),
    Column("version", Text, nullable=False),  # hash of what it says
    Column("active", Boolean, nullable=False),
)

condition = Table(
    "condition",
    metadata,
    Column("rule", Text, primary_key=True),  # its id
    Column("key", Text, nullable=False),  # hash of all that the clause is made from
    Column("clause", Text, nullable=False),
)

# No foreign keys: the one statement that writes findings takes both numbers from these tables, and
# having the store look them up again costs more than the judging.
finding = Table(
    "finding",
    metadata,
    Column("behavior_id", Id, primary_key=True, autoincrement=False),
    Column("rule", Integer, primary_key=True, autoincrement=False),
    Index(None, "rule"),
)

to_judge = Table(
    "to_judge",
    metadata,
    Column("behavior_id", Id, primary_key=True, autoincrement=False),
    # under which others knew the record when it was last judged; NULL where it never was
    Column("action_code", Text),
    Column("check_action_code", Text),
)

judged_by = Table(
    "judged_by",
    metadata,
    Column("id", Id, primary_key=True),
    Column("feed", Text, nullable=False),  # item, item_owner, implement_list, department
    Column("code", Text, nullable=False),
    Column("content", Text, nullable=False),  # what facts took from the entry
)
