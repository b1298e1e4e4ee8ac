"""Delivery: every message arrives, at most repeated, whatever dies on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from jobs.deliver import DeliveryReport, deliver, wait_before
from monitor.config import Settings
from monitor.notify import claims
from monitor.notify.channels import open_channels
from monitor.notify.message import Message
from monitor.store import Store
from monitor.store.tables import delivery
from tests.notify.district import A, B, District, china, settings
from tests.servers.slack import Answer, SlackServer

BEFORE_3 = "2022-02-08T09:00"
SENT = DeliveryReport(sent=1, retried=0, failed=0, waiting=0)


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer().running() as server:
        yield server


class Desk:
    """A store with messages to send, and the Slack they go to."""

    def __init__(self, store: Store, slack: SlackServer, **alerts: Any) -> None:
        self.store = store
        self.slack = slack
        self.settings = settings(slack={"base_url": slack.base_url}, alerts=alerts)
        self.district = District(store)

    def plans(self, *codes: str, at: str = BEFORE_3) -> None:
        for code in codes:
            self.district.stands(code, backlog=1)
        self.district.plan(self.settings, at)

    def delivers(self, at: str = BEFORE_3, **given: Any) -> DeliveryReport:
        instant = china(at)
        steady: dict[str, Any] = {"clock": lambda: instant, "jitter": lambda: 0.0, "owner": "test"}
        return deliver(self.store, self.settings, instant, **(steady | given))

    def attempts(self) -> list[sa.Row[Any]]:
        with self.store.reading() as connection:
            return list(connection.execute(sa.select(delivery).order_by(delivery.c.id)))


@pytest.fixture
def desk(store: Store, slack: SlackServer) -> Desk:
    return Desk(store, slack)


def test_a_message_is_sent_once_and_recorded_with_its_receipt(desk: Desk) -> None:
    desk.plans(A)
    assert desk.delivers() == SENT
    assert desk.delivers() == DeliveryReport(0, 0, 0, 0)
    (row,) = desk.district.outbox()
    (attempt,) = desk.attempts()
    assert (row.state, row.attempts, row.leased_by, row.leased_until) == ("sent", 1, None, None)
    assert (attempt.outcome, attempt.attempted_at) == ("sent", china(BEFORE_3))
    assert attempt.receipt["head"] == {"channel": "C001", "ts": attempt.receipt["ts"]}
    assert len(desk.slack.posted()) == 1


def test_the_steps_of_a_month_share_a_thread(desk: Desk) -> None:
    desk.plans(A)
    desk.delivers()
    for at in ("2022-02-10T09:00", "2022-02-11T09:00"):
        desk.plans(A, at=at)
        desk.delivers(at)
    first, *later = desk.slack.posted()
    assert "thread_ts" not in first
    assert {body["thread_ts"] for body in later} == {desk.attempts()[0].receipt["ts"]}
    assert len(later) == 2
    head, *_ = desk.slack.thread("C001", desk.attempts()[0].receipt["ts"])
    assert "（今天）" in head


def test_a_sender_that_dies_after_sending_repeats_the_message_and_loses_none(desk: Desk) -> None:
    desk.plans(A)
    with pytest.raises(Killed):
        desk.delivers(channels={"slack": KilledAfterSending(desk.settings)})
    assert [row.state for row in desk.district.outbox()] == ["sending"]
    assert desk.attempts() == []
    before_the_lease_ends = desk.delivers("2022-02-08T09:01", owner="another")
    assert before_the_lease_ends == DeliveryReport(0, 0, 0, 1)
    assert desk.delivers("2022-02-08T09:02", owner="another") == SENT
    assert len(desk.slack.posted()) == 2


def test_a_sender_that_dies_before_sending_loses_nothing(desk: Desk) -> None:
    desk.plans(A)
    with desk.store.writing() as connection:
        held = claims.claim(connection, 1, "dead", china(BEFORE_3), timedelta(minutes=2))
    assert held is not None
    assert desk.delivers("2022-02-08T09:02") == SENT
    assert len(desk.slack.posted()) == 1


def test_a_row_is_claimed_by_one_sender_only(desk: Desk) -> None:
    desk.plans(A)
    taken = []
    for owner in ("one", "two"):
        with desk.store.writing() as connection:
            lease = timedelta(minutes=2)
            taken.append(claims.claim(connection, 1, owner, china(BEFORE_3), lease))
    assert [held is not None for held in taken] == [True, False]


def test_a_message_that_kills_every_sender_is_given_up(store: Store, slack: SlackServer) -> None:
    desk = Desk(store, slack, attempts=2)
    desk.plans(A)
    for minute in (0, 2):
        with pytest.raises(Killed):
            desk.delivers(
                f"2022-02-08T09:0{minute}", channels={"slack": KilledAfterSending(desk.settings)}
            )
    assert desk.delivers("2022-02-08T09:04").failed == 1
    failed, alert = desk.district.outbox()
    assert (failed.state, alert.audience) == ("failed", "operator")


def test_what_slack_does_not_take_now_waits_longer_each_time(desk: Desk) -> None:
    desk.plans(A)
    at, waits = china(BEFORE_3), []
    for _ in range(4):
        desk.slack.fails_next(Answer(503, text="busy"))
        report = deliver(
            desk.store, desk.settings, at, clock=_standing(at), jitter=lambda: 0.0, owner="test"
        )
        assert report == DeliveryReport(sent=0, retried=1, failed=0, waiting=1)
        (row,) = desk.district.outbox()
        waits.append((row.next_attempt_at - at).total_seconds())
        at = row.next_attempt_at
    assert waits == [30, 60, 120, 240]
    assert deliver(desk.store, desk.settings, at, clock=_standing(at)).sent == 1
    assert [attempt.outcome for attempt in desk.attempts()] == ["retry"] * 4 + ["sent"]


def test_waits_grow_to_an_hour_and_jitter_takes_up_to_half() -> None:
    assert wait_before(1, 0.0) == timedelta(seconds=30)
    assert wait_before(1, 1.0) == timedelta(seconds=15)
    assert wait_before(30, 0.0) == timedelta(hours=1)


def test_nothing_goes_to_slack_before_the_time_it_asked_for(desk: Desk) -> None:
    desk.plans(A, B)
    desk.slack.fails_next(Answer(429, error="ratelimited", headers={"Retry-After": "45"}))
    assert desk.delivers() == DeliveryReport(sent=0, retried=1, failed=0, waiting=2)
    asked = china(BEFORE_3) + timedelta(seconds=45)
    assert [row.next_attempt_at for row in desk.district.outbox()] == [asked, asked]
    early = asked - timedelta(seconds=1)
    assert deliver(desk.store, desk.settings, early, clock=_standing(early)).sent == 0
    assert deliver(desk.store, desk.settings, asked, clock=_standing(asked)).sent == 2


def test_a_channel_that_does_not_answer_costs_one_attempt_a_delivery(desk: Desk) -> None:
    desk.plans(A, B)
    desk.slack.fails_next(Answer(500, text=""))
    assert desk.delivers() == DeliveryReport(sent=0, retried=1, failed=0, waiting=2)
    assert len(desk.slack.calls) == 1
    assert [row.attempts for row in desk.district.outbox()] == [1, 0]


def test_what_slack_refuses_is_failed_at_once_and_the_operator_is_told(desk: Desk) -> None:
    desk.plans(A, B)
    del desk.slack.channels["#示范一局"]
    assert desk.delivers() == DeliveryReport(sent=1, retried=0, failed=1, waiting=1)
    failed, sent, alert = desk.district.outbox()
    assert (failed.state, sent.state) == ("failed", "sent")
    assert "channel_not_found" in failed.error
    assert (alert.audience, alert.step, alert.destination) == (
        "operator",
        "undelivered-slack@2022-02-08",
        "#政务办",
    )
    assert desk.delivers() == SENT
    assert "can't be delivered" in desk.slack.posted()[-1]["text"]


def test_what_fails_for_one_cause_alerts_the_operator_once_a_day(desk: Desk) -> None:
    desk.plans(A, B)
    del desk.slack.channels["#示范一局"]
    del desk.slack.channels["#示范二局"]
    assert desk.delivers() == DeliveryReport(sent=0, retried=0, failed=2, waiting=1)


def test_an_operator_alert_that_fails_raises_no_further_alert(desk: Desk) -> None:
    desk.plans(A)
    desk.slack.channels.clear()
    assert desk.delivers().failed == 1
    assert desk.delivers() == DeliveryReport(0, 0, 1, 0)
    assert desk.delivers() == DeliveryReport(0, 0, 0, 0)


def test_the_operator_is_told_at_any_hour_and_nobody_else(desk: Desk) -> None:
    desk.plans(A, B)
    del desk.slack.channels["#示范一局"]
    night = "2022-02-08T22:00"
    assert desk.delivers(night) == DeliveryReport(0, 0, 0, 2)
    desk.delivers("2022-02-09T09:00", stopped=_after(1))
    assert desk.delivers("2022-02-09T22:00").sent == 1
    assert [row.state for row in desk.district.outbox()] == ["failed", "waiting", "sent"]


def test_attempts_end_and_the_last_one_fails_the_message(store: Store, slack: SlackServer) -> None:
    desk = Desk(store, slack, attempts=2)
    desk.plans(A)
    desk.slack.fails_next(Answer(503), Answer(503))
    assert desk.delivers().retried == 1
    assert desk.delivers("2022-02-08T09:05").failed == 1
    failed, alert = desk.district.outbox()
    assert failed.error.startswith("given up after 2 attempts: ")
    assert alert.audience == "operator"


def test_a_channel_that_was_taken_out_of_the_settings_fails_the_message(desk: Desk) -> None:
    desk.plans(A)
    assert desk.delivers(channels={}).failed == 1
    assert "expected a channel that is set up" in desk.district.outbox()[0].error


def test_a_later_step_does_not_overtake_an_earlier_one_of_its_thread(desk: Desk) -> None:
    desk.plans(A)
    desk.slack.fails_next(Answer(429, error="ratelimited", headers={"Retry-After": "999999"}))
    desk.delivers()
    desk.plans(A, at="2022-02-10T09:00")
    assert desk.delivers("2022-02-10T09:00") == DeliveryReport(0, 0, 0, 2)
    assert desk.delivers("2022-02-21T09:00").sent == 2
    heads = [re.sub("】.*", "】", body["text"].splitlines()[0]) for body in desk.slack.posted()[1:]]
    assert heads == ["【提醒】", "【预警】"]


def test_delivery_stops_between_messages_when_asked_to(desk: Desk) -> None:
    desk.plans(A, B)
    assert desk.delivers(stopped=_after(1)) == DeliveryReport(
        sent=1, retried=0, failed=0, waiting=1
    )
    assert desk.delivers() == SENT


def test_the_token_is_nowhere_in_the_store(desk: Desk) -> None:
    desk.plans(A)
    desk.slack.fails_next(Answer(error="invalid_auth"))
    desk.delivers()
    told = str(desk.district.outbox()) + str(desk.attempts())
    assert "invalid_auth" in told
    assert "xoxb" not in told


class Killed(BaseException):
    """Stands for a SIGKILL: nothing runs after it."""


class KilledAfterSending:
    """Slack, and a sender that dies when it has the answer in hand."""

    def __init__(self, given: Settings) -> None:
        self._slack = open_channels(given)["slack"]

    def send(
        self, destination: str, message: Message, head: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        self._slack.send(destination, message, head)
        raise Killed


def _standing(at: datetime) -> Any:
    return lambda: at


def _after(messages: int) -> Any:
    asked = iter(range(messages + 1))
    return lambda: next(asked) >= messages
