"""A small pool of processes that work on pixels, so that a hostile file kills one of them.

Each worker is a fresh interpreter with limits on memory, processor time, files and cores;
it is asked over its standard input and answers over its standard output in a framing of
our own, because a worker is not trusted: nothing it says is unpickled. A worker that is
late, dies or breaks the framing is killed and replaced on the next job.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from telemed.dicom.jobs import Spec, spec_from, told
from telemed.dicom.refusal import SENTENCES, Refused

_REQUEST: Final = struct.Struct("<I")
_ANSWER: Final = struct.Struct("<BI")
_DONE, _REFUSED = 0, 1


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one worker may use; seconds are per picture, `jobs` is its length of life."""

    memory: int = 2 << 30
    cpu_seconds: int = 20
    wall_seconds: float = 30.0
    answer: int = 800 << 20
    jobs: int = 500


class RenderPool:
    """Renders pictures in at most `workers` processes, started when first needed."""

    def __init__(self, workers: int = 2, limits: WorkerLimits | None = None) -> None:
        self._limits = limits or WorkerLimits()
        self._free = asyncio.Semaphore(workers)
        self._idle: list[_Worker] = []
        self._closed = False
        self.waiting = self.busy = self.given_up = 0
        """Pictures that wait for a worker, that are being made, and that were given up so far."""

    async def render(self, path: Path, spec: Spec) -> bytes:
        """The picture of a stored file.

        Raises `Refused`: the worker's own refusal, or render-limit when it died or was late.
        """
        async with self._turn():
            worker = self._idle.pop() if self._idle else await _Worker.start(self._limits)
            try:
                answer = await worker.ask(path, spec)
            except BaseException as fault:
                # Late, dead, or the asker left: the pipe may hold half an answer.
                self.given_up += isinstance(fault, Refused)
                await worker.kill()
                raise
            if worker.jobs >= self._limits.jobs or self._closed:
                await worker.kill()
            else:
                self._idle.append(worker)
        return _result(*answer)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """A place among the workers, counted before and while it is held."""
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1
            self._free.release()

    async def warm(self) -> None:
        """Start a worker ahead of the first picture; an interpreter with codecs takes seconds."""
        async with self._free:
            if not self._idle:
                self._idle.append(await _Worker.start(self._limits))

    async def aclose(self) -> None:
        """End all workers; those at work are ended when their job is done."""
        self._closed = True
        while self._idle:
            await self._idle.pop().kill()


def _result(status: int, payload: bytes) -> bytes:
    if status == _DONE:
        return payload
    try:
        told = json.loads(payload)
        code, facts = str(told["code"]), {str(k)[:40]: v for k, v in told["facts"].items()}
        refusal = Refused(code, **{k: v for k, v in facts.items() if isinstance(v, int | str)})
        refusal.sentence()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("render-limit") from None
    raise refusal


class _Worker:
    """One process; not to be asked twice at a time."""

    def __init__(self, process: asyncio.subprocess.Process, limits: WorkerLimits) -> None:
        self._process = process
        self._limits = limits
        self.jobs = 0

    @classmethod
    async def start(cls, limits: WorkerLimits) -> _Worker:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-c", _BOOT, str(Path(__file__).parents[2])),
            *(str(limits.memory), str(limits.cpu_seconds)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        return cls(process, limits)

    async def ask(self, path: Path, spec: Spec) -> tuple[int, bytes]:
        self.jobs += 1
        request = json.dumps({"path": str(path), "job": told(spec)}).encode()
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                return await self._exchange(request)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            raise Refused("render-limit") from None

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a worker is always started with pipes")
        process.stdin.write(_REQUEST.pack(len(request)) + request)
        await process.stdin.drain()
        status, length = _ANSWER.unpack(await process.stdout.readexactly(_ANSWER.size))
        if status not in (_DONE, _REFUSED) or length > self._limits.answer:
            raise Refused("render-limit")
        return status, await process.stdout.readexactly(length)

    async def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await asyncio.shield(self._process.wait())


# The child is isolated (-I: no user site, no PYTHON* variables) and told where we live.
_BOOT: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from telemed.dicom.worker import serve;"
    "serve(int(sys.argv[2]), int(sys.argv[3]))"
)


# -- inside the worker --------------------------------------------------------------------


def serve(memory: int, cpu_seconds: int) -> None:
    """The worker's life: limit itself, then answer pictures until its input ends."""
    _limit(memory)
    from telemed.dicom.darkroom import Darkroom  # pydicom and the codecs live only in this process

    room = Darkroom()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(_REQUEST.size):
        request = json.loads(source.read(*_REQUEST.unpack(head)))
        _allow_cpu(cpu_seconds)
        try:
            made = room.make(Path(request["path"]), spec_from(request["job"]))
        except Refused as refusal:
            _refuse(sink, refusal)
        except MemoryError:
            _refuse(sink, Refused("render-limit"))
            return  # a starved heap is not worth keeping
        except OSError:
            _refuse(sink, Refused("cannot-render", why="file"))
        else:
            _answer(sink, _DONE, made)


def _refuse(sink: BinaryIO, refusal: Refused) -> None:
    code = refusal.code if refusal.code in SENTENCES else "cannot-render"
    _answer(sink, _REFUSED, json.dumps({"code": code, "facts": dict(refusal.facts)}).encode())


def _answer(sink: BinaryIO, status: int, payload: bytes) -> None:
    sink.write(_ANSWER.pack(status, len(payload)))
    sink.write(payload)
    sink.flush()


def _limit(memory: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # a worker has no file to write


def _allow_cpu(seconds: int) -> None:
    """Processor time is counted over a process's life, so each job moves the mark."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    mark = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (mark, resource.getrlimit(resource.RLIMIT_CPU)[1]))
