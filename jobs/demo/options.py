"""What a demonstration is made from."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor.errors import YueqinglingError

DEFAULT_PORT = 9180
_STORE_URL = re.compile(r"sqlite:///.+|postgresql\+psycopg://.+")


class DemoError(YueqinglingError):
    """The demonstration can't be made, or can't be served, as asked."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Size, place, instant and seed of a made-up district.

    Two builds with the same options but for the folder give the same sources to the byte. `now` is
    the instant at which the district is seen; nothing in it is later, but for a few dates that
    were typed wrong. `store` is a database URL; without one the store is a file in `folder`.
    Raises DemoError for sizes that no district can have.
    """

    folder: Path
    now: datetime
    departments: int = 40
    records: int = 20_000
    months: int = 3
    seed: int = 1
    store: str | None = None
    port: int = DEFAULT_PORT

    def __post_init__(self) -> None:
        bounds = {
            "departments": (self.departments, 4, 400),
            "records": (self.records, 10 * self.departments, 5_000_000),
            "months": (self.months, 1, 36),
            "port": (self.port, 1, 65_535),
        }
        for name, (found, least, most) in bounds.items():
            if not least <= found <= most:
                raise DemoError(f"{name}: expected {least} to {most}, found {found}")
        if self.now.tzinfo is None:
            raise DemoError("now: expected an instant with its zone, found one without")
        if self.store is not None and not _STORE_URL.fullmatch(self.store):
            raise DemoError("store: expected sqlite:///FILE or postgresql+psycopg://…")
