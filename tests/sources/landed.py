"""All that landed in a store, by record: the same for stores that say the same."""

from typing import Any

import sqlalchemy as sa

from monitor.sources.land import table_of
from monitor.store import Store, statuses, tables
from monitor.words import Feed

BESIDE = (tables.to_judge, tables.behavior_item, tables.behavior_status)
"""What is written beside a behaviour."""

_OWN = {"id", "first_seen_at", "delivery_hash"}
"""What depends on when a row landed and how it was written, and on nothing it says."""


def contents(store: Store, feed: Feed) -> dict[str, Any]:
    """The feed's rows and what stands beside them."""
    table = table_of(feed)
    with store.reading() as connection:
        rows = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
        beside = {
            beside.name: [dict(row) for row in connection.execute(sa.select(beside)).mappings()]
            for beside in BESIDE
        }
        seen = [dict(row) for row in connection.execute(statuses.of_records(sa.true())).mappings()]
    record = {row["id"]: row["record_id"] for row in rows}
    return {
        table.name: {row["record_id"]: {k: row[k] for k in row.keys() - _OWN} for row in rows},
        "statuses": sorted(
            (
                (record[row["behavior_id"]], row["status"], row["status_at"], row["submitted_at"])
                for row in seen
            ),
            key=str,
        ),
        "items": sorted(
            (record[row["behavior_id"]], row["position"], row["item_code"])
            for row in beside["behavior_item"]
        ),
        "queue": {record[row["behavior_id"]] for row in beside["to_judge"]},
    }
