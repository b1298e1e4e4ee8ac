"""A service on loopback that answers as it is told to: well, badly, slowly or never."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in; `body` is what its JSON or its form holds."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `body` goes out as JSON, or as it is where it is bytes.

    One that is `cut` ends after so many bytes although more were promised; one that is `slow` goes
    out a byte at a time, each after some waiting; one that `hangs` never comes.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    slow: bool = False
    hangs: bool = False

    @property
    def content(self) -> bytes:
        """What goes out."""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False).encode()


@contextmanager
def served(answer: Callable[[Asked], Reply], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Gives the service's address, at whatever path."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply(answer(self._asked(None)))

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            is_form = "form" in self.headers["Content-Type"]
            body = dict(parse_qsl(content.decode())) if is_form else json.loads(content)
            self._reply(answer(self._asked(body)))

        def _asked(self, body: Any) -> Asked:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            return Asked(self.command, parts.path, query, dict(self.headers), body)

        def _reply(self, reply: Reply) -> None:
            if reply.hangs:
                ended.wait()
                return
            content = reply.content
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if reply.slow:
                for byte in content:
                    self.wfile.write(bytes([byte]))
                    if ended.wait(0.1):
                        return
            elif reply.status != 204:
                self.wfile.write(content[: reply.cut])
            self.close_connection = reply.cut is not None

        def log_message(self, *_: object) -> None:
            """Say nothing on standard error."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing of a client that went away."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
