"""Deadlines: what was promised, by which row, when it is due, and what a requester owes by when.

A promise is minutes of a clock that either never stops or runs in working hours. It starts when
the request is first sent; time during which the responding side waits for the requester (returned
or declined) does not count against it. Due times are promised, turnaround is measured.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from telemed.core.catalogue import Count, Deadline, Owed
from telemed.core.workdays import ROUND_THE_CLOCK, Calendar, Working

URGENCIES = ("stat", "urgent", "routine")
"""Most pressing first."""

Pause = tuple[datetime, datetime]
"""When the responding side began and ceased to wait for the requester."""


@dataclass(frozen=True, slots=True)
class Promise:
    """The row that decided, and whose it is: an agreement's clause, or the network's table."""

    row: Deadline
    agreed: bool

    @property
    def allowance(self) -> timedelta:
        """The time allowed, by the promise's own clock."""
        return timedelta(minutes=self.row.minutes)

    def told(self) -> dict[str, object]:
        """The promise as it is stored and shown: codes and numbers, and the clause."""
        row = self.row
        named = {"modality": row.modality, "frozen": row.frozen, "clause": row.clause or None}
        return {
            "by": "agreement" if self.agreed else "network",
            "service": row.service,
            "urgency": row.urgency,
            "minutes": row.minutes,
            "clock": row.clock.value,
            **{key: value for key, value in named.items() if value is not None},
        }


def promised(
    deadlines: Sequence[Deadline],
    service: str,
    urgency: str,
    modality: str | None = None,
    frozen: bool = False,
    terms: Sequence[Deadline] = (),
) -> Promise:
    """What is promised for a case: by the agreement's `terms` where one fits, else by the network.

    Of several rows that fit, the one that names more decides. KeyError where none does.
    """
    for rows, agreed in ((terms, True), (deadlines, False)):
        fitting = [row for row in rows if _fits(row, service, urgency, modality, frozen)]
        if fitting:
            return Promise(max(fitting, key=_named), agreed)
    raise KeyError(f"no deadline for {service}/{urgency}")


def _fits(row: Deadline, service: str, urgency: str, modality: str | None, frozen: bool) -> bool:
    return (
        (row.service, row.urgency) == (service, urgency)
        and row.modality in (None, modality)
        and row.frozen in (None, frozen)
    )


def _named(row: Deadline) -> int:
    return (row.modality is not None) + (row.frozen is not None)


def clock_of(count: Count, calendar: Calendar, service: str, institution: str | None) -> Working:
    """The clock that counts so: an institution's working time, or one that never stops."""
    if count is Count.CLOCK:
        return ROUND_THE_CLOCK
    return calendar.working(service, institution)


def due_at(
    sent: datetime,
    allowance: timedelta,
    pauses: Iterable[Pause] = (),
    clock: Working = ROUND_THE_CLOCK,
) -> datetime:
    """When the answer is due, pushed back by what the pauses took of the promise's clock."""
    waited = sum((clock.between(*pause) for pause in pauses), timedelta(0))
    return clock.later(sent, allowance + waited)


def owed(rows: Sequence[Owed], turn: str, urgency: str) -> Owed | None:
    """How long the requester has for what it owes; None where nothing is set."""
    return next((row for row in rows if (row.turn, row.urgency) == (turn, urgency)), None)


def is_overdue(due: datetime | None, now: datetime) -> bool:
    """Whether the promise is broken at `now`."""
    return due is not None and now > due


def terms_of(stored: Sequence[Mapping[str, object]] | None) -> tuple[Deadline, ...]:
    """An agreement's own deadlines from how they are stored."""
    return tuple(deadline_of(row) for row in stored or ())


def deadline_of(row: Mapping[str, object]) -> Deadline:
    """A deadline from how an agreement keeps it; ValueError or KeyError when it is none."""
    modality, frozen = row.get("modality"), row.get("frozen")
    return Deadline(
        service=str(row["service"]),
        urgency=str(row["urgency"]),
        minutes=int(str(row["minutes"])),
        modality=None if modality is None else str(modality),
        frozen=None if frozen is None else bool(frozen),
        clock=Count(str(row["clock"])),
        clause=str(row.get("clause") or ""),
    )


def stored_terms(terms: Iterable[Deadline]) -> list[dict[str, object]]:
    """An agreement's own deadlines as they are stored; `terms_of` undoes it."""
    return [
        {key: value for key, value in Promise(row, True).told().items() if key != "by"}
        for row in terms
    ]
