"""A real MariaDB on loopback, with a data folder of its own."""

import getpass
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))
_READY = "ready for connections"


@contextmanager
def mariadb(folder: Path) -> Iterator[sa.URL]:
    """Gives the URL of its superuser; the server ends with the block."""
    data = folder / "data"
    user = f"--user={getpass.getuser()}"
    subprocess.run(
        [
            _program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            user,
        ],
        check=True,
        capture_output=True,
    )
    port = _free_port()
    server = subprocess.Popen(
        [
            _program("mariadbd"),
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={folder / 'socket'}",
            f"--pid-file={folder / 'pid'}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            "--character-set-server=utf8mb4",
            "--innodb-buffer-pool-size=32M",
            "--innodb-flush-log-at-trx-commit=0",
            "--skip-log-bin",
            "--skip-name-resolve",
            user,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait(server)
        yield sa.URL.create(
            "mysql+pymysql",
            "root",
            host="127.0.0.1",
            port=port,
            # the server has no certificate, and looking for one costs each connection 70 ms
            query={"ssl_disabled": "true"},
        )
    finally:
        server.terminate()
        server.wait()


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise FileNotFoundError(f"expected {name}, found none: deploy/packages.sh installs it")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: "subprocess.Popen[str]") -> None:
    """Until it takes connections; what it says from then on is read and forgotten."""
    log = server.stderr
    if log is None:
        raise RuntimeError("expected the server's log, found none")
    said = []
    for line in log:
        said.append(line)
        if _READY in line:
            threading.Thread(target=log.read, daemon=True).start()
            return
    raise RuntimeError(f"expected a MariaDB server, found: {''.join(said[-20:])}")
