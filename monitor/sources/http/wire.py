"""The line to a service, bounded in time whatever the service does.

The libraries bound each wait for the next bytes, so a service that sends one now and then would
hold a pull for ever. Here all waits for one answer together are bounded too.
"""

import math
import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

from monitor.errors import SourceError

_IDLE = 5.0
"""How many seconds a connection that nothing is asked on is kept."""


class Deadline:
    """Until when the answer in hand must be whole."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = math.inf

    def begin(self) -> None:
        """From now on a new answer is waited for."""
        self._at = time.monotonic() + self.seconds

    @property
    def has_passed(self) -> bool:
        """Whether it is too late for the answer."""
        return time.monotonic() >= self._at

    def bound(self, timeout: float | None) -> float:
        """How long the next bytes may be waited for; raises ReadTimeout where it is too late."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout
        return left if timeout is None else min(left, timeout)


class HandshakeError(httpcore2.ConnectError):
    """No TLS came about; the pool drops an error's cause, so it is kept here."""

    def __init__(self, reason: ssl.SSLError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Transport(httpx2.BaseTransport):
    """Connections under a deadline, through the environment's proxy where it names one.

    Errors are those of httpcore2; SourceError where the proxy's address is none.
    """

    def __init__(self, url: httpx2.URL, tls: ssl.SSLContext, deadline: Deadline) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls,
            proxy=_proxy(url),
            keepalive_expiry=_IDLE,
            network_backend=_Backend(deadline),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it; the answer's body is still to come."""
        answer = self._pool.handle_request(
            httpcore2.Request(
                request.method,
                _core_url(request.url),
                headers=request.headers.raw,
                content=request.read(),
                extensions=request.extensions,
            )
        )
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        """End all connections."""
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._backend = httpcore2.SyncBackend()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        seconds = self._deadline.bound(timeout)
        stream = self._backend.connect_tcp(host, port, seconds, local_address, socket_options or ())
        return _Stream(stream, self._deadline)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.bound(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.bound(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        seconds = self._deadline.bound(timeout)
        try:
            secured = self._stream.start_tls(ssl_context, server_hostname, seconds)
        except httpcore2.ConnectError as error:
            if isinstance(error.__cause__, ssl.SSLError):
                raise HandshakeError(error.__cause__) from None
            raise
        return _Stream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _proxy(url: httpx2.URL) -> httpcore2.Proxy | None:
    """The proxy for the address, as HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY have it."""
    named = getproxies()
    found = named.get(url.scheme) or named.get("all")
    if not found or proxy_bypass(url.host):
        return None
    try:
        proxy = httpx2.Proxy(found if "://" in found else f"http://{found}")
    except (ValueError, httpx2.InvalidURL):
        proxy = None
    if proxy is None or proxy.url.scheme not in ("http", "https"):
        raise SourceError(f"the environment's proxy for {url.scheme}: expected http://HOST:PORT")
    return httpcore2.Proxy(_core_url(proxy.url), auth=proxy.raw_auth)


def _core_url(url: httpx2.URL) -> httpcore2.URL:
    return httpcore2.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
