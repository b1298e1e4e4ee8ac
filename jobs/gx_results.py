"""Great Expectations' result objects as files: FOLDER/<department>/<kind>.json.

They say what the last check found. A file is whole or as it was before; one of a department and
kind that have no record any more is removed.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from expectations import loading
from expectations.results import Batch, batches, departments_of_kinds, document, results
from expectations.suites import Rule, behavior_rules
from monitor import directory
from monitor.config import Settings
from monitor.errors import OutputError
from monitor.words import UNKNOWN_DEPARTMENT, Kind
from monitor.workdays import Month


@dataclass(frozen=True, slots=True)
class Counted:
    """The batches that results are made of, and the rules that they are of.

    `of_all` is how many results all departments together have, by which time is told.
    """

    rules: tuple[Rule, ...]
    batches: tuple[Batch, ...]
    of_all: int

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
    return Counted(rules, found, sum(numbers[kind] * of for kind, of in everyone.items()))


def written(
    connection: sa.Connection, found: Counted, at: datetime, folder: Path
) -> Iterator[Batch]:
    """Write a file for each batch, giving the batch; results are as of `at`.

    Raises OutputError where the folder can't be written.
    """
    known = directory.read(connection)
    for batch, result in results(connection, found.batches, found.rules, at, known):
        text = json.dumps(document(result), ensure_ascii=False, indent=1)
        write(place(folder, batch.department, f"{batch.kind}.json"), text)
        yield batch


def remove_others(
    connection: sa.Connection, found: Counted, folder: Path, department: str | None = None
) -> None:
    """Remove the files of what has no record: of one department, or of all that are known."""
    of = [department] if department else [*directory.read(connection), UNKNOWN_DEPARTMENT]
    there = {(batch.department, batch.kind) for batch in found.batches}
    for code in of:
        for kind in Kind:
            if (code, kind.value) not in there:
                place(folder, code, f"{kind.value}.json").unlink(missing_ok=True)


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
