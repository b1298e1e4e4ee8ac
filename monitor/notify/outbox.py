"""The outbox: what is to be sent, planned beside the statement, claimed by who sends it.

Planning runs in the transaction that made the statements; a row is unique by department, month,
step, channel and destination, so planning twice plans once. Sending goes claim, send, record: a
crash between send and record lets the lease run out and the message is sent again; none is lost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor import directory
from monitor.config import Audience, RouteSettings, Settings
from monitor.directory import Department
from monitor.ledger import succession, zero_reports
from monitor.notify import ladder, message, standings
from monitor.notify.ladder import Decision, Rhythm, Step
from monitor.notify.message import Message, Surroundings
from monitor.notify.standings import Account, Remaining, Waiting
from monitor.store.tables import outbox
from monitor.store.upsert import insert_into
from monitor.words import DISTRICT
from monitor.workdays import local_day


def decisions(connection: sa.Connection, settings: Settings, now: datetime) -> list[Decision]:
    """What the ladder decides at `now` for each department, month and step; writes nothing."""
    return _Planning(connection, settings, now).decisions


def plan(connection: sa.Connection, settings: Settings, now: datetime) -> int:
    """Put into the outbox what is due at `now`; gives the number of messages planned.

    What waits from earlier (a channel was down, the night came) is brought to today's figures, or
    withdrawn where it is settled by now: nobody is told of what is done. Runs in the caller's
    transaction, with a number of statements that doesn't depend on how many departments there are.
    """
    planning = _Planning(connection, settings, now)
    _renew(connection, planning.renewals())
    rows = list(planning.rows())
    if not rows:
        return 0
    statement = insert_into(connection, outbox).on_conflict_do_nothing()
    before = connection.scalar(sa.select(sa.func.count()).select_from(outbox)) or 0
    connection.execute(statement, rows)
    after = connection.scalar(sa.select(sa.func.count()).select_from(outbox)) or 0
    return after - before


def _renew(connection: sa.Connection, renewals: Sequence[dict[str, Any]]) -> None:
    """Write the renewals, but not over rows that a sender has taken meanwhile."""
    if renewals:
        statement = (
            sa.update(outbox)
            .where(outbox.c.id == sa.bindparam("number"), outbox.c.state == "waiting")
            .values(message=sa.bindparam("text"), state=sa.bindparam("becomes"))
        )
        connection.execute(statement, renewals)


def rhythm(settings: Settings) -> Rhythm:
    """When people may be written to, by the settings."""
    return Rhythm(
        calendar=settings.days,
        work_from=settings.alerts.work_from,
        work_until=settings.alerts.work_until,
        seal_grace=settings.month_zero.seal_grace,
    )


@dataclass(frozen=True, slots=True)
class Address:
    """A channel's name and what the channel is told."""

    channel: str
    destination: str


def address(
    routes: Sequence[RouteSettings], department: Department, audience: Audience
) -> Address | None:
    """Where messages to `audience` about `department` go; None where no route says.

    The first route that fits wins. A destination that needs a local code which the department
    doesn't have leads nowhere.
    """
    fitting = (
        route
        for route in routes
        if audience in route.audience and route.department in {"*", department.code}
    )
    route = next(fitting, None)
    if route is None:
        return None
    if "{local_code}" in route.destination and department.local_code is None:
        return None
    destination = (
        route.destination.replace("{code}", department.code)
        .replace("{short_name}", department.short_name)
        .replace("{local_code}", department.local_code or "")
    )
    return Address(route.channel, destination)


class _Planning:
    """One planning: everything read once, decided, and written out as rows."""

    def __init__(self, connection: sa.Connection, settings: Settings, now: datetime) -> None:
        self._settings = settings
        self._now = now
        self._accounts = standings.accounts(connection, now)
        self._by_key = {account.key: account for account in self._accounts}
        self._directory = directory.whole(connection)
        self._following = succession.of(self._directory)
        months = {account.standing.month for account in self._accounts}
        log = standings.log(connection, months)
        checked_at = standings.checked_at(connection)
        timing = rhythm(settings)
        self.decisions = [
            decision
            for account in self._accounts
            for decision in ladder.decide(
                account.standing,
                log.get(account.key, {}),
                now,
                timing,
                self._reachable(account.key[0]),
                checked_at,
            )
        ]

        waiting = standings.waiting(connection)
        self._waiting = [each for each in waiting if (each.department, each.month) in self._by_key]
        self._sending = [decision for decision in self.decisions if decision.sends]
        concerned: list[Decision | Waiting] = [*self._sending, *self._waiting]
        keys = {(each.department, each.month) for each in concerned}
        self._remaining = standings.remaining(connection, keys)
        self._reads = standings.last_reads(connection)
        self._contradicted = zero_reports.contradicted(connection)

    def renewals(self) -> list[dict[str, Any]]:
        """What becomes of each message that waits from an earlier planning.

        Where nothing is known to remain, but not all could be read, it stays as it is.
        """
        renewals = []
        for waiting in self._waiting:
            account = self._account(waiting)
            moot = ladder.is_moot(waiting.step, account.standing)
            if moot or account.standing.remains:
                text = self._message(waiting.step, account).document()
                state = "withdrawn" if moot else "waiting"
                renewals.append({"number": waiting.id, "text": text, "becomes": state})
        return renewals

    def rows(self) -> Iterable[dict[str, Any]]:
        """The outbox rows of the decisions to send."""
        for decision in self._sending:
            text = self._message(decision.step, self._account(decision))
            for audience, where in self._addresses(decision):
                yield _row(
                    department=decision.department,
                    month=str(decision.month),
                    step=decision.key,
                    audience=audience,
                    where=where,
                    reason=decision.reason.value,
                    text=text,
                    now=self._now,
                )

    def _addresses(self, decision: Decision) -> Iterable[tuple[Audience, Address]]:
        """Each address once: two audiences that share one get one message."""
        department = self._reached(decision.department)
        taken: set[Address] = set()
        for audience in decision.audiences:
            where = address(self._settings.route, department, audience)
            if where is not None and where not in taken:
                taken.add(where)
                yield audience, where

    def _account(self, of: Decision | Waiting) -> Account:
        return self._by_key[of.department, of.month]

    def _message(self, step: Step, account: Account) -> Message:
        around = Surroundings(
            now=self._now,
            calendar=self._settings.days,
            office=self._settings.office.name,
            board_url=self._settings.alerts.board_url,
        )
        until, month = self._data_until(account), account.standing.month
        if account.key[0] != DISTRICT:
            department = self._directory.named(account.key[0], month.last)
            left = self._remaining.get(account.key, Remaining())
            return message.for_department(step, account, department, left, until, around)
        others = [
            other
            for other in self._accounts
            if other.key[1] == account.key[1] and other.key[0] in self._directory
        ]
        names = self._directory.on(month.last)
        return message.for_district(step, account, others, names, self._contradicted, until, around)

    def _data_until(self, account: Account) -> datetime | None:
        """How far the data of the cells that aren't measured reaches; None where never read."""
        feeds = {cell.partition(":")[0] for cell in account.not_measured}
        sources = [
            source.name
            for source in self._settings.source
            if source.feed in feeds and source.department in {None, account.key[0]}
        ]
        times = [self._reads[name] for name in sources if name in self._reads]
        return min(times) if times and len(times) == len(sources) else None

    def _reached(self, code: str) -> Department:
        """Who is written to about a department's month: itself today, or who followed it."""
        today = local_day(self._now)
        return self._directory.named(self._following.heir(code, today), today)

    def _reachable(self, code: str) -> frozenset[Audience]:
        department = self._reached(code)
        audiences: tuple[Audience, ...] = ("clerk", "leader", "office", "justice", "operator")
        routes = self._settings.route
        return frozenset(a for a in audiences if address(routes, department, a) is not None)


def _row(
    department: str,
    month: str,
    step: str,
    audience: Audience,
    where: Address,
    reason: str,
    text: Message,
    now: datetime,
) -> dict[str, Any]:
    return {
        "department": department,
        "month": month,
        "step": step,
        "audience": audience,
        "channel": where.channel,
        "destination": where.destination,
        "reason": reason,
        "message": text.document(),
        "state": "waiting",
        "attempts": 0,
        "created_at": now,
        "next_attempt_at": now,
    }
