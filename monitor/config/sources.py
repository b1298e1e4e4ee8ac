"""The tables [[source]]: where records are pulled from."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from monitor.config import layouts
from monitor.config.part import (
    Crontab,
    Duration,
    Name,
    Part,
    Positive,
    Wait,
    anchored,
    folder_of,
    written_duration,
)
from monitor.words import Feed, Kind, Status

BEHAVIOR_FEEDS = frozenset(Feed[kind.name] for kind in Kind)


class StatusSettings(Part):
    """How a source says where a record stands.

    `column` is the delivered column with the status, where `columns` doesn't name it; `at` and
    `submitted` are those with the instant since which it holds and with that of the submission.
    `map` adds delivered words to the ones that are known anyway (暂存, 待审, 退回, 通过 …).
    """

    column: str | None = None
    map: dict[str, Status] = Field(default_factory=dict)
    at: str | None = None
    submitted: str | None = None


def _form(value: Any) -> str:
    """Which of the two forms a status is given in, so that only that one's mistakes are told."""
    return "StatusSettings" if isinstance(value, dict | StatusSettings) else "word"


def _status(value: Any) -> Any:
    """A status word or a table; anything else is refused here, before the table is looked into."""
    if isinstance(value, dict | StatusSettings):
        return value
    if value in set(Status):
        return Status(value)
    words = ", ".join(Status)
    raise ValueError(f'expected one of {words}, or {{ column = "…" }}')


StatusForm = Annotated[
    Annotated[Status, Tag("word")] | Annotated[StatusSettings, Tag("StatusSettings")],
    Discriminator(_form),
]


class _Source(Part):
    """What every source has, whatever its kind."""

    name: Name
    feed: Feed
    every: Duration = timedelta(minutes=15)
    cron: Crontab | None = None
    jitter: Wait = timedelta(0)
    status: Annotated[StatusForm | None, BeforeValidator(_status)] = None
    dialect: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    units: dict[str, Literal["元", "万元"]] = Field(default_factory=dict)
    values: dict[str, str] = Field(default_factory=dict)
    department: str | None = None
    batch_rows: Positive = 5_000
    attempts: Annotated[int, Field(ge=1, le=10)] = 3

    @field_validator("dialect", mode="after")
    @classmethod
    def _dialect_is_known(cls, dialect: str | None, info: ValidationInfo) -> str | None:
        if dialect is not None and "feed" in info.data:
            _refuse(layouts.dialect_mistakes(info.data["feed"], dialect))
        return dialect

    @field_validator("columns", "units", "values", mode="after")
    @classmethod
    def _layout_is_known(cls, told: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if {"feed", "dialect"} <= info.data.keys():
            feed, dialect = info.data["feed"], info.data["dialect"]
            match info.field_name:
                case "columns":
                    _refuse(layouts.column_mistakes(feed, dialect, told))
                case "units":
                    _refuse(layouts.unit_mistakes(feed, dialect, told))
                case "values":
                    delivered = info.data.get("columns", {})
                    _refuse(layouts.value_mistakes(feed, dialect, told, delivered))
        return told

    @model_validator(mode="after")
    def _is_due_in_one_way(self) -> Self:
        if self.cron is not None and "every" in self.model_fields_set:
            raise ValueError("expected either every or cron, found both")
        return self

    @model_validator(mode="after")
    def _status_is_told(self) -> Self:
        if self.feed not in BEHAVIOR_FEEDS:
            return self
        if self.status is None:
            raise ValueError(
                'status: expected status = "accepted" (or another status that every row has) or '
                'status = { column = "…" }, found nothing'
            )
        named = None
        if isinstance(self.status, StatusSettings):
            named = self.status.model_dump(include={"column", "at", "submitted"})
        _refuse(layouts.status_mistakes(self.feed, self.dialect, self.columns, named))
        return self

    @property
    def schedule(self) -> str:
        """How often it is pulled, as the settings file has it."""
        if self.cron is not None:
            return f'cron "{self.cron}"'
        return f"every {written_duration(self.every)}"


def _refuse(mistakes: Iterable[str]) -> None:
    if found := [*mistakes]:
        raise ValueError("\n".join(found))


class FilesSource(_Source):
    """Files under a glob: CSV, Excel workbooks, JSON lines or Parquet."""

    kind: Literal["files"]
    path: str
    format: Literal["csv", "excel", "jsonl", "parquet"] | None = None
    archive: str | None = None
    settle: Wait = timedelta(seconds=2)
    encoding: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    max_bytes: Positive = 512 * 1024 * 1024
    max_unpacked_bytes: Positive = 2 * 1024 * 1024 * 1024

    @field_validator("path", "archive", mode="after")
    @classmethod
    def _anchor(cls, path: str | None, info: ValidationInfo) -> str | None:
        return None if path is None else str(folder_of(info).absolute() / path)


class SqlSource(_Source):
    """A table or query behind any SQLAlchemy URL."""

    kind: Literal["sql"]
    url: SecretStr
    table: str | None = None
    query: str | None = None
    cursor: str | None = None
    overlap: Duration = timedelta(minutes=10)
    overlap_rows: Annotated[int, Field(ge=0)] = 1_000
    timeout: Duration = timedelta(seconds=60)

    @field_validator("url", mode="after")
    @classmethod
    def _anchor(cls, url: SecretStr, info: ValidationInfo) -> SecretStr:
        return SecretStr(anchored(url.get_secret_value(), folder_of(info)))

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.table is None) == (self.query is None):
            found = "neither" if self.table is None else "both"
            raise ValueError(f"expected either table or query, found {found}")
        return self


class Paging(Part):
    """How an HTTP source hands out its records."""

    kind: Literal["none", "page", "offset", "cursor", "link"] = "none"
    size: Positive = 500
    page_param: str = "page"
    size_param: str = "size"
    offset_param: str = "offset"
    cursor_param: str = "cursor"
    next: str = "next"
    first: int = 1


class Answer(Part):
    """How a service says within its answer (200 OK) that all went well.

    `at` is the path of its code, `values` the codes that are good, `text` the path of the words.
    """

    at: str
    values: Annotated[tuple[str, ...], Field(min_length=1)]
    text: str | None = None


class HttpSource(_Source):
    """A JSON API.

    `body` is what a POST sends; parameters, paging among them, go into it at `params_at`, and the
    token at `token_at`. A path that leads into text goes on in the JSON that the text holds.
    """

    kind: Literal["http"]
    url: Annotated[str, Field(pattern=r"^https?://")]
    method: Literal["GET", "POST"] = "GET"
    token: SecretStr | None = None
    token_header: str = "Authorization"
    token_prefix: str = "Bearer "
    token_at: str | None = None
    user: str | None = None
    password: SecretStr | None = None
    body: dict[str, Any] = Field(default_factory=dict)
    params_at: str = ""
    ok: Answer | None = None
    records: str = ""
    paging: Paging = Paging()
    params: dict[str, str] = Field(default_factory=dict)
    cursor: str | None = None
    since_param: str | None = None
    since_format: str = "%Y-%m-%d %H:%M:%S"
    overlap: Duration = timedelta(minutes=10)
    timeout: Duration = timedelta(seconds=30)
    ca_file: str | None = None

    @field_validator("ca_file", mode="after")
    @classmethod
    def _below_folder(cls, path: str | None, info: ValidationInfo) -> str | None:
        return None if path is None else str(folder_of(info).absolute() / path)


SourceSettings = Annotated[FilesSource | SqlSource | HttpSource, Field(discriminator="kind")]
