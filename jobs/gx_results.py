"""Great Expectations' results as files: FOLDER/<department>/<kind>.json, or .html as Data Docs.

They say what the last check found. A file is whole or as it was before; one of a department and
kind that have no record any more is removed.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

import sqlalchemy as sa

from expectations import loading
from expectations.data_docs import DataDocs, Line
from expectations.results import Batch, batches, departments_of_kinds, document, results
from expectations.suites import Rule, behavior_rules
from monitor import directory
from monitor.config import Settings
from monitor.errors import OutputError
from monitor.store.tables import to_judge
from monitor.words import UNKNOWN_DEPARTMENT, Kind
from monitor.workdays import Month, local_day

if TYPE_CHECKING:
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )

CONTENTS = "index.html"


@dataclass(frozen=True, slots=True)
class Counted:
    """The batches that results are made of, and the rules that they are of.

    `of_all` is how many results all departments together have, by which time is told. `waiting`
    records wait for a check, which makes what rules ask about and finds out who answers for them:
    what is said of them here may be out of date.
    """

    rules: tuple[Rule, ...]
    batches: tuple[Batch, ...]
    of_all: int
    waiting: int

    @property
    def departments(self) -> int:
        """How many departments have a result."""
        return len({batch.department for batch in self.batches})

    @property
    def results(self) -> int:
        """How many rules' results there are, which is what they take time by."""
        return sum(len(batch.verdicts) for batch in self.batches)


def counted(
    connection: sa.Connection,
    settings: Settings,
    department: str | None = None,
    month: Month | None = None,
) -> Counted:
    """Count what each rule comes to for a department or all, of a month's records or all."""
    rules = behavior_rules(loading.load_suites(settings))
    found = batches(connection, rules, department, month)
    numbers = Counter(rule.kind for rule in rules)
    everyone = departments_of_kinds(connection, month)
    of_all = sum(numbers[kind] * of for kind, of in everyone.items())
    waiting = connection.scalar(sa.select(sa.func.count()).select_from(to_judge)) or 0
    return Counted(rules, found, of_all, waiting)


class Form(Protocol):
    """What a result's file holds, and how its name ends."""

    ending: str

    def text(
        self,
        batch: Batch,
        result: "ExpectationSuiteValidationResult",
        department: directory.Department,
    ) -> str:
        """The whole file."""


class ResultObjects:
    """Great Expectations' own result objects, as JSON."""

    ending = "json"

    def text(
        self,
        batch: Batch,
        result: "ExpectationSuiteValidationResult",
        department: directory.Department,
    ) -> str:
        """The result as it is; batch and department stand in it."""
        del batch, department
        return json.dumps(document(result), ensure_ascii=False, indent=1)


class Pages:
    """Data Docs of results as of `at`."""

    ending = "html"

    def __init__(self, at: datetime, month: Month | None) -> None:
        self._docs = DataDocs(at, month)
        self._today = local_day(at)

    def text(
        self,
        batch: Batch,
        result: "ExpectationSuiteValidationResult",
        department: directory.Department,
    ) -> str:
        """The page of a batch's results."""
        return self._docs.results(batch, result, department)

    def write_contents(
        self,
        connection: sa.Connection,
        found: Counted,
        folder: Path,
        office: str,
        department: str | None = None,
    ) -> Path:
        """Write each department's page of contents and, unless one was asked for, that of all.

        Gives the page to begin with. One of a department that has no record any more is removed.
        Raises OutputError where the folder can't be written.
        """
        known = directory.read(connection, self._today)
        of_all: list[Line] = []
        named = (*known, UNKNOWN_DEPARTMENT, *(batch.department for batch in found.batches))
        for code in [department] if department else dict.fromkeys(named):
            mine = [batch for batch in found.batches if batch.department == code]
            name, page = directory.named(known, code).name, place(folder, code, CONTENTS)
            lines = [
                Line(
                    name,
                    Kind(batch.kind).zh,
                    rules=len(batch.verdicts),
                    failed=batch.failed,
                    address=f"{batch.kind}.{self.ending}",
                )
                for batch in mine
            ]
            if lines or department:
                write(page, self._docs.contents(name, lines))
            else:
                page.unlink(missing_ok=True)
            within = quote(page.parent.name)
            of_all += [replace(line, address=f"{within}/{line.address}") for line in lines]
        if department:
            return place(folder, department, CONTENTS)
        write(folder / CONTENTS, self._docs.contents(f"{office} · 检核结果", of_all))
        return folder / CONTENTS


def written(
    connection: sa.Connection, found: Counted, at: datetime, folder: Path, form: Form
) -> Iterator[Batch]:
    """Write a file for each batch, giving the batch; results are as of `at`.

    Raises OutputError where the folder can't be written.
    """
    known = directory.read(connection, local_day(at))
    for batch, result in results(connection, found.batches, found.rules, at, known):
        text = form.text(batch, result, directory.named(known, batch.department))
        write(place(folder, batch.department, f"{batch.kind}.{form.ending}"), text)
        yield batch


def remove_others(
    connection: sa.Connection,
    found: Counted,
    folder: Path,
    form: Form,
    department: str | None = None,
) -> None:
    """Remove the files of what has no record: of one department, or of all that are known."""
    of = [department] if department else [*directory.whole(connection).entries, UNKNOWN_DEPARTMENT]
    there = {(batch.department, batch.kind) for batch in found.batches}
    for code in of:
        for kind in Kind:
            if (code, kind.value) not in there:
                place(folder, code, f"{kind.value}.{form.ending}").unlink(missing_ok=True)


def place(folder: Path, department: str, name: str) -> Path:
    """Where a department's file is; whatever its code holds, that is inside the folder."""
    return folder / quote(department, safe="").replace(".", "%2E") / name


def write(path: Path, text: str) -> None:
    """Write a file, which holds all of it or stays as it was.

    Raises OutputError where it can't be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: can't be written: {error.strerror}") from None
