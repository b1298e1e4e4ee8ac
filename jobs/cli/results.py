"""Great Expectations' results as files, with how far that is and how long all would take."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.cli.progress import counting, foretold, notice, working

if TYPE_CHECKING:
    import sqlalchemy as sa

    from jobs.gx_results import Counted, Form
    from monitor.config import Settings
    from monitor.workdays import Month


def write_results(
    connection: "sa.Connection",
    settings: "Settings",
    now: datetime,
    folder: Path,
    form: "Form",
    department: str | None,
    month: "Month | None",
) -> "Counted":
    """Write the files of a department (its code) or all, and say how long all take."""
    from jobs.gx_results import counted, remove_others, written

    with working("counting what the rules come to"):
        found = counted(connection, settings, department, month)
    with counting("results", of=found.results) as count:
        for batch in foretold(
            written(connection, found, now, folder, form),
            size=lambda batch: len(batch.verdicts),
            of=found.of_all,
            tell=lambda time: notice(
                f"all {found.of_all:,} results of every department take {time}"
            ),
        ):
            count(folder.name, len(batch.verdicts))
    remove_others(connection, found, folder, form, department)
    return found
