"""Hindsight (回溯): the status of a record at an earlier instant, by all that was seen of it."""

from datetime import date, datetime

import sqlalchemy as sa

from monitor.ledger.reasons import NOT_SUBMITTED
from monitor.store import statuses
from monitor.store.tables import behavior, behavior_status
from monitor.words import Status
from monitor.workdays import local_day

_SENT_AGAIN = sa.and_(
    behavior.c.status == Status.RETURNED, behavior.c.submitted_at > behavior.c.status_at
)
_UNPROVEN = sa.func.coalesce(behavior.c.submission_unproven, sa.false())


def status_now() -> sa.ColumnElement[str]:
    """The status that counts: what was returned and submitted again waits for audit."""
    return sa.case((_SENT_AGAIN, Status.PENDING.value), else_=behavior.c.status)


def status_then(
    at: datetime, submission_on: sa.ColumnElement[date], history: sa.Subquery
) -> sa.ColumnElement[str]:
    """The status that counted at `at`; `history` is that of the same instant.

    A status that came later counts as what was seen before it, or as pending where the record was
    submitted after that, as it says itself: to be seen for the first time is no submission. Where
    nothing was seen before, a record that had been submitted was pending.
    """
    b = behavior
    h = history.c
    was_submitted = sa.or_(submission_on < local_day(at), h.sent_at.is_not(None))
    stands = [Status.PENDING.value, Status.ACCEPTED.value]
    unfinished = [Status.DRAFT.value, Status.RETURNED.value, Status.DELETED.value]
    now = sa.case(
        (sa.and_(b.c.status.in_(stands), sa.not_(was_submitted)), NOT_SUBMITTED),
        (sa.and_(_SENT_AGAIN, sa.or_(h.told_at.is_(None), h.told_at <= b.c.status_at)), b.c.status),
        else_=status_now(),
    )
    return sa.case(
        (sa.or_(b.c.status_at.is_(None), b.c.status_at < at), now),
        (sa.and_(h.status.in_(unfinished), h.told_at > h.held_from), Status.PENDING.value),
        (h.status == Status.DELETED, NOT_SUBMITTED),
        (sa.and_(h.status.in_(stands), _UNPROVEN, sa.not_(was_submitted)), NOT_SUBMITTED),
        (h.status.is_not(None), h.status),
        (was_submitted, Status.PENDING.value),
        else_=NOT_SUBMITTED,
    )


def history(at: datetime) -> sa.Subquery:
    """By record, the last status that held before `at`, and the last submission: `sent_at` by what
    is proven of it, `told_at` by what it says of itself.

    A record's own status, where it is the only one, is not among them: it needs no hindsight.
    """
    b, s = behavior, behavior_status
    held_from = sa.func.coalesce(s.c.status_at, s.c.seen_at)
    ranked = (
        sa.select(
            s.c.behavior_id,
            s.c.status,
            held_from.label("held_from"),
            sa.func.row_number()
            .over(partition_by=s.c.behavior_id, order_by=[held_from.desc(), s.c.id.desc()])
            .label("rank"),
        )
        .where(held_from < at)
        .subquery()
    )
    own = sa.select(
        b.c.id.label("behavior_id"),
        sa.case((_UNPROVEN, b.c.first_submitted_seen_at), else_=b.c.submitted_at).label("at"),
        b.c.submitted_at.label("told_at"),
    )
    earlier = (
        sa.select(s.c.behavior_id, s.c.submitted_at, s.c.submitted_at)
        .join(b, b.c.id == s.c.behavior_id)
        .where(sa.not_(sa.and_(_UNPROVEN, s.c.submitted_at == b.c.submitted_at)))
    )
    each = sa.union_all(own, earlier).subquery()
    sent = (
        sa.select(
            each.c.behavior_id,
            sa.func.max(each.c.at).label("at"),
            sa.func.max(each.c.told_at).label("told_at"),
        )
        .where(each.c.at < at)
        .group_by(each.c.behavior_id)
        .subquery()
    )
    return (
        sa.select(
            b.c.id.label("behavior_id"),
            ranked.c.status,
            ranked.c.held_from,
            sent.c.at.label("sent_at"),
            sent.c.told_at,
        )
        .select_from(
            b.outerjoin(
                ranked, sa.and_(ranked.c.behavior_id == b.c.id, ranked.c.rank == 1)
            ).outerjoin(sent, sent.c.behavior_id == b.c.id)
        )
        .subquery("history")
    )


def once_returned(before: datetime | None, among: sa.Select[int] | None = None) -> sa.Subquery:
    """The records that were ever seen returned, held before an instant where one is given.

    Of all records, or of those of `among`.
    """
    b, s = behavior.alias("returned_now"), behavior_status
    several = sa.select(s.c.behavior_id).where(s.c.status == Status.RETURNED)
    only = sa.select(b.c.id).where(b.c.status == Status.RETURNED, statuses.is_only(b))
    if among is not None:
        several = several.where(s.c.behavior_id.in_(among))
        only = only.where(b.c.id.in_(among))
    if before is not None:
        several = several.where(sa.func.coalesce(s.c.status_at, s.c.seen_at) < before)
        only = only.where(sa.func.coalesce(b.c.status_at, b.c.first_seen_at) < before)
    return sa.union(several, only).subquery("returned")
