"""The case-handling system: an HTTP service on loopback that pages and wants a token."""

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from jobs.demo.caseload import Case
from jobs.demo.options import DemoError

HOST = "127.0.0.1"
ROUTE = "/api/decisions"
CASES, TOKEN, PORT = "cases.json", "cases-token", "cases-port"
_MOST_A_PAGE = 1_000


def write_cases(folder: Path, cases: Sequence[Case], token: str, port: int) -> None:
    """Write into `folder` what the service needs to be started again."""
    items = [
        {
            "id": case.case_id,
            "kind": "punish",
            "departmentCode": case.department,
            "actionCode": case.action_code,
            "documentNo": case.document_no,
            "itemCode": case.item_code,
            "partyName": case.party_name,
            "dueBasisOn": case.decided_on.isoformat(),
        }
        for case in cases
    ]
    text = json.dumps(items, ensure_ascii=False, indent=0, separators=(",", ":"))
    (folder / CASES).write_text(f"{text}\n", encoding="utf-8")
    (folder / TOKEN).write_text(f"{token}\n", encoding="utf-8")
    (folder / PORT).write_text(f"{port}\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Content:
    items: Sequence[Any]
    token: str


class CasesService:
    """Serves a demonstration's cases while the context is open; entering gives the base URL.

    Raises DemoError where `folder` holds no demonstration, and on entering where the port is taken.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        try:
            items = json.loads((folder / CASES).read_text(encoding="utf-8"))
            token = (folder / TOKEN).read_text(encoding="utf-8").strip()
            own_port = int((folder / PORT).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DemoError(
                f"{folder}: expected a folder that `yueqingling demo` made: {error}"
            ) from None
        self._content = _Content(items, token)
        self._port = own_port if port is None else port
        self._server: ThreadingHTTPServer | None = None
        self._thread: Thread | None = None

    def __enter__(self) -> str:
        content = self._content

        class Handler(_Handler):
            served = content

        try:
            server = ThreadingHTTPServer((HOST, self._port), Handler)
        except OSError as error:
            raise DemoError(
                f"the demonstration's case service can't listen on {HOST}:{self._port}: "
                f"{error.strerror}. End what listens there, or make the demonstration with "
                f"another --port."
            ) from None
        server.daemon_threads = True
        self._server = server
        self._thread = Thread(target=server.serve_forever, args=(0.05,), name="cases", daemon=True)
        self._thread.start()
        return f"http://{HOST}:{server.server_address[1]}"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def wait(self) -> None:
        """Block until the service ends."""
        if self._thread is not None:
            self._thread.join()


def serve(folder: Path) -> None:
    """Serve the cases of the demonstration in `folder` until interrupted."""
    service = CasesService(folder)
    with service:
        service.wait()


class _Handler(BaseHTTPRequestHandler):
    served: ClassVar[_Content]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """One page of cases: ?page=1&size=200, pages from 1."""
        parts = urlsplit(self.path)
        if parts.path != ROUTE:
            self._answer(HTTPStatus.NOT_FOUND, {"message": f"expected {ROUTE}"})
            return
        given = self.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {self.served.token}".encode()):
            self._answer(HTTPStatus.UNAUTHORIZED, {"message": "expected a valid bearer token"})
            return
        query = parse_qs(parts.query)
        try:
            page = int(query.get("page", ["1"])[0])
            size = int(query.get("size", ["200"])[0])
        except ValueError:
            page = size = 0
        if page < 1 or not 1 <= size <= _MOST_A_PAGE:
            message = f"expected page from 1 and size from 1 to {_MOST_A_PAGE}"
            self._answer(HTTPStatus.BAD_REQUEST, {"message": message})
            return
        items = self.served.items
        self._answer(
            HTTPStatus.OK,
            {
                "status": {"code": 1, "text": "成功"},
                "data": {
                    "page": page,
                    "size": size,
                    "total": len(items),
                    "items": items[(page - 1) * size : page * size],
                },
            },
        )

    def log_message(self, *args: Any, **named: Any) -> None:
        """Say nothing: the service is scenery."""
        del args, named

    def _answer(self, status: HTTPStatus, body: dict[str, Any]) -> None:
        content = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
