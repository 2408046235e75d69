"""Words from one member of a conference to others, at whichever servers their sockets are.

Said once and kept nowhere: who is not there misses it, and says so by asking again. In one process
nobody else has to be told; across processes the servers hear each other through Redis
(`bus.redis_relay`). Knows neither what is said nor who may hear it.
"""

from collections.abc import Callable


class Relay:
    """Of a process that has no others."""

    def __init__(self) -> None:
        self.heard: Callable[[bytes], None] = lambda raw: None
        """Told what another process said."""

    def post(self, raw: bytes) -> None:
        """Say something to all other processes."""

    async def start(self) -> None:
        """Nobody to tell."""

    async def stop(self) -> None:
        """Nobody to tell."""
