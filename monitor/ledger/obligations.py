"""Obligations (应录): every behaviour that must be in the system, each one row of a scratch table.

A row comes from a record, from an expected row, or from both where they are matched. It says where
the unit stands at an instant; everything else in the ledger counts these rows. Duplicates and
exempted units are rows too, marked: they are no obligations, but they can be explained.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import add
from typing import Any

import sqlalchemy as sa

from monitor import standard
from monitor.config import Settings
from monitor.ledger import exemptions, hindsight, reasons, scratch
from monitor.ledger.days import LocalDay, MonthOf
from monitor.ledger.reasons import SUBMITTED
from monitor.store.tables import behavior, department, expected, item
from monitor.store.types import Id, Instant
from monitor.words import UNKNOWN_DEPARTMENT, Kind, Reason, Status
from monitor.workdays import local_day

unit = scratch.table(
    "ledger_unit",
    sa.Column("behavior_id", Id),
    sa.Column("expected_id", Id),
    sa.Column("kind", sa.Text),
    sa.Column("department", sa.Text),
    sa.Column("month", sa.Text),
    sa.Column("basis_on", sa.Date),  # the day that month and limits count from
    sa.Column("due_on", sa.Date),  # last day for its entry
    sa.Column("due_passed", sa.Boolean),
    sa.Column("duplicate", sa.Boolean),
    sa.Column("exempt", sa.Boolean),
    sa.Column("submitted", sa.Boolean),
    sa.Column("in_time", sa.Boolean),
    sa.Column("accepted", sa.Boolean),
    sa.Column("valid", sa.Boolean),
    sa.Column("linked", sa.Boolean),
    sa.Column("once_returned", sa.Boolean),
    sa.Column("filled", sa.Integer),  # mandatory cells that hold something
    sa.Column("mandatory", sa.Integer),
    sa.Column("reason", sa.Text),  # NULL: cleared
    sa.Column("charged", sa.Boolean),
    sa.Column("reason_due_on", sa.Date),
    sa.Column("reason_due_passed", sa.Boolean),
    sa.Column("cleared_at", Instant),
    sa.Index("ix_ledger_unit_behavior_id", "behavior_id"),
    sa.Index("ix_ledger_unit_expected_id", "expected_id"),
)

IS_OBLIGATION = sa.not_(sa.or_(unit.c.duplicate, unit.c.exempt))
IS_RECORD = sa.and_(unit.c.behavior_id.is_not(None), sa.not_(unit.c.exempt))


@dataclass(frozen=True, slots=True)
class View:
    """From when the obligations are seen, and of whom; `as_of_close` looks back at a past close."""

    at: datetime
    as_of_close: bool = False
    department: str | None = None

    @property
    def today(self) -> date:
        """The day that has begun: what was due before it has passed."""
        return local_day(self.at)


def fill(connection: sa.Connection, settings: Settings, view: View) -> None:
    """Put the units as `view` sees them into the scratch table `unit`, which must be there."""
    connection.execute(sa.delete(unit))
    names = [column.name for column in unit.columns]
    for query in (_from_records(settings, view), _from_expected(settings, view)):
        if view.department is not None:
            query = query.where(query.selected_columns.department == view.department)
        if settings.month_zero.start is not None:
            query = query.where(query.selected_columns.month >= settings.month_zero.start)
        connection.execute(sa.insert(unit).from_select(names, query))
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"ANALYZE {unit.name}"))


def is_live(record: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a record is there: neither withdrawn by its source nor deleted in the platform."""
    return sa.and_(record.c.deleted_at.is_(None), record.c.status != Status.DELETED)


def basis_on(record: sa.FromClause, expected_on: sa.ColumnElement[Any]) -> sa.ColumnElement[date]:
    """The day that a record's month and limits count from.

    Its day of occurrence; where that is blank or later than all that is known of the record, the
    matched expected row's day, else the day of submission, else the day on which it was first seen.
    """
    credible = sa.or_(
        record.c.occurred_on <= record.c.first_seen_on,
        record.c.occurred_on <= record.c.submitted_on,
        record.c.occurred_on <= LocalDay(record.c.status_at),
    )
    return sa.func.coalesce(
        sa.case((credible, record.c.occurred_on)),
        expected_on,
        record.c.submitted_on,
        record.c.first_seen_on,
    )


def _from_records(settings: Settings, view: View) -> sa.Select[Any]:
    row = _records(view).subquery("record")
    of_basis, of_status, of_submission = (
        reasons.calendar(name) for name in ("basis_day", "status_day", "submission_day")
    )
    fault = reasons.faults()
    returned = hindsight.once_returned(view.at if view.as_of_close else None)
    invalid = sa.func.coalesce(fault.c.invalid, 0) == 1
    unlinked = sa.func.coalesce(fault.c.unlinked, 0) == 1
    faulty = sa.func.coalesce(fault.c.faulty, 0) == 1
    facts = reasons.Facts(
        kind=row.c.kind,
        status=row.c.status_then,
        case_source=row.c.case_source,
        is_expected=row.c.expected_id.is_not(None),
        invalid=invalid,
        unlinked=unlinked,
        basis_on=row.c.basis_on,
    )
    why: sa.ColumnElement[Any] = sa.case(
        (sa.or_(row.c.duplicate, row.c.exempt), sa.null()),
        else_=reasons.reason(facts, view.today, settings),
    )
    due_on = reasons.entry_due(row.c.kind, of_basis, row.c.basis_on, settings)
    reason_due_on = reasons.reason_due(
        why,
        due_on,
        of_status.c.return_due,
        of_submission.c.audit_due,
        of_basis.c.close_on,
        settings,
    )
    submitted = row.c.status_then.in_([status.value for status in SUBMITTED])
    accepted = row.c.status_then == Status.ACCEPTED
    return sa.select(
        row.c.id,
        row.c.expected_id,
        row.c.kind,
        row.c.department.label("department"),
        sa.func.coalesce(row.c.month, MonthOf(row.c.basis_on)).label("month"),
        row.c.basis_on,
        due_on,
        due_on < view.today,
        row.c.duplicate,
        row.c.exempt,
        submitted,
        sa.and_(submitted, row.c.submission_on <= due_on),
        accepted,
        sa.and_(accepted, sa.not_(faulty)),
        sa.and_(accepted, sa.not_(unlinked)),
        sa.or_(returned.c.behavior_id.is_not(None), row.c.status_then == Status.RETURNED),
        row.c.filled,
        row.c.mandatory,
        why,
        reasons.charged(why, reason_due_on, view.today, settings),
        reason_due_on,
        reason_due_on < view.today,
        sa.case(
            (
                why.is_(None),
                sa.func.coalesce(row.c.status_at, row.c.submitted_at, row.c.first_seen_at),
            )
        ),
    ).select_from(
        row.outerjoin(of_basis, of_basis.c.day == row.c.basis_on)
        .outerjoin(of_status, of_status.c.day == row.c.status_on)
        .outerjoin(of_submission, of_submission.c.day == row.c.submission_on)
        .outerjoin(fault, fault.c.behavior_id == row.c.id)
        .outerjoin(returned, returned.c.behavior_id == row.c.id)
    )


def _records(view: View) -> sa.Select[Any]:
    """Live records with what the rule needs of each: days, status at the instant, marks."""
    b, e = behavior, expected
    history = hindsight.history(view.at) if view.as_of_close else None
    source: sa.FromClause = b.outerjoin(
        e, sa.and_(e.c.behavior_id == b.c.id, e.c.deleted_at.is_(None))
    )
    if history is not None:
        source = source.outerjoin(history, history.c.behavior_id == b.c.id)
    basis = basis_on(b, e.c.due_basis_on)
    owner = sa.func.coalesce(b.c.department, UNKNOWN_DEPARTMENT)
    # Without an instant of submission the day on which we first saw it submitted is all there is.
    submission_on = sa.case(
        (b.c.submission_unproven, LocalDay(b.c.first_submitted_seen_at)),
        else_=sa.func.coalesce(
            b.c.submitted_on, LocalDay(b.c.first_submitted_seen_at), b.c.first_seen_on
        ),
    )
    status = (
        hindsight.status_now()
        if history is None
        else hindsight.status_then(view.at, submission_on, history)
    )
    return (
        sa.select(
            b.c.id,
            b.c.kind,
            owner.label("department"),
            b.c.month,
            b.c.status_at,
            b.c.submitted_at,
            b.c.first_seen_at,
            b.c.case_source,
            e.c.id.label("expected_id"),
            basis.label("basis_on"),
            LocalDay(b.c.status_at).label("status_on"),
            submission_on.label("submission_on"),
            status.label("status_then"),
            b.c.duplicate_of.is_not(None).label("duplicate"),
            exemptions.covers_record(b, owner, basis).label("exempt"),
            _filled().label("filled"),
            _mandatory().label("mandatory"),
        )
        .select_from(source)
        .where(is_live(b))
    )


def _from_expected(settings: Settings, view: View) -> sa.Select[Any]:
    """Expected rows without a record; of several that ask for one act the first is the unit."""
    e = expected
    of_basis = reasons.calendar("basis_day")
    owner = expected_owner()
    basis = expected_basis_on()
    due_on = reasons.entry_due(e.c.kind, of_basis, basis, settings)
    exempt = exemptions.covers_expected(e, owner, basis)
    no = sa.false()
    columns: list[sa.ColumnElement[Any]] = [
        sa.null(),
        e.c.id,
        e.c.kind,
        owner.label("department"),
        sa.func.coalesce(e.c.month, MonthOf(basis)).label("month"),
        basis,
        due_on,
        due_on < view.today,
        no,
        exempt,
        *[no] * 6,
        sa.literal(0),
        sa.literal(0),
        sa.case((sa.not_(exempt), Reason.UNENTERED.value)),
        sa.not_(exempt),
        due_on,
        due_on < view.today,
        sa.null(),
    ]
    return (
        sa.select(*columns)
        .select_from(e.outerjoin(of_basis, of_basis.c.day == basis))
        .where(
            e.c.deleted_at.is_(None),
            e.c.behavior_id.is_(None),
            sa.not_(item_has_ended()),
            *(sa.not_(twin) for twin in _twins()),
        )
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


def expected_owner() -> sa.Case[str]:
    """The department of an expected row; the office owns those of one that nobody knows."""
    known = sa.select(department.c.code).where(department.c.deleted_at.is_(None))
    return sa.case(
        (expected.c.department.in_(known), expected.c.department), else_=UNKNOWN_DEPARTMENT
    )


def item_has_ended() -> sa.ColumnElement[bool]:
    """Whether an expected row is of a day before its item was in use, or after (停用).

    Nothing can be asked for under it. A record under it stays an obligation: it breaks a rule. An
    item that the catalogue doesn't know, or that stopped on no day that is known, says nothing.
    """
    day = expected_basis_on()
    entry = sa.and_(item.c.item_code == expected.c.item_code, item.c.deleted_at.is_(None))
    in_use = sa.exists().where(
        entry,
        sa.or_(item.c.in_use_from.is_(None), item.c.in_use_from <= day),
        sa.or_(item.c.in_use_to.is_(None), item.c.in_use_to >= day),
    )
    return sa.and_(sa.exists().where(entry), sa.not_(in_use))


def expected_basis_on() -> sa.ColumnElement[date]:
    """The day that an expected row's month and limits count from."""
    return sa.func.coalesce(expected.c.due_basis_on, LocalDay(expected.c.first_seen_at))


def mandatory_columns(kind: Kind) -> list[str]:
    """The columns that the standard calls mandatory for a kind."""
    return [field.column for field in standard.fields(kind.value) if field.mandatory]


_LINK_IS_FREE = sa.and_(behavior.c.kind == Kind.PUNISH, behavior.c.link_state == "not_needed")
"""A penalty whose case came from elsewhere needs no check code."""


def _mandatory() -> sa.ColumnElement[int]:
    count = sa.case(
        *((behavior.c.kind == kind, len(mandatory_columns(kind))) for kind in Kind), else_=0
    )
    return count - sa.case((_LINK_IS_FREE, 1), else_=0)


def _filled() -> sa.ColumnElement[int]:
    """Mandatory cells that hold something; one that could not be read does hold something."""
    unreadable = sa.literal("、").concat(behavior.c.malformed).concat("、")

    def filled(column: str) -> sa.Case[int]:
        there = [
            (behavior.c[column].is_not(None), 1),
            (behavior.c.malformed.is_(None), 0),
            (unreadable.contains(f"、{column}、", autoescape=True), 1),
        ]
        if column == "check_action_code":
            there.insert(0, (_LINK_IS_FREE, 0))
        return sa.case(*there, else_=0)

    def total(kind: Kind) -> sa.ColumnElement[int]:
        cells: list[sa.ColumnElement[int]] = list(map(filled, mandatory_columns(kind)))
        return reduce(add, cells)

    return sa.case(*((behavior.c.kind == kind, total(kind)) for kind in Kind), else_=0)
