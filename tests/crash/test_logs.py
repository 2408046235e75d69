"""A log that nobody reads, or that strangers try to fill, holds nothing up."""

import os
import socket
import time
from collections.abc import Iterator

import pytest

from tests.crash.rig import Load, call

pytestmark = pytest.mark.crash


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """The writing end of a pipe that has no room and no reader in a hurry."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"." * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    yield writing
    os.close(writing)
    os.close(reading)


def test_an_unread_log_holds_nothing_up(load: Load, full_pipe: int) -> None:
    """With standard error blocked from the start, people work on and the server ends when told."""
    load.victim.start(stderr=full_pipe)
    for _ in range(50):
        _say_nonsense(load.victim.port)
    load.case()
    load.stow(next(load.files))
    assert call(load.victim.port, "GET", "/health/ready")[0] == 200
    load.victim.stop()


def test_nonsense_cannot_fill_the_disk(load: Load) -> None:
    """Of five hundred malformed requests at most one a second is logged."""
    load.victim.start()
    began = time.monotonic()
    for _ in range(500):
        _say_nonsense(load.victim.port)
    seconds = time.monotonic() - began
    load.victim.stop()
    logged = load.victim.said().count("Error handling request")
    assert 1 <= logged <= seconds + 2


def _say_nonsense(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n")
        assert b" 400 " in line.recv(20)
