"""An HTTP source on loopback that hands out a page only when the test lets it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from urllib.parse import parse_qs, urlsplit

from monitor import standard

PAGES, SIZE = 8, 10


class SlowSource:
    """The service: PAGES pages of SIZE records; a request takes one of the permits first."""

    def __init__(self) -> None:
        self.permits = threading.Semaphore(0)
        self.requests: SimpleQueue[int] = SimpleQueue()
        self.url = ""

    def allow(self, pages: int) -> None:
        """Let the service hand out `pages` more."""
        self.permits.release(pages)

    def asked_for(self, page: int) -> None:
        """Wait until page `page` was asked for."""
        while self.requests.get(timeout=60) != page:
            pass

    def page(self, number: int) -> list[dict[str, str]]:
        """The records of page `number`, counted from 1; empty after the last."""
        columns = [field.column for field in standard.fields("check") if field.mandatory]
        first = (number - 1) * SIZE
        return [
            dict.fromkeys(columns, "示范") | {"record_unique_identity": f"record-{first + n}"}
            for n in range(SIZE if number <= PAGES else 0)
        ]


@contextmanager
def served() -> Iterator[SlowSource]:
    """The service, answering on loopback until the end."""
    source = SlowSource()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = int(parse_qs(urlsplit(self.path).query)["page"][0])
            source.requests.put(page)
            source.permits.acquire()
            body = json.dumps(source.page(page)).encode()
            with suppress(ConnectionError):  # who asked may have been killed
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    source.url = f"http://127.0.0.1:{server.server_address[1]}/checks"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield source
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
