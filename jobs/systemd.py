"""What systemd is told: a datagram to the socket that it named, no library needed."""

import os
import socket
from collections.abc import Mapping


def notify(state: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send `state` (READY=1, WATCHDOG=1, STOPPING=1 …); whether somebody listens."""
    address = environment.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
        sending.connect(address)
        sending.sendall(state.encode())
    return True


def watchdog_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """After how many seconds without a sign systemd restarts this process; None: never."""
    microseconds = environment.get("WATCHDOG_USEC")
    return int(microseconds) / 1_000_000 if microseconds else None
