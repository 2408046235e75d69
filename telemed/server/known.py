"""Callers that need not be looked up again. Knows no account, no secret and no database."""

from datetime import datetime
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_MOST: Final = 4096


class Known(Generic[T]):
    """Who was found by which secret while the database has not changed since.

    A viewer asks a thousand times in a row. Any commit, by whatever process, forgets everybody, so
    that nobody keeps a right for longer than without this.
    """

    def __init__(self) -> None:
        self._version: int | None = None
        self._found: dict[tuple[str, str], tuple[T, datetime]] = {}

    def find(self, key: tuple[str, str], version: int | None, now: datetime) -> T | None:
        """The caller, if nothing was committed and no time ran out since."""
        if version is None or version != self._version:
            return None
        caller, until = self._found.get(key, (None, now))
        return caller if now < until else None

    def keep(self, key: tuple[str, str], version: int | None, caller: T, until: datetime) -> None:
        """Remember a caller that was found after `version` was read."""
        if version is None:
            return
        if version != self._version or len(self._found) >= _MOST:
            self._version = version
            self._found.clear()
        self._found[key] = (caller, until)
