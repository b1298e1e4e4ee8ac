"""Crontab lines: when something is due, in the office's zone.

As crontab(5) of Debian has it: five fields, Sunday is 0 and 7, and where both day and weekday are
given either of them is enough.
"""

import re
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from monitor.workdays import ZONE

_FIELD = re.compile(
    r"(?:[0-9*,/-]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)+",
    re.IGNORECASE,
)
_ANY_TIME = datetime(2022, 1, 1, tzinfo=ZONE)


def checked(line: str) -> str:
    """The line, where it is one.

    Raises ValueError with what was expected, for a line that is never due, too.
    """
    fields = line.split()
    count = len(fields)
    fault = None if count == 5 else "1 field" if count == 1 else f"{count} fields"
    if fault is None and not all(map(_FIELD.fullmatch, fields)):
        fault = "signs that no field has"
    if fault is None:
        try:
            CronSim(line, _ANY_TIME)
        except CronSimError as error:
            fault = str(error).lower()
    if fault is not None:
        raise ValueError(
            "expected the five fields of a crontab line, minute hour day month weekday, such as "
            f'"30 2 * * 1-5" ({fault})'
        )
    return line


def next_after(line: str, instant: datetime) -> datetime:
    """The first instant after `instant` at which the line is due, in UTC."""
    return next(CronSim(line, instant.astimezone(ZONE))).astimezone(UTC)
