"""The schema's version: Alembic migrations, applied by `yueqingling db upgrade`."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from monitor.errors import StoreError

MIGRATIONS = Path(__file__).with_name("migrations")


def upgrade(connection: sa.Connection) -> list[str]:
    """Apply the migrations that the store lacks, each in a transaction; gives their revisions."""
    before = _found(connection)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
    steps = ScriptDirectory.from_config(config).iterate_revisions("head", before or "base")
    return [step.revision for step in reversed(list(steps)) if step.revision != before]


def verify(connection: sa.Connection, name: str) -> None:
    """Raise StoreError where the store's version is not the program's."""
    script = ScriptDirectory.from_config(_config())
    wanted, found = script.get_current_head(), _found(connection)
    if found == wanted:
        return
    if found is None:
        raise StoreError(f"the store {name} is empty. Run: yueqingling db upgrade")
    known = {revision.revision for revision in script.walk_revisions()}
    if found in known:
        raise StoreError(
            f"the store {name} is of an older version: expected {wanted}, found {found}. "
            f"Back it up, then run: yueqingling db upgrade"
        )
    raise StoreError(
        f"the store {name} is of a newer version than this program: expected {wanted}, "
        f"found {found}. Install the version of yueqingling that wrote it"
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _found(connection: sa.Connection) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    return revision
