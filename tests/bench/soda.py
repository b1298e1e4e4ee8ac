"""Soda, against judging: a contract of all rules, over the table and department by department.

`make bench` installs it, and it sends nothing home. A contract counts; it doesn't say which records
fail.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa
import yaml

from expectations.clauses import clauses
from expectations.conditions import Written
from expectations.loading import load_suites
from expectations.records import live
from expectations.suites import Rule, behavior_rules
from monitor.store import Store
from monitor.store.tables import behavior, finding
from tests.bench.judging import DEPARTMENTS, code_of, filled, judged
from tests.bench.measurement import Measurement, Stopwatch
from tests.bench.places import Places

_MEASURED = 2
"""Departments that are measured; the others would take as long."""
_VIEW = "soda_record"


def measure(places: Places) -> Iterator[Measurement]:
    """Judge all records, then verify a contract of the same rules; on PostgreSQL only."""
    if "postgresql" not in places.stores:
        return
    suites = load_suites()
    rules = behavior_rules(suites)
    with filled(places, "postgresql", suites) as store:
        ours = Stopwatch()
        for _ in range(places.runs):
            judged(store, suites, ours)
        with store.writing() as connection:
            found = connection.scalar(sa.select(sa.func.count()).select_from(finding))
            connection.execute(sa.CreateView(live(), _VIEW, or_replace=True))
            contract = _Contract(store, places.folder, rules, clauses(connection, behavior, rules))
        whole = Stopwatch()
        with whole.running():
            counted = contract.verify()
        if counted != found:
            raise RuntimeError(f"expected {found} failures as we find, Soda counts {counted}")
        yield Measurement(
            "judge all records, whosever they are",
            "postgresql",
            "none",
            whole.best / ours.best,
            None,
            str(ours),
            f"Soda, a contract over the whole table: {whole}",
            unit="× faster",
        )
        begun = time.perf_counter()
        for number in range(_MEASURED):
            contract.verify(code_of(number))
        seconds = (time.perf_counter() - begun) / _MEASURED * DEPARTMENTS
        yield Measurement(
            f"judge all records, {DEPARTMENTS} departments",
            "postgresql",
            "none",
            seconds / ours.best,
            None,
            str(ours),
            f"Soda, the contract filtered by department: {seconds:.0f} s, extrapolated from "
            f"{_MEASURED} departments",
            unit="× faster",
        )


class _Contract:
    """A check `failed_rows` for each rule, with the clause that we judge by."""

    def __init__(
        self, store: Store, folder: Path, rules: Sequence[Rule], fails: Mapping[str, Written]
    ) -> None:
        self._folder = folder
        self._database = store.engine.url.database
        self._checks = [
            {
                "failed_rows": {
                    "name": rule.id,
                    "qualifier": rule.id,
                    "expression": f"kind = '{rule.kind}' AND {fails[rule.id].name}",
                }
            }
            for rule in rules
        ]
        url = store.engine.url
        self._source = self._written(
            "soda-store.yml",
            {
                "type": "postgres",
                "name": "store",
                "connection": {
                    "host": url.host or url.query["host"],
                    "port": url.port or 5432,
                    "database": self._database,
                    "user": url.username,
                    "password": url.password or "",
                },
            },
        )

    def verify(self, department: str | None = None) -> int:
        """Verify the contract, of one department or of the whole table; gives the failures."""
        os.environ["SODA_CORE_TELEMETRY_ENABLED"] = "false"
        from soda_core.contracts import verify_contract_locally

        scope = {"filter": f"department = '{department}'"} if department else {}
        contract = self._written(
            "soda-contract.yml",
            {
                "dataset": f"store/{self._database}/public/{_VIEW}",
                "columns": [],
                **scope,
                "checks": self._checks,
            },
        )
        session = verify_contract_locally(
            data_source_file_path=str(self._source), contract_file_path=str(contract)
        )
        (result,) = session.contract_verification_results
        return sum(
            int(check.diagnostic_metric_values["failed_rows_count"])
            for check in result.check_results
        )

    def _written(self, name: str, content: Mapping[str, object]) -> Path:
        path = self._folder / name
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return path
