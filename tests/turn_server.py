"""A real TURN server (Debian's coturn) for tests: reached by the loopback, with passwords that end.

Knows how to start and stop one; nothing of telemed.
"""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.services import absent, free_port, wait_until

SECRET = "the secret of the turn server"


def own_address() -> str:
    """This machine's address towards others: programs that leave the loopback out, as Janus does,
    answer to it. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:  # there is no network
            return "127.0.0.1"
        return str(probe.getsockname()[0])


@dataclass
class Turn:
    """One coturn, by TCP and UDP on the same port."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        # Its log line by line, so that what it did can be waited for.
        command = [
            "stdbuf", "-oL", "turnserver", "--listening-ip", "127.0.0.1",
            "--relay-ip", own_address(), "--listening-port", str(self.port), "--use-auth-secret",
            "--static-auth-secret", SECRET, "--realm", "telemed", "--no-tls", "--no-dtls",
            "--no-cli", "--allow-loopback-peers", "--min-port", "49160", "--max-port", "49400",
            "--log-file", "stdout", "--simple-log", "--verbose",
            "--pidfile", str(self.folder / "pid"), "--userdb", str(self.folder / "users"),
        ]  # fmt: skip
        with (self.folder / "turn.log").open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until(self._listens, "coturn")

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def said(self) -> str:
        """Its log so far."""
        return (self.folder / "turn.log").read_text("utf-8", errors="replace")


@contextmanager
def running_turn(folder: Path) -> Iterator[Turn]:
    """A TURN server, until the block is left."""
    if shutil.which("turnserver") is None:
        absent("coturn")
    folder.mkdir(exist_ok=True)
    turn = Turn(folder)
    try:
        turn.start()
        yield turn
    finally:
        turn.stop()
