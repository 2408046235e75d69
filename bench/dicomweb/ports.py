"""A server under measurement: a free port, a process that comes up, how it is asked."""

import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it answers, which processes it is, how it is asked."""

    name: str
    base: str
    pids: tuple[int, ...]
    headers: dict[str, str]


def free_port() -> int:
    """A TCP port that was free on the loopback a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until something answers there; RuntimeError with the log's end when it does not come up."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no server came up:\n{log.read_text(errors='replace')[-2000:]}")
