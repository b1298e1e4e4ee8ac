"""The other tables, and the whole."""

import re
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from monitor.config.channels import ChannelSettings, RouteSettings
from monitor.config.part import (
    Duration,
    Part,
    Positive,
    anchored,
    folder_of,
    written_duration,
)
from monitor.config.sources import SourceSettings
from monitor.workdays import Calendar

_CLOSE_RULE = re.compile(r"workday:[1-9]\d?|last_day|day:([1-9]|1\d|2[0-8])")


def _valid_close(rule: str) -> str:
    if not _CLOSE_RULE.fullmatch(rule):
        raise ValueError("expected workday:N (N from 1 to 99), last_day or day:N (N from 1 to 28)")
    return rule


AreaCode = Annotated[str, Field(pattern=r"^\d{6}$")]
Percent = Annotated[float, Field(ge=0, le=100)]


class OfficeSettings(Part):
    """The office that runs the rule, and the division it answers for."""

    name: str = "政务服务管理办公室"
    area_code: AreaCode | None = None
    extra_area_codes: tuple[AreaCode, ...] = ()

    @property
    def own_area_codes(self) -> frozenset[str]:
        """The division codes that are valid here whatever the standard says."""
        own = () if self.area_code is None else (self.area_code,)
        return frozenset((*own, *self.extra_area_codes))


class StoreSettings(Part):
    """Where the one database is; the URL may hold a password and is never printed."""

    url: SecretStr = Field(default=SecretStr("sqlite:///yueqingling.db"), validate_default=True)

    @field_validator("url", mode="after")
    @classmethod
    def _anchor(cls, url: SecretStr, info: ValidationInfo) -> SecretStr:
        text = anchored(url.get_secret_value(), folder_of(info))
        if not text.startswith(("sqlite:", "postgresql+psycopg:")):
            raise ValueError("expected sqlite:///FILE or postgresql+psycopg://…")
        return SecretStr(text)


class EntryLimits(Part):
    """Working days from the occurrence until a behaviour must be entered, by kind."""

    check: Positive = 5
    punish: Positive = 7
    force: Positive = 5
    other: Positive = 5

    def of(self, kind: str) -> int:
        """The limit of `kind` in working days."""
        return int(getattr(self, kind))


class MonthZeroSettings(Part):
    """The month-zero rule's numbers (docs/settings.md says what each does)."""

    close: Annotated[str, AfterValidator(_valid_close)] = "workday:5"
    strict_month: bool = True
    charge_pending: Literal["office", "department"] = "office"
    entry_limit_workdays: EntryLimits = EntryLimits()
    return_fix_workdays: Positive = 3
    audit_limit_workdays: Positive = 3
    link_limit_days: Positive = 90
    links_known_from: date | None = None
    seal_grace: time = time(12)
    fresh_within: Duration = timedelta(hours=26)
    proof_within: Duration = timedelta(hours=26)
    zero_requires_coverage: bool = False
    attribute_to: Literal["institution", "entrusted"] = "institution"
    coverage_targets: tuple[Percent, Percent, Percent, Percent] = (20, 40, 60, 80)
    start: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] | None = None


class RulesSettings(Part):
    """Where an office keeps suites of its own."""

    suites: Path | None = None

    @field_validator("suites", mode="after")
    @classmethod
    def _below_folder(cls, folder: Path | None, info: ValidationInfo) -> Path | None:
        return None if folder is None else folder_of(info).absolute() / folder


class PullSettings(Part):
    """How sources are pulled by the daemon.

    `parallel` sources at once. After `give_up_after` failures in a row a source rests for
    `rest`, then is tried once; it rests twice as long after each failure, up to `rest_at_most`.
    """

    parallel: Annotated[int, Field(ge=1, le=32)] = 4
    give_up_after: Positive = 5
    rest: Duration = timedelta(minutes=30)
    rest_at_most: Duration = timedelta(hours=6)

    @field_validator("rest_at_most", mode="after")
    @classmethod
    def _is_no_shorter(cls, longest: timedelta, info: ValidationInfo) -> timedelta:
        shortest = info.data.get("rest")
        if shortest is not None and longest < shortest:
            raise ValueError(f"expected at least rest = {written_duration(shortest)}")
        return longest


class CalendarSettings(Part):
    """Days that differ from the published calendar."""

    working: tuple[date, ...] = ()
    free: tuple[date, ...] = ()


class AlertSettings(Part):
    """When people may be written to."""

    work_from: time = time(9)
    work_until: time = time(18)
    board_url: str | None = None
    lease: Duration = timedelta(minutes=2)
    attempts: Positive = 10


class ServeSettings(Part):
    """The daemon's schedule and its HTTP address."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 9108
    check_every: Duration = timedelta(minutes=15)
    deliver_every: Duration = timedelta(seconds=30)


class Settings(Part):
    """The whole settings file."""

    office: OfficeSettings = OfficeSettings()
    store: StoreSettings = Field(default_factory=StoreSettings)
    month_zero: MonthZeroSettings = MonthZeroSettings()
    calendar: CalendarSettings = CalendarSettings()
    source: tuple[SourceSettings, ...] = ()
    pull: PullSettings = PullSettings()
    rules: RulesSettings = RulesSettings()
    channel: tuple[ChannelSettings, ...] = ()
    route: tuple[RouteSettings, ...] = ()
    alerts: AlertSettings = AlertSettings()
    serve: ServeSettings = ServeSettings()

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        problems = [*_repeated("source", self.source), *_repeated("channel", self.channel)]
        known = {channel.name for channel in self.channel}
        problems += [
            f"route[{n}].to: expected a channel that is set up ({_listed(known)}), "
            f"found {route.channel!r}"
            for n, route in enumerate(self.route, start=1)
            if route.channel not in known
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def days(self) -> Calendar:
        """The calendar of working days with the office's own days."""
        return Calendar(
            dict.fromkeys(self.calendar.working, True) | dict.fromkeys(self.calendar.free, False)
        )


def _repeated(table: str, parts: tuple[Any, ...]) -> list[str]:
    names = [part.name for part in parts]
    return [
        f"{table}[{n}].name: expected a name of its own, found {name!r} again"
        for n, name in enumerate(names, start=1)
        if name in names[: n - 1]
    ]


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none is"
