"""Beginning a climb of a ladder: which one fits what it is about, and its row.

It knows no fact's kind; what a fact is about is worked out by whoever follows it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telemed.core import escalation
from telemed.core.activity import Activity
from telemed.core.catalogue import Catalogue
from telemed.core.escalation import Occasion
from telemed.store import notices
from telemed.store.tx import Tx


@dataclass(frozen=True, slots=True)
class About:
    """What a climb is about: `of` are the columns that name it, `anchor` is from when its steps
    count; `requester` and `provider` are the sides that see it, `by` who brought it about."""

    service: str
    of: dict[str, Any]
    anchor: datetime | None
    requester: str
    provider: str
    by: str | None
    urgency: str = "routine"
    frozen: bool = False


def begin(
    tx: Tx, activity: Activity, occasion: Occasion, about: About, catalogue: Catalogue, new: str
) -> None:
    """Begin a climb, once for each fact, occasion and whom it is about; none of which every step
    is past."""
    anchor = about.anchor
    ladder = escalation.ladder_for(
        catalogue.ladders, occasion, about.service, about.urgency, about.frozen
    )
    if ladder is None or anchor is None:
        return
    told = escalation.gone_by(ladder, anchor, activity.at)
    if told == ladder.rungs:
        return
    notices.open_escalation(
        tx,
        {
            "id": new,
            "opened_seq": activity.seq,
            "ladder": ladder.code,
            "occasion": occasion.value,
            **_NAMED,
            **about.of,
            "requester_id": about.requester,
            "provider_id": about.provider,
            "opened_by": about.by,
            "opened_at": activity.at,
            "anchor_at": anchor,
            "told": told,
            "next_at": escalation.rung_at(ladder, anchor, told),
        },
    )


_NAMED = {
    "request_id": None,
    "appointment_id": None,
    "course_id": None,
    "lecture_id": None,
    "seat": None,
    "finding": "",
}
