"""What a message of an appointment says of it at the moment of sending, and what a calendar does.

It looks the appointment up as it is just then: whoever is told late is told what holds now. Knows
service, time, place and the one it is for; refuses to know patients, cases and other people.
"""

from typing import Final

from telemed.actions.act import Act
from telemed.actions.booking import Booked
from telemed.actions.calendar_feeds import entry, places_of
from telemed.actions.matters import Matter, let_in, load, whom
from telemed.core.appointment import MACHINE, TAKES_TIME, SeatState
from telemed.core.escalation import AFTER_IT_IS_OFF, OF_WATCHERS, Occasion, Who
from telemed.followers.channels import Meeting
from telemed.store import tables as t
from telemed.store.tx import Row

_PARTSTAT: Final = {
    SeatState.INVITED: "NEEDS-ACTION",
    SeatState.ACCEPTED: "ACCEPTED",
    SeatState.DECLINED: "DECLINED",
    SeatState.REPLACED: "DECLINED",
}
"""What a calendar shows an answer as (RFC 5545 3.2.12)."""
_TO_A_CALENDAR: Final = frozenset({Occasion.INVITED, Occasion.SET}) | OF_WATCHERS | AFTER_IT_IS_OFF


def meeting_of(act: Act, delivery: Row) -> Meeting | None:
    """The appointment of a delivery, for the one whom it goes to; None for a case."""
    if delivery["appointment_id"] is None:
        return None
    matter = load(act, delivery)
    if matter is None or matter.booked is None:
        return None
    row = matter.row
    label = act.catalogue.services[row["service"]].label
    word = MACHINE.word(matter.booked.state)
    if delivery["language"] == "en":
        service, title = label.en, f"{label.en} ({word['en']})"
    else:
        service, title = label.zh, f"{label.zh}（{word['zh']}）"
    seat = _seat_of(act, matter.booked, delivery["account_id"])
    return Meeting(
        service=service,
        entry=entry(row, title, places_of(act, [row])),
        method=_method(act, delivery, matter, seat),
        takes_part=seat is not None,
        answer="ACCEPTED" if seat is None else _PARTSTAT[SeatState(seat["state"])],
        told_at=act.now,
    )


def _seat_of(act: Act, booked: Booked, account_id: str) -> Row | None:
    """Somebody's own seat, the last one if they had several."""
    account = act.tx.find(t.accounts, id=account_id)
    if account is None or account["person_id"] is None:
        return None
    mine = [seat for seat in booked.seats if seat["person_id"] == account["person_id"]]
    return mine[-1] if mine else None


def _method(act: Act, delivery: Row, matter: Matter, seat: Row | None) -> str:
    """An event that is over or somebody else's is never asked for by a letter that comes late, and
    one that is on again is never taken away."""
    occasion, booked = Occasion(delivery["occasion"]), matter.booked
    if occasion not in _TO_A_CALENDAR or booked is None:
        return ""
    is_on = booked.state in TAKES_TIME and (seat is None or seat in booked.sitting)
    if occasion in OF_WATCHERS and is_on:
        whose = let_in(act, booked) | set(whom(act, matter, [Who.BOOKER]))
        is_on = delivery["account_id"] in whose
    if occasion in AFTER_IT_IS_OFF:
        return "" if is_on else "CANCEL"
    return "REQUEST" if is_on else ""
