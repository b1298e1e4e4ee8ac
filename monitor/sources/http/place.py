"""What errors say of a service: where it was, what it said, and none of the secrets sent to it."""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

import httpx2

from monitor.config import HttpSource
from monitor.errors import SourceError

_AGAIN = "the next pull tries again"
_MENDED = "somebody has to mend the settings or the service"
_MASK = "***"
_LONGEST_WORDS = 200
_TELLING = 6
"""How long a parameter's value is at least that may be a key: shorter ones are words."""

_NUMBERED = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]*\d{14}[0-9A-Za-z]*")
"""What may be the number of a person or an enterprise."""

Error = TypeVar("Error", bound=SourceError)


class Place:
    """The service's address as messages show it: without user, password and parameters.

    `page` is the one that is read now, counted from 1.
    """

    def __init__(self, source: HttpSource) -> None:
        url = httpx2.URL(source.url)
        self._shown = str(url.copy_with(userinfo=b"", query=None, fragment=None))
        forms = {form for secret in _secrets(source) for form in _forms(secret)}
        self.page = 1
        self._secrets = sorted(forms - {""}, key=len, reverse=True)

    def error(self, said: str, kind: type[Error]) -> Error:
        """The error, none of whose words is a secret."""
        page = f" page {self.page}" if self.page > 1 else ""
        ending = _AGAIN if kind.retryable else _MENDED
        return kind(f"{self._shown}{page}: {self._masked(said)}; {ending}")

    def refusal(self, said: str) -> SourceError:
        """The error that trying again doesn't help against."""
        return self.error(said, SourceError)

    def quoted(self, words: object) -> str:
        """What the service said, as a line that can be shown: no secret and no long number."""
        line = " ".join(str(words).split())
        line = _NUMBERED.sub(_MASK, self._masked(line))
        return line[:_LONGEST_WORDS] + ("…" if len(line) > _LONGEST_WORDS else "")

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return text


def _secrets(source: HttpSource) -> Iterator[str]:
    for secret in (source.token, source.password):
        if secret is not None:
            yield secret.get_secret_value()
    if source.password is not None:
        login = f"{source.user}:{source.password.get_secret_value()}"
        yield base64.b64encode(login.encode()).decode()
    parts = urlsplit(source.url)
    if parts.password:
        yield parts.password
    sent = [*_texts(source.params), *_texts(source.body)]
    sent += [value for _, value in parse_qsl(parts.query)]
    yield from (text for text in sent if len(text) >= _TELLING)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for part in value.values():
                yield from _texts(part)
        case Sequence():
            for part in value:
                yield from _texts(part)


def _forms(secret: str) -> Iterator[str]:
    """The ways in which a secret may be written back."""
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
