"""The spool: partial files of uploads, one writer each, nothing believed that was not flushed.

A file's size is how much of it is here. Whoever writes to it holds its turn; a client that comes
back takes the turn over from the line it lost. A file whose flush failed is removed.
"""

import asyncio
import fcntl
import hashlib
import os
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
    what is still on the way cannot land behind the new offset.
    """

    def __init__(self, request: web.Request, file_id: str) -> None:
        self._request = request
        self._id = file_id
        self._queue = _QUEUES.setdefault(file_id, _Queue())

    async def __aenter__(self) -> None:
        queue = self._queue
        queue.waiting += 1
        before = queue.request
        if before is not None and before.transport is not None:
            before.transport.close()
        try:
            async with asyncio.timeout(20):
                await queue.lock.acquire()
        except TimeoutError:
            self._leave()
            raise Problem("unavailable") from None
        queue.request = self._request

    async def __aexit__(self, *_fault: object) -> None:
        self._queue.request = None
        self._queue.lock.release()
        self._leave()

    def _leave(self) -> None:
        self._queue.waiting -= 1
        if not self._queue.waiting:
            _QUEUES.pop(self._id, None)


# --- bytes -------------------------------------------------------------------------------------


class Dead(Exception):
    """The spool file could not be flushed and must not be believed."""


async def write_body(pieces: Pieces, path: Path, room: int) -> bytes:
    """Append the body, at most `room` bytes, and flush it; its SHA-256.

    What arrived before a line broke is kept: the client goes on from there.
    """
    digest = hashlib.sha256()
    held = bytearray()
    file = await asyncio.to_thread(_open_alone, path)
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


def _open_alone(path: Path) -> int:
    """The spool file for appending, locked against other processes."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise Problem("unavailable") from None
    return file


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
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
