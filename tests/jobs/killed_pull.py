"""Pulls in processes that kill themselves at a step: python -m tests.jobs.killed_pull.

Standard input gives pulls, pickled: the store's URL, the source's settings, the instant and the
number of the step to die at (0: at none). Each line of standard output is the number of the signal
that ended one, 0 where it came to its end. An empty tuple ends them.

A step is a statement that may change something, a commit, and what moves a file, each before it is
done: what is there after one is what is there before the next.
"""

import os
import pickle
import signal
import sys
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from jobs.pull import pull_source
from monitor import standard
from monitor.config import FilesSource
from monitor.sources import codes
from monitor.store import Store
from monitor.words import Feed

_MOVES = frozenset({"os.link", "os.remove", "os.rename", "os.mkdir"})
_CHANGE_NOTHING = ("SELECT", "PRAGMA", "BEGIN", "SET", "SHOW")


class _Steps:
    """Counts the steps, and ends the process at the one it is to die at."""

    def __init__(self, last: int) -> None:
        self._left = last
        event.listen(sa.Engine, "before_cursor_execute", self._executed)
        event.listen(sa.Engine, "commit", self._step)
        sys.addaudithook(self._audited)

    def _step(self, *_: Any) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def _executed(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().startswith(_CHANGE_NOTHING):
            self._step()

    def _audited(self, name: str, _: tuple[Any, ...]) -> None:
        if name in _MOVES:
            self._step()


def _pull(url: str, source: FilesSource, now: datetime, die_at: int) -> None:
    store = Store(url)
    if die_at:
        _Steps(die_at)
    report = pull_source(store, source, now)
    if report.error:
        sys.exit(report.error)


def main() -> None:
    """Pull as asked, each time in a process of its own, which has nothing to load any more."""
    for item in standard.fields(Feed.CHECK):
        if item.code_list is not None:
            codes.spellings(item.code_list)
    while asked := pickle.load(sys.stdin.buffer):
        child = os.fork()
        if child == 0:
            os.dup2(2, 1)  # what is logged is no answer
            _pull(*asked)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        print(-code if code < 0 else code and 1, flush=True)


if __name__ == "__main__":
    main()
