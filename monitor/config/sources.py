"""The tables [[source]]: where records are pulled from."""

from collections.abc import Iterator
from datetime import timedelta
from glob import has_magic
from itertools import takewhile
from os.path import normpath
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    JsonValue,
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
    refuse,
    written_duration,
)
from monitor.config.services import (
    Answer,
    CaFile,
    Paging,
    SinceFormat,
    Url,
    is_header,
    leads_to_a_table,
)
from monitor.words import BY_HAND, Feed, Kind, Status

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
    batch_rows: Positive = 10_000
    attempts: Annotated[int, Field(ge=1, le=10)] = 3

    @field_validator("name", mode="after")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if name == BY_HAND:
            raise ValueError(
                f"expected a name other than {name!r}, which stands for what people enter by hand"
            )
        return name

    @field_validator("dialect", mode="after")
    @classmethod
    def _dialect_is_known(cls, dialect: str | None, info: ValidationInfo) -> str | None:
        if dialect is not None and "feed" in info.data:
            refuse(layouts.dialect_mistakes(info.data["feed"], dialect))
        return dialect

    @field_validator("columns", "units", "values", mode="after")
    @classmethod
    def _layout_is_known(cls, told: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if {"feed", "dialect"} <= info.data.keys():
            feed, dialect = info.data["feed"], info.data["dialect"]
            match info.field_name:
                case "columns":
                    refuse(layouts.column_mistakes(feed, dialect, told))
                case "units":
                    refuse(layouts.unit_mistakes(feed, dialect, told))
                case "values":
                    delivered = info.data.get("columns", {})
                    refuse(layouts.value_mistakes(feed, dialect, told, delivered))
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
        refuse(layouts.status_mistakes(self.feed, self.dialect, self.columns, named))
        return self

    @property
    def schedule(self) -> str:
        """How often it is pulled, as the settings file has it."""
        if self.cron is not None:
            return f'cron "{self.cron}"'
        return f"every {written_duration(self.every)}"


class FilesSource(_Source):
    """Files under a glob: CSV, Excel workbooks, JSON or Parquet.

    `records` is the path to the list of records in a JSON file.
    """

    kind: Literal["files"]
    path: str
    format: Literal["csv", "excel", "jsonl", "parquet"] | None = None
    archive: str | None = None
    settle: Wait = timedelta(seconds=2)
    encoding: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    records: str = ""
    max_bytes: Positive = 512 * 1024 * 1024
    max_unpacked_bytes: Positive = 2 * 1024 * 1024 * 1024

    @field_validator("path", "archive", mode="after")
    @classmethod
    def _anchor(cls, path: str | None, info: ValidationInfo) -> str | None:
        return None if path is None else normpath(folder_of(info).absolute() / path)

    @field_validator("encoding", mode="after")
    @classmethod
    def _is_known(cls, encoding: str | None) -> str | None:
        try:
            b"".decode(encoding or "utf-8")
        except LookupError:
            raise ValueError("expected the name of an encoding, such as gb18030") from None
        return encoding

    @field_validator("delimiter", mode="after")
    @classmethod
    def _delimits(cls, delimiter: str | None) -> str | None:
        if delimiter in ('"', "\r", "\n"):
            raise ValueError("expected a character that can stand between cells")
        return delimiter

    @model_validator(mode="after")
    def _archive_is_apart(self) -> Self:
        if self.archive is not None and self.root.is_relative_to(self.archive):
            raise ValueError(f"archive: expected a folder that doesn't hold {self.root}")
        return self

    @property
    def root(self) -> Path:
        """The folder before the first wildcard of the path."""
        parts = Path(self.path).parts
        fixed = takewhile(lambda part: not has_magic(part), parts[:-1])
        return Path(*fixed)


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

    @field_validator("url", mode="after")
    @classmethod
    def _is_url(cls, url: SecretStr) -> SecretStr:
        from sqlalchemy.engine import make_url  # costs what the command line's help needn't pay
        from sqlalchemy.exc import ArgumentError

        try:
            make_url(url.get_secret_value())
        except (ArgumentError, ValueError):
            # what it holds instead may hold the password: it isn't shown
            raise ValueError("expected a URL such as mysql://user:password@host/database") from None
        return url

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.table is None) == (self.query is None):
            found = "neither" if self.table is None else "both"
            raise ValueError(f"expected either table or query, found {found}")
        return self


_IN_A_BODY = ("body", "body_as", "params_at", "token_at")
"""The keys that only a request with a body has a use for."""


class HttpSource(_Source):
    """A JSON API.

    `body` is what a POST sends; parameters, paging among them, go into it at `params_at`, and the
    token at `token_at`. A path that leads into text goes on in the JSON that the text holds.
    """

    kind: Literal["http"]
    url: Url
    method: Literal["GET", "POST"] = "GET"
    token: Annotated[SecretStr, Field(min_length=1)] | None = None
    token_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] = "Authorization"
    token_prefix: str = "Bearer "
    token_at: Annotated[str, Field(min_length=1)] | None = None
    user: Annotated[str, Field(min_length=1)] | None = None
    password: Annotated[SecretStr, Field(min_length=1)] | None = None
    params: dict[str, str | int | float | bool] = Field(default_factory=dict)
    params_in: Literal["query", "body"] | None = None
    params_at: str = ""
    body: dict[str, JsonValue] = Field(default_factory=dict)
    body_as: Literal["json", "form"] = "json"
    ok: Answer | None = None
    records: str = ""
    paging: Paging = Paging()
    cursor: str | None = None
    since_param: str | None = None
    since_format: SinceFormat = "%Y-%m-%d %H:%M:%S"
    overlap: Duration = timedelta(minutes=10)
    overlap_rows: Annotated[int, Field(ge=0)] = 1_000
    timeout: Duration = timedelta(seconds=30)
    answer_within: Duration = timedelta(minutes=5)
    max_bytes: Positive = 64 * 1024 * 1024
    ca_file: CaFile | None = None

    @property
    def params_are_in(self) -> Literal["query", "body"]:
        """Where the parameters go."""
        return self.params_in or ("body" if self.method == "POST" else "query")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        refuse([*self._of_the_method(), *self._of_the_login(), *self._of_the_cursor()])
        return self

    def _of_the_method(self) -> Iterator[str]:
        if self.method == "GET":
            given = [key for key in _IN_A_BODY if key in self.model_fields_set]
            given += ["params_in"] if self.params_in == "body" else []
            for key in given:
                yield f'{key}: expected method = "POST", found GET, which sends no body'
            return
        if self.params_in == "query" and self.params_at:
            yield 'params_at: expected params_in = "body", found "query"'
        for key, path in (("params_at", self.params_at), ("token_at", self.token_at or "")):
            above = path if key == "params_at" else path.rpartition(".")[0]
            if not leads_to_a_table(self.body, above):
                yield f"{key}: expected a table at {above} of the body, found a value"

    def _of_the_login(self) -> Iterator[str]:
        if (self.user is None) != (self.password is None):
            given, lacking = ("user", "password") if self.password is None else ("password", "user")
            yield f"{lacking}: expected one, since {given} is given; found none"
        if self.token is None:
            if self.token_at is not None:
                yield "token: expected one, since token_at is given; found none"
            return
        if self.token_at is not None:
            return
        if self.user is not None and self.token_header.lower() == "authorization":
            yield "user: expected a token or a user, found both, which go into one header"
        if not is_header(self.token_prefix + self.token.get_secret_value()):
            yield "token: expected what a header can hold (ASCII in one line), found something else"

    def _of_the_cursor(self) -> Iterator[str]:
        if (self.cursor is None) != (self.since_param is None):
            given, lacking = (
                ("since_param", "cursor") if self.cursor is None else ("cursor", "since_param")
            )
            yield f"{lacking}: expected one, since {given} is given; found none"


SourceSettings = Annotated[FilesSource | SqlSource | HttpSource, Field(discriminator="kind")]
