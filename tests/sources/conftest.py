"""Fixtures for what is read: a front-end database of each kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.sources.exchange import execute

_FIXTURES = {"postgresql": "postgres_front_end", "mariadb": "mariadb_url"}


@pytest.fixture
def postgres_front_end(postgres: sa.URL) -> Iterator[str]:
    """The server's own database, emptied again: a new one for each test costs more."""
    url = postgres.render_as_string(hide_password=False)
    yield url
    execute(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def front_end(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a front-end database; the test runs once on each kind."""
    if request.param == "sqlite":
        path = tmp_path / "exchange.db"
        path.touch()
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue(_FIXTURES[request.param])
    return url
