"""A daemon whose pulls wait for a source that never answers: python -m tests.jobs.waiting_daemon.

Run as a process of its own by test_daemon.
"""

import sys
import threading
from pathlib import Path

import structlog

from jobs.daemon import serve
from jobs.scheduler import Jobs

log = structlog.get_logger()


def _wait_for_ever(*_: object) -> bool:
    log.info("waiting for the source")
    return threading.Event().wait()


def _nothing(*_: object) -> bool:
    """Do nothing, well."""
    return True


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1]), jobs=Jobs(_wait_for_ever, _nothing, _nothing)))
