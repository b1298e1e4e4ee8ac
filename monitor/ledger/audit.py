"""The audit trail (审计记录): what people entered, ended or withdrew, who did it, when and why.

It is only ever added to. Names of persons stay here and in what the office prints of it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.store.tables import audit


def note(
    connection: sa.Connection, at: datetime, actor: str, action: str, details: Mapping[str, Any]
) -> None:
    """Add an entry, in the transaction that does what it tells of."""
    connection.execute(
        sa.insert(audit).values(at=at, actor=actor, action=action, details=dict(details))
    )
