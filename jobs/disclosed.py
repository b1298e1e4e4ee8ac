"""What an explanation may show: codes with `***` for the identity codes of others in them.

A code that a department made up can hold that of the person or enterprise it is about.
"""

from collections.abc import Container
from dataclasses import replace

from monitor.ledger.explain import Explanation
from monitor.ledger.explained_units import Line
from monitor.ledger.unit_history import UnitHistory
from monitor.notify.disclosure import masked


def explanation(found: Explanation, departments: Container[str]) -> Explanation:
    """The explanation, with the identity codes of `departments` left as they are."""

    def shown(lines: tuple[Line, ...]) -> tuple[Line, ...]:
        return tuple(_line(each, departments) for each in lines)

    reasons = found.reasons
    return replace(
        found,
        figures=tuple(
            replace(each, lacking=shown(each.lacking), reached=shown(each.reached))
            for each in found.figures
        ),
        reasons=reasons and tuple(replace(each, units=shown(each.units)) for each in reasons),
    )


def history(found: UnitHistory, departments: Container[str]) -> UnitHistory:
    """The history of one act, likewise."""
    return replace(
        found,
        line=found.line and _line(found.line, departments),
        delivered=tuple(
            replace(each, record_id=masked(each.record_id, departments)) for each in found.delivered
        ),
        events=tuple(
            replace(
                each,
                by=each.by and replace(each.by, record_id=masked(each.by.record_id, departments)),
            )
            for each in found.events
        ),
    )


def _line(line: Line, departments: Container[str]) -> Line:
    return replace(
        line,
        action_code=line.action_code and masked(line.action_code, departments),
        document_no=line.document_no and masked(line.document_no, departments),
        record_id=masked(line.record_id, departments),
    )
