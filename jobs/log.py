"""The log: JSON lines where a machine reads, colours where a person does.

One format for the program's own events and those of its libraries. No secret and no person gets
through: keys that name one are dropped, and what looks like one inside a text is masked.
"""

import logging
import re
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "***"
_SECRET_KEYS = re.compile(r"token|secret|password|authorization|credential", re.IGNORECASE)
_PERSON_KEYS = re.compile(r"^(party|person|inspector|legal|contact|phone|mobile)", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]*@")
_SECRET = re.compile(
    r"(?i)(bearer\s+|(?:token|secret|password|passwd|pwd|api_?key|app_?key|sign)\s*[=:]\s*)[^\s,;&]+"
)
_SLACK_TOKEN = re.compile(r"\bxox[a-z]-[\w-]+")
_IDENTITY_CARD = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
    r"(?![0-9A-Za-z])"
)
_NOISY = {
    "uvicorn.access": logging.WARNING,
    "alembic": logging.WARNING,
    "apscheduler": logging.WARNING,
    "httpx2": logging.WARNING,
    "httpcore2": logging.WARNING,
    "slack_sdk": logging.WARNING,
    "sqlalchemy": logging.WARNING,
}


def configure(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send every event to `stream`: for people where it is a terminal, else one JSON a line."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _retries_as_news(level),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if stream.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    # a traceback is text before anything is masked: it holds what the error's message holds
    rendered: list[Processor] = [structlog.processors.format_exc_info, masked, renderer]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in _NOISY.items():
        logging.getLogger(name).setLevel(max(least, level))


def _retries_as_news(level: int) -> Processor:
    """Stamina warns of every retry; here it is news: the last failure is told by who gives up."""

    def retold(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if event["event"] != "stamina.retry_scheduled":
            return event
        if level > logging.INFO:
            raise structlog.DropEvent
        for name in ("callable", "args", "kwargs", "waited_so_far"):
            event.pop(name, None)
        event.update(event="trying again", level="info")
        return event

    return retold


def masked(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event without values of keys that name a secret or a person, texts masked."""
    return {key: _masked_value(key, value) for key, value in event.items()}


def _masked_value(key: str, value: object) -> object:
    if _SECRET_KEYS.search(key) or _PERSON_KEYS.search(key):
        return MASK
    if isinstance(value, str):
        return _masked_text(value)
    if isinstance(value, dict):
        return {name: _masked_value(str(name), part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_masked_value("", part) for part in value]
    return value


def _masked_text(text: str) -> str:
    text = _CREDENTIALS.sub(f"{MASK}@", text)
    text = _SECRET.sub(rf"\1{MASK}", text)
    text = _SLACK_TOKEN.sub(MASK, text)
    return _IDENTITY_CARD.sub(MASK, text)
