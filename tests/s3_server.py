"""A real S3 service on the loopback for tests, and a wire to it that can fail in every way.

The service is moto's HTTP server: S3's protocol with signatures and multipart, in memory. Tests
reach it through `Wire`, which passes everything on until it is told to refuse, to be silent, to
answer 500 or to cut a transfer in the middle. Knows nothing of telemed's way of using it.
"""

import logging
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import obstore
import pytest
from obstore.store import S3Store

if TYPE_CHECKING:
    from obstore.store import S3Config

_OOPS = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_BUCKETS = count()


@dataclass
class Wire:
    """A port that leads to the service. `mode` is how it treats new connections."""

    target: int
    mode: str = "open"
    """open, refuse, silent, error, or cut: a transfer ends after `most` bytes either way."""
    most: int = 100_000
    calls: int = 0
    _listener: socket.socket = field(init=False)
    _open: set[socket.socket] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def fail(self, mode: str, most: int = 100_000) -> None:
        """Treat what comes from now on so, and end what is under way."""
        self.mode, self.most = mode, most
        for line in list(self._open):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Pass everything on again."""
        self.fail("open")

    def close(self) -> None:
        self._listener.close()
        self.mend()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                self.calls += 1
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        self._open.add(line)
        with closing(line), suppress(OSError):
            match self.mode:
                case "refuse":
                    pass
                case "silent":
                    while line.recv(65536):
                        pass
                case "error":
                    line.recv(65536)
                    line.sendall(_OOPS)
                case _:
                    self._pass_on(line, self.most if self.mode == "cut" else 1 << 40)
        self._open.discard(line)

    def _pass_on(self, line: socket.socket, most: int) -> None:
        with socket.create_connection(("127.0.0.1", self.target)) as far:
            back = threading.Thread(target=_pour, args=(far, line, most), daemon=True)
            back.start()
            _pour(line, far, most)
            back.join()


def _pour(source: socket.socket, sink: socket.socket, most: int) -> None:
    with suppress(OSError):
        while most > 0 and (piece := source.recv(min(65536, most))):
            sink.sendall(piece)
            most -= len(piece)
    for line in (source, sink):
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


@dataclass
class S3:
    """An empty bucket and the wire that leads to it."""

    port: int
    wire: Wire
    bucket: str

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.wire.port}"

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a server that keeps its images here."""
        return {
            "s3_endpoint": self.endpoint,
            "s3_bucket": self.bucket,
            "s3_access_key": "nobody",
            "s3_secret_key": "nothing",
        }

    def client(self) -> S3Store:
        """A way to the objects past the wire."""
        config: S3Config = {
            "endpoint": f"http://127.0.0.1:{self.port}",
            "access_key_id": "nobody",
            "secret_access_key": "nothing",
            "virtual_hosted_style_request": False,
        }
        return S3Store(self.bucket, config=config, client_options={"allow_http": True})

    def get(self, name: str) -> bytes:
        """An object's content."""
        return bytes(obstore.get(self.client(), name).bytes())

    def put(self, name: str, data: bytes) -> None:
        """Make or replace an object."""
        obstore.put(self.client(), name, data)

    def names(self) -> list[str]:
        """The objects there are."""
        return [item["path"] for page in obstore.list(self.client()) for item in page]


@pytest.fixture(scope="session")
def s3_service() -> Iterator[int]:
    """The port of a running service, for the session."""
    from moto.server import ThreadedMotoServer  # two seconds, and few need it

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def s3(s3_service: int) -> Iterator[S3]:
    """A new bucket behind a wire of its own."""
    wire = Wire(s3_service)
    place = S3(s3_service, wire, f"images-{next(_BUCKETS)}")
    url = f"http://127.0.0.1:{s3_service}/{place.bucket}"
    urllib.request.urlopen(urllib.request.Request(url, method="PUT")).close()
    yield place
    wire.close()
