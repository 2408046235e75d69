"""The spool: partial files of uploads, one writer each, nothing believed that was not flushed.

A file's size is how much of it is here. Whoever writes to it or judges it holds its turn; a client
that comes back takes the turn over from the line it lost. A file whose flush failed is removed.

The directory is shared by all server processes, so a turn is also a lock on the file: pieces may
come to any of them, and whose process was killed has let go.
"""

import asyncio
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import web

from telemed.core.errors import Problem
from telemed.server.imaging import Pieces
from telemed.server.services import Services
from telemed.store.blobs import (
    full_disk_is_a_problem,
    make_directory,
    sync_directory,
    words_of_size,
)

PIECE: Final = 1 << 20
_PATIENCE: Final = 20.0
_LOOK: Final = 0.05
"""Seconds to wait for another's turn, and between two looks at a lock of another process."""


def spool_of(services: Services) -> Path:
    """Where partial files are."""
    return services.settings.data_dir / "spool"


# --- one writer at a time ---------------------------------------------------------------------


@dataclass(slots=True)
class _Queue:
    """Who writes a file now, and the lock they hold."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    request: web.Request | None = None


_QUEUES: dict[str, _Queue] = {}


class Turn:
    """The right to write a file. Whoever comes later takes it over.

    A client that lost its line comes back before we notice; its old request is cut off, so that
    what is still on the way cannot land behind the new offset. Another process is waited for: the
    proxy hangs up there as soon as the client hung up on it.
    """

    def __init__(self, request: web.Request, path: Path) -> None:
        self._request = request
        self._path = path
        self._queue = _QUEUES.setdefault(path.name, _Queue())
        self._lock = -1

    async def __aenter__(self) -> None:
        queue = self._queue
        queue.waiting += 1
        before = queue.request
        if before is not None and before.transport is not None:
            before.transport.close()
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._acquire()
        except TimeoutError:
            self._leave()
            raise Problem("unavailable") from None
        except BaseException:
            self._leave()
            raise
        queue.request = self._request

    async def __aexit__(self, *_fault: object) -> None:
        self._queue.request = None
        os.close(self._lock)
        self._queue.lock.release()
        self._leave()

    async def _acquire(self) -> None:
        await self._queue.lock.acquire()
        try:
            self._lock = await _locked(self._path)
        except BaseException:
            self._queue.lock.release()
            raise

    def _leave(self) -> None:
        self._queue.waiting -= 1
        if not self._queue.waiting:
            _QUEUES.pop(self._path.name, None)


async def _locked(path: Path) -> int:
    """The file, locked against other processes as soon as they let go of it."""
    file = await asyncio.to_thread(os.open, path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while not _lock(file):
            await asyncio.sleep(_LOOK)
    except BaseException:
        os.close(file)
        raise
    return file


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def left_alone(path: Path) -> Iterator[bool]:
    """Whether nobody has a turn at this file; if so nobody gets one before the block ends."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield False
        return
    try:
        yield _lock(file)
    finally:
        os.close(file)


# --- bytes -------------------------------------------------------------------------------------


class Dead(Exception):
    """The spool file could not be flushed and must not be believed."""


async def write_body(pieces: Pieces, path: Path, room: int) -> bytes:
    """Append the body, at most `room` bytes, and flush it; its SHA-256. Only in a turn.

    What arrived before a line broke is kept: the client goes on from there.
    """
    digest = hashlib.sha256()
    held = bytearray()
    file = await asyncio.to_thread(os.open, path, os.O_WRONLY | os.O_APPEND)
    try:
        async for piece in pieces:
            if len(piece) > room:
                raise Problem("too-large", limit=words_of_size(size_of(path) + len(held) + room))
            room -= len(piece)
            digest.update(piece)
            held += piece
            if len(held) >= PIECE:
                await asyncio.to_thread(_write_all, file, bytes(held))
                held.clear()
    finally:
        await asyncio.to_thread(_flush, file, bytes(held), path)
    return digest.digest()


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    with full_disk_is_a_problem():
        while rest:
            rest = rest[os.write(file, rest) :]


def _flush(file: int, data: bytes, path: Path) -> None:
    try:
        _write_all(file, data)
        os.fsync(file)
    except OSError as fault:
        path.unlink(missing_ok=True)
        raise Dead from fault
    finally:
        os.close(file)


def begin(path: Path) -> None:
    make_directory(path.parent)
    path.touch(exist_ok=False)
    sync_directory(path.parent)


def size_of(path: Path) -> int:
    """How much of a file is here. It is opened: only then does a shared file system look anew."""
    try:
        with path.open("rb") as file:
            return os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return 0
