"""The settings: one TOML file, parsed once into frozen objects.

Strings may hold `${NAME}`, replaced from the environment; every secret `x` may be given as `x_file`
instead, the path of a file that holds it. Relative paths count from the settings file's folder.
All mistakes are reported at once, each with file, key, expected and found.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from monitor.errors import SettingsError
from monitor.words import Feed, Kind, Status
from monitor.workdays import Calendar

BEHAVIOR_FEEDS = frozenset(Feed[kind.name] for kind in Kind)

_DURATION = re.compile(r"(\d+)\s*(s|m|h|d)")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_CLOSE_RULE = re.compile(r"workday:[1-9]\d?|last_day|day:([1-9]|1\d|2[0-8])")


def parse_duration(value: object) -> timedelta:
    """The span written as a number with s, m, h or d (`90s`, `15m`, `26h`, `1d`).

    Raises ValueError for anything else and for spans under a second.
    """
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise ValueError("expected a span such as 30s, 15m, 26h or 1d")
    return timedelta(seconds=int(match[1]) * _UNIT_SECONDS[match[2]])


def _valid_close(rule: str) -> str:
    if not _CLOSE_RULE.fullmatch(rule):
        raise ValueError("expected workday:N (N from 1 to 99), last_day or day:N (N from 1 to 28)")
    return rule


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Positive = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    """A table of the settings: frozen, unknown keys refused, `x_file` read into `x`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: Any, info: ValidationInfo) -> Any:
        if not isinstance(values, dict):
            return values
        for key in [
            key for key in values if key.endswith("_file") and key[:-5] in cls.model_fields
        ]:
            name = key[:-5]
            if name in values:
                raise ValueError(f"{name} and {key} are both given: expected one of them")
            path = _folder(info) / str(values[key])
            try:
                secret = path.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ValueError(f"{key}: can't read {path}: {error.strerror}") from None
            values = {k: v for k, v in values.items() if k != key} | {name: secret}
        return values


def _folder(info: ValidationInfo) -> Path:
    context: Mapping[str, Any] = info.context or {}
    return Path(context.get("folder", "."))


class OfficeSettings(_Part):
    """The office that runs the rule, and the division it answers for."""

    name: str = "政务服务管理办公室"
    area_code: Annotated[str, Field(pattern=r"^\d{6}$")] = "000000"
    extra_area_codes: tuple[str, ...] = ()


class StoreSettings(_Part):
    """Where the one database is; the URL may hold a password and is never printed."""

    url: SecretStr = SecretStr("sqlite:///yueqingling.db")

    @field_validator("url", mode="after")
    @classmethod
    def _anchor(cls, url: SecretStr, info: ValidationInfo) -> SecretStr:
        text = url.get_secret_value()
        if text.startswith("sqlite:///") and not text.startswith("sqlite:////"):
            path = _folder(info).absolute() / text.removeprefix("sqlite:///")
            return SecretStr(f"sqlite:///{path}")
        if not text.startswith(("sqlite:", "postgresql+psycopg:")):
            raise ValueError("expected sqlite:///FILE or postgresql+psycopg://…")
        return url


class EntryLimits(_Part):
    """Working days from the occurrence until a behaviour must be entered, by kind."""

    check: Positive = 5
    punish: Positive = 7
    force: Positive = 5
    other: Positive = 5

    def of(self, kind: str) -> int:
        """The limit of `kind` in working days."""
        return int(getattr(self, kind))


class MonthZeroSettings(_Part):
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
    coverage_targets: tuple[float, float, float, float] = (20, 40, 60, 80)
    start: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] | None = None


class CalendarSettings(_Part):
    """Days that differ from the published calendar."""

    working: tuple[date, ...] = ()
    free: tuple[date, ...] = ()


class StatusSettings(_Part):
    """How a source says where a record stands.

    `map` adds delivered words to the ones that are known anyway (暂存, 待审, 退回, 通过 …); `at` is
    the delivered column with the instant since which the status holds.
    """

    column: str
    map: dict[str, Status] = {}
    at: str | None = None


class _Source(_Part):
    """What every source has, whatever its kind."""

    name: Name
    feed: Feed
    every: Duration = timedelta(minutes=15)
    status: Status | StatusSettings | None = None
    columns: dict[str, str] = {}
    department: str | None = None
    batch_rows: Positive = 5_000
    attempts: Annotated[int, Field(ge=1, le=10)] = 3

    @model_validator(mode="after")
    def _status_is_told(self) -> Self:
        if self.feed in BEHAVIOR_FEEDS and self.status is None:
            raise ValueError(
                'status: expected status = "accepted" (or another status that every row has) or '
                'status = { column = "…" }, found nothing'
            )
        return self


class FilesSource(_Source):
    """Files under a glob: CSV or XLSX."""

    kind: Literal["files"]
    path: str
    encoding: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    max_bytes: Positive = 512 * 1024 * 1024

    @field_validator("path", mode="after")
    @classmethod
    def _anchor(cls, path: str, info: ValidationInfo) -> str:
        return str(_folder(info).absolute() / path)


class SqlSource(_Source):
    """A table or query behind any SQLAlchemy URL."""

    kind: Literal["sql"]
    url: SecretStr
    table: str | None = None
    query: str | None = None
    cursor: str | None = None
    overlap: Duration = timedelta(minutes=10)
    timeout: Duration = timedelta(seconds=60)

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.table is None) == (self.query is None):
            found = "neither" if self.table is None else "both"
            raise ValueError(f"expected either table or query, found {found}")
        return self


class Paging(_Part):
    """How an HTTP source hands out its records."""

    kind: Literal["none", "page", "offset", "cursor", "link"] = "none"
    size: Positive = 500
    page_param: str = "page"
    size_param: str = "size"
    offset_param: str = "offset"
    cursor_param: str = "cursor"
    next: str = "next"
    first: int = 1


class HttpSource(_Source):
    """A JSON API."""

    kind: Literal["http"]
    url: Annotated[str, Field(pattern=r"^https?://")]
    token: SecretStr | None = None
    token_header: str = "Authorization"
    token_prefix: str = "Bearer "
    records: str = ""
    paging: Paging = Paging()
    params: dict[str, str] = {}
    timeout: Duration = timedelta(seconds=30)
    ca_file: str | None = None


SourceSettings = Annotated[FilesSource | SqlSource | HttpSource, Field(discriminator="kind")]


class SlackChannel(_Part):
    """A Slack workspace, reached with a bot token."""

    name: Name
    kind: Literal["slack"]
    token: SecretStr
    base_url: str = "https://slack.com/api/"
    timeout: Duration = timedelta(seconds=10)


class ConsoleChannel(_Part):
    """Prints messages to standard output: for demonstrations and trials."""

    name: Name
    kind: Literal["console"]


ChannelSettings = Annotated[SlackChannel | ConsoleChannel, Field(discriminator="kind")]
Audience = Literal["clerk", "leader", "office", "justice", "operator"]


class RouteSettings(_Part):
    """Whose messages go where; the first route that fits department and audience wins.

    `department` is a department's code or `*`. `to` is `channel:destination`, where destination may
    hold {code}, {short_name} and {local_code} of the department.
    """

    department: str = "*"
    audience: tuple[Audience, ...]
    to: Annotated[str, Field(pattern=r"^[a-z0-9_-]+:.+$")]

    @property
    def channel(self) -> str:
        """Name of the channel."""
        return self.to.partition(":")[0]

    @property
    def destination(self) -> str:
        """What the channel is told, before the department is filled in."""
        return self.to.partition(":")[2]


class AlertSettings(_Part):
    """When people may be written to."""

    work_from: time = time(9)
    work_until: time = time(18)
    board_url: str | None = None
    lease: Duration = timedelta(minutes=2)
    attempts: Positive = 10


class ServeSettings(_Part):
    """The daemon's schedule and its HTTP address."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 9108
    check_every: Duration = timedelta(minutes=15)
    deliver_every: Duration = timedelta(seconds=30)


class Settings(_Part):
    """The whole settings file."""

    office: OfficeSettings = OfficeSettings()
    store: StoreSettings = Field(default_factory=StoreSettings, validate_default=True)
    month_zero: MonthZeroSettings = MonthZeroSettings()
    calendar: CalendarSettings = CalendarSettings()
    source: tuple[SourceSettings, ...] = ()
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


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in the file at `path`.

    Raises SettingsError, which lists every mistake, one a line.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: no such settings file. Name one with --config or YUEQINGLING_CONFIG, or run "
            f"`yueqingling demo` to get one to start from."
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: not a readable TOML file: {error}") from None
    missing: list[str] = []
    values = _filled(values, environment, missing, "")
    problems = list(missing)
    try:
        settings = Settings.model_validate(values, context={"folder": path.parent})
    except ValidationError as error:
        problems += [line for e in error.errors() for line in _lines(e, values)]
    if problems:
        raise SettingsError("\n".join(f"{path}: {line}" for line in problems))
    return settings


def _filled(value: Any, environment: Mapping[str, str], missing: list[str], key: str) -> Any:
    """`value` with every ${NAME} replaced; keys whose variable isn't set go into `missing`."""
    if isinstance(value, dict):
        return {
            k: _filled(v, environment, missing, f"{key}.{k}" if key else k)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [
            _filled(v, environment, missing, f"{key}[{n}]") for n, v in enumerate(value, start=1)
        ]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        if match[1] not in environment:
            missing.append(
                f"{key}: expected the environment variable {match[1]} to be set, found it unset"
            )
            return match[0]
        return environment[match[1]]

    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", replace, value)


def _lines(error: Any, values: dict[str, Any]) -> Iterator[str]:
    """One mistake as lines of `key: expected …, found …`; values of secret keys are not shown."""
    location, found = _named(error["loc"], values)
    if error["type"] == "extra_forbidden":
        yield f"{location}: unknown key"
        return
    if error["type"] == "missing":
        yield f"{location}: expected a value, found nothing"
        return
    message = error["msg"].removeprefix("Value error, ")
    if not location:
        yield from message.splitlines()
        return
    secret = any(word in location for word in ("token", "url", "secret", "password"))
    shown = "" if secret or isinstance(found, dict | list) else f", found {found!r}"
    yield f"{location}: {message[:1].lower()}{message[1:]}{shown}"


def _named(location: tuple[int | str, ...], values: Any) -> tuple[str, Any]:
    """The key as the file has it (`source[2] "cases".paging.size`) and the value found there."""
    name = ""
    for part in location:
        if isinstance(part, int):
            values = values[part] if isinstance(values, list) and part < len(values) else None
            name += f"[{part + 1}]"
            if isinstance(values, dict) and isinstance(values.get("name"), str):
                name += f' "{values["name"]}"'
        elif isinstance(values, dict) and part not in values and part in _UNION_TAGS:
            continue
        else:
            values = values.get(part) if isinstance(values, dict) else values
            name += f".{part}" if name else part
    return name, values


_UNION_TAGS = frozenset({"files", "sql", "http", "slack", "console", "Status", "StatusSettings"})


def _repeated(table: str, parts: tuple[Any, ...]) -> list[str]:
    names = [part.name for part in parts]
    return [
        f"{table}[{n}].name: expected a name of its own, found {name!r} again"
        for n, name in enumerate(names, start=1)
        if name in names[: n - 1]
    ]


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none is"
