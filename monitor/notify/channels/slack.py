"""Slack, through slack-sdk: Block Kit, one thread for each department and month.

The thread's first message is its head. Later messages are posted below it, after the head was
updated to today's figures; updating twice does no harm, so it goes before posting.
"""

import logging
import re
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, cast

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

from monitor.config import SlackChannel
from monitor.errors import DeliveryError, DeliveryUnavailableError
from monitor.notify.message import Message

_HEADER_LIMIT = 150
_SECTION_LIMIT = 3000
_RETRYABLE = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
        "message_limit_exceeded",
    }
)
_HEAD_GONE = frozenset({"message_not_found", "thread_not_found", "channel_not_found"})
_HEAD_FROZEN = frozenset({"cant_update_message", "edit_window_closed", "update_failed"})
_HINTS = {
    "invalid_auth": "check the channel's token",
    "not_authed": "check the channel's token",
    "account_inactive": "check the channel's token",
    "token_revoked": "check the channel's token",
    "token_expired": "check the channel's token",
    "missing_scope": "the token needs the scope chat:write",
    "channel_not_found": "check the route's destination, and that the bot may see it",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "the destination is archived",
}


class Slack:
    """One workspace, as a bot."""

    def __init__(self, settings: SlackChannel) -> None:
        # At DEBUG the SDK logs whole messages; what matters of an error is raised here anyway.
        quiet = logging.getLogger("monitor.notify.channels.slack.sdk")
        quiet.setLevel(logging.CRITICAL)
        self._client = WebClient(
            token=settings.token.get_secret_value(),
            base_url=settings.base_url,
            timeout=int(settings.timeout.total_seconds()),
            logger=quiet,
            retry_handlers=[],  # retries are the outbox's: they survive a crash
        )

    def send(
        self, destination: str, message: Message, head: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        """Post `message` to a channel (`#name` or an id), in the thread of `head` if there is one.

        The receipt is {"channel", "ts", "head": {"channel", "ts"}}.
        """
        if head is not None and self._update(head, message):
            posted = self._post(head["channel"], message, thread_ts=head["ts"])
            return posted | {"head": dict(head)}
        posted = self._post(destination, message, thread_ts=None)
        return posted | {"head": posted}

    def _post(self, channel: str, message: Message, thread_ts: str | None) -> dict[str, str]:
        answer = self._call(
            "chat.postMessage",
            {
                "channel": channel,
                "text": escaped(message.text),
                "blocks": blocks(message),
                "unfurl_links": False,
                "unfurl_media": False,
            }
            | ({"thread_ts": thread_ts} if thread_ts else {}),
        )
        if not answer.get("channel") or not answer.get("ts"):
            raise DeliveryError("Slack chat.postMessage: expected channel and ts in the answer")
        return {"channel": str(answer["channel"]), "ts": str(answer["ts"])}

    def _update(self, head: Mapping[str, Any], message: Message) -> bool:
        """Bring the head to today's figures; False where it is gone and a new one is needed."""
        try:
            self._call(
                "chat.update",
                {
                    "channel": head["channel"],
                    "ts": head["ts"],
                    "text": escaped(message.text),
                    "blocks": blocks(message),
                },
            )
        except _RefusedError as refusal:
            if refusal.code in _HEAD_GONE:
                return False
            if refusal.code not in _HEAD_FROZEN:
                raise
        return True

    def _call(self, method: str, body: dict[str, Any]) -> Mapping[str, Any]:
        try:
            answer = self._client.api_call(method, json=body)
        except SlackApiError as error:
            raise _failure(method, error) from None
        except (OSError, HTTPException, UnicodeDecodeError) as error:
            raise DeliveryUnavailableError(
                f"Slack {method}: no answer from {self._client.base_url} ({type(error).__name__})"
            ) from None
        except AttributeError:  # the SDK reads any JSON answer as an object
            raise DeliveryUnavailableError(f"Slack {method}: expected a JSON object") from None
        except SlackRequestError:
            raise DeliveryError(
                f"Slack {method}: expected an http(s) base_url, found {self._client.base_url}"
            ) from None
        return cast("Mapping[str, Any]", answer.data)


class _RefusedError(DeliveryError):
    """Slack said no, with an error code of its own."""

    def __init__(self, method: str, code: str) -> None:
        hint = f" ({_HINTS[code]})" if code in _HINTS else ""
        super().__init__(f"Slack {method}: {code}{hint}")
        self.code = code


def _failure(method: str, error: SlackApiError) -> DeliveryError:
    """What a refusal means: whether trying again can help, and after how long."""
    response = error.response
    found = response.get("error") if isinstance(response.data, dict) else None
    # The SDK puts the body of an answer that isn't JSON into "error"; that is not repeated.
    code = found if isinstance(found, str) and re.fullmatch(r"[a-z_]{1,64}", found) else None
    status = response.status_code
    if status in {408, 429} or status >= 500 or code in _RETRYABLE or (status == 200 and not code):
        said = code or "no answer that Slack gives"
        return DeliveryUnavailableError(f"Slack {method}: {said}, HTTP {status}", _wait(response))
    if code is None:
        return DeliveryError(f"Slack {method}: expected Slack's JSON answer, found HTTP {status}")
    return _RefusedError(method, code)


def _wait(response: Any) -> float | None:
    """The seconds of Retry-After; None where it is absent or no number."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    value = str(headers.get("retry-after", ""))
    return float(value) if re.fullmatch(r"\d{1,6}", value) else None


def blocks(message: Message) -> list[dict[str, Any]]:
    """`message` in Block Kit."""
    header = {"type": "plain_text", "text": _cut(message.head, _HEADER_LIMIT), "emoji": False}
    built: list[dict[str, Any]] = [{"type": "header", "text": header}]
    if message.lines:
        lines = (f"*{escaped(line.label)}*　{escaped(line.text)}" for line in message.lines)
        built.append(_section("\n".join(lines)))
    if message.entries or message.rest:
        title = [f"*{escaped(message.entries_title)}*"] if message.entries else []
        entries = [f"• {escaped(entry)}" for entry in message.entries]
        rest = [message.rest] if message.rest else []
        built.append(_section("\n".join([*title, *entries, *rest])))
    if message.link:
        built.append(_section(f"<{escaped(message.link)}|打开看板>"))
    if message.note:
        note = {"type": "mrkdwn", "text": _cut(escaped(message.note), _SECTION_LIMIT)}
        built.append({"type": "context", "elements": [note]})
    return built


def escaped(text: str) -> str:
    """`text` with the three characters that Slack reads as control written out."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, _SECTION_LIMIT)}}


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
