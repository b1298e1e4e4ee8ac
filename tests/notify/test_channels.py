"""What every channel must do, and what Slack's does besides."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr
from rich.console import Console

from monitor.config import SlackChannel
from monitor.errors import DeliveryError, DeliveryUnavailableError
from monitor.notify.channels import Channel, open_channels
from monitor.notify.channels.console import ConsolePrinter
from monitor.notify.channels.slack import Slack
from monitor.notify.message import Line, Message
from tests.notify.district import settings
from tests.servers.slack import TOKEN, Answer, SlackServer

MESSAGE = Message(
    head="【提醒】示范区示范一局 2022年1月月清零：7 项待处理",
    lines=(Line("待处理", "退回未改 7 项"), Line("清零时点", "2月11日 24:00（今天）")),
    entries_title="最早的编号",
    entries=("行政检查 示范检字2022-001", "行政处罚（无编号）"),
    more=5,
    note="数据截至 2022-02-07 09:15（行政检查未能更新）",
    link="https://board.example/?a=1&b=2",
)
MARKED_UP = replace(MESSAGE, entries=("[bold]检[/bold] <!channel> & *星* [x](y)",))


class Trial:
    """A channel, and what a reader sees of what went through it."""

    def __init__(self, channel: Channel, destination: str, seen: Callable[[], str]) -> None:
        self.channel = channel
        self.destination = destination
        self.seen = seen


def slack_channel(server: SlackServer, token: str = TOKEN, seconds: int = 5) -> Slack:
    return Slack(
        SlackChannel(
            name="slack",
            kind="slack",
            token=SecretStr(token),
            base_url=server.base_url,
            timeout=timedelta(seconds=seconds),
        )
    )


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer().running() as server:
        yield server


@pytest.fixture(params=["console", "slack"])
def trial(request: pytest.FixtureRequest) -> Trial:
    if request.param == "console":
        printed = io.StringIO()
        printer = ConsolePrinter(Console(file=printed, width=100))
        return Trial(printer, "#示范一局", printed.getvalue)
    server: SlackServer = request.getfixturevalue("slack")
    return Trial(slack_channel(server), "#示范一局", lambda: _as_read(server))


def _as_read(server: SlackServer) -> str:
    """The blocks of all messages, as Slack shows them."""
    shown = json.dumps([m["blocks"] for m in server.messages.values()], ensure_ascii=False)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def test_everything_a_message_says_arrives(trial: Trial) -> None:
    trial.channel.send(trial.destination, MESSAGE, None)
    seen = trial.seen()
    texts = [MESSAGE.head, MESSAGE.rest, MESSAGE.note, MESSAGE.link, *MESSAGE.entries]
    texts += [part for line in MESSAGE.lines for part in (line.label, line.text)]
    assert [text for text in texts if text and text not in seen] == []


def test_nothing_in_a_message_is_read_as_markup(trial: Trial) -> None:
    trial.channel.send(trial.destination, MARKED_UP, None)
    assert "[bold]检[/bold] <!channel> &" in trial.seen()


def test_a_message_of_a_head_alone_arrives(trial: Trial) -> None:
    trial.channel.send(trial.destination, Message("【清零】示范"), None)
    assert "【清零】示范" in trial.seen()


def test_a_receipt_can_be_kept_and_handed_back(trial: Trial) -> None:
    receipt = json.loads(json.dumps(trial.channel.send(trial.destination, MESSAGE, None)))
    second = replace(MESSAGE, head="【预警】第二条")
    trial.channel.send(trial.destination, second, receipt.get("head"))
    assert "【预警】第二条" in trial.seen()


def test_very_long_texts_are_cut_to_what_the_channel_takes(trial: Trial) -> None:
    long = replace(MESSAGE, head="长" * 400, entries=tuple("检" * 900 for _ in range(5)))
    trial.channel.send(trial.destination, long, None)
    assert "长" * 40 in trial.seen()


def test_channels_are_opened_by_the_settings(slack: SlackServer) -> None:
    given = settings(slack={"base_url": slack.base_url})
    open_channels(given)["slack"].send("#政务办", MESSAGE, None)
    assert slack.calls[0].token == TOKEN


def test_later_messages_go_into_the_thread_and_the_head_shows_today(slack: SlackServer) -> None:
    channel = slack_channel(slack)
    first = channel.send("#示范一局", MESSAGE, None)
    later = replace(MESSAGE, head="【预警】今天：2 项待处理")
    second = channel.send("#示范一局", later, first["head"])
    assert second["head"] == first["head"] == {"channel": "C001", "ts": first["ts"]}
    head, reply = slack.thread("C001", first["ts"])
    assert head.startswith("【预警】今天")
    assert reply.startswith("【预警】今天")
    assert [call.method for call in slack.calls] == [
        "chat.postMessage",
        "chat.update",
        "chat.postMessage",
    ]


def test_a_thread_whose_head_was_deleted_begins_anew(slack: SlackServer) -> None:
    channel = slack_channel(slack)
    first = channel.send("#示范一局", MESSAGE, None)
    slack.messages.clear()
    second = channel.send("#示范一局", MESSAGE, first["head"])
    assert second["head"]["ts"] == second["ts"] != first["ts"]
    assert "thread_ts" not in slack.posted()[-1]


def test_a_head_that_may_not_be_edited_keeps_its_thread(slack: SlackServer) -> None:
    channel = slack_channel(slack)
    first = channel.send("#示范一局", MESSAGE, None)
    slack.fails_next(Answer(error="edit_window_closed"))
    channel.send("#示范一局", MESSAGE, first["head"])
    assert slack.posted()[-1]["thread_ts"] == first["ts"]


def test_a_head_that_can_not_be_updated_now_posts_nothing_yet(slack: SlackServer) -> None:
    channel = slack_channel(slack)
    first = channel.send("#示范一局", MESSAGE, None)
    slack.fails_next(Answer(503, text="upstream"))
    with pytest.raises(DeliveryUnavailableError):
        channel.send("#示范一局", MESSAGE, first["head"])
    assert len(slack.posted()) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(error="invalid_auth"), r"invalid_auth \(check the channel's token\)"),
        (Answer(error="channel_not_found"), r"channel_not_found \(check the route's destination"),
        (Answer(error="is_archived"), "is_archived"),
        (Answer(error="some_new_code"), "some_new_code"),
        (Answer(404, text="<html>not here</html>"), "found HTTP 404"),
        (Answer(text='{"ok": true}'), "expected channel and ts"),
    ],
)
def test_what_slack_refuses_for_good_is_not_tried_again(
    slack: SlackServer, answer: Answer, said: str
) -> None:
    slack.fails_next(answer)
    with pytest.raises(DeliveryError, match=said) as caught:
        slack_channel(slack).send("#示范一局", MESSAGE, None)
    assert not caught.value.retryable
    assert "<html>" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (Answer(429, error="ratelimited", headers={"Retry-After": "30"}), 30),
        (Answer(429, error="ratelimited", headers={"Retry-After": "soon"}), None),
        (Answer(500, error="internal_error"), None),
        (Answer(200, error="internal_error"), None),
        (Answer(503, text="<html>busy</html>"), None),
        (Answer(200, text="<html>a proxy's page</html>"), None),
        (Answer(200, text="null"), None),
        (Answer(200, text='["not", "an", "object"]'), None),
    ],
)
def test_what_may_pass_is_tried_again(
    slack: SlackServer, answer: Answer, wait: float | None
) -> None:
    slack.fails_next(answer)
    with pytest.raises(DeliveryUnavailableError) as caught:
        slack_channel(slack).send("#示范一局", MESSAGE, None)
    assert caught.value.retry_after == wait
    assert len(slack.calls) == 1


def test_a_slow_answer_is_given_up_after_the_time_out(slack: SlackServer) -> None:
    slack.fails_next(Answer(hangs=True))
    with pytest.raises(DeliveryUnavailableError, match="no answer from"):
        slack_channel(slack, seconds=1).send("#示范一局", MESSAGE, None)


def test_nobody_listening_is_tried_again() -> None:
    with SlackServer().running() as gone:
        channel = slack_channel(gone)
    with pytest.raises(DeliveryUnavailableError, match="no answer from"):
        channel.send("#示范一局", MESSAGE, None)


def test_neither_token_nor_text_gets_into_logs_or_errors(
    slack: SlackServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "xoxb-a-secret-that-is-wrong"
    with pytest.raises(DeliveryError, match="invalid_auth") as caught:
        slack_channel(slack, token=secret).send("#示范一局", MESSAGE, None)
    told = caplog.text + str(caught.value) + repr(caught.value.__cause__)
    assert secret not in told
    assert MESSAGE.head not in told
