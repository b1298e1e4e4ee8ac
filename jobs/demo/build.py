"""Builds a demonstration: the whole district, written down as its sources."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from random import Random

from jobs.demo.behaviors import Behaviors
from jobs.demo.caseload import hear_cases
from jobs.demo.cases import CASES, CasesService, write_cases
from jobs.demo.catalogues import write_catalogues, zero_reported
from jobs.demo.days import Days, month_of
from jobs.demo.district import make_district
from jobs.demo.exchange import write_exchange
from jobs.demo.injection import inject
from jobs.demo.options import DemoError, DemoOptions
from jobs.demo.settings_file import FILE, STORE, settings_text
from jobs.demo.standing import Standing
from jobs.demo.truth import Truth, TruthRow
from jobs.demo.workbooks import write_workbooks
from monitor.words import Kind

_FILED = {Kind.CHECK: "inbox/check", Kind.OTHER: "inbox/other"}
_EXCHANGE, _CATALOGUE, _TRUTH = "exchange.db", "catalogue", "truth.csv"
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Demo:
    """A demonstration in its folder.

    `delivered` counts the records of each kind that the sources deliver, `truth` is what truth.csv
    holds.
    """

    folder: Path
    settings: Path
    truth_file: Path
    truth: tuple[TruthRow, ...]
    delivered: Mapping[Kind, int]

    @property
    def injected(self) -> Mapping[str, int]:
        """How many truth rows there are of each outcome."""
        return Counter(row.outcome for row in self.truth)

    @property
    def cases(self) -> CasesService:
        """The HTTP source: a context manager that serves while it is open."""
        return CasesService(self.folder)


def build(options: DemoOptions, progress: Progress | None = None) -> Demo:
    """Write the sources, the settings and the truth into the options' folder.

    `progress` is told what was made and how many. An earlier demonstration in the folder is
    replaced, its store file with it. Raises DemoError where the folder holds anything else
    or can't be made.
    """
    count = progress or (lambda _, __: None)
    folder = options.folder.absolute()
    _clear(folder)
    days = Days.until(options.now, options.months)
    random = Random(options.seed)
    district = make_district(options.departments, options.records, days, random)
    truth = Truth(days)
    records = Behaviors(district, days, random).make(
        options.records, lambda made: count("behaviours", made)
    )
    Standing(records, days, random).settle(truth)
    inject(records, district, days, truth, random)
    cases = hear_cases(records, truth, random)
    truth.silence(
        district.departments,
        records,
        ((case.department, month_of(case.decided_on)) for case in cases),
        zero_reported(district.departments, days),
    )

    write_catalogues(folder / _CATALOGUE, district, days)
    for kind, inbox in _FILED.items():
        write_workbooks(
            folder / inbox, kind, records, days.now, lambda made: count("workbooks", made)
        )
    _delivered_before(days.now, folder / _CATALOGUE, folder / "inbox")
    write_exchange(folder / _EXCHANGE, records, days)
    write_cases(folder, cases, f"demo-{random.getrandbits(64):016x}", options.port)
    exchange = f"sqlite:///{_EXCHANGE}"
    store = options.store or f"sqlite:///{STORE}"
    text = settings_text(days, exchange, store, options.port)
    (folder / FILE).write_text(text, encoding="utf-8")
    truth.write(folder / _TRUTH)
    return Demo(
        folder=folder,
        settings=folder / FILE,
        truth_file=folder / _TRUTH,
        truth=tuple(truth.rows),
        delivered=Counter(record.kind for record in records),
    )


def _delivered_before(now: datetime, *folders: Path) -> None:
    """Let the files be an hour old: what was written to just now counts as not whole yet."""
    then = (now - timedelta(hours=1)).timestamp()
    for path in chain.from_iterable(folder.rglob("*") for folder in folders):
        os.utime(path, (then, then))


def _clear(folder: Path) -> None:
    """Make the folder, or empty it of an earlier demonstration."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"{folder}: expected a folder to write in: {error.strerror}") from None
    if any(folder.iterdir()) and not (folder / CASES).exists():
        raise DemoError(
            f"{folder}: expected an empty folder or an earlier demonstration, found other files"
        )
    for name in ("inbox", _CATALOGUE):
        if (folder / name).exists():
            shutil.rmtree(folder / name)
    names = (_EXCHANGE, CASES, FILE, _TRUTH, STORE, f"{STORE}-wal", f"{STORE}-shm")
    for name in names:
        (folder / name).unlink(missing_ok=True)
