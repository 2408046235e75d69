"""CPU seconds and peak resident memory of a server: its processes and all their children."""

import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PERIOD = 0.05


class Meter:
    """with Meter([pid]) as m: ...; then m.cpu in seconds and m.rss, the peak, in bytes.

    Children that ended and were waited for count for CPU.
    """

    def __init__(self, pids: Iterable[int]) -> None:
        self.pids = list(pids)
        self.cpu = 0.0
        self.rss = 0

    def __enter__(self) -> Self:
        self._end = threading.Event()
        self._before = cpu_seconds(self.pids)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()
        self.cpu = cpu_seconds(self.pids) - self._before

    def _watch(self) -> None:
        while True:
            self.rss = max(self.rss, resident(self.pids))
            if self._end.wait(_PERIOD):
                return


def cpu_seconds(pids: Iterable[int]) -> float:
    """What the processes and their children have used so far."""
    return sum(sum(map(int, stat[11:15])) for stat in map(_stat, family(pids)) if stat) / _TICK


def resident(pids: Iterable[int]) -> int:
    """Bytes of memory that the processes and their children hold now.

    Pages of files and of shared memory, which PostgreSQL's processes all show as theirs, count
    once: as many as the process has that has most of them.
    """
    held = [memory for pid in family(pids) if (memory := _memory(pid))]
    own = sum(resident - shared for resident, shared in held)
    return (own + max((shared for _, shared in held), default=0)) * _PAGE


def family(pids: Iterable[int]) -> list[int]:
    """The processes and all that descend from them."""
    found, new = [], list(pids)
    while new:
        pid = new.pop()
        found.append(pid)
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                new += map(int, task.read_text().split())
            except OSError:  # it ended meanwhile
                continue
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; none of a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _memory(pid: int) -> tuple[int, int] | None:
    """Resident pages of a process, and how many of them are of files or shared (proc(5))."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except (OSError, ValueError):
        return None
    return int(resident), int(shared)


def idle_for(pids: Iterable[int], quiet: float, limit: float) -> bool:
    """Wait until the processes have used next to nothing for `quiet` seconds, at most `limit`."""
    pids, end, calm = list(pids), time.monotonic() + limit, 0.0
    while calm < quiet and time.monotonic() < end:
        before = cpu_seconds(pids)
        time.sleep(0.2)
        calm = calm + 0.2 if cpu_seconds(pids) - before < 0.03 else 0.0
    return calm >= quiet
