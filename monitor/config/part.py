"""What every table of the settings has: frozen, unknown keys refused, secrets read from files."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from monitor import crontab

_DURATION = re.compile(r"(\d+)\s*(s|m|h|d)")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


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


def written_duration(span: timedelta) -> str:
    """The span as the settings file has it: 90s, 15m, 26h, 1d."""
    seconds = int(span.total_seconds())
    for unit in ("d", "h", "m"):
        if seconds % _UNIT_SECONDS[unit] == 0:
            return f"{seconds // _UNIT_SECONDS[unit]}{unit}"
    return f"{seconds}s"


def parse_wait(value: object) -> timedelta:
    """The same; `0s` is none at all."""
    return timedelta(0) if value == "0s" else parse_duration(value)


Crontab = Annotated[str, AfterValidator(crontab.checked)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Wait = Annotated[timedelta, BeforeValidator(parse_wait)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Positive = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands where a secret's file can't be read: no text, so that it is refused where it stands
    and whatever else is wrong is told, too."""

    why: str


@dataclass(frozen=True, slots=True)
class SecretFiles:
    """The files that a table names for its secrets, by their keys; `folder` is the settings'."""

    folder: Path
    paths: Mapping[str, Path]

    def read(self) -> dict[str, str | Unreadable]:
        """What each of them holds now."""
        found: dict[str, str | Unreadable] = {}
        for name, path in self.paths.items():
            try:
                secret = path.read_text(encoding="utf-8").strip()
                found[name] = secret or Unreadable(f"expected a secret in {path}, found nothing")
            except OSError as error:
                found[name] = Unreadable(f"can't read {path}: {error.strerror}")
            except UnicodeDecodeError:
                found[name] = Unreadable(f"can't read {path}: expected text in UTF-8")
        return found


class Part(BaseModel):
    """A table of the settings: frozen, unknown keys refused, `x_file` read into `x`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    _secret_files: SecretFiles | None = PrivateAttr(default=None)

    @model_validator(mode="wrap")
    @classmethod
    def _read_secret_files(
        cls, values: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        if not isinstance(values, dict):
            return handler(values)
        told = [key for key in values if key.endswith("_file") and key[:-5] in cls.model_fields]
        if not told:
            return handler(values)
        for key in told:
            if key[:-5] in values:
                raise ValueError(f"{key[:-5]} and {key} are both given: expected one of them")
        folder = folder_of(info)
        files = SecretFiles(folder, {key[:-5]: folder / str(values[key]) for key in told})
        part = handler({k: v for k, v in values.items() if k not in told} | files.read())
        part._secret_files = files
        return part

    def with_secrets_of_now(self) -> Self:
        """The same with what the files of its secrets hold now.

        Raises ValueError where one can't be read, or holds what is no good; no secret is in it.
        """
        if self._secret_files is None:
            return self
        found = self._secret_files.read()
        refuse(
            f"{name}_file: {secret.why}"
            for name, secret in found.items()
            if isinstance(secret, Unreadable)
        )
        told = {name: getattr(self, name) for name in self.model_fields_set}
        context = {"folder": self._secret_files.folder}
        try:
            part = type(self).model_validate(told | found, context=context)
        except ValidationError as error:
            said = "; ".join(each["msg"].removeprefix("Value error, ") for each in error.errors())
            raise ValueError(f"{', '.join(f'{name}_file' for name in found)}: {said}") from None
        part._secret_files = self._secret_files
        return part


def refuse(mistakes: Iterable[str]) -> None:
    """Raise ValueError with the mistakes, one a line, where there are any."""
    if found := [*mistakes]:
        raise ValueError("\n".join(found))


def folder_of(info: ValidationInfo) -> Path:
    context: Mapping[str, Any] = info.context or {}
    return Path(context.get("folder", "."))


def anchored(url: str, folder: Path) -> str:
    """`url`, where it names an SQLite file by a relative path, with that path below `folder`."""
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        return f"sqlite:///{folder.absolute() / url.removeprefix('sqlite:///')}"
    return url
