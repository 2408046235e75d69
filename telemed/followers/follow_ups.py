"""Follow-ups are planned by the facts of answers and sessions; a clock lets their days come, and
shows the evaluations that waited long enough.

Every server process has both; they take turns, and who comes second finds nothing left to do.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from telemed.actions import evaluations
from telemed.actions import follow_ups as acts
from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.bus import Bell
from telemed.core.activity import Activity, Kind
from telemed.core.aftercare_rules import CountsFrom
from telemed.core.catalogue import Catalogue
from telemed.followers.follow import Follower, follow, sweep
from telemed.store import follow_ups
from telemed.store.engine import Store
from telemed.store.tx import Tx

log = logging.getLogger(__name__)
EVERY_SECONDS: Final = 30.0
BEGINS: Final = {
    Kind.REPORT_ISSUED.value: CountsFrom.ANSWER,
    Kind.APPOINTMENT_ENDED.value: CountsFrom.SESSION,
}


def plans(
    clock: Callable[[], datetime], new_id: Callable[[], str], catalogue: Catalogue
) -> Follower:
    """The follower that plans them."""

    def handle(tx: Tx, facts: Sequence[Activity]) -> None:
        act = Act(tx, SYSTEM, clock(), new_id, catalogue)
        known = catalogue.aftercare.follow_ups
        for fact in facts:
            begins = BEGINS[fact.kind]
            if fact.request_id and known.days(str(fact.data["service"]), begins):
                acts.plan(act, fact.request_id, begins, fact.at)

    return Follower("follow-ups", handle, frozenset(BEGINS))


async def plan_and_remind(
    store: Store,
    bell: Bell,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    catalogue: Catalogue,
) -> None:
    """The follower and the clock, until canceled."""
    await asyncio.gather(
        follow(store, bell, plans(clock, new_id, catalogue)),
        sweep(
            store,
            bell,
            lambda tx: _is_due(Act(tx, SYSTEM, clock(), new_id, catalogue)),
            lambda tx: _step_all(Act(tx, SYSTEM, clock(), new_id, catalogue)),
            EVERY_SECONDS,
            "the clock of follow-ups",
        ),
    )


def _is_due(act: Act) -> bool:
    return bool(follow_ups.to_step(act.tx, act.now, 1) or evaluations.due(act, 1))


def _step_all(act: Act) -> int:
    if done := acts.come_and_lapse(act):
        log.info("%d follow-ups came due or lapsed", done)
    return done + evaluations.open_due(act)
