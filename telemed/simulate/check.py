"""Ledger, log and tally side by side: every difference is named, none is excused.

The ledger is what was done, the log what was recorded, the tally what will be published. What the
tally must say is worked out here from the ledger and the deadlines alone, by other code than the
tally's, so that an error in the counting rules shows too.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telemed.core.activity import Kind
from telemed.core.catalogue import Catalogue, Count
from telemed.core.indicators import INDICATORS, Measure
from telemed.core.request import State
from telemed.core.workdays import ROUND_THE_CLOCK
from telemed.simulate.ledger import Written, since_1970
from telemed.simulate.world import PREFIX, ZONE
from telemed.store import tables as t
from telemed.store.tx import Tx

MOST_NAMED = 20
_CHUNK = 20_000
SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Times here are whole microseconds, as the databases keep them."""
_ADOPTED = {"adopted": "adopted", "partly": "partly_adopted", "not_adopted": "not_adopted"}
_STATES = {
    Kind.REQUEST_DRAFTED: State.DRAFT,
    Kind.APPROVAL_ASKED: State.AWAITING,
    Kind.APPROVAL_REJECTED: State.DRAFT,
    Kind.APPROVAL_RECALLED: State.DRAFT,
    Kind.REQUEST_SUBMITTED: State.OPEN,
    Kind.REQUEST_RESUBMITTED: State.OPEN,
    Kind.REQUEST_RETURNED: State.RETURNED,
    Kind.REQUEST_DECLINED: State.DECLINED,
    Kind.REQUEST_WITHDRAWN: State.WITHDRAWN,
    Kind.REPORT_ISSUED: State.ANSWERED,
    Kind.REPORT_ADDENDED: State.ANSWERED,
    Kind.REPORT_AMENDED: State.ANSWERED,
    Kind.REQUEST_CONFIRMED: State.CONFIRMED,
}
"""What a fact leaves a request in; the others leave it where it is."""

Key = tuple[str, str, str, str, str]
"""month, indicator, service, requester, provider"""


@dataclass(slots=True)
class Verdict:
    """What was compared, and every kind of difference with some of its cases."""

    cases: int = 0
    facts: int = 0
    entries: int = 0
    went_on: int = 0
    """Cases that others took further since: compared up to there, and left out of the tally."""
    found: Counter[str] = field(default_factory=Counter)
    named: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether ledger, log and tally agree to the last one."""
        return not self.found

    def differ(self, what: str, where: str) -> None:
        """Note a difference."""
        self.found[what] += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(f"{what}: {where}")


@dataclass(frozen=True, slots=True)
class _Fact:
    kind: str
    at: int
    told: Mapping[str, Any]


def compare(tx: Tx, ledger: Mapping[str, Written], catalogue: Catalogue) -> Verdict:
    """Everything the ledger says against the log, the requests' states and the tally."""
    verdict = Verdict(cases=len(ledger))
    facts = _against_log(tx, ledger, verdict)
    same = {request_id: ledger[request_id] for request_id in facts}
    _against_states(tx, same, verdict)
    _against_tally(tx, same, facts, catalogue, verdict)
    return verdict


# --- the log ----------------------------------------------------------------------------------


def _against_log(tx: Tx, ledger: Mapping[str, Written], verdict: Verdict) -> dict[str, list[_Fact]]:
    """Each case's facts, in the log's order and with the log's times."""
    players = {
        row["id"]
        for row in tx.all(
            sa.select(t.accounts.c.id).where(t.accounts.c.username.startswith(PREFIX))
        )
    }
    logged: dict[str, list[_Logged]] = {}
    for request_id, kind, at, actor in _log(tx):
        if request_id in ledger:
            logged.setdefault(request_id, []).append((kind, since_1970(at), actor in players))
            verdict.facts += 1
        elif actor in players:
            verdict.differ("a simulated fact that the ledger does not know", f"{kind} {request_id}")
    return {
        request_id: facts
        for request_id, case in ledger.items()
        if (facts := _one_case(case, logged.get(request_id, []), verdict)) is not None
    }


_TOLD = frozenset(
    kind.value
    for kind in (
        Kind.NOTICE_TOLD,
        Kind.NOTICE_GIVEN_UP,
        Kind.ESCALATION_ACKNOWLEDGED,
        Kind.ESCALATION_EXHAUSTED,
    )
)
_Logged = tuple[str, int, bool]


def _one_case(case: Written, logged: Sequence[_Logged], verdict: Verdict) -> list[_Fact] | None:
    """A case's facts; None when they differ, or when somebody else took it further."""
    wanted = [kind for kind, *_ in case.facts]
    kinds, after = [kind for kind, *_ in logged], logged[len(wanted) :]
    if kinds[: len(wanted)] != wanted or any(by_player for *_, by_player in after):
        verdict.differ("the log differs from the ledger", f"{case.key} {case.id}")
        return None
    if after:
        verdict.went_on += 1
        return None
    facts = []
    for (kind, at, _), (_, begin, end, told) in zip(logged, case.facts, strict=True):
        if not begin <= at // 1000 <= end:
            verdict.differ("a fact at another time", f"{case.key} {kind} {case.id}")
        facts.append(_Fact(kind, at, told))
    return facts


def _log(tx: Tx) -> Iterator[Sequence[Any]]:
    """request_id, kind, at and actor of each fact about a case, in the log's order.

    Whom clocks told of a case is no step of it, and comes when the real clock says.
    """
    a = t.activities.c
    query = sa.select(a.request_id, a.kind, a.at, a.actor_id).where(
        a.request_id.is_not(None), a.kind.not_in(_TOLD)
    )
    yield from tx.connection.execution_options(yield_per=_CHUNK).execute(query.order_by(a.seq))


def _against_states(tx: Tx, ledger: Mapping[str, Written], verdict: Verdict) -> None:
    r = t.requests.c
    streamed = tx.connection.execution_options(yield_per=_CHUNK).execute(sa.select(r.id, r.state))
    states = {request_id: state for request_id, state in streamed if request_id in ledger}
    for request_id, case in ledger.items():
        wanted = [_STATES[Kind(kind)] for kind, *_ in case.facts if Kind(kind) in _STATES]
        if not wanted or states.get(request_id) != wanted[-1]:
            verdict.differ("a request in another state", f"{case.key} {request_id}")


# --- the tally --------------------------------------------------------------------------------


def _against_tally(
    tx: Tx,
    ledger: Mapping[str, Written],
    facts: Mapping[str, Sequence[_Fact]],
    catalogue: Catalogue,
    verdict: Verdict,
) -> None:
    wanted: Counter[Key] = Counter()
    wanted_us: Counter[Key] = Counter()
    for request_id, case in ledger.items():
        for key, value in _counted(case, facts[request_id], catalogue):
            if INDICATORS[key[1]].kind is Measure.TOTAL:
                wanted[key] += value or 0
            else:
                wanted[key] += 1
                wanted_us[key] += value or 0
    counted: Counter[Key] = Counter()
    counted_us: Counter[Key] = Counter()
    e = t.tally_entries.c
    query = sa.select(
        e.request_id, e.month, e.indicator, e.service, e.requester_id, e.provider_id, e.weight,
        e.value,
    )  # fmt: skip
    for row in tx.connection.execution_options(yield_per=_CHUNK).execute(query):
        request_id, month, indicator, service, requester, provider, weight, value = row
        if request_id not in ledger:
            continue
        verdict.entries += 1
        key = (month, indicator, service, requester, provider)
        counted[key] += weight
        counted_us[key] += round((value or 0) * SECOND) * weight
    for key in sorted({*wanted, *counted}):
        if wanted[key] != counted[key]:
            where = f"{' '.join(key)}: {wanted[key]} done, {counted[key]} counted"
            verdict.differ("the tally counts otherwise", where)
        elif wanted_us[key] != counted_us[key]:
            verdict.differ("the tally measures otherwise", " ".join(key))


@dataclass(slots=True)
class _Clock:
    """A case's running promise, in microseconds."""

    allowed: int
    sent: int = 0
    since: int | None = None
    waited: int = 0
    pushed: int = 0
    raised: list[int] = field(default_factory=list)
    owed: str = ""
    owed_last: str = ""
    asked: int = 0
    acting: int = 0


def _counted(
    case: Written, facts: Sequence[_Fact], catalogue: Catalogue
) -> Iterator[tuple[Key, int | None]]:
    """What the tally must hold of one case: key, and microseconds where a time is measured, or
    the minutes of a total."""
    clock = _Clock(_allowed(case, catalogue))
    provider = ""
    for fact in facts:
        # A redirected case is counted as the work of the one who passed it on.
        at_whom = provider
        provider = fact.told.get("provider", provider)
        if fact.kind in (Kind.REQUEST_SUBMITTED, Kind.REQUEST_RESUBMITTED):
            at_whom = provider
        month = datetime.fromtimestamp(fact.at // SECOND, UTC).astimezone(ZONE).strftime("%Y-%m")
        for indicator, value in (*_owing(fact, clock), *_indicators(case, fact, clock, catalogue)):
            yield (month, indicator, case.service, case.requester, at_whom), value


def _owing(fact: _Fact, clock: _Clock) -> Iterator[tuple[str, int | None]]:
    """The requester's turn that a fact ended."""
    if clock.owed and fact.kind in _ENDS_OWED:
        spent, clock.owed_last, clock.owed = fact.at - clock.asked, clock.owed, ""
        yield "owing", spent
        yield "owing_minutes", (spent + 30 * SECOND) // (60 * SECOND)


_ENDS_OWED = frozenset(
    {
        Kind.REQUEST_RESUBMITTED,
        Kind.REQUEST_WITHDRAWN,
        Kind.REQUEST_CONFIRMED,
        Kind.REPORT_ADDENDED,
        Kind.REPORT_AMENDED,
    }
)


def _indicators(
    case: Written, fact: _Fact, clock: _Clock, catalogue: Catalogue
) -> Iterator[tuple[str, int | None]]:
    kind, at = fact.kind, fact.at
    simple = _SIMPLE.get(Kind(kind))
    if simple is not None:
        yield simple, None
    if kind == Kind.REQUEST_SUBMITTED:
        clock.sent = at
    elif kind in (Kind.REQUEST_RETURNED, Kind.REQUEST_DECLINED):
        clock.since = clock.asked = at
        clock.owed = "material" if kind == Kind.REQUEST_RETURNED else "choice"
    elif kind == Kind.REQUEST_RESUBMITTED and clock.since is not None:
        clock.pushed += at - clock.since
        clock.waited = (clock.waited + at - clock.since) // SECOND * SECOND
        clock.since = None
        done, doing = _SENT_AGAIN[clock.owed_last]
        yield done, None
        yield from _in_time(doing, done, case, at, clock, catalogue)
    elif kind in (Kind.REPORT_ISSUED, Kind.REPORT_ADDENDED, Kind.REPORT_AMENDED):
        clock.owed, clock.asked = "reading", at
        if kind == Kind.REPORT_ISSUED:
            yield from _issued(fact, clock)
    elif kind == Kind.REQUEST_CONFIRMED:
        yield _ADOPTED[fact.told["adoption"]], None
        yield from _in_time("reading", "read", case, at, clock, catalogue)
    elif kind == Kind.CRITICAL_RAISED:
        clock.raised.append(at)
    elif kind == Kind.CRITICAL_ACKNOWLEDGED:
        raised = clock.raised.pop(0)
        clock.acting = at - raised  # it is entered as done at this moment
        yield "acknowledging", at - raised
        yield "acknowledged_due", None
        if at <= raised + _us(catalogue.timers.critical_acknowledge):
            yield "acknowledged_on_time", None
    elif kind == Kind.CRITICAL_ACTED_ON:
        yield "acting", clock.acting


def _in_time(
    took: str, code: str, case: Written, at: int, clock: _Clock, catalogue: Catalogue
) -> Iterator[tuple[str, int | None]]:
    """How long the requester took for what it owed, and whether in time."""
    yield took, at - clock.asked
    row = next(
        (o for o in catalogue.owed if (o.turn, o.urgency) == (clock.owed_last, case.urgency)), None
    )
    if row is not None:
        yield f"{code}_due", None
        begun = _EPOCH + timedelta(microseconds=clock.asked)
        working = ROUND_THE_CLOCK
        if row.clock is Count.WORKING:
            working = catalogue.calendar.working(case.service, case.requester)
        passed = working.between(begun, _EPOCH + timedelta(microseconds=at))
        if passed <= timedelta(minutes=row.minutes):
            yield f"{code}_on_time", None


_SENT_AGAIN = {"material": ("supplied", "supplying"), "choice": ("chosen", "choosing")}

_SIMPLE: Mapping[Kind, str] = {
    Kind.REQUEST_SUBMITTED: "submitted",
    Kind.REQUEST_RETURNED: "returned",
    Kind.REQUEST_WITHDRAWN: "withdrawn",
    Kind.REQUEST_DECLINED: "declined",
    Kind.REQUEST_REDIRECTED: "redirected",
    Kind.REQUEST_CONFIRMED: "confirmed",
    Kind.REPORT_ISSUED: "issued",
    Kind.REPORT_ADDENDED: "addended",
    Kind.REPORT_AMENDED: "amended",
    Kind.CRITICAL_RAISED: "critical",
    Kind.CRITICAL_ACKNOWLEDGED: "acknowledged",
    Kind.CRITICAL_ACTED_ON: "acted",
}


def _issued(fact: _Fact, clock: _Clock) -> Iterator[tuple[str, int | None]]:
    yield "turnaround", fact.at - clock.sent - clock.waited
    yield "due", None
    if fact.at <= clock.sent + clock.allowed + clock.pushed:
        yield "on_time", None
    positive = fact.told.get("positive")
    if positive is not None:
        yield "judged", None
        if positive:
            yield "positive", None


def _allowed(case: Written, catalogue: Catalogue) -> int:
    """The promised time: of the fitting rows of deadlines.toml the one that says most."""
    fitting = [
        (row.modality is not None, row.frozen is not None, row.minutes)
        for row in catalogue.deadlines
        if (row.service, row.urgency) == (case.service, case.urgency)
        and row.modality in (None, case.modality)
        and row.frozen in (None, case.frozen)
    ]
    return _us(timedelta(minutes=max(fitting, key=lambda row: row[0] + row[1])[2]))


def _us(span: timedelta) -> int:
    return round(span.total_seconds() * SECOND)
