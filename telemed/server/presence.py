"""Presence as people see it: colleagues who are connected, and who shows a case of mine.

Of one's own institution everybody; of another's only who shows a case of which one's institution is
a party. What is pushed are ids; names come with the answer of the route, under the rule that shows
cases. A page says what it shows; of that only what it may see is believed.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Any, Final

import orjson
import sqlalchemy as sa

from telemed.actions import notices as acts
from telemed.actions.act import Act
from telemed.bus.presence import Here, Presence
from telemed.core.access import Permission, Subject
from telemed.server.presence_schemas import PresenceOut, PresentPerson, ShownCase
from telemed.server.readers import Reader, Readers
from telemed.server.routing import Call, Route
from telemed.server.services import Services
from telemed.store import access, notices
from telemed.store.tables import accounts, requests

log = logging.getLogger(__name__)
COALESCE_SECONDS: Final = 1.0
SHOWN_SECONDS: Final = 35.0
"""A page repeats what it shows every 15 seconds; after this it is not believed any more."""
_CHUNK: Final = 500


class Watch:
    """Tells presence what the readers of this process do, and the readers what presence says."""

    def __init__(
        self, services: Services, readers: Readers, tell: Callable[[str, bytes], None]
    ) -> None:
        self._services = services
        self._readers = readers
        self._presence = services.presence
        self._tell = tell
        self._dirty: set[str] = set()
        self._told: dict[str, Here] = {}
        self._whole = True
        self._presence.changed = self._dirty.update

    def noticed(self, account_id: str) -> None:
        """A socket of an account came, went, or shows something else."""
        now = asyncio.get_running_loop().time()
        open_now = list(self._readers.of(account_id))
        if not open_now:
            self._presence.set(account_id, None)
            return
        shown = {
            case: parties
            for reader in open_now
            if reader.shown_until > now
            for case, parties in reader.shown.items()
        }
        subject = open_now[0].subject
        self._presence.set(account_id, Here(subject.person_id, open_now[0].place, shown))

    async def show(self, reader: Reader, cases: Collection[str]) -> None:
        """A page says which cases it shows. Asks the database only when they are others."""
        reader.shown_until = asyncio.get_running_loop().time() + SHOWN_SECONDS
        wanted = frozenset(cases)
        if wanted != reader.claimed_shown:
            reader.claimed_shown = wanted
            reader.shown = await self._seen(reader.subject, wanted) if wanted else {}
            await self._acknowledge(reader)
        self.noticed(reader.account_id)

    async def _acknowledge(self, reader: Reader) -> None:
        """Who has a case of theirs before their eyes knows that it was assigned to them."""
        subject, cases = reader.subject, sorted(reader.shown)
        if not cases or subject.person_id is None:
            return
        person = subject.person_id
        told = await self._services.ask(
            subject, lambda act: notices.assigned_to(act.tx, person, cases)
        )
        if told:
            await self._services.act(subject, lambda act: acts.seen(act, cases))

    async def _seen(self, subject: Subject, cases: Collection[str]) -> dict[str, tuple[str, ...]]:
        def ask(act: Act) -> dict[str, tuple[str, ...]]:
            c = requests.c
            mine = access.visible_requests(subject, act.now)
            query = sa.select(c.id, c.requester_id, c.provider_id).where(
                c.id.in_(sorted(cases)), c.state.not_in(("draft", "awaiting")), mine
            )
            return {
                row["id"]: tuple(p for p in (row["requester_id"], row["provider_id"]) if p)
                for row in act.tx.all(query)
            }

        return await self._services.ask(subject, ask)

    async def run(self) -> None:
        """Once a second push what changed, and forget what pages no longer repeat."""
        while True:
            await asyncio.sleep(COALESCE_SECONDS)
            try:
                self._expire()
                self._push()
            except Exception:
                log.exception("presence stumbled")

    def _expire(self) -> None:
        now = asyncio.get_running_loop().time()
        for reader in [r for r in self._readers.all if r.shown and r.shown_until <= now]:
            reader.shown, reader.claimed_shown = {}, frozenset()
            self.noticed(reader.account_id)

    def _push(self) -> None:
        """One message for each institution that anything changed for."""
        whole, dirty = self._presence.whole, set(self._dirty)
        self._dirty.clear()
        rows: dict[str, list[dict[str, Any]]] = {}
        for account_id in dirty:
            old, new = self._told.get(account_id), self._presence.of(account_id)
            if new is None:
                self._told.pop(account_id, None)
            else:
                self._told[account_id] = new
            if old != new:
                for place, row in changes(account_id, old, new, whole).items():
                    rows.setdefault(place, []).append(row)
        if whole != self._whole:
            self._whole = whole
            for place in self._readers.places():
                rows.setdefault(place, [])
        for place, people in rows.items():
            body = {"type": "presence", "whole": whole, "people": people}
            self._tell(place, orjson.dumps(body))


def changes(
    account_id: str, old: Here | None, new: Here | None, whole: bool
) -> dict[str, dict[str, Any]]:
    """What each institution is told of a change: its own people whole, others by shared cases.

    Of one's own people `online` is null when they were lost sight of and nobody knows.
    """
    known = new or old
    if known is None:
        return {}
    told: dict[str, dict[str, Any]] = {}
    shown = new.cases if new is not None else {}
    before = old.cases if old is not None else {}
    for place in {p for cases in (shown, before) for parties in cases.values() for p in parties}:
        shared = sorted(case for case, parties in shown.items() if place in parties)
        told[place] = {"account_id": account_id, "person_id": known.person_id, "cases": shared}
    for place in {here.place for here in (old, new) if here is not None and here.place}:
        mine = new is not None and new.place == place
        told[place] = {
            "account_id": account_id,
            "person_id": known.person_id,
            "online": mine or (False if whole else None),
            "cases": sorted(shown) if mine else [],
        }
    return told


# --- the route --------------------------------------------------------------------------------


async def present(call: Call) -> PresenceOut:
    """Who of my institution is connected, and who shows which case that I may see."""
    presence: Presence = call.services.presence
    place = call.subject.institution_id
    if place is None:
        return PresenceOut(whole=presence.whole, people=[], cases=[])
    mine, shown = [], []
    for account_id, here in presence.everybody():
        if here.place == place:
            mine.append((account_id, here))
        shown += [(case, account_id, here) for case, parties in here.cases.items()
                  if place in parties]  # fmt: skip
    visible, names = await call.ask(
        lambda act: (
            _visible(act, sorted({case for case, _, _ in shown})),
            _names(act, sorted({a for a, _ in mine} | {a for _, a, _ in shown})),
        )
    )
    return PresenceOut(
        whole=presence.whole,
        people=[
            PresentPerson(
                account_id=account_id,
                person_id=here.person_id,
                name=names[account_id],
                cases=sorted(set(here.cases) & visible),
            )
            for account_id, here in sorted(mine)
            if account_id in names
        ],
        cases=[
            ShownCase(
                request_id=case,
                account_id=account_id,
                person_id=here.person_id,
                name=names[account_id],
                institution_id=here.place or "",
            )
            for case, account_id, here in sorted(shown, key=lambda one: one[:2])
            if case in visible and account_id in names
        ],
    )


def _visible(act: Act, cases: list[str]) -> set[str]:
    allowed = access.visible_requests(act.subject, act.now)
    return {
        row["id"]
        for first in range(0, len(cases), _CHUNK)
        for row in act.tx.all(
            sa.select(requests.c.id).where(
                requests.c.id.in_(cases[first : first + _CHUNK]), allowed
            )
        )
    }


def _names(act: Act, ids: list[str]) -> dict[str, str]:
    return {
        row["id"]: row["display_name"]
        for first in range(0, len(ids), _CHUNK)
        for row in act.tx.all(
            sa.select(accounts.c.id, accounts.c.display_name).where(
                accounts.c.id.in_(ids[first : first + _CHUNK])
            )
        )
    }


ROUTES = (
    Route(
        "GET",
        "/api/presence",
        present,
        Permission.SEE_CASES,
        "Who is connected, and who shows which case",
        returns=PresenceOut,
    ),
)
