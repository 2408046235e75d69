"""The two clocks of a case as the contract tells them: by beginnings, never by what is left now.

A page adds the time since by the server's clock, so an answer that lies in a cache stays true.
"""

from typing import Any

from telemed.actions.act import Act
from telemed.core import sla
from telemed.core.catalogue import Count
from telemed.core.clocks import TELLING, Clocks, Hand, Side, clocks_of, questions_of, turns_of
from telemed.store import log
from telemed.store.tx import Row


def clock_out(act: Act, row: Row) -> dict[str, Any]:
    """Both clocks of a case in a list."""
    found = clocks_of(row)
    promise = row["promise"]
    return {
        "turn": found.turn,
        "whose": found.whose,
        "provider": _hand(found.provider, _resumes(act, row, found)),
        "requester": _hand(found.requester, None),
        "promise": promise,
    }


def _hand(hand: Hand, resumes: Any) -> dict[str, Any]:
    return {
        "running": hand.running,
        "spent": int(hand.spent.total_seconds()),
        "since": hand.since,
        "due": hand.due,
        "late": hand.late,
        "resumes": resumes,
    }


def _resumes(act: Act, row: Row, found: Clocks) -> Any:
    """When a promise that runs in working hours goes on; None while it runs or never stops."""
    promise = row["promise"] or {}
    if found.whose is not Side.PROVIDER or promise.get("clock") != Count.WORKING.value:
        return None
    clock = sla.clock_of(Count.WORKING, act.catalogue.calendar, row["service"], row["provider_id"])
    opens = clock.opens(act.now)
    return None if opens == act.now else opens


def turns_out(act: Act, request_id: str) -> list[dict[str, Any]]:
    """Every turn of a case, oldest first."""
    facts = log.of_request(act.tx, request_id, TELLING)
    return [
        {
            "turn": stint.turn,
            "side": stint.side,
            "institution_id": stint.institution,
            "since": stint.since,
            "until": stint.until,
            "due": stint.due,
        }
        for stint in sorted((*turns_of(facts), *questions_of(facts)), key=lambda s: s.since)
    ]
