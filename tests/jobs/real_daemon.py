"""The daemon as it is, without the command line: python -m tests.jobs.real_daemon SETTINGS."""

import sys
from pathlib import Path

from jobs.daemon import serve

if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1])))
