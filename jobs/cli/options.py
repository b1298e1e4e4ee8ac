"""Options that several verbs share, and what they turn into."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import sqlalchemy as sa

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


def parse_day(text: str) -> date:
    """The day written as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a day such as 2026-10-01, found {text!r}") from None


def parse_month(text: str) -> "Month":
    """The month written as YYYY-MM."""
    from monitor.workdays import Month

    try:
        return Month.parse(text)
    except ValueError:
        raise typer.BadParameter(f"expected a month such as 2026-10, found {text!r}") from None


def whole(least: int | None = None, most: int | None = None) -> Callable[[int | str], int]:
    """What reads a whole number, from `least` on where that is told, up to `most` where that is."""
    expected = "a whole number"
    if least is not None:
        expected += f" from {least} " + ("on" if most is None else f"to {most}")

    def number(text: int | str) -> int:
        found = int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", str(text).strip()) else None
        if (
            found is None
            or (least is not None and found < least)
            or (most is not None and found > most)
        ):
            raise typer.BadParameter(f"expected {expected}, found {str(text)!r}")
        return found

    return number


Now = Annotated[
    datetime | None,
    typer.Option(
        "--now",
        parser=parse_instant,
        metavar="INSTANT",
        help="Act as if it were this instant (ISO 8601; China's time unless it says otherwise).",
    ),
]


AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        parser=parse_instant,
        metavar="INSTANT",
        help="What was said at this instant (ISO 8601; China's time unless it says otherwise).",
    ),
]


By = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", help="Who enters it; else the system's user."),
]


def actor(by: str | None) -> str:
    """Who enters something: as named, else the user of this process."""
    import getpass

    return by or getpass.getuser()


def instant_or_now(instant: datetime | None) -> datetime:
    """The instant that was asked for, or the present one."""
    return instant or datetime.now(UTC)


def month_shown(connection: "sa.Connection", settings: "Settings", now: datetime | None) -> "Month":
    """The month that closes next: at `now`, else at the last statements."""
    from monitor.ledger import statements

    instant = now or statements.made_at(connection)
    return statements.month_in_hand(settings, instant_or_now(instant))


def months_with_statement(
    connection: "sa.Connection", at: datetime | None = None, department: str | None = None
) -> list["Month"]:
    """The months that a check made statements of, the earliest first; or had at an instant.

    Those of a department's own statements where its code is given.
    """
    import sqlalchemy as sa

    from monitor.ledger import statements
    from monitor.store.tables import statement
    from monitor.words import DISTRICT
    from monitor.workdays import Month

    if at is not None:
        found = statements.read(connection, department=department or DISTRICT, at=at)
        return [each.month for each in found]
    query = sa.select(statement.c.month).distinct().order_by(statement.c.month)
    if department is not None:
        query = query.where(statement.c.department == department)
    return [Month.parse(month) for month in connection.scalars(query)]


def no_statement(
    connection: "sa.Connection", month: "Month", code: str | None = None, at: datetime | None = None
) -> str:
    """Why there is nothing to show of `month`, of all or a department, and what to do."""
    from monitor import directory
    from monitor.ledger import succession

    every = months_with_statement(connection, at)
    if not every:
        return f"No statement of {month} yet. Run: yueqingling pull, then yueqingling check"
    if code is None:
        return f"No statement of {month}; there are those of {', '.join(map(str, every))}"
    known = directory.read(connection, month.last)
    name = directory.named(known, code).label
    own = months_with_statement(connection, at, code)
    there_are = f"there are those of {', '.join(map(str, own))}" if own else "it has none"
    followers = succession.read(connection).followers(code, month.last)
    heirs = ", ".join(directory.named(known, each).label for each in followers)
    followed = f". It has ended; {heirs} took over what it left" if heirs else ""
    return f"No statement of {month} for {name}; {there_are}{followed}"


def refuse_strangers(names: Sequence[str], settings: "Settings", config: Path) -> None:
    """Refuse names that no source of the settings has."""
    known = [source.name for source in settings.source]
    strangers = sorted(set(names) - set(known))
    if strangers:
        raise typer.BadParameter(
            f"expected names of sources in {config} ({', '.join(known) or 'there is none'}), "
            f"found {', '.join(strangers)}"
        )


def refuse_before_first(connection: "sa.Connection", as_of: datetime) -> None:
    """Refuse an instant before the first statements."""
    from monitor.ledger import looks
    from monitor.workdays import ZONE

    first = looks.first_at(connection)
    if first is not None and as_of < first:
        begun, found = (f"{at.astimezone(ZONE):%Y-%m-%dT%H:%M:%S}" for at in (first, as_of))
        raise typer.BadParameter(
            f"expected an instant from {begun} on, when the first statements were made, "
            f"found {found}",
            param_hint="--as-of",
        )


@contextmanager
def opened(config: Path, *, tells: bool = False) -> Iterator[tuple["Settings", "Store"]]:
    """The settings and the store they name, verified; closed at the end.

    With `tells` the verb shows itself what goes wrong, so that a terminal gets no log beside it.
    Raises SettingsError, and StoreError where the store isn't there or fails meanwhile.
    """
    import logging
    import sys

    import sqlalchemy as sa

    from jobs import log
    from monitor.config import load
    from monitor.errors import StoreError
    from monitor.store import Store, why

    told = tells and sys.stderr.isatty()
    log.configure(sys.stderr, logging.CRITICAL if told else logging.WARNING)
    settings = load(config)
    store = Store(settings.store.url.get_secret_value())
    try:
        store.verify()
        yield settings, store
    except sa.exc.OperationalError as error:
        raise StoreError(f"the store {store.name} failed: {why(error)}") from None
    finally:
        store.close()
