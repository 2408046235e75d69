"""What the facts around an answer count: sessions, who was there, evaluation, follow-up, charges.

Each fold takes one fact and gives its indicators, as those of `tally` do. Facts of appointments
from before they said who asks whom are counted nowhere.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from telemed.core.activity import Activity, Kind
from telemed.core.fact_times import spent_since

Found = Iterable[tuple[str, float | None]]
GOOD_MEAN: Final = 4
SEVERAL: Final = 3
"""Institutions from which on a session is one of several: more than asking and answering."""
ABSENT: Final[Mapping[str, str]] = MappingProxyType(
    {"requester-absent": "missed_by_requester", "expert-absent": "missed_by_provider"}
)
"""Whose no-show it was, by its coded reason; the line is nobody's."""
RATED: Final[Mapping[str, str]] = MappingProxyType({"requester": "answer", "provider": "request"})
"""What each side evaluates."""


def _one(code: str) -> Callable[[Activity], Found]:
    return lambda activity: ((code, None),)


def _confirmed(activity: Activity) -> Found:
    yield "sessions_confirmed", None
    yield "session_confirming", spent_since(activity, "asked_at")


def _ended(activity: Activity) -> Found:
    yield "sessions_held", None
    spent = spent_since(activity, "begun_at")
    if spent is not None:
        yield "session_minutes", int(spent + 30) // 60
    there = activity.data.get("accompanied")
    if isinstance(there, bool):
        yield "accompaniable", None
        if there:
            yield "accompanied", None
    places = activity.data.get("institutions")
    if isinstance(places, int):
        yield "sessions_attended", None
        if places >= SEVERAL:
            yield "sessions_of_several", None


def _missed(activity: Activity) -> Found:
    yield "sessions_missed", None
    whose = ABSENT.get(str(activity.data.get("reason")))
    if whose is not None:
        yield whose, None


def _rated(activity: Activity) -> str:
    side = activity.data.get("side")
    if side not in RATED:
        raise ValueError(f"activity {activity.seq}: an evaluation of no side")
    return RATED[str(side)]


def _given(activity: Activity) -> Found:
    yield f"{_rated(activity)}_evaluated", None


def _opened(activity: Activity) -> Found:
    """Counted when both sides may know it; it does not change any more."""
    code, scores = _rated(activity), activity.data.get("scores")
    if not isinstance(scores, dict) or not scores:
        raise ValueError(f"activity {activity.seq}: an evaluation without scores")
    yield f"{code}_rated", None
    if sum(scores.values()) >= GOOD_MEAN * len(scores):
        yield f"{code}_rated_good", None


FOLLOWED: Final = frozenset({"7", "30"})
"""The days that have indicators of their own."""


def _due(activity: Activity) -> Found:
    days = str(activity.data.get("follow_up"))
    if days in FOLLOWED:
        yield f"followup_{days}_due", None


def _answered(activity: Activity) -> Found:
    """What was answered before its day is due with its answer: its day never comes."""
    days = str(activity.data.get("follow_up"))
    if days in FOLLOWED:
        yield f"followup_{days}_done", None
        if activity.data.get("early") is True:
            yield f"followup_{days}_due", None


def _fen(activity: Activity) -> int:
    amount = activity.data.get("amount")
    return amount if isinstance(amount, int) else 0


def _settled(activity: Activity) -> Found:
    yield "charges_settled", None
    yield "settled_amount", _fen(activity)


def _refunded(activity: Activity) -> Found:
    yield "charges_refunded", None
    yield "settled_amount", -_fen(activity)


CARE_FOLDS: Final[Mapping[str, Callable[[Activity], Found]]] = MappingProxyType(
    {
        Kind.APPOINTMENT_PROPOSED: _one("sessions_proposed"),
        Kind.APPOINTMENT_CONFIRMED: _confirmed,
        Kind.APPOINTMENT_ENDED: _ended,
        Kind.APPOINTMENT_ATTENDED: _one("institutions_attended"),
        Kind.APPOINTMENT_CANCELED: _one("sessions_canceled"),
        Kind.APPOINTMENT_MISSED: _missed,
        Kind.EVALUATION_GIVEN: _given,
        Kind.EVALUATION_OPENED: _opened,
        Kind.FOLLOWUP_DUE: _due,
        Kind.FOLLOWUP_ANSWERED: _answered,
        Kind.CHARGE_SETTLED: _settled,
        Kind.CHARGE_REFUNDED: _refunded,
    }
)

NOT_OF_OLD: Final = frozenset(
    {Kind.MINUTES_ARCHIVED, *(kind for kind in CARE_FOLDS if kind.startswith("appointment."))}
)
"""Facts that have not always said who asks whom."""
