"""What all servers count together: failures by key, and the live sockets of an account.

A number here never stands alone: whoever asks counts for itself as well, and that count decides
while nobody else can be asked. In one process there is nobody else; across processes the numbers
are in Redis (`bus.redis_counts`). Knows no password, no request and no rule.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Count:
    """How often something happened at all servers, and in how many seconds that is forgotten."""

    number: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Span:
    """A count is forgotten so many seconds after its first; after `lock` when it comes to `most`.

    `lock` 0: it is forgotten when it would have been anyway.
    """

    seconds: float
    most: int = 0
    lock: float = 0


class Counts:
    """Of a process that has no others."""

    @property
    def cut_off(self) -> bool:
        """Whether there are others who cannot be asked just now."""
        return False

    async def look(self, kind: str, key: str) -> Count | None:
        """A count of all servers; None when nobody else can be asked."""
        return None

    async def add(self, kind: str, key: str, span: Span) -> Count | None:
        """Count one more; None when nobody else can be asked."""
        return None

    async def forget(self, kind: str, key: str) -> None:
        """Begin again at nothing."""

    async def enter(self, account_id: str, most: int) -> str | None:
        """A place for one more socket of an account; None when all servers together have `most`.

        An empty place is one that only the caller's own count knows.
        """
        return ""

    def leave(self, account_id: str, place: str) -> None:
        """Give a place back."""

    async def start(self) -> None:
        """Nobody to ask."""

    async def stop(self) -> None:
        """Nobody to ask."""
