"""A server on loopback that answers as Slack's Web API does, and remembers what it received.

It knows chat.postMessage, chat.update, conversations.list and auth.test, checks what Slack checks
(token, destination, text, Block Kit limits, the thread), and can be told to fail next.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "xoxb-loopback-not-a-real-token"


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came in; `token` is what followed Bearer."""

    method: str
    token: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says instead of what Slack would; `text` is sent as it is."""

    status: int = 200
    error: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    hangs: bool = False
    takes: bool = False
    """Whether the message is taken before the answer is spoilt."""


class SlackServer:
    """A workspace with a few channels; what is posted there stays in `messages`."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.channels = {"#示范一局": "C001", "#示范二局": "C002", "#政务办": "C003"}
        self.archived: set[str] = set()
        self.messages: dict[tuple[str, str], dict[str, Any]] = {}
        self.next: deque[Answer] = deque()
        self._released = threading.Event()
        self._numbers = iter(range(1, 10_000))
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                owner.answer(self)

            def log_message(self, *args: Any, **named: Any) -> None:
                del args, named

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/api/"

    @contextmanager
    def running(self) -> Iterator[SlackServer]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._released.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def fails_next(self, *answers: Answer) -> None:
        """The next calls get these answers, one each."""
        self.next.extend(answers)

    def posted(self) -> list[Mapping[str, Any]]:
        """The bodies of chat.postMessage that were received, whatever came of them."""
        return [call.body for call in self.calls if call.method == "chat.postMessage"]

    def thread(self, channel: str, ts: str) -> list[str]:
        """The texts in the thread of a message, the head's first."""
        return [self.messages[channel, ts]["text"]] + [
            message["text"]
            for (place, _), message in self.messages.items()
            if place == channel and message.get("thread_ts") == ts
        ]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Take one request and answer it."""
        length = int(request.headers.get("Content-Length", "0"))
        body = json.loads(request.rfile.read(length) or b"{}")
        method = request.path.removeprefix("/api/")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        call = Call(method, token, body)
        self.calls.append(call)
        spoilt = self.next.popleft() if self.next else None
        if spoilt is None:
            return _reply(request, 200, json.dumps(self._result(call)))
        if spoilt.takes:
            self._result(call)
        if spoilt.hangs:
            self._released.wait(30)
            return None
        error = {"ok": False, "error": spoilt.error}
        text = spoilt.text if spoilt.text is not None else json.dumps(error)
        return _reply(request, spoilt.status, text, spoilt.headers)

    def _result(self, call: Call) -> dict[str, Any]:
        if call.token != TOKEN:
            return {"ok": False, "error": "invalid_auth" if call.token else "not_authed"}
        match call.method:
            case "chat.postMessage":
                return self._post(call.body)
            case "chat.update":
                return self._update(call.body)
            case "conversations.list":
                listed = [{"id": n, "name": name[1:]} for name, n in self.channels.items()]
                return {"ok": True, "channels": listed, "response_metadata": {"next_cursor": ""}}
            case "auth.test":
                return {"ok": True, "team": "示范", "user": "yueqingling", "bot_id": "B001"}
        return {"ok": False, "error": "unknown_method"}

    def _post(self, body: Mapping[str, Any]) -> dict[str, Any]:
        channel = self.channels.get(body["channel"], body["channel"])
        if channel not in self.channels.values():
            return {"ok": False, "error": "channel_not_found"}
        if channel in self.archived:
            return {"ok": False, "error": "is_archived"}
        problem = _problem(body)
        if problem:
            return {"ok": False, "error": problem}
        thread = body.get("thread_ts")
        if thread is not None and (channel, thread) not in self.messages:
            return {"ok": False, "error": "thread_not_found"}
        ts = f"1643335200.{next(self._numbers):06d}"
        self.messages[channel, ts] = dict(body)
        return {"ok": True, "channel": channel, "ts": ts, "message": {"text": body["text"]}}

    def _update(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if body["channel"] not in self.channels.values():
            return {"ok": False, "error": "channel_not_found"}
        key = body["channel"], body["ts"]
        if key not in self.messages:
            return {"ok": False, "error": "message_not_found"}
        problem = _problem(body)
        if problem:
            return {"ok": False, "error": problem}
        self.messages[key] |= {"text": body["text"], "blocks": body["blocks"]}
        return {"ok": True, "channel": body["channel"], "ts": body["ts"], "text": body["text"]}


def _problem(body: Mapping[str, Any]) -> str | None:
    """What Slack finds wrong with a message's text and blocks."""
    if not body.get("text") and not body.get("blocks"):
        return "no_text"
    if len(body.get("text", "")) > 40_000:
        return "msg_too_long"
    blocks = body.get("blocks", [])
    return "invalid_blocks" if len(blocks) > 50 or not all(map(_is_block, blocks)) else None


def _is_block(block: Mapping[str, Any]) -> bool:
    match block:
        case {"type": "header", "text": {"type": "plain_text", "text": str(text)}}:
            return 0 < len(text) <= 150
        case {"type": "section", "text": {"type": "mrkdwn", "text": str(text)}}:
            return 0 < len(text) <= 3000
        case {"type": "context", "elements": [*elements]}:
            return 0 < len(elements) <= 10
    return False


def _reply(
    request: BaseHTTPRequestHandler,
    status: int,
    text: str,
    headers: Mapping[str, str] | None = None,
) -> None:
    payload = text.encode()
    request.send_response(status)
    named = {"Content-Type": "application/json; charset=utf-8"} | dict(headers or {})
    for name, value in named.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(payload)))
    request.end_headers()
    request.wfile.write(payload)
