"""A real media server (Debian's janus, VideoRoom plugin) for tests, on the loopback.

Knows how to start and stop one with the files of `configs/deploy/janus`; nothing of telemed.
"""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.services import absent, free_port, wait_until

FILES = Path(__file__).resolve().parents[1] / "configs" / "deploy" / "janus"
SECRET = "the secret of the media server"


@dataclass
class JanusServer:
    """One Janus; its media goes by whatever address this machine has."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where telemed speaks to it."""
        return f"ws://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it with the shipped files, on a port of its own, and wait until it listens."""
        config = self.folder / "janus"
        shutil.copytree(FILES, config, dirs_exist_ok=True)
        plugins = next(iter(Path("/usr/lib").glob("*/janus/plugins")))
        transports = plugins.with_name("transports")
        told = {
            "janus.jcfg": {
                r'configs_folder = ".*"': f'configs_folder = "{config}"',
                r'plugins_folder = ".*"': f'plugins_folder = "{plugins}"',
                r'transports_folder = ".*"': f'transports_folder = "{transports}"',
                r"@API_SECRET@": SECRET,
                r'rtp_port_range = ".*"': 'rtp_port_range = "49500-49900"',
            },
            "janus.transport.websockets.jcfg": {r"ws_port = \d+": f"ws_port = {self.port}"},
        }
        for name, changes in told.items():
            text = (config / name).read_text("utf-8")
            for pattern, value in changes.items():
                text, changed = re.subn(pattern, value.replace("\\", r"\\"), text)
                assert changed, (name, pattern)
            (config / name).write_text(text, "utf-8")
        self.restart()

    def restart(self) -> None:
        """Start it with the files that lie there, and wait until it listens."""
        config = self.folder / "janus"
        with (self.folder / "janus.log").open("wb") as log:
            self.process = subprocess.Popen(
                ["janus", "-F", str(config), "-C", str(config / "janus.jcfg")],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait_until(self._listens, "Janus")

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def said(self) -> str:
        """Its log so far."""
        return (self.folder / "janus.log").read_text("utf-8", errors="replace")


@contextmanager
def running_janus(folder: Path) -> Iterator[JanusServer]:
    """A media server, until the block is left."""
    if shutil.which("janus") is None:
        absent("janus")
    folder.mkdir(exist_ok=True)
    server = JanusServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
