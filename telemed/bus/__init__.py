"""The bell: something was written, look again. It carries no facts.

A lost ring costs a second (everybody who waits also polls), never a fact. In one process it is an
asyncio event; across processes a Redis channel (`bus.redis`) that falls back to polling.
"""

import asyncio
from typing import Protocol

POLL_SECONDS = 1.0


class Bell(Protocol):
    """Ring after a commit; wait for the next ring or the poll interval."""

    def ring(self) -> None: ...

    async def wait(self, seconds: float = POLL_SECONDS) -> bool: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class InProcessBell:
    """Wakes everybody in this process."""

    def __init__(self) -> None:
        self._rung: asyncio.Event = asyncio.Event()

    def ring(self) -> None:
        """Wake all who wait now; those who come later wait for the next ring."""
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()

    async def wait(self, seconds: float = POLL_SECONDS) -> bool:
        """Whether it rang within `seconds`."""
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to close."""
