"""Writes a migration for what the tables say and the migrations don't: deploy/revision.py WHAT.

For developers; the file it writes is read and mended by hand before it is committed.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from monitor.store.engine import Store
from monitor.store.schema import MIGRATIONS


def main(what: str) -> None:
    """Compare the tables with an empty store that has every migration, and write the difference."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder, 'empty.db')}")
        number = len([*MIGRATIONS.glob("versions/*.py")]) + 1
        if number > 1:
            store.upgrade()
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with store.engine.connect() as connection:
            config.attributes["connection"] = connection
            command.revision(config, message=what, autogenerate=True, rev_id=f"{number:04d}")
        store.close()


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
