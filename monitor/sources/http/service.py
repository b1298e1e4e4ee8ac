"""Asking a service: one request, tried again where that may help, and its answer."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import urljoin

import httpcore2
import httpx2
import stamina

from monitor.config import HttpSource
from monitor.errors import SourceError, SourceUnavailableError
from monitor.sources.http import document
from monitor.sources.http.document import CutOffError, Document
from monitor.sources.http.place import Place
from monitor.sources.http.request import Request
from monitor.sources.http.wire import Deadline, HandshakeError, Transport
from monitor.sources.paths import ABSENT

_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_ELSEWHERE = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD = frozenset({307, 308})
_REDIRECTS = 5
_LONGEST_WAIT = 60.0
"""How many seconds a service may ask us to wait: the next pull comes anyway."""

_LONGEST_EXCUSE = 64 * 1024
"""How many bytes of an answer that isn't 200 are read, to see what it says."""

_CERTIFICATE = {
    9: "it isn't valid yet",
    10: "it has expired",
    18: "it is signed by itself, and ca_file doesn't name it",
    19: "it is signed by a CA that isn't trusted; ca_file can name one",
    20: "it is signed by a CA that isn't trusted; ca_file can name one",
    21: "it is signed by a CA that isn't trusted; ca_file can name one",
    62: "it is another host's",
    64: "it is another address's",
}
"""What OpenSSL's verification codes mean to somebody who has to act."""


class LaterError(SourceUnavailableError):
    """Another attempt may help, after `wait` seconds where the service said them."""

    wait: float | None = None


class NotThereError(SourceError):
    """The service says that there is nothing at the address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said: its JSON, and the address of the next page if a header has it."""

    document: Document
    following: str | None


class Service:
    """A service, and the connections to it for as long as the block lasts.

    Raises SourceError where the authorities of `ca_file` or the environment's proxy can't be used.
    """

    def __init__(self, source: HttpSource) -> None:
        self.place = Place(source)
        self._source = source
        self._url = httpx2.URL(source.url)
        self._deadline = Deadline(source.answer_within.total_seconds())
        try:
            tls = ssl.create_default_context(cafile=source.ca_file)
        except OSError as error:
            reason = error.strerror or error
            raise self.place.refusal(f"ca_file {source.ca_file}: {reason}") from None
        self._client = httpx2.Client(
            transport=Transport(self._url, tls, self._deadline),
            headers=_headers(source),
            auth=_login(source),
            timeout=source.timeout.total_seconds(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, request: Request) -> Answer:
        """The answer, where it is one that says that all went well.

        Raises SourceUnavailableError where the service doesn't answer, or still says "later" after
        the last attempt, and SourceError where it refuses or its answer isn't JSON.
        """
        for attempt in stamina.retry_context(
            on=_backoff, attempts=self._source.attempts, timeout=None
        ):
            with attempt:
                answer = self._asked(request)
        return answer

    def elsewhere(self, url: str, there: str) -> httpx2.URL:
        """The address that `there` is, seen from `url`.

        Raises SourceError where it is on another host: that one is never given the token.
        """
        try:
            joined = httpx2.URL(urljoin(url, there))
        except (httpx2.InvalidURL, ValueError):
            raise self.place.refusal("expected an address to go on at, found none") from None
        if _origin(joined) != _origin(self._url):
            raise self.place.refusal(
                f"leads to {joined.scheme}://{joined.netloc.decode()}, where no token is sent "
                "unless the source's url names it"
            )
        return joined

    def _asked(self, request: Request) -> Answer:
        """One attempt. Errors are put into our own words here: the library's hold the address."""
        with self._explained():
            for _ in range(_REDIRECTS):
                self._deadline.begin()
                with self._client.stream(
                    request.method, request.url, content=request.content, headers=request.headers
                ) as response:
                    if response.status_code not in _ELSEWHERE:
                        return self._answer(response)
                    request = self._redirected(request, response)
        raise self.place.refusal(f"expected an answer, found {_REDIRECTS} redirects in a row")

    def _answer(self, response: httpx2.Response) -> Answer:
        if response.status_code == httpx2.codes.NO_CONTENT:
            return Answer(Document(self.place, ABSENT), None)
        if response.status_code != httpx2.codes.OK:
            raise self._refusal(response)
        kind = response.headers.get("Content-Type", "no Content-Type")
        content = self._content(response, self._source.max_bytes)
        if content is None:
            raise self.place.refusal(
                f"expected at most {self._source.max_bytes} bytes (max_bytes) in one answer, found "
                "more; smaller pages may help"
            )
        found = document.read(self.place, content, kind)
        self._check(found)
        return Answer(found, response.links.get("next", {}).get("url"))

    def _content(self, response: httpx2.Response, most: int) -> bytes | None:
        """The body, unpacked; None where there is more of it."""
        content = bytearray()
        for piece in response.iter_bytes():
            content += piece
            if len(content) > most:
                return None
        return bytes(content)

    def _check(self, found: Document) -> None:
        """Raises SourceError where the answer says itself that something went wrong."""
        ok = self._source.ok
        if ok is None:
            return
        said = found.at(ok.at)
        code = _scalar(said)
        if code in ok.values:
            return
        expected = " or ".join(ok.values)
        shown = "nothing" if said is ABSENT else self.place.quoted(code)
        raise self.place.refusal(
            f"expected {expected} at {ok.at}, found {shown}{self._words(found)}"
        )

    def _words(self, found: Document) -> str:
        """What the service says of its refusal, where the settings tell where it does."""
        ok = self._source.ok
        words = found.at(ok.text) if ok is not None and ok.text is not None else ABSENT
        shown = "" if words in (ABSENT, None, "") else self.place.quoted(words)
        return f": {shown}" if shown else ""

    def _refusal(self, response: httpx2.Response) -> SourceError:
        status = response.status_code
        found = f"expected 200, found {status} {response.reason_phrase}".rstrip()
        content = self._content(response, _LONGEST_EXCUSE)
        try:
            kind = response.headers.get("Content-Type", "")
            found += self._words(document.read(self.place, content or b"", kind))
        except SourceError:
            pass  # it says nothing that could be shown
        if status not in _TRY_AGAIN:
            is_missing = status == httpx2.codes.NOT_FOUND
            return self.place.error(found, NotThereError if is_missing else SourceError)
        wait = _wait(response.headers)
        if wait is not None and wait > _LONGEST_WAIT:
            return self.place.error(
                f"{found}, which asks to come back in {wait:.0f} s", SourceUnavailableError
            )
        error = self.place.error(found, LaterError)
        error.wait = wait
        return error

    def _redirected(self, request: Request, response: httpx2.Response) -> Request:
        status = response.status_code
        if request.method != "GET" and status not in _KEEPS_METHOD:
            raise self.place.refusal(
                f"expected 200, found {status} {response.reason_phrase}, which asks for a GET "
                f"where a {request.method} was sent"
            )
        url = self.elsewhere(request.url, response.headers.get("Location", ""))
        return request.at(str(url))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        seconds = self._source.timeout.total_seconds()
        try:
            yield
        except httpcore2.TimeoutException as error:
            if self._deadline.has_passed:
                whole = self._deadline.seconds
                said = f"no whole answer within {whole:g} s (answer_within)"
            elif isinstance(error, httpcore2.ConnectTimeout):
                said = f"no connection within {seconds:g} s (timeout)"
            else:
                said = f"no answer within {seconds:g} s (timeout)"
            raise self.place.error(said, LaterError) from None
        except (httpcore2.LocalProtocolError, httpcore2.UnsupportedProtocol) as error:
            raise self.place.refusal(f"the request can't be sent: {error}") from None
        except httpcore2.ConnectError as error:
            raise self._unconnected(error) from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError) as error:
            raise self.place.error(f"the connection broke: {error}", LaterError) from None
        except httpx2.DecodingError as error:
            raise self.place.error(f"an answer can't be unpacked: {error}", LaterError) from None

    def _unconnected(self, error: httpcore2.ConnectError) -> SourceError:
        if not isinstance(error, HandshakeError):
            return self.place.error(f"can't be reached: {error}", LaterError)
        cause = error.reason
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = _CERTIFICATE.get(cause.verify_code, cause.verify_message)
            return self.place.refusal(f"its certificate is refused: {reason}")
        return self.place.error(f"no TLS there: {cause.reason or cause}", LaterError)


def _backoff(error: Exception) -> bool | float:
    """Whether another attempt may help; the seconds to wait where the service says them."""
    if isinstance(error, CutOffError):
        return True
    if not isinstance(error, LaterError):
        return False
    return True if error.wait is None else error.wait


def _wait(headers: Mapping[str, str]) -> float | None:
    """How many seconds Retry-After says, which has them or an instant by the service's clock."""
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    until = _instant(said)
    if until is None:
        return None
    begun = _instant(headers.get("Date", "")) or datetime.now(UTC)
    return max((until - begun).total_seconds(), 0.0)


def _instant(said: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(said)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _headers(source: HttpSource) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": "yueqingling"}
    if source.token is not None and source.token_at is None:
        headers[source.token_header] = source.token_prefix + source.token.get_secret_value()
    return headers


def _login(source: HttpSource) -> tuple[str, str] | None:
    if source.user is None or source.password is None:
        return None
    return source.user, source.password.get_secret_value()


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _scalar(value: Any) -> str:
    """The value as the settings write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
