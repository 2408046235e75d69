"""Learns from each answer how long cases like it take."""

from collections.abc import Sequence

from telemed.core.activity import Activity, Kind
from telemed.core.expected import Situation, cells, remembered
from telemed.followers.follow import Follower
from telemed.store import expected
from telemed.store.tx import Row, Tx


def learn(tx: Tx, seen: Sequence[Activity]) -> None:
    """The cells of these answers; a fact that a cell holds already changes nothing."""
    told = expected.of_requests(tx, [a.request_id for a in seen if a.request_id])
    answers = [
        (activity, cells(_situation(activity, told[activity.request_id])))
        for activity in seen
        if activity.request_id in told
    ]
    names = {name for _, mine in answers for name in mine}
    history, marks = expected.history(tx, names), expected.marks(tx, names)
    fresh: dict[str, list[int]] = {}
    for activity, mine in answers:
        request_id = str(activity.request_id)
        took = int((activity.at - told[request_id]["sent_at"]).total_seconds())
        expected.took(tx, request_id, took)
        for name in mine:
            if activity.seq > marks.get(name, 0):
                fresh[name] = remembered(fresh.get(name, history.get(name, [])), took)
                marks[name] = activity.seq
    expected.remember(tx, fresh, marks)


EXPECTED = Follower("expected", learn, frozenset((Kind.REPORT_ISSUED,)))


def _situation(activity: Activity, row: Row) -> Situation:
    return Situation(
        service=str(activity.data["service"]),
        urgency=str(activity.data["urgency"]),
        frozen=row["frozen"],
        provider=row["provider_id"],
        sent=row["sent_at"],
        ahead=row["ahead"],
        on_duty=row["on_duty"],
    )
