"""The machine forms that scripts rely on; `format` goes up when a form changes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from monitor.directory import Department, named
from monitor.ledger.statements import Statement
from monitor.words import DISTRICT


def status_document(
    statements: Sequence[Statement],
    departments: Mapping[str, Department],
    contradicted: Collection[str] = (),
) -> dict[str, Any]:
    """`status --json`: the district and its departments in one month; month is null where none is.

    The district is null where only one department was asked for; `contradicted` are the departments
    whose zero report for the month isn't true.
    """
    rows = {
        statement.department: _row(statement, departments)
        | {"zero_report_contradicted": statement.department in contradicted}
        for statement in statements
    }
    return {
        "format": 1,
        "month": str(statements[0].month) if statements else None,
        "as_of": statements[0].as_of.isoformat() if statements else None,
        "district": rows.pop(DISTRICT, None),
        "departments": list(rows.values()),
    }


def _row(statement: Statement, departments: Mapping[str, Department]) -> dict[str, Any]:
    return {
        "department": statement.department,
        "name": named(departments, statement.department).name,
        "state": statement.current_state,
        "obligations": statement.obligations,
        "backlog": statement.backlog,
        "reasons": dict(statement.reasons),
        "overdue": statement.overdue,
        "carried": statement.carried,
        "silent": statement.silent,
        "figures": dict(statement.figures),
    }
