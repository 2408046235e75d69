"""Who is connected, and which cases they show: kept in memory only, told to the other servers.

It holds no only copy: whoever is asked again says the same, and a server that is not heard any
more is forgotten. In one process it is a dictionary; across processes the servers tell each other
through Redis (`bus.gossip`). Knows ids; who may see what of it is not decided here.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Shown: TypeAlias = Mapping[str, tuple[str, ...]]
"""Cases that somebody shows, each with its parties."""


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody who is connected: their person, the institution they act for, what they show."""

    person_id: str | None
    place: str | None
    cases: Shown = field(default_factory=dict)


class Presence:
    """Those at this process, and what the others told."""

    def __init__(self, alone: bool = True) -> None:
        self._alone = alone
        self._mine: dict[str, Here] = {}
        self.changed: Callable[[Collection[str]], None] = lambda accounts: None
        """Told the accounts of which something is different now, here or elsewhere."""

    @property
    def whole(self) -> bool:
        """Whether who is not found is not connected; otherwise nobody knows."""
        return self._alone

    def set(self, account_id: str, here: Here | None) -> None:
        """Somebody came, went, or shows other cases at this process."""
        if self._mine.get(account_id) == here:
            return
        if here is None:
            del self._mine[account_id]
        else:
            self._mine[account_id] = here
        self._told(account_id, here)
        self.changed((account_id,))

    def of(self, account_id: str) -> Here | None:
        """Somebody, at whichever servers they are connected; None when at none that is heard."""
        found = [at[account_id] for at in self._everywhere() if account_id in at]
        if not found:
            return None
        cases = {case: parties for one in found for case, parties in one.cases.items()}
        return Here(found[0].person_id, found[0].place, cases)

    def everybody(self) -> Iterator[tuple[str, Here]]:
        """Each who is connected, once."""
        for account_id in {account for at in self._everywhere() for account in at}:
            here = self.of(account_id)
            if here is not None:
                yield account_id, here

    def people_at(self, institution_id: str | None) -> frozenset[str]:
        """The people who are connected for an institution."""
        here = {one.person_id for _, one in self.everybody() if one.place == institution_id}
        return frozenset(person for person in here if person is not None)

    def _everywhere(self) -> list[dict[str, Here]]:
        return [self._mine]

    def _told(self, account_id: str, here: Here | None) -> None:
        """For those who tell others."""

    async def start(self) -> None:
        """Nobody to tell."""

    async def stop(self) -> None:
        """Nobody to tell."""
