"""Says when an answer is likely: before a case is sent, when it is, and while it waits."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from telemed.actions.act import Act
from telemed.core.expected import Range, Situation, cells, likely
from telemed.core.roster import readers
from telemed.core.sla import URGENCIES
from telemed.store import expected, roster
from telemed.store.tx import Row


def situation(
    act: Act, service: str, urgency: str, provider: str, frozen: bool = False
) -> Situation:
    """A case that is sent now."""
    as_pressing = URGENCIES[: URGENCIES.index(urgency) + 1]
    ahead = expected.ahead(act.tx, provider, service, as_pressing)
    staff = _on_duty(act, provider, service, frozen)
    return Situation(service, urgency, frozen, provider, act.now, ahead, staff)


def _on_duty(act: Act, provider: str, service: str, frozen: bool) -> int | None:
    """How many readers are on duty for such a case; None where no roster is kept."""
    shifts = roster.on_duty_if_kept(act.tx, provider, act.now)
    return None if shifts is None else len(readers(shifts, act.catalogue.duties, service, frozen))


def expect(act: Act, row: Row, provider: str) -> None:
    """Keep what is told of a case that is sent now; before it moves, or it is ahead of itself."""
    frozen = bool(row["content"].get("frozen"))
    case = situation(act, row["service"], row["urgency"], provider, frozen)
    found = likely(case, expected.history(act.tx, cells(case)))
    cell, given = found if found else (None, None)
    expected.expect(
        act.tx,
        {
            "request_id": row["id"],
            "sent_at": act.now,
            "frozen": frozen,
            "provider_id": provider,
            "ahead": case.ahead,
            "on_duty": case.on_duty,
            "low": given and given.low,
            "mid": given and given.mid,
            "high": given and given.high,
            "cell": cell,
        },
    )


def before(act: Act, service: str, provider: str) -> dict[str, Range]:
    """What is likely of a case that would be sent to a desk now, by urgency."""
    cases = {urgency: situation(act, service, urgency, provider) for urgency in URGENCIES}
    history = expected.history(act.tx, [c for case in cases.values() for c in cells(case)])
    found = {urgency: likely(case, history) for urgency, case in cases.items()}
    return {urgency: hit[1] for urgency, hit in found.items() if hit is not None}


def of_rows(act: Act, rows: Collection[Row]) -> Mapping[str, dict[str, Any]]:
    """What is likely now of each open case of a page that is known of, by request.

    `low`, `mid` and `high` are moments; `told` is the range as it was when the case was sent. Two
    look-ups for the whole page.
    """
    waiting = {row["id"]: row for row in rows if row["state"] == "open"}
    told = expected.of_requests(act.tx, waiting)
    cases = {key: _case(waiting[key], row) for key, row in told.items()}
    history = expected.history(act.tx, {c for case in cases.values() for c in cells(case)})
    return {key: _moments(act, case, history) for key, case in cases.items()}


def _case(row: Row, told: Row) -> Situation:
    return Situation(
        row["service"], row["urgency"], told["frozen"], told["provider_id"], told["sent_at"],
        told["ahead"], told["on_duty"],
    )  # fmt: skip


def _moments(act: Act, case: Situation, history: Mapping[str, list[int]]) -> dict[str, Any]:
    spent = max(0.0, (act.now - case.sent).total_seconds())
    found = likely(case, history, spent)
    if found is None:
        return {"low": None, "mid": None, "high": None, "cases": 0, "ahead": case.ahead}
    given = found[1]
    times = {name: case.sent + timedelta(seconds=getattr(given, name)) for name in _NAMES}
    return {**times, "cases": given.cases, "ahead": case.ahead}


_NAMES = ("low", "mid", "high")
