"""Options that several verbs share, and what they turn into."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from monitor.config import Settings
    from monitor.store import Store
    from monitor.workdays import Month

Config = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        envvar="YUEQINGLING_CONFIG",
        help="The settings file.",
        show_default=True,
    ),
]
DEFAULT_CONFIG = Path("yueqingling.toml")

Json = Annotated[bool, typer.Option("--json", help="Print the versioned machine form instead.")]


def parse_instant(text: str) -> datetime:
    """The instant written in ISO 8601; without an offset it is meant in China's time."""
    from monitor.workdays import ZONE

    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"expected an instant such as 2026-11-03T10:00, found {text!r}"
        ) from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=ZONE)).astimezone(UTC)


def parse_month(text: str) -> "Month":
    """The month written as YYYY-MM."""
    from monitor.workdays import Month

    try:
        return Month.parse(text)
    except ValueError:
        raise typer.BadParameter(f"expected a month such as 2026-10, found {text!r}") from None


Now = Annotated[
    datetime | None,
    typer.Option(
        "--now",
        parser=parse_instant,
        metavar="INSTANT",
        help="Act as if it were this instant (ISO 8601; China's time unless it says otherwise).",
    ),
]


def instant_or_now(instant: datetime | None) -> datetime:
    """The instant that was asked for, or the present one."""
    return instant or datetime.now(UTC)


@contextmanager
def opened(config: Path) -> Iterator[tuple["Settings", "Store"]]:
    """The settings and the store they name, verified; closed at the end.

    Raises SettingsError and StoreError.
    """
    import logging

    from jobs import log
    from monitor.config import load
    from monitor.store import Store

    log.configure(level=logging.WARNING)
    settings = load(config)
    store = Store(settings.store.url.get_secret_value())
    try:
        store.verify()
        yield settings, store
    finally:
        store.close()
