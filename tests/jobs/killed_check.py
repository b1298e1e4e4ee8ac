"""Checks in processes that kill themselves at a statement: python -m tests.jobs.killed_check.

Standard input gives checks, pickled: the store's URL, the settings, the instant, whether to die
before or after the statement, and how the statement begins. Each line of standard output is the
number of the signal that ended one, 0 where it came to its end. An empty tuple ends them.
"""

import os
import pickle
import signal
import sys
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from jobs.check import check
from monitor.config import Settings
from monitor.store import Store


def _check(url: str, settings: Settings, now: datetime, when: str, begins: str) -> None:
    def step(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(begins):
            os.kill(os.getpid(), signal.SIGKILL)

    def end(_connection: sa.Connection) -> None:
        committed.append(True)
        if len(committed) == int(begins):
            os.kill(os.getpid(), signal.SIGKILL)

    committed: list[bool] = []
    if when == "commit":
        event.listen(sa.Engine, "commit", end)
    else:
        event.listen(sa.Engine, f"{when}_cursor_execute", step)
    check(Store(url), settings, now)


def main() -> None:
    """Check as asked, each time in a process of its own, which has nothing to import any more."""
    while asked := pickle.load(sys.stdin.buffer):
        child = os.fork()
        if child == 0:
            os.dup2(2, 1)  # what is logged is no answer
            _check(*asked)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        print(-code if code < 0 else code and 1, flush=True)


if __name__ == "__main__":
    main()
