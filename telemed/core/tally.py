"""What is counted, when and for whom: the monthly tally as data and plain folds.

A tally is a view of the activity log. Each fact folds to entries by itself, so a rebuild in any
order gives the numbers the follower gave one by one, and every number leads back to its requests.
Nothing counted is ever deleted: taking a request out of the tally adds entries of weight -1 in the
month it was decided, so a month already handed in keeps its numbers. This module knows no names of
institutions, no scores and no ranks, and never adds the requesting side to the providing side.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

from telemed.core.activity import Activity, Kind
from telemed.core.care_folds import CARE_FOLDS, NOT_OF_OLD
from telemed.core.fact_times import moment_of, seconds_since, spent_since
from telemed.core.guidance_tally import GUIDANCE_FOLDS
from telemed.core.indicator import ADDED_UP
from telemed.core.indicators import INDICATORS, Indicator, Measure
from telemed.core.opinion_tally import OPINION_FOLDS
from telemed.core.training_tally import TRAINING_FOLDS
from telemed.core.urgent_tally import URGENT_FOLDS

ZONE = ZoneInfo("Asia/Shanghai")

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Entry:
    """One counted fact. `(seq, part)` names it: `part` is its place among its fact's entries.

    `request_id` is the case; of training, the lecture.
    `requester` and `provider` are institution ids, `provider` empty while nobody has been chosen.
    `value` is seconds for a duration; None where it could not be measured. `weight` is 1, the
    minutes, fen or hundredths that a total adds up, or negative for an entry that takes others
    back.
    """

    seq: int
    month: str
    indicator: str
    request_id: str
    service: str
    urgency: str
    requester: str
    provider: str
    value: float | None
    at: datetime
    person: str | None
    part: int = 0
    weight: int = 1


ADOPTIONS: Mapping[str, str] = MappingProxyType(
    {"adopted": "adopted", "partly": "partly_adopted", "not_adopted": "not_adopted"}
)


# --- from a fact to entries --------------------------------------------------------------------


def month_of(at: datetime) -> str:
    """The month 'YYYY-MM' a fact at the aware time `at` belongs to.

    The rule: the calendar month in Asia/Shanghai of the server's time of the fact itself (sent,
    signed, acknowledged), from 00:00:00 of the 1st up to but not including 00:00:00 of the next
    1st. Neither a client's clock nor the month of an earlier step decides. ValueError when naive.
    """
    if at.tzinfo is None:
        raise ValueError("a fact's time must be aware")
    local = at.astimezone(ZONE)
    return f"{local.year:04d}-{local.month:02d}"


def month_span(month: str) -> tuple[datetime, datetime]:
    """The month's first moment and the first one after it, in UTC; ValueError if no month."""
    return _firstmoment_of(month), _firstmoment_of(month_after(month, 1))


def month_after(month: str, months: int) -> str:
    """The month so many months later (earlier when negative), as 'YYYY-MM'."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    if f"{first.year:04d}-{first.month:02d}" != month:
        raise ValueError(f"not a month: {month!r}")
    years, rest = divmod(first.year * 12 + first.month - 1 + months, 12)
    return f"{years:04d}-{rest + 1:02d}"


def _firstmoment_of(month: str) -> datetime:
    year, number = int(month[:4]), int(month[5:])
    return datetime(year, number, 1, tzinfo=ZONE).astimezone(UTC)


Found = Iterable[tuple[str, float | None]]
"""Indicators, with seconds for a duration and whole minutes for a total."""


def _issued(activity: Activity) -> Found:
    """A report's entries: itself, its turnaround, and its place in the two shares."""
    yield "issued", None
    yield "turnaround", _turnaround(activity)
    yield from _against_due(activity, "due", "on_time")
    positive = activity.data.get("positive")
    if isinstance(positive, bool):
        yield "judged", None
        if positive:
            yield "positive", None


def _turnaround(activity: Activity) -> float | None:
    """Seconds from first submission to final signature, less the waiting for the requester.

    None when the submission is not known or the clocks contradict each other: a figure below
    zero was not measured, and calling it zero would flatter.
    """
    spent = seconds_since(activity, "submitted_at")
    waited = activity.data.get("waited_seconds") or 0
    if spent is None or not isinstance(waited, int | float):
        return None
    return spent - waited if spent >= waited >= 0 else None


def _acknowledged(activity: Activity) -> Found:
    yield "acknowledged", None
    yield "acknowledging", spent_since(activity, "raised_at")
    yield from _against_due(activity, "acknowledged_due", "acknowledged_on_time")


def _acted(activity: Activity) -> Found:
    """The time that counts is the patient's, not the keyboard's."""
    raised, at = moment_of(activity, "raised_at"), moment_of(activity, "acted_at")
    spent = None if raised is None or at is None else (at - raised).total_seconds()
    yield "acted", None
    yield "acting", spent if spent is None or spent >= 0 else None


def _against_due(
    activity: Activity, due_code: str, on_time_code: str, name: str = "due_at"
) -> Found:
    due = moment_of(activity, name)
    if due is not None:
        yield due_code, None
        if activity.at <= due:
            yield on_time_code, None


def _resubmitted(activity: Activity) -> Found:
    """What the requester sent after a return or a refusal. A fact of before its clock says
    nothing of it."""
    done, doing = _SENT_AGAIN.get(str(activity.data.get("owed")), ("", ""))
    if done:
        yield done, None
        yield doing, spent_since(activity, "asked_at")
        yield from _against_due(activity, f"{done}_due", f"{done}_on_time", "owed_by")
    yield from _owing(activity)


_SENT_AGAIN = MappingProxyType(
    {"material": ("supplied", "supplying"), "choice": ("chosen", "choosing")}
)


def _owing(activity: Activity) -> Found:
    """The requester's turn that this fact ended, whatever it owed."""
    if "owed" in activity.data:
        spent = spent_since(activity, "asked_at")
        yield "owing", spent
        if spent is not None:
            yield "owing_minutes", int(spent + 30) // 60


def _and_owing(code: str) -> Callable[[Activity], Found]:
    return lambda activity: ((code, None), *_owing(activity))


def _settled(activity: Activity) -> Found:
    yield "settled", None
    yield "settling", spent_since(activity, "asked_at")
    yield from _owing(activity)


def _confirmed(activity: Activity) -> Found:
    yield "confirmed", None
    if activity.data.get("owed") == "reading":
        yield "reading", spent_since(activity, "asked_at")
        yield from _against_due(activity, "read_due", "read_on_time", "owed_by")
    yield from _owing(activity)
    adoption = activity.data.get("adoption")
    if adoption is not None:
        if not isinstance(adoption, str) or adoption not in ADOPTIONS:
            raise ValueError(f"activity {activity.seq}: unknown adoption {adoption!r}")
        yield ADOPTIONS[adoption], None


def _once(code: str) -> Callable[[Activity], Found]:
    return lambda activity: ((code, None),)


FOLDS: Mapping[str, Callable[[Activity], Found]] = MappingProxyType(
    {
        Kind.REQUEST_SUBMITTED: _once("submitted"),
        Kind.REQUEST_RETURNED: _once("returned"),
        Kind.REQUEST_RESUBMITTED: _resubmitted,
        Kind.REQUEST_WITHDRAWN: _and_owing("withdrawn"),
        Kind.REQUEST_DECLINED: _once("declined"),
        Kind.REQUEST_REDIRECTED: _once("redirected"),
        Kind.REQUEST_OVERFLOW_SETTLED: _settled,
        Kind.REQUEST_CONFIRMED: _confirmed,
        Kind.REPORT_ISSUED: _issued,
        Kind.REPORT_ADDENDED: _and_owing("addended"),
        Kind.REPORT_AMENDED: _and_owing("amended"),
        Kind.CRITICAL_RAISED: _once("critical"),
        Kind.CRITICAL_ACKNOWLEDGED: _acknowledged,
        Kind.CRITICAL_ACTED_ON: _acted,
        **TRAINING_FOLDS,
        **CARE_FOLDS,
        **GUIDANCE_FOLDS,
        **URGENT_FOLDS,
        **OPINION_FOLDS,
    }
)


_NOT_OF_OLD = NOT_OF_OLD | URGENT_FOLDS.keys()
COUNTED = frozenset((*FOLDS, Kind.REQUEST_COUNTED_OUT))
"""The kinds of facts that have entries at all."""


def entries_of(activity: Activity) -> list[Entry]:
    """The entries one fact adds to the tally; none for a kind that is not counted.

    `data` carries service, urgency, requester, provider (the one answering when the fact
    happened), and by kind: due_at, submitted_at, raised_at (ISO 8601 with offset),
    waited_seconds, positive, adoption, reader, reverses, and owed, asked_at, owed_by of the
    requester's turn that the fact ended. ValueError when what every entry needs
    is missing or a value is outside its vocabulary.
    """
    if activity.kind == Kind.REQUEST_COUNTED_OUT:
        return _reversals(activity)
    fold = FOLDS.get(activity.kind)
    if activity.kind in _NOT_OF_OLD and not activity.data.keys() >= {"requester", "urgency"}:
        return []  # told before it carried what the tally needs
    return [] if fold is None else _entries(activity, fold(activity))


def _entries(activity: Activity, found: Found) -> list[Entry]:
    data = activity.data
    # What is for no case leads back to itself.
    case = activity.request_id or next((data[name] for name in _THINGS if data.get(name)), None)
    if not isinstance(case, str):
        raise ValueError(f"activity {activity.seq}: {activity.kind} without a request")
    reader = data.get("reader") or data.get("account")
    person = reader if isinstance(reader, str) else activity.actor_id
    # By position: of a year's log there are millions, and naming each field doubles their cost.
    where = (
        case,
        _text(activity, "service"),
        _text(activity, "urgency"),
        _text(activity, "requester"),
        str(data.get("provider") or ""),
    )
    seq, at, month = activity.seq, activity.at, month_of(activity.at)
    return [
        Entry(seq, month, code, *where, None, at, person, part, int(value or 0))
        if code in _TOTALS
        else Entry(seq, month, code, *where, value, at, person, part)
        for part, (code, value) in enumerate(found)
    ]


_THINGS = ("lecture", "appointment", "call", "waiting")
_TOTALS = frozenset(row.code for row in INDICATORS.values() if row.kind in ADDED_UP)


def _text(activity: Activity, name: str) -> str:
    value = activity.data.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"activity {activity.seq}: {activity.kind} without {name}")
    return value


# --- taking a request out of the tally ---------------------------------------------------------

_REVERSED = ("indicator", "service", "urgency", "requester", "provider", "person", "value")


def reverses_of(counted: Iterable[Activity]) -> list[dict[str, object]]:
    """What a `request.counted_out` fact must carry as `data["reverses"]`: the net of the request.

    `counted` is every fact of the request so far. Counting out twice reverses nothing more.
    """
    net: Counter[tuple[str | float | None, ...]] = Counter()
    for entry in distinct(entry for activity in counted for entry in entries_of(activity)):
        net[tuple(getattr(entry, name) for name in _REVERSED)] += entry.weight
    return [
        {**dict(zip(_REVERSED, row, strict=True)), "weight": -weight}
        for row, weight in net.items()
        if weight
    ]


def _reversals(activity: Activity) -> list[Entry]:
    """Entries of negative weight, in the month the request was taken out."""
    rows = activity.data.get("reverses")
    if activity.request_id is None or not isinstance(rows, list):
        raise ValueError(f"activity {activity.seq}: counted out without what it reverses")
    return [_reversal(activity, activity.request_id, part, row) for part, row in enumerate(rows)]


def _reversal(activity: Activity, request_id: str, part: int, row: Mapping[str, object]) -> Entry:
    value, person, weight = row.get("value"), row.get("person"), row.get("weight")
    if row.get("indicator") not in INDICATORS or not isinstance(weight, int):
        raise ValueError(f"activity {activity.seq}: reverses what was never counted")
    return Entry(
        seq=activity.seq,
        month=month_of(activity.at),
        indicator=str(row["indicator"]),
        request_id=request_id,
        service=str(row.get("service")),
        urgency=str(row.get("urgency")),
        requester=str(row.get("requester")),
        provider=str(row.get("provider")),
        value=float(value) if isinstance(value, int | float) else None,
        at=activity.at,
        person=person if isinstance(person, str) else None,
        part=part,
        weight=weight,
    )


# --- from entries to numbers -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spread:
    """How long things took, in seconds.

    `measured` is how many could be timed; `median` and `p90` are None when none could. Both are
    nearest-rank: the smallest measured value that at least 50 % (90 %) of them do not exceed, so
    each printed figure belongs to a case that can be looked up.
    """

    measured: int
    median: float | None
    p90: float | None


NO_SPREAD = Spread(0, None, None)


@dataclass(frozen=True, slots=True)
class Summary:
    """Every indicator of one group, by code.

    A count may be negative in a month that only took something back. A share is None when
    nothing stands in its denominator: missing is not zero.
    """

    counts: Mapping[str, int]
    durations: Mapping[str, Spread]
    shares: Mapping[str, float | None]


_COUNTS = tuple(
    row.code for row in INDICATORS.values() if row.kind is Measure.COUNT or row.kind in ADDED_UP
)
_DURATIONS = tuple(row.code for row in INDICATORS.values() if row.kind is Measure.DURATION)
_SHARES = tuple(row for row in INDICATORS.values() if row.kind is Measure.SHARE)


def distinct(entries: Iterable[Entry]) -> Iterable[Entry]:
    """The entries without those whose `(seq, part)` came before: a replay counts once."""
    seen: set[tuple[int, int]] = set()
    for entry in entries:
        name = (entry.seq, entry.part)
        if name not in seen:
            seen.add(name)
            yield entry


def summarize(entries: Iterable[Entry]) -> Summary:
    """All indicators over `entries`, in any order, repeats ignored.

    This is the definition. A database that adds up by itself is held against it.
    """
    totals: Counter[str] = Counter()
    timed: dict[str, Counter[Timed]] = {code: Counter() for code in _DURATIONS}
    for entry in distinct(entries):
        totals[entry.indicator] += entry.weight
        if entry.value is not None and entry.indicator in timed:
            timed[entry.indicator][timed_name(entry, entry.value)] += entry.weight
    measured = {
        code: sorted(name[0] for name, weight in counted.items() for _ in range(weight))
        for code, counted in timed.items()
    }
    return summary_of(totals, {code: spread_of(values) for code, values in measured.items()})


Timed = tuple[float, str, str, str, str]
"""A measured time by name: value, request, service, requester, provider."""


def timed_name(entry: Entry, value: float) -> Timed:
    """What a reversal must agree in with the time it takes out.

    Every group of the tally holds all entries of one name or none of them, so what is left after
    reversals does not depend on how the tally is grouped. What is left is never less than nothing:
    a reversal whose original lies in another month takes nothing out here, because that month's
    spread was made of cases this one never held.
    """
    return value, entry.request_id, entry.service, entry.requester, entry.provider


def summary_of(totals: Mapping[str, int], spreads: Mapping[str, Spread]) -> Summary:
    """The summary of counted weights and of spreads, both by indicator; absent ones are empty."""
    return Summary(
        counts=MappingProxyType({code: totals.get(code, 0) for code in _COUNTS}),
        durations=MappingProxyType({code: spreads.get(code, NO_SPREAD) for code in _DURATIONS}),
        shares=MappingProxyType({row.code: _ratio(row, totals) for row in _SHARES}),
    )


def spread_of(ordered: Sequence[float]) -> Spread:
    """The spread of an ascending list of seconds."""
    return Spread(len(ordered), nearest_rank(ordered, 50), nearest_rank(ordered, 90))


def rank_of(measured: int, percent: int) -> int:
    """Which of so many ascending values is the nearest-rank percentile, counting from 1."""
    return max(-(-percent * measured // 100), 1)


def nearest_rank(ordered: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile of an ascending list; None when it is empty."""
    return ordered[rank_of(len(ordered), percent) - 1] if ordered else None


def _ratio(row: Indicator, totals: Mapping[str, int]) -> float | None:
    below = totals.get(row.denominator or "", 0)
    return totals.get(row.numerator or "", 0) / below if below > 0 else None


def group(entries: Iterable[Entry], key: Callable[[Entry], K]) -> dict[K, list[Entry]]:
    """The entries by `key`, each group in the order given."""
    groups: dict[K, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def summarize_by(entries: Iterable[Entry], key: Callable[[Entry], K]) -> dict[K, Summary]:
    """A summary for each value of `key`."""
    return {name: summarize(members) for name, members in group(entries, key).items()}


# --- comparing periods -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """A figure against an earlier one: `difference` in its own unit, `growth` as a fraction.

    Growth is None from zero or from below it; both are None when either figure is missing.
    """

    difference: float | None
    growth: float | None


def change(now: float | None, before: float | None) -> Change:
    """How far `now` is from `before`."""
    if now is None or before is None:
        return Change(None, None)
    return Change(now - before, (now - before) / before if before > 0 else None)


def compared_months(month: str) -> tuple[str, str]:
    """The months a month is held against: the one before (环比), the same last year (同比)."""
    return month_after(month, -1), month_after(month, -12)
