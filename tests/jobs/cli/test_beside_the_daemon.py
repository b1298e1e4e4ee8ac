"""The verbs work on an SQLite store while a daemon works on it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.cli.conftest import NOW, Shown
from tests.jobs.cli.user import yueqingling
from tests.jobs.test_daemon import Daemon


@pytest.fixture
def folder(demo: Shown, tmp_path: Path) -> Path:
    """A copy of the demonstration whose daemon is never at rest."""
    copy = shutil.copytree(demo.folder, tmp_path / "demo")
    settings = copy / "yueqingling.toml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("port = 9108", "port = 0").replace('every = "15m"', 'every = "1s"')
    settings.write_text(text, encoding="utf-8")
    return copy


@pytest.fixture
def daemon(folder: Path) -> Iterator[Daemon]:
    """The daemon on that copy, in a process of its own."""
    running = Daemon("-m", "tests.jobs.real_daemon", folder / "yueqingling.toml")
    yield running
    running.kill()


def test_check_pull_and_status_run_beside_the_daemon(folder: Path, daemon: Daemon) -> None:
    daemon.until("check")
    for _ in range(2):
        assert yueqingling(folder, "check", "--now", NOW).code == 1
        pulled = yueqingling(folder, "pull", "platform-other", "--now", NOW)
        assert pulled.code == 0 or "platform-other is being pulled by somebody else" in pulled.out
        assert yueqingling(folder, "status", "--now", NOW).code == 0
    daemon.until("check")
    assert daemon.end()[0] == 0
