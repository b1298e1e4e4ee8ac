"""The daemon as a process of its own: how it begins, what it answers, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from jobs.daemon import serve
from jobs.systemd import notify
from monitor.errors import SettingsError, StoreError
from monitor.store import Store
from monitor.store.tables import behavior, lease
from tests.jobs import slow_source

ROOT = Path(__file__).parents[2]
SOON = 150
"""Seconds after which a daemon is killed that ought to have ended."""
PROMPTLY = 45
"""Seconds in which it ends all the same; ten are promised, where the machine has time for it."""


class Daemon:
    """A daemon in a process of its own; its log is read by line.

    After SOON seconds it is aborted and says where each of its threads was.
    """

    def __init__(self, *arguments: str | Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=ROOT,
            env=os.environ | {"PYTHONFAULTHANDLER": "1"} | environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._limit = threading.Timer(SOON, self.process.send_signal, [signal.SIGABRT])
        self._limit.start()

    def until(self, event: str) -> dict[str, Any]:
        """The next line of the log that says `event`."""
        assert self.process.stderr is not None
        seen = []
        for line in self.process.stderr:
            seen.append(line)
            said: dict[str, Any] = json.loads(line) if line.startswith("{") else {}
            if said.get("event") == event:
                return said
        raise AssertionError(f"the daemon never said {event!r}: {''.join(seen)}")

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send the signal; the exit code, and the seconds that it took."""
        begun = monotonic()
        self.process.send_signal(number)
        code = self.process.wait(SOON)
        return code, monotonic() - begun

    def kill(self) -> None:
        """End it, whatever it does; a failed test shows what it said last."""
        self._limit.cancel()
        self.process.kill()
        print(self.process.communicate()[1])


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, sqlite_url: str) -> Write:
    """Writes a settings file over the test's store, on a free port, with more lines at its end."""

    def written(*lines: str) -> Path:
        path = tmp_path / "yueqingling.toml"
        text = "\n".join((f'[store]\nurl = "{sqlite_url}"\n[serve]\nport = 0', *lines))
        path.write_text(text + "\n", encoding="utf-8")
        return path

    return written


SOURCE = """
[[source]]
name = "checks"
feed = "check"
kind = "files"
path = "in/*.csv"
status = "accepted"
"""


@pytest.fixture
def start() -> Iterator[Callable[..., Daemon]]:
    """Starts a daemon; one that a test leaves behind is killed."""
    started: list[Daemon] = []

    def begin(*arguments: str | Path, **environment: str) -> Daemon:
        started.append(Daemon(*arguments, **environment))
        return started[-1]

    yield begin
    for daemon in started:
        daemon.kill()


WAITING = ("-m", "tests.jobs.waiting_daemon")


def held(url: str) -> list[str]:
    """The names of the leases that somebody holds; whoever holds one does so for a day more."""
    store = Store(url)
    with store.writing() as connection:
        until = datetime.now(UTC) + timedelta(days=1)
        extended = sa.update(lease).values(until=until).returning(lease.c.name)
        found = connection.scalars(extended).all()
    store.close()
    return sorted(found)


def test_sigterm_ends_it_promptly_though_a_source_never_answers(
    start: Callable[..., Daemon], write: Write, sqlite_url: str
) -> None:
    daemon = start(*WAITING, write(SOURCE))
    daemon.until("waiting for the source")
    assert held(sqlite_url) == ["daemon"]
    code, seconds = daemon.end()
    assert code == 0
    assert seconds < PROMPTLY
    assert held(sqlite_url) == [], "nobody waits for what it left"


REAL = ("-m", "tests.jobs.real_daemon")
SLOW = """
[[source]]
name = "checks"
feed = "check"
kind = "http"
url = "{url}"
paging = {{ kind = "page", size = 10 }}
batch_rows = 10
status = "accepted"
"""


def settings(folder: Path, url: str, source: slow_source.SlowSource) -> Path:
    """A settings file over the store at `url`, with the slow source."""
    path = folder / "slow.toml"
    lines = f'[store]\nurl = "{url}"\n[serve]\nport = 0\n' + SLOW.format(url=source.url)
    path.write_text(lines, encoding="utf-8")
    return path


def landed(url: str) -> int:
    """How many records stand in the store."""
    store = Store(url)
    with store.reading() as connection:
        found = connection.scalar(sa.select(sa.func.count()).select_from(behavior))
    store.close()
    return found or 0


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A store's address; the test runs once on each database."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    found: str = request.getfixturevalue(name)
    return found


def test_a_pull_that_sigterm_cut_short_is_whole_after_the_next_one(
    start: Callable[..., Daemon], tmp_path: Path, url: str
) -> None:
    whole = slow_source.PAGES * slow_source.SIZE
    with slow_source.served() as source:
        path = settings(tmp_path, url, source)
        daemon = start(*REAL, path)
        daemon.until("schedule begun")
        source.allow(3)
        source.asked_for(4)
        daemon.process.send_signal(signal.SIGTERM)
        daemon.until("ending")
        source.allow(1)
        code, seconds = daemon.end()
        assert (code, seconds < PROMPTLY) == (0, True)
        kept = landed(url)
        assert 0 < kept < whole
        assert kept % slow_source.SIZE == 0
        source.allow(10 * slow_source.PAGES)  # requests of the first daemon may still take some
        again = start(*REAL, path)
        assert again.until("source pulled")["landed"] == whole - kept
        assert again.end()[0] == 0
    assert landed(url) == whole


def test_a_daemon_that_was_killed_is_succeeded_at_once(
    start: Callable[..., Daemon], tmp_path: Path, sqlite_url: str
) -> None:
    whole = slow_source.PAGES * slow_source.SIZE
    with slow_source.served() as source:
        path = settings(tmp_path, sqlite_url, source)
        daemon = start(*REAL, path)
        source.allow(2)
        source.asked_for(3)
        daemon.end(signal.SIGKILL)
        assert held(sqlite_url) == ["daemon", "pull:checks"]
        source.allow(10 * slow_source.PAGES)
        again = start(*REAL, path)
        assert again.until("source pulled")["outcome"] == "ok"
        assert again.end()[0] == 0
    assert landed(sqlite_url) == whole


def test_it_serves_says_so_to_systemd_and_ends_when_told(
    start: Callable[..., Daemon], write: Write, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(SOON)
        daemon = start(
            *WAITING,
            write(),
            NOTIFY_SOCKET=str(tmp_path / "notify"),
            WATCHDOG_USEC="600000",
        )
        address = daemon.until("serving")["url"]
        assert systemd.recv(64) == b"READY=1"
        assert systemd.recv(64) == b"WATCHDOG=1"
        assert httpx2.get(f"{address}healthz").json() == {"status": "alive"}
        assert "yueqingling_build_info" in httpx2.get(f"{address}metrics").text
        daemon.process.send_signal(signal.SIGINT)
        assert b"STOPPING=1" in iter(lambda: systemd.recv(64), b"")
    assert daemon.process.wait(SOON) == 0


def test_sighup_reads_the_settings_again(start: Callable[..., Daemon], write: Write) -> None:
    daemon = start(*WAITING, write())
    daemon.until("schedule begun")
    write("chekc_every = '1m'")
    daemon.process.send_signal(signal.SIGHUP)
    refused = daemon.until("settings not reloaded, the old ones hold")
    assert "serve.chekc_every: unknown key" in refused["reason"]
    write("check_every = '1m'", SOURCE)
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.until("settings reloaded")["sources"] == 1
    daemon.until("waiting for the source")


def test_a_store_of_another_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "yueqingling.toml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="Run: yueqingling db upgrade"):
        serve(path)


def test_an_address_that_is_taken_is_named(write: Write) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = write()
        path.write_text(
            path.read_text(encoding="utf-8").replace("port = 0", f"port = {port}"), encoding="utf-8"
        )
        with pytest.raises(SettingsError, match=f"found 127.0.0.1:{port}: .*in use"):
            serve(path)


def test_without_systemd_nobody_is_told() -> None:
    assert notify("READY=1", {}) is False
