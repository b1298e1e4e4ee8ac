"""The daemon: `yueqingling serve`.

Three threads of its own. The main one takes signals and tells systemd that all is well; the keeper
holds the lease, runs the schedule while it does, and reads the snapshot; the third serves HTTP. Of
several instances on one store the one with the lease works; the others stand by and serve the same
metrics.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from types import FrameType

import structlog
import uvicorn

from expectations.loading import load_suites, verify
from jobs.http import application
from jobs.keeper import END_SECONDS, Keeper, utc_now
from jobs.log import configure
from jobs.scheduler import REAL_JOBS, Jobs
from jobs.systemd import notify, watchdog_seconds
from monitor.config import Settings, load
from monitor.errors import SettingsError
from monitor.store import Store

log = structlog.get_logger()

SERVER_END_SECONDS = 1


def serve(path: Path, clock: Callable[[], datetime] = utc_now, jobs: Jobs = REAL_JOBS) -> int:
    """Work and serve until SIGTERM or SIGINT; SIGHUP reads the settings again.

    Ends within 10 s of the signal. Gives the exit code: 0 where the end was asked for, 1 where a
    thread ended by itself. Before it begins it raises SettingsError, SuiteError and StoreError; the
    store is not upgraded, for other instances may be running on it.
    """
    settings = load(path)
    store = Store(settings.store.url.get_secret_value())
    store.verify()
    verify(store, load_suites(settings))
    listening = _listen(settings)
    configure()
    keeper = Keeper(path, settings, store, jobs, clock)
    server = uvicorn.Server(
        uvicorn.Config(
            application(keeper.views),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=SERVER_END_SECONDS,
        )
    )
    signals: SimpleQueue[int] = SimpleQueue()
    threads = [
        _thread("keeper", keeper.run, signals),
        _thread("http", lambda: server.run([listening]), signals),
    ]

    def on_signal(number: int, _frame: FrameType | None) -> None:
        signals.put(number)  # reentrant, unlike an Event

    watched = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in watched}
    for thread in threads:
        thread.start()
    host, port = listening.getsockname()[:2]
    log.info("serving", url=f"http://{host}:{port}/", store=store.name)
    notify("READY=1")
    asked = _watch(signals, keeper)
    notify("STOPPING=1")
    log.info("ending")
    keeper.stop()
    threads[0].join(END_SECONDS + 1)
    server.should_exit = True
    threads[1].join(SERVER_END_SECONDS + 0.5)
    for number, handler in before.items():
        signal.signal(number, handler)
    code = 0 if asked else 1
    log.info("ended", code=code)
    if any(thread.is_alive() for thread in threads) or keeper.has_job_in_hand:
        # A source that never answers would hold up the interpreter's exit. Leaving at once loses
        # nothing: what is not committed is read again by the next pull.
        os._exit(code)
    store.close()
    return code


_ENDED_BY_ITSELF = 0
_LOOK_SECONDS = 1.0


def _thread(name: str, work: Callable[[], None], signals: SimpleQueue[int]) -> threading.Thread:
    """A thread whose end is told like a signal: none is missed in silence."""

    def run() -> None:
        try:
            work()
        finally:
            signals.put(_ENDED_BY_ITSELF)

    return threading.Thread(target=run, name=name, daemon=True)


def _watch(signals: SimpleQueue[int], keeper: Keeper) -> bool:
    """Take signals until one says to end; tell systemd's watchdog that the keeper turns.

    Gives whether the end was asked for; it wasn't where a thread ended by itself. It never waits
    without end: a signal that the kernel hands to another thread doesn't wake this one, whose turn
    it is to handle it.
    """
    limit = watchdog_seconds()
    while True:
        try:
            number = signals.get(timeout=min(limit / 3, _LOOK_SECONDS) if limit else _LOOK_SECONDS)
        except Empty:
            if limit and monotonic() - keeper.turned_at < limit:
                notify("WATCHDOG=1")
            continue
        if number != signal.SIGHUP:
            return number != _ENDED_BY_ITSELF
        keeper.reload()


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.serve.host, settings.serve.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SettingsError(
            f"serve.host, serve.port: expected an address to listen on, found {host}:{port}: "
            f"{error.strerror}"
        ) from None
