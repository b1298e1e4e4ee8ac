"""The log: JSON for machines, text for people, and nobody's secret in either."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import stamina
import structlog

from jobs import log


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.fixture(autouse=True)
def _set_back() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()


def written(**values: Any) -> dict[str, Any]:
    """The JSON line that an event with `values` makes."""
    stream = io.StringIO()
    log.configure(stream)
    structlog.get_logger().info("something happened", **values)
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


def test_an_event_is_one_json_line_where_no_terminal_is() -> None:
    line = written(source="checks", rows=12)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "something happened", "level": "info", "source": "checks", "rows": 12}


def test_a_person_at_a_terminal_reads_text() -> None:
    stream = Terminal()
    log.configure(stream)
    structlog.get_logger().warning("示范区文旅局 is late", days=2)
    assert "示范区文旅局 is late" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_libraries_write_in_the_same_form() -> None:
    stream = io.StringIO()
    log.configure(stream)
    logging.getLogger("uvicorn.error").warning("port %d is odd", 9109)
    assert json.loads(stream.getvalue())["event"] == "port 9109 is odd"


def test_what_libraries_say_of_every_run_is_left_out() -> None:
    stream = io.StringIO()
    log.configure(stream)
    logging.getLogger("apscheduler.executors.pull").info("Running job")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("key", ["token", "slack_token", "password", "Authorization", "party_name"])
def test_a_key_that_names_a_secret_or_a_person_keeps_its_value_to_itself(key: str) -> None:
    assert written(**{key: "示范"})[key] == log.MASK


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:hidden@db/x", "postgresql://***@db/x"),
        ("sent Bearer abc.def-ghi", "sent Bearer ***"),
        ("GET /x?token=abc&page=2", "GET /x?token=***&page=2"),
        ("GET /x?access_token=abc&page=2", "GET /x?access_token=***&page=2"),
        ("connect with password=hidden failed", "connect with password=*** failed"),
        ("xoxb-1-abc refused", "*** refused"),
        ("row of 11010519491231002X", "row of ***"),
        ("department 11500112MB0000001A", "department 11500112MB0000001A"),
    ],
)
def test_what_looks_like_a_secret_or_a_person_in_a_text_is_masked(text: str, shown: str) -> None:
    assert written(reason=text)["reason"] == shown
    assert written(details={"lines": [text]})["details"] == {"lines": [shown]}


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["pipe", "terminal"])
def test_a_traceback_is_masked_too(stream: io.StringIO) -> None:
    log.configure(stream)
    error = RuntimeError("can't reach postgresql://me:hidden@db/x")
    structlog.get_logger().error("job failed", exc_info=error)
    assert "hidden" not in stream.getvalue()
    assert "RuntimeError" in stream.getvalue()


@pytest.mark.parametrize("name", ["sqlalchemy.engine.Engine", "slack_sdk.web", "httpcore2.http11"])
def test_libraries_never_tell_what_they_send(name: str) -> None:
    stream = io.StringIO()
    log.configure(stream, logging.DEBUG)
    logging.getLogger(name).debug("INSERT … ('示范当事人')")
    assert stream.getvalue() == ""


def tried_twice(level: int) -> str:
    """What the log says of a call that a second attempt mended."""
    stream = io.StringIO()
    log.configure(stream, level)
    with stamina.set_testing(True, attempts=2):
        for attempt in stamina.retry_context(on=ConnectionError):
            with attempt:
                if attempt.num == 1:
                    raise ConnectionError("refused")
    return stream.getvalue()


def test_a_retry_is_news_and_no_warning() -> None:
    line = json.loads(tried_twice(logging.INFO))
    assert (line["event"], line["level"]) == ("trying again", "info")
    assert "refused" in line["caused_by"]
    assert tried_twice(logging.WARNING) == ""
