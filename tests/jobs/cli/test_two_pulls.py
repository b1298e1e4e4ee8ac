"""Two processes never pull one source at once, and whoever dies at it is succeeded."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.store import Store, tables
from tests.jobs import slow_source
from tests.jobs.cli.user import flat, yueqingling

WHOLE = slow_source.PAGES * slow_source.SIZE
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
SETTINGS = """
[store]
url = "{store}"

[[source]]
name = "checks"
feed = "check"
kind = "http"
url = "{service}"
paging = {{ kind = "page", size = 10 }}
batch_rows = 10
status = "accepted"
"""


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Begins a pull in a process of its own, under the settings in the test's folder."""
    begun = []

    def begin() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", "from jobs.cli import main; main()", "pull"]
        begun.append(subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.wait()


def written(store: Store) -> tuple[int, list[str]]:
    """How many records there are, and how each run ended."""
    records = sa.select(sa.func.count()).select_from(tables.behavior)
    outcomes = sa.select(tables.run.c.outcome).order_by(tables.run.c.id)
    with store.reading() as connection:
        return connection.scalar(records) or 0, list(connection.scalars(outcomes))


def test_the_second_of_two_pulls_leaves_a_source_alone_until_the_first_is_dead(
    store: Store, tmp_path: Path, begin: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    with slow_source.served() as source:
        (tmp_path / "yueqingling.toml").write_text(SETTINGS.format(store=url, service=source.url))
        first = begin()
        source.allow(4)
        source.asked_for(5)

        second = yueqingling(tmp_path, "pull")
        assert second.code == 1
        assert "checks is being pulled by somebody else" in flat(second.out)
        assert source.requests.empty(), "the second asked the service for something"
        assert first.poll() is None
        assert written(store)[1] == ["running"]

        first.send_signal(signal.SIGKILL)
        first.wait()
        assert written(store)[0] < WHOLE
        source.allow(10 * slow_source.PAGES)  # a request of the dead may still take one
        assert yueqingling(tmp_path, "pull").code == 0
    assert written(store) == (WHOLE, ["failed", "ok"])
    with store.reading() as connection:
        assert connection.execute(sa.select(tables.lease)).all() == []
