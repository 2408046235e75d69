"""What a case costs is counted when it is answered, and anew when a fact changes it.

A charge begins with the first fact after there were charges: the past is not billed.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from telemed.actions import charges
from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.core.activity import Activity, Kind
from telemed.core.catalogue import Catalogue
from telemed.followers.follow import Follower
from telemed.store import log
from telemed.store.tx import Tx

NAME: Final = "charges"
COUNTS: Final = frozenset(
    {Kind.REPORT_ISSUED.value, Kind.APPOINTMENT_ENDED.value, Kind.OPINION_SIGNED.value}
)
"""Facts after which a case may cost something, or something else."""


def counts(
    clock: Callable[[], datetime], new_id: Callable[[], str], catalogue: Catalogue
) -> Follower:
    """The follower that counts them. Counting twice is counting once."""

    def handle(tx: Tx, facts: Sequence[Activity]) -> None:
        act = Act(tx, SYSTEM, clock(), new_id, catalogue)
        for fact in facts:
            if fact.request_id and catalogue.aftercare.fees.of(str(fact.data.get("service"))):
                charges.count(act, fact.request_id, fact.at)

    return Follower(NAME, handle, COUNTS)


def begin(tx: Tx) -> None:
    """The first start on a log: what was done before costs nothing by this."""
    tx.take_turn(f"follower {NAME}")
    if NAME not in log.all_bookmarks(tx):
        log.move_bookmark(tx, NAME, log.head(tx))
