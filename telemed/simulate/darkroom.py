"""Pictures made, judged and kept in a process of its own, a batch ahead of the play.

Each is a real file with its own flushes; beside the play's thousands of short database calls they
would fight over the interpreter and take twice as long.
"""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Self

from telemed.actions import intake
from telemed.actions.intake import Incoming
from telemed.simulate.image import Shot, encode
from telemed.store.blobs import Blobs

_LIMIT = 1 << 20
_AT_ONCE = 4


class _Bench:
    """What the process keeps between batches."""

    blobs: Blobs
    threads: ThreadPoolExecutor


def _set_up(open_blobs: Callable[[], Blobs]) -> None:
    _Bench.blobs = open_blobs()
    _Bench.threads = ThreadPoolExecutor(_AT_ONCE)


def _develop(shots: Sequence[Shot]) -> list[Incoming]:
    return list(_Bench.threads.map(_one, shots))


def _one(shot: Shot) -> Incoming:
    """A picture, durable before any transaction names it."""
    with _Bench.blobs.writer(_LIMIT) as writer:
        writer.write(encode(shot))
        writer.seal()
        kept = intake.take_in(_Bench.blobs, writer.path, writer.key)
    if not isinstance(kept, Incoming):
        raise ValueError(f"a simulated picture was refused: {kept}")
    return kept


class Darkroom:
    """Where pictures are developed; leave the block to close it."""

    def __init__(self, open_blobs: Callable[[], Blobs]) -> None:
        """`open_blobs` is called in the other process: it must be picklable."""
        self._pool = ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"), initializer=_set_up, initargs=(open_blobs,)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def develop(self, shots: Sequence[Shot]) -> "Future[list[Incoming]]":
        """Begin a batch."""
        return self._pool.submit(_develop, shots)
