"""The errors that a user is meant to read.

Each says what was expected, what was found and where; none carries a secret or a person.
"""

from collections.abc import Iterable
from difflib import get_close_matches


def near(found: str, known: Iterable[str]) -> str:
    """The end of a message that names what may have been meant; empty where nothing is near."""
    names = get_close_matches(found, sorted(known), n=3, cutoff=0.6)
    return f"; near it: {', '.join(names)}" if names else ""


class YueqinglingError(Exception):
    """A failure that is explained to the user in one message.

    `retryable` says whether the same call can succeed later without anybody changing anything;
    `exit_code` is what the command line ends with: 2 where what it was given is at fault.
    """

    retryable = False
    exit_code = 1


class SettingsError(YueqinglingError):
    """The settings file, or what it points to, is not usable."""

    exit_code = 2


class StoreError(YueqinglingError):
    """The store can't be opened, or is of another version than this program."""

    exit_code = 2


class SourceError(YueqinglingError):
    """A source could not be read, or what it delivered is not what its feed needs."""


class NoHeaderError(SourceError):
    """A table has no row that is a header of its feed; `cells` are filled in its widest row."""

    def __init__(self, message: str, cells: int) -> None:
        super().__init__(message)
        self.cells = cells


class SourceUnavailableError(SourceError):
    """A source did not answer now; the next pull may find it well."""

    retryable = True


class UnknownDepartmentError(YueqinglingError):
    """Somebody asked for a department that the directory doesn't hold."""

    exit_code = 2


class EntryError(YueqinglingError):
    """What somebody entered by hand doesn't fit what the store holds."""

    exit_code = 2


class NotDueError(YueqinglingError):
    """Somebody asked for a seal that can't be made yet."""

    exit_code = 2


class OutputError(YueqinglingError):
    """What somebody asked for can't be written where they want it."""

    exit_code = 2


class SuiteError(YueqinglingError):
    """A suite holds something that can't be judged record by record; a line for each."""

    exit_code = 2


class DeliveryError(YueqinglingError):
    """A channel refused a message for good."""


class DeliveryUnavailableError(DeliveryError):
    """A channel did not take a message now.

    `retry_after` is the number of seconds that the channel asked for, or None.
    """

    retryable = True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
