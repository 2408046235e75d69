"""The bell: something was written, look again. It carries no facts.

A lost ring costs a second, never a fact: each process looks at the log's head once a second and
rings for itself when it moved. In one process the bell is an asyncio event; across processes a
Redis channel (`bus.redis`).

Whoever looks and then waits takes the upcoming ring before looking, so that a ring in between is
not missed.
"""

import asyncio
from typing import Protocol

POLL_SECONDS = 1.0


class Bell(Protocol):
    """Ring after a commit; wait for the upcoming ring."""

    def ring(self) -> None: ...

    def ring_here(self) -> None: ...

    def upcoming(self) -> asyncio.Event: ...

    async def wait(self, upcoming: asyncio.Event, seconds: float) -> bool: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class InProcessBell:
    """Wakes everybody in this process."""

    def __init__(self) -> None:
        self._rung: asyncio.Event = asyncio.Event()

    def ring(self) -> None:
        """Tell everybody: something was written."""
        self.ring_here()

    def ring_here(self) -> None:
        """Wake all who wait in this process; those who come later wait for the next ring."""
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()

    def upcoming(self) -> asyncio.Event:
        """The next ring; take it before looking."""
        return self._rung

    async def wait(self, upcoming: asyncio.Event, seconds: float) -> bool:
        """Whether that ring came within `seconds`."""
        try:
            # wait_for loses a cancellation that comes together with the ring (until Python 3.12).
            async with asyncio.timeout(seconds):
                await upcoming.wait()
        except TimeoutError:
            return False
        return True

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to close."""
