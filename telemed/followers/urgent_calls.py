"""The clock of urgent calls, and whoever is rung told wherever they are.

Who did not answer in time is followed by the next: the clock looks every second, for a call that
rings is somebody waiting. Every server process has it, and they take turns; who comes second finds
the next rung. The follower tells whoever is rung by the ways that reach a telephone, and the
coordinators and whoever called when nobody answered.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final

from telemed.actions import matters
from telemed.actions import notices as tells
from telemed.actions import urgent_calls as acts
from telemed.actions.act import Act
from telemed.actions.calendars import BOOKING
from telemed.actions.worklist import SYSTEM
from telemed.bus import Bell
from telemed.core.activity import Activity, Kind
from telemed.core.catalogue import Catalogue
from telemed.core.escalation import Channel, Weight, Who
from telemed.core.urgent_call import State
from telemed.followers.follow import Follower, sweep
from telemed.store import notices, urgent_calls
from telemed.store.engine import Store
from telemed.store.tx import Tx

EVERY_SECONDS: Final = 1.0
_BY: Final = (Channel.PUSH, Channel.WECOM, Channel.SMS)


async def watch(
    store: Store,
    bell: Bell,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    catalogue: Catalogue,
) -> None:
    """Look every second until canceled."""
    await sweep(
        store,
        bell,
        lambda tx: bool(urgent_calls.due(tx, clock())),
        lambda tx: ring_on(Act(tx, SYSTEM, clock(), new_id, catalogue)),
        EVERY_SECONDS,
        "the clock of urgent calls",
    )


def ring_on(act: Act) -> int:
    """Ring the next of every call that is due; how many."""
    act.tx.take_turn(BOOKING)
    late = urgent_calls.due(act.tx, act.now)
    for row in late:
        acts.go_on(act, row)
    return len(late)


def tells_the_rung(
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    catalogue: Catalogue,
    ways: Collection[Channel],
) -> Follower:
    """The follower that tells people of calls. Telling twice is harmless: a source tells each
    person once. Of a ring that is over nobody is told."""

    def handle(tx: Tx, facts: Sequence[Activity]) -> None:
        act = Act(tx, SYSTEM, clock(), new_id, catalogue)
        for fact in facts:
            row = urgent_calls.get(tx, str(fact.data["call"]))
            if row is None:
                continue
            if fact.kind == Kind.URGENT_CALL_RUNG:
                if row["state"] == State.RINGING:
                    people = notices.accounts_of(tx, [str(fact.data["person"])])
                    _tell(act, fact, acts.RINGS, people, ways)
            else:
                caller = notices.enabled(tx, [row["made_by"]])
                there = matters.whom(
                    act, matters.Matter(row, is_call=True), [Who.COORDINATORS_ON_DUTY]
                )
                _tell(act, fact, acts.UNANSWERED, [*caller, *there], ways)

    kinds = frozenset({Kind.URGENT_CALL_RUNG.value, Kind.URGENT_CALL_EXHAUSTED.value})
    return Follower("urgent calls", handle, kinds)


def _tell(
    act: Act, fact: Activity, occasion: str, people: Sequence[str], ways: Collection[Channel]
) -> None:
    call = str(fact.data["call"])
    told = tells.Told(
        source=f"call:{call}:{fact.data.get('ring', 'over')}",
        occasion=occasion,
        weight=Weight.URGENT,
        request_id=None,
        call_id=call,
    )
    tells.tell(act, told, list(dict.fromkeys(people)), _BY, ways)
