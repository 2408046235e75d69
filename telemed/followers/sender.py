"""Lets notices out of the house: each delivery once, again after a fault, given up where seen.

A delivery is taken for a minute in one transaction, tried outside of any, and settled in another.
Whoever dies in between lets it be tried again, with the same id, which the receiver knows it by.
One that fails holds up no other.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from telemed.actions import notices as acts
from telemed.actions.act import Act
from telemed.actions.urgent_calls import RINGS
from telemed.actions.worklist import SYSTEM
from telemed.bus import Bell
from telemed.core.catalogue import Catalogue
from telemed.core.escalation import OWN_DOING, Channel, End, Occasion
from telemed.core.going_out import backoff
from telemed.core.urgent_call import State as CallState
from telemed.followers.channels import Browser, Message, Outcome, Sent, Way
from telemed.followers.follow import at_each_ring
from telemed.followers.meetings import meeting_of
from telemed.store import notices
from telemed.store.engine import Store
from telemed.store.tx import Row, Tx

log = logging.getLogger(__name__)
EVERY_SECONDS = 2.0
AT_ONCE = 20
TAKEN = timedelta(seconds=60)
PATIENCE = 40.0
"""Less than a delivery is taken for, so that no other process tries it meanwhile."""
MOST_ATTEMPTS = 9
GIVEN_UP = "given-up"
_ADDRESS = {"email": "email", "sms": "phone", "wecom": "wecom"}


def _path(row: Row) -> str:
    """The page that a notice opens; what rings is answered on any page."""
    if row["occasion"] == Occasion.MINUTES_TO_SIGN:
        return f"/appointments/{row['appointment_id']}/minutes"
    if row["appointment_id"] is not None:
        return f"/appointments?open={row['appointment_id']}"
    if row["call_id"] is not None:
        return "/appointments"
    if row["lecture_id"] is not None:
        return f"/training/lectures/{row['lecture_id']}"
    if row["course_id"] is not None:
        return f"/training/courses/{row['course_id']}"
    return f"/requests/{row['request_id']}"


@dataclass(frozen=True, slots=True)
class Sender:
    """What sending needs. `chance` gives numbers in [0, 1); `origin` is where links lead.

    `tried` is told of each attempt: its channel, and `accepted`, `later` or `given-up`.
    """

    store: Store
    bell: Bell
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    catalogue: Catalogue
    ways: Mapping[str, Way]
    chance: Callable[[], float]
    origin: str
    tried: Callable[[str, str], None] = lambda channel, outcome: None

    async def watch(self) -> None:
        """Look every few seconds, and when something happened, until canceled."""

        async def look() -> bool:
            return await self.send_due() == AT_ONCE

        await at_each_ring(self.bell, EVERY_SECONDS, look, "the sender")

    async def send_due(self) -> int:
        """Try what is due, side by side; how many."""
        if not await self.store.read(lambda tx: notices.any_due(tx, self.clock())):
            return 0
        rows = await self.store.write(self._take)
        await asyncio.gather(*(self._try(row) for row in rows))
        return len(rows)

    def _take(self, tx: Tx) -> list[Row]:
        tx.take_turn("sender")
        now = self.clock()
        return notices.take_due(tx, now, now + TAKEN, AT_ONCE)

    async def _try(self, row: Row) -> None:
        """One delivery from hand to settled; a fault of it is its own."""
        try:
            sent = await self._sent(row)
            outcome = await self.store.write(lambda tx: self._settle(tx, row, sent))
            if outcome is not None:
                self.tried(row["channel"], outcome)
            if outcome == GIVEN_UP:
                self.bell.ring()
        except Exception:
            log.exception("delivery %s stumbled; it is tried again", row["id"])

    async def _sent(self, row: Row) -> Sent | None:
        """How the attempt went; None when there is no need of one any more."""
        over = row["ended_at"] is not None and row["end_reason"] != End.TOLD
        rings_no_more = row["occasion"] == RINGS and row["call_state"] != CallState.RINGING
        read = row["read_at"] is not None and row["occasion"] not in OWN_DOING
        if read or over or rings_no_more:
            return None
        way = self.ways.get(row["channel"])
        if way is None:
            return Sent(Outcome.LATER, "not-set-up")
        message = await self.store.read(lambda tx: self._message(tx, row))
        if not message.to and not message.browsers:
            return Sent(Outcome.NEVER, "no-address")
        try:
            return await asyncio.wait_for(way.send(message), PATIENCE)
        except TimeoutError:
            return Sent(Outcome.LATER, "late")
        except Exception as fault:  # what a channel did not foresee is this delivery's alone
            log.exception("channel %s failed", row["channel"])
            return Sent(Outcome.LATER, type(fault).__name__)

    def _message(self, tx: Tx, row: Row) -> Message:
        mine = row["account_id"]
        by_push = row["channel"] == Channel.PUSH
        browsers = notices.subscribers(tx, [mine]).get(mine, []) if by_push else []
        address = row[_ADDRESS[row["channel"]]] if row["channel"] in _ADDRESS else ""
        act = Act(tx, SYSTEM, self.clock(), self.new_id, self.catalogue)
        return Message(
            id=row["id"],
            channel=row["channel"],
            to=address or "",
            occasion=row["occasion"],
            weight=row["weight"],
            request_id=row["request_id"],
            appointment_id=row["appointment_id"],
            call_id=row["call_id"],
            course_id=row["course_id"],
            lecture_id=row["lecture_id"],
            language=row["language"] or "zh",
            unread=sum(notices.unread(tx, mine).values()),
            link=self.origin + _path(row),
            browsers=[Browser(b["endpoint"], b["p256dh"], b["auth"]) for b in browsers],
            meeting=meeting_of(act, row) if row["channel"] == Channel.EMAIL else None,
        )

    def _settle(self, tx: Tx, row: Row, sent: Sent | None) -> str | None:
        """Write how it went, and say so; None for what was not tried, or settled by a receipt."""
        now = self.clock()
        tries = {"attempts": row["attempts"] + 1, "next_at": None}
        if sent is None:
            state = "read" if row["read_at"] is not None else notices.OVER
            notices.settle(tx, row["id"], state, now, next_at=None)
            return None
        for endpoint in sent.gone:
            notices.unsubscribe(tx, endpoint)
        if sent.outcome in (Outcome.ACCEPTED, Outcome.DELIVERED):
            notices.settle(tx, row["id"], sent.outcome.value, now, why="", **tries)
            return Outcome.ACCEPTED.value
        if sent.outcome is Outcome.LATER and row["attempts"] + 1 < MOST_ATTEMPTS:
            wait = backoff(row["attempts"] + 1, self.chance())
            again = {**tries, "next_at": now + wait}
            notices.settle(tx, row["id"], notices.WAITING, now, why=sent.why, **again)
            return Outcome.LATER.value
        if not notices.settle(tx, row["id"], notices.FAILED, now, why=sent.why, **tries):
            return None
        act = Act(tx, SYSTEM, now, self.new_id, self.catalogue)
        acts.given_up(act, row["id"], row["channel"], sent.why)
        log.warning("a notice by %s was given up: %s", row["channel"], sent.why)
        return GIVEN_UP
