"""A service is down, slow, busy, moved or not who it says it is: each is told apart and bounded."""

import gzip
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import stamina
import trustme

from tests.servers.records import record
from tests.servers.service import Asked, Reply, served
from tests.sources.taken import Taken, taken

AGAIN = "; the next pull tries again"
MENDED = "; somebody has to mend the settings or the service"
RECORDS = Reply([record(1)])


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    """Retries don't wait."""
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Starts a service that gives these replies, the last one for good; gives its address."""
    with ExitStack() as services:

        def start(*replies: Reply, tls: ssl.SSLContext | None = None) -> str:
            left = [*replies]

            def answer(_: Asked) -> Reply:
                return left.pop(0) if len(left) > 1 else left[0]

            return services.enter_context(served(answer, tls)) + "/cases"

        yield start


def read(url: str, **more: Any) -> Taken:
    own = {"name": "cases", "feed": "expected", "kind": "http", "url": url}
    return taken(own | {"columns": {"decidedOn": "due_basis_on"}} | more)


Serve = Callable[..., str]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_service_that_stays_down_is_left_to_the_next_pull(serve: Serve, status: int) -> None:
    url = serve(Reply({}, status, {"Retry-After": "1"}))
    error = read(url).error
    assert error is not None
    assert str(error) == (
        f"{url}: expected 200, found {status} {httpx2.codes.get_reason_phrase(status)}{AGAIN}"
    )
    assert error.retryable


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 501])
def test_a_refusal_is_not_tried_again(serve: Serve, status: int) -> None:
    error = read(serve(Reply({}, status), RECORDS)).error
    assert error is not None
    assert not error.retryable


def test_a_service_that_asks_for_long_waiting_is_left_to_the_next_pull(serve: Serve) -> None:
    url = serve(Reply({}, 429, {"Retry-After": "3600"}), RECORDS)
    assert str(read(url).error) == (
        f"{url}: expected 200, found 429 Too Many Requests, which asks to come back in 3600 s"
        f"{AGAIN}"
    )


@pytest.mark.parametrize(
    ("after", "attempts"), [(timedelta(seconds=50), 2), (timedelta(hours=2), 1)]
)
def test_retry_after_may_be_an_instant_by_the_services_clock(
    serve: Serve, after: timedelta, attempts: int
) -> None:
    theirs = datetime(2031, 5, 1, tzinfo=UTC)
    headers = {
        "Date": format_datetime(theirs, usegmt=True),
        "Retry-After": format_datetime(theirs + after, usegmt=True),
    }
    found = read(serve(Reply({}, 503, headers), RECORDS))
    assert (found.error is None) == (attempts == 2)


@pytest.mark.parametrize("said", ["soon", "-3", "²", "Thu, 99 Foo 2022"])
def test_a_retry_after_that_says_nothing_is_passed_over(serve: Serve, said: str) -> None:
    headers = {"Retry-After": said.encode().decode("latin-1")}
    assert read(serve(Reply({}, 503, headers), RECORDS)).error is None


def test_a_service_that_nobody_runs_is_told_as_such() -> None:
    error = read("http://127.0.0.1:1/cases?key=s3cret-word").error
    assert str(error) == (
        f"http://127.0.0.1:1/cases: can't be reached: [Errno 111] Connection refused{AGAIN}"
    )


def test_a_service_that_is_silent_is_given_up(serve: Serve) -> None:
    with stamina.set_testing(True, attempts=1):
        url = serve(Reply(hangs=True))
        error = read(url, timeout="1s").error
    assert str(error) == f"{url}: no answer within 1 s (timeout){AGAIN}"


def test_a_service_that_sends_a_byte_now_and_then_is_given_up(serve: Serve) -> None:
    with stamina.set_testing(True, attempts=1):
        url = serve(Reply([record(1)] * 9, slow=True))
        error = read(url, answer_within="1s").error
    assert str(error) == f"{url}: no whole answer within 1 s (answer_within){AGAIN}"


def test_a_body_larger_than_allowed_is_refused(serve: Serve) -> None:
    url = serve(Reply([record(1)] * 100))
    error = read(url, max_bytes=1000).error
    assert str(error) == (
        f"{url}: expected at most 1000 bytes (max_bytes) in one answer, found more; smaller pages "
        f"may help{MENDED}"
    )


def test_a_small_body_that_unpacks_into_a_large_one_is_refused(serve: Serve) -> None:
    packed = gzip.compress(b"[" + b" " * 5_000_000 + b"]")
    url = serve(Reply(packed, headers={"Content-Encoding": "gzip"}))
    assert len(packed) < 10_000
    assert "at most 10000 bytes" in str(read(url, max_bytes=10_000).error)


def test_a_body_that_cannot_be_unpacked_is_asked_for_again(serve: Serve) -> None:
    url = serve(Reply(b"no gzip", headers={"Content-Encoding": "gzip"}), RECORDS)
    assert read(url).ids == ["case-001"]


def test_an_answer_without_content_holds_no_records(serve: Serve) -> None:
    found = read(serve(Reply(b"", 204)), records="data.items")
    assert (found.ids, found.error) == ([], None)


def test_what_a_refusal_says_is_told_without_secrets_and_numbers_of_persons(serve: Serve) -> None:
    said = "no access for s3cret-word, id 110115199001011234\nask\tthe office"
    url = serve(Reply({"status": {"text": said}}, 403))
    ok = {"at": "status.code", "values": [1], "text": "status.text"}
    assert str(read(url, token="s3cret-word", ok=ok).error) == (
        f"{url}: expected 200, found 403 Forbidden: no access for ***, id *** ask the office"
        f"{MENDED}"
    )


@pytest.mark.parametrize("written", ["pass%2Fword+1", "pass/word 1", "cmVhZGVyOnBhc3Mvd29yZCAx"])
def test_a_secret_is_known_in_every_form_in_which_it_is_sent(serve: Serve, written: str) -> None:
    url = serve(Reply({"code": 1, "text": f"wrong: {written}"}))
    ok = {"at": "code", "values": ["0"], "text": "text"}
    error = read(url, user="reader", password="pass/word 1", ok=ok).error
    assert str(error) == f"{url}: expected 0 at code, found 1: wrong: ***{MENDED}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_host_is_followed(serve: Serve, status: int) -> None:
    url = serve(Reply({}, status, {"Location": "/moved"}), RECORDS)
    assert read(url).ids == ["case-001"]


def test_a_redirect_to_another_host_is_refused_and_takes_no_token_there() -> None:
    received: list[Asked] = []

    def other(asked: Asked) -> Reply:
        received.append(asked)
        return RECORDS

    with served(other) as elsewhere:
        there = Reply({}, 307, {"Location": f"{elsewhere}/cases?token=s3cret-word"})
        with served(lambda _: there) as address:
            error = read(f"{address}/cases", token="s3cret-word").error
    assert received == []
    assert str(error) == (
        f"{address}/cases: leads to {elsewhere}, where no token is sent unless the source's url "
        f"names it{MENDED}"
    )


@pytest.mark.parametrize(("status", "is_followed"), [(302, False), (303, False), (307, True)])
def test_a_post_is_not_turned_into_a_get(serve: Serve, status: int, is_followed: bool) -> None:
    url = serve(Reply({}, status, {"Location": "/moved"}), RECORDS)
    error = read(url, method="POST").error
    assert (error is None) == is_followed
    assert error is None or "which asks for a GET where a POST was sent" in str(error)


def test_redirects_that_never_end_are_refused(serve: Serve) -> None:
    error = read(serve(Reply({}, 302, {"Location": "/cases"}))).error
    assert "found 5 redirects in a row" in str(error)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority of a made-up office."""
    return trustme.CA(organization_name="示范政务服务")


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    """Its certificate."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def certified(authority: trustme.CA, name: str = "127.0.0.1", **more: Any) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **more).configure_cert(context)
    return context


def test_a_service_is_trusted_by_an_authority_of_ones_own(
    serve: Serve, authority: trustme.CA, ca_file: str
) -> None:
    url = serve(RECORDS, tls=certified(authority))
    assert read(url, ca_file=ca_file).ids == ["case-001"]


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ({"name": "cases.example"}, "it is another address's"),
        ({"not_after": datetime(2022, 1, 1, tzinfo=UTC)}, "it has expired"),
        ({"not_before": datetime(2199, 1, 1, tzinfo=UTC),
          "not_after": datetime(2199, 2, 1, tzinfo=UTC)}, "it isn't valid yet"),
    ],
    ids=["another host", "expired", "not valid yet"],
)  # fmt: skip
def test_a_certificate_that_proves_nothing_is_refused(
    serve: Serve, authority: trustme.CA, ca_file: str, certificate: dict[str, Any], reason: str
) -> None:
    url = serve(RECORDS, tls=certified(authority, **certificate))
    found = read(url, ca_file=ca_file, token="s3cret-word")
    assert (found.ids, str(found.error)) == (
        [],
        f"{url}: its certificate is refused: {reason}{MENDED}",
    )


def test_an_authority_that_nobody_named_is_refused(serve: Serve, authority: trustme.CA) -> None:
    url = serve(RECORDS, tls=certified(authority))
    assert "it is signed by a CA that isn't trusted; ca_file can name one" in str(read(url).error)


def test_a_service_without_tls_is_told_as_such(serve: Serve) -> None:
    url = serve(RECORDS).replace("http://", "https://")
    assert "no TLS there" in str(read(url).error)


def test_the_environments_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[Asked] = []

    def proxy(asked: Asked) -> Reply:
        received.append(asked)
        return RECORDS

    with served(proxy) as address:
        monkeypatch.setenv("http_proxy", address.replace("://", "://reader:s3cret@"))
        monkeypatch.setenv("no_proxy", "")
        found = read("http://cases.example/list")
    assert found.ids == ["case-001"]
    assert received[0].headers["Proxy-Authorization"].startswith("Basic ")


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "ftp://proxy:s3cret@x"])
def test_a_proxy_that_cannot_be_used_is_explained(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    error = read("http://cases.example/list").error
    assert str(error) == "the environment's proxy for http: expected http://HOST:PORT"
