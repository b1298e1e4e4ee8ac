"""A small demonstration, made once, on which the verbs are tried."""

import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.jobs.cli.user import Said, yueqingling

NOW = "2026-11-03T10:00"


@dataclass(frozen=True, slots=True)
class Shown:
    """The demonstration's folder and what making it said."""

    folder: Path
    said: Said


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """`yueqingling demo --once`, six departments and some 400 records."""
    folder = tmp_path_factory.mktemp("demo")
    sizes = ("--departments", "6", "--records", "400", "--port", str(free_port()))
    said = yueqingling(folder, "demo", "--once", "--dir", "here", "--now", NOW, *sizes, columns=150)
    assert said.code == 0, said.err
    return Shown(folder / "here", said)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store of the current schema; the test runs once on each database."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))
