"""Units made (应录生成): from records and from expected rows, as a view sees them, in SQL.

Each is made in steps that the store doesn't merge: what is known of the row, then its days and its
reason, then what follows from them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, reduce
from typing import Any

import sqlalchemy as sa

from monitor.config import MonthZeroSettings, Settings
from monitor.ledger import (
    completeness,
    exemptions,
    handovers,
    hindsight,
    reasons,
    scratch,
    succession,
)
from monitor.ledger.days import LocalDay, MonthOf, earlier
from monitor.ledger.handovers import handover
from monitor.ledger.obligations import (
    View,
    among,
    basis_on,
    expected_basis_on,
    expected_owner,
    is_live,
    item_has_ended,
    seen,
    submission_on,
)
from monitor.ledger.reasons import SUBMITTED
from monitor.store import planner
from monitor.store.tables import behavior, expected
from monitor.store.types import Id, Instant
from monitor.words import UNKNOWN_DEPARTMENT, Kind, Reason, Status

_FAR = date(9999, 12, 31)
_TODAY: sa.BindParameter[date] = sa.bindparam("today", type_=sa.Date())


def fill(connection: sa.Connection, settings: Settings, view: View, *, whole: bool = True) -> None:
    """Put the units as `view` sees them into the scratch table `seen`, which must be there.

    Without `whole` those only whose numbers the scratch table `among` holds.
    """
    connection.execute(sa.delete(seen))
    handed = handovers.read(connection, succession.read(connection), view.today)
    closed_at = view.at if view.as_of_close else None
    form = _Form(settings.month_zero, whole, bool(handed), closed_at)
    with scratch.made(connection, *([handover] if handed else [])):
        if handed:
            handovers.put(connection, handed)
        for insert in _inserts(form):
            connection.execute(insert, {_TODAY.key: view.today})
    planner.look_over(connection, seen)


@dataclass(frozen=True, slots=True)
class _Form:
    """What the statements that make units are written for."""

    month_zero: MonthZeroSettings
    whole: bool
    has_handovers: bool
    closed_at: datetime | None


@lru_cache(maxsize=32)
def _inserts(form: _Form) -> Sequence[sa.Insert]:
    """The statements, which take today: to write them costs as much as to run them on few units."""
    names = [column.name for column in seen.columns]
    inserts = []
    for made_of in (_from_records, _from_expected):
        made = planner.apart(made_of(form), "made")
        columns = [made.c[name] for name in names[:-1]]
        rows = sa.select(*columns, _holds_until(made, form.month_zero))
        if form.month_zero.start is not None:
            rows = rows.where(made.c.month >= form.month_zero.start)
        inserts.append(sa.insert(seen).from_select(names, rows))
    return inserts


def _holds_until(made: sa.FromClause, month_zero: MonthZeroSettings) -> sa.ColumnElement[date]:
    """The last day on which what a unit is made from by the clock stays as it is at `view`.

    A due passes on the day after it, a missing child's link is charged after its limit.
    """
    link_on = reasons.link_due(made.c.basis_on, month_zero)
    waits_for_child = sa.and_(made.c.kind == Kind.CHECK, made.c.accepted, sa.not_(made.c.linked))
    days: list[sa.ColumnElement[date]] = [
        sa.case((made.c.due_on >= _TODAY, made.c.due_on), else_=_FAR),
        sa.case((made.c.reason_due_on >= _TODAY, made.c.reason_due_on), else_=_FAR),
        sa.case((sa.and_(waits_for_child, link_on >= _TODAY), link_on), else_=_FAR),
    ]
    return sa.func.nullif(reduce(earlier, days), sa.literal(_FAR))


def _from_records(form: _Form) -> sa.Select[Any]:
    row = planner.apart(_judged(planner.apart(_records(form), "record"), form), "judged").c
    reason_due_on = reasons.reason_due(
        row.why, row.due_on, row.return_due, row.audit_due, row.close_on, form.month_zero
    )
    submitted = row.status_then.in_([status.value for status in SUBMITTED])
    accepted = row.status_then == Status.ACCEPTED
    values: list[sa.ColumnElement[Any]] = [
        row.id,
        row.id,
        row.expected_id,
        row.kind,
        row.owner,
        row.month,
        row.heirs,
        row.basis_on,
        row.due_on,
        row.due_on < _TODAY,
        row.duplicate,
        row.exempt,
        submitted,
        sa.and_(submitted, row.submission_on <= row.due_on),
        accepted,
        sa.and_(accepted, sa.not_(row.faulty)),
        sa.and_(accepted, sa.not_(row.unlinked)),
        sa.or_(row.was_returned, row.status_then == Status.RETURNED),
        row.filled,
        row.mandatory,
        row.why,
        reasons.charged(row.why, reason_due_on, _TODAY, form.month_zero),
        reason_due_on,
        reason_due_on < _TODAY,
        sa.case((row.why.is_(None), row.since)),
    ]
    return sa.select(*_named(values))


def _judged(record: sa.Subquery, form: _Form) -> sa.Select[Any]:
    """Records with who owns them, the days of their limits, their faults and their reason."""
    row = record.c
    owned = handovers.owned(record, row.department, row.item_code, row.month, form.has_handovers)
    of_basis, of_status, of_submission = (
        reasons.calendar(name) for name in ("basis_day", "status_day", "submission_day")
    )
    among_them = None if form.whole else sa.select(among.c.number)
    fault = reasons.faults(among_them)
    returned = hindsight.once_returned(form.closed_at, among_them)
    invalid, unlinked, faulty = (
        sa.func.coalesce(fault.c[name], 0) == 1 for name in ("invalid", "unlinked", "faulty")
    )
    facts = reasons.Facts(
        kind=row.kind,
        status=row.status_then,
        case_source=row.case_source,
        is_expected=row.expected_id.is_not(None),
        invalid=invalid,
        unlinked=unlinked,
        basis_on=row.basis_on,
    )
    why: sa.ColumnElement[Any] = sa.case(
        (sa.or_(row.duplicate, row.exempt), sa.null()),
        else_=reasons.reason(facts, _TODAY, form.month_zero),
    )
    return sa.select(
        record,
        owned.department.label("owner"),
        owned.heirs.label("heirs"),
        reasons.entry_due(row.kind, of_basis, row.basis_on, form.month_zero).label("due_on"),
        of_status.c.return_due,
        of_submission.c.audit_due,
        of_basis.c.close_on,
        unlinked.label("unlinked"),
        faulty.label("faulty"),
        returned.c.behavior_id.is_not(None).label("was_returned"),
        why.label("why"),
    ).select_from(
        owned.source.outerjoin(of_basis, of_basis.c.day == row.basis_on)
        .outerjoin(of_status, of_status.c.day == row.status_on)
        .outerjoin(of_submission, of_submission.c.day == row.submission_on)
        .outerjoin(fault, fault.c.behavior_id == row.id)
        .outerjoin(returned, returned.c.behavior_id == row.id)
    )


def _named(values: Sequence[sa.ColumnElement[Any]]) -> list[sa.Label[Any]]:
    """The columns of a unit, but for the last: under their names and of their types."""
    columns = list(seen.columns)[:-1]
    return [
        sa.type_coerce(value, column.type).label(column.name)
        for value, column in zip(values, columns, strict=True)
    ]


def _records(form: _Form) -> sa.Select[Any]:
    """Live records with what the rule needs of each: days, status at the instant, marks."""
    b, e = behavior, expected
    history = None if form.closed_at is None else hindsight.history(form.closed_at)
    source: sa.FromClause = b.outerjoin(
        e, sa.and_(e.c.behavior_id == b.c.id, e.c.deleted_at.is_(None))
    )
    if history is not None:
        source = source.outerjoin(history, history.c.behavior_id == b.c.id)
    basis = basis_on(b, e.c.due_basis_on)
    owner = sa.func.coalesce(b.c.department, UNKNOWN_DEPARTMENT)
    submitted = submission_on(b)
    status = (
        hindsight.status_now()
        if form.closed_at is None or history is None
        else hindsight.status_then(form.closed_at, submitted, history)
    )
    return (
        sa.select(
            b.c.id,
            b.c.kind,
            owner.label("department"),
            (handovers.first_item(b, owner) if form.has_handovers else sa.null()).label(
                "item_code"
            ),
            sa.func.coalesce(b.c.month, MonthOf(basis)).label("month"),
            sa.func.coalesce(b.c.status_at, b.c.submitted_at, b.c.first_seen_at).label("since"),
            b.c.case_source,
            e.c.id.label("expected_id"),
            basis.label("basis_on"),
            LocalDay(b.c.status_at).label("status_on"),
            submitted.label("submission_on"),
            status.label("status_then"),
            b.c.duplicate_of.is_not(None).label("duplicate"),
            exemptions.covers_record(b, owner, basis).label("exempt"),
            completeness.filled().label("filled"),
            completeness.mandatory().label("mandatory"),
        )
        .select_from(source)
        .where(is_live(b), sa.true() if form.whole else b.c.id.in_(sa.select(among.c.number)))
    )


def _from_expected(form: _Form) -> sa.Select[Any]:
    """Expected rows without a record; of several that ask for one act the first is the unit."""
    rows = planner.apart(_unmatched(form.whole), "unmatched")
    owned = handovers.owned(rows, rows.c.owner, rows.c.item_code, rows.c.month, form.has_handovers)
    of_basis = reasons.calendar("basis_day")
    due_on = reasons.entry_due(rows.c.kind, of_basis, rows.c.basis_on, form.month_zero)
    due = planner.apart(
        sa.select(
            rows,
            owned.department.label("department"),
            owned.heirs.label("heirs"),
            due_on.label("due_on"),
        ).select_from(owned.source.outerjoin(of_basis, of_basis.c.day == rows.c.basis_on)),
        "due",
    )
    row, no = due.c, sa.false()
    values: list[sa.ColumnElement[Any]] = [
        -row.id,
        sa.cast(sa.null(), Id),
        row.id,
        row.kind,
        row.department,
        row.month,
        row.heirs,
        row.basis_on,
        row.due_on,
        row.due_on < _TODAY,
        no,
        row.exempt,
        *[no] * 6,
        sa.literal(0),
        sa.literal(0),
        sa.case((sa.not_(row.exempt), Reason.UNENTERED.value)),
        sa.not_(row.exempt),
        row.due_on,
        row.due_on < _TODAY,
        sa.cast(sa.null(), Instant),
    ]
    return sa.select(*_named(values))


def _unmatched(whole: bool) -> sa.Select[Any]:
    """The expected rows that are units, with what the rule needs of each."""
    e = expected
    owner, basis = expected_owner(), expected_basis_on()
    asked = sa.select(-among.c.number).where(among.c.number < 0)
    return sa.select(
        e.c.id,
        e.c.kind,
        e.c.item_code,
        owner.label("owner"),
        basis.label("basis_on"),
        sa.func.coalesce(e.c.month, MonthOf(basis)).label("month"),
        exemptions.covers_expected(e, owner, basis).label("exempt"),
    ).where(
        e.c.deleted_at.is_(None),
        e.c.behavior_id.is_(None),
        sa.true() if whole else e.c.id.in_(asked),
        sa.not_(item_has_ended()),
        *(sa.not_(twin) for twin in _twins()),
    )


def _twins() -> Iterator[sa.Exists]:
    """Whether another expected row asks for the same act, one exists for each way to tell.

    The act is told by its action code, else by its document's number or its plan and object; one
    document can be about several parties. A row that has a record goes before one that has none,
    then the first landed.
    """
    e, twin = expected, expected.alias("twin")

    def agree(name: str) -> sa.ColumnElement[bool]:
        here, there = e.c[name], twin.c[name]
        return sa.or_(here.is_(None), there.is_(None), here == there)

    goes_before = sa.and_(
        twin.c.kind == e.c.kind,
        twin.c.deleted_at.is_(None),
        sa.or_(twin.c.id < e.c.id, twin.c.behavior_id.is_not(None)),
    )
    yield sa.exists().where(twin.c.action_code == e.c.action_code, goes_before)
    same_document = twin.c.document_key == e.c.document_key
    yield sa.exists().where(same_document, agree("party_name"), agree("action_code"), goes_before)
    one_unnamed = sa.or_(e.c.object_id.is_(None), twin.c.object_id.is_(None))
    same_object = sa.or_(
        twin.c.object_id == e.c.object_id,
        sa.and_(one_unnamed, twin.c.party_name == e.c.party_name),
    )
    same_plan = twin.c.plan_id == e.c.plan_id
    yield sa.exists().where(same_plan, same_object, agree("action_code"), goes_before)
