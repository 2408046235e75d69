"""Climbing the ladders and reading what one was told.

Who is told is looked up at the moment of telling: whoever came on duty since is told, whoever
left is not. A notice names a case, an appointment, a course or a lecture, and an occasion; what it
says is built by who shows it. A lecture's many people are told in parts, a transaction for each.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telemed.actions import decided, matters, opens, taught
from telemed.actions.act import Act
from telemed.actions.matters import Matter, whom
from telemed.core import escalation, going_out, workitem
from telemed.core.access import Permission, Role
from telemed.core.activity import Fact, Kind
from telemed.core.assignment import Mode
from telemed.core.errors import ZONE, Problem
from telemed.core.escalation import (
    AFTER_IT_BEGAN,
    COUNTS_DOWN,
    ENDS_TOLD,
    IN_HOUSE,
    INFORMS,
    OF_WATCHERS,
    OWN_DOING,
    Channel,
    End,
    Ladder,
    Occasion,
    Rung,
    Weight,
)
from telemed.core.training_occasions import CROWDS
from telemed.store import notices, requests, roster, rulings
from telemed.store import tables as t
from telemed.store.access import visible_requests
from telemed.store.notice_tables import escalations
from telemed.store.tx import Row

MOST_LISTED = 200
PAGE = 50
RULE_SAYS = timedelta(seconds=5)
LOOK_AGAIN = timedelta(seconds=1)
_PARTIES = 3


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice is about. `source` names the rung or the fact; each tells each person once."""

    source: str
    occasion: str
    weight: Weight
    request_id: str | None
    appointment_id: str | None = None
    call_id: str | None = None
    course_id: str | None = None
    lecture_id: str | None = None
    escalation_id: str | None = None
    rung: int = 0


# --- the clock's part -------------------------------------------------------------------------


def climb(act: Act, escalation_id: str, ways: Collection[Channel]) -> int:
    """Tell what is due of one climb; how many people were told. Coming second tells nobody.

    `ways` are the channels this deployment has.
    """
    row = notices.escalation(act.tx, escalation_id)
    if row is None or row["next_at"] is None or row["next_at"] > act.now:
        return 0
    ladder = next((x for x in act.catalogue.ladders if x.code == row["ladder"]), None)
    matter = matters.load(act, row)
    if matter is not None and _rule_is_to_say(act, row, matter):
        notices.change_escalation(act.tx, escalation_id, 0, {"next_at": act.now + LOOK_AGAIN})
        return 0
    if matter is not None and _too_late(act, row, matter):
        ended = {"next_at": None, "ended_at": act.now, "end_reason": End.CONDITION.value}
        notices.change_escalation(act.tx, escalation_id, row["told"], ended)
        return 0
    rungs: tuple[Rung, ...] = ()
    told, exhausted = row["told"], True
    if ladder is not None and matter is not None:
        rungs, told, exhausted = escalation.due(ladder, row["anchor_at"], row["told"], act.now)
    # A ladder that was taken out of the configuration is exhausted: its entry stays to be seen.
    after = None if ladder is None else _after(ladder, row, told, exhausted)
    parts = [] if matter is None else [_part(act, row, matter, rung) for rung in rungs]
    if any(part.goes_on for part in parts):
        told, after, exhausted = row["told"], act.now, False
    values = {"told": told, "next_at": after, **(_over(act, row) if exhausted else {})}
    if not notices.change_escalation(act.tx, escalation_id, row["told"], values):
        return 0
    count = 0
    for part in parts:
        if ladder is not None and matter is not None:
            count += _tell_part(act, row, ladder, matter, part, ways)
    if exhausted and row["occasion"] not in INFORMS:
        _say(act, row, matter, Kind.ESCALATION_EXHAUSTED, rung=told)
    return count


def _over(act: Act, row: Row) -> dict[str, Any]:
    """What becomes of a climb after its last rung: what asks for an answer stays to be seen, what
    informs until a fact ends it, if any does."""
    if row["occasion"] not in INFORMS:
        return {"exhausted_at": act.now}
    if row["occasion"] not in ENDS_TOLD:
        return {}
    return {"ended_at": act.now, "end_reason": End.TOLD.value}


def _too_late(act: Act, row: Row, matter: Matter) -> bool:
    """Whether an appointment's time has come: nobody is invited to it or reminded of it then. Of a
    lecture that nobody is reminded: on demand one may move up to what has begun."""
    if matter.is_taught:
        return row["occasion"] in COUNTS_DOWN and bool(matter.row["since"] <= act.now)
    if matter.booked is None or row["occasion"] in AFTER_IT_BEGAN:
        return False
    return bool(matter.row["since"] <= act.now)


def _after(ladder: Ladder, row: Row, told: int, exhausted: bool) -> datetime | None:
    return escalation.next_at(ladder, row["anchor_at"], told, exhausted)


@dataclass(frozen=True, slots=True)
class _Part:
    """Whom a rung tells now, and the institutions of a lecture's people among them; `goes_on` when
    there are more of those."""

    rung: Rung
    source: str
    people: list[str]
    places: tuple[str, ...] = ()
    goes_on: bool = False


def _part(act: Act, row: Row, matter: Matter, rung: Rung) -> _Part:
    source = f"escalation:{row['id']}:{rung.number}"
    reminds = rung.number > 0 or row["occasion"] in COUNTS_DOWN | OWN_DOING
    # Nobody is told of what they did themselves; a case's own people are.
    but = None if matter.is_case or reminds else row["opened_by"]
    who = rung.step.tells(_is_somebodys(act, matter))
    people = whom(act, matter, [one for one in who if one not in CROWDS])
    if not people:  # whose it is cannot be told: no reason for silence
        people = whom(act, matter, [one for one in rung.step.who if one not in CROWDS])
    if matter.booked is not None:
        people = opens.to_whom(act, matter.booked.id, Occasion(row["occasion"]), people)
    if row["occasion"] == Occasion.WATCH_SET:
        known = notices.told_of(act.tx, row)
        last = notices.told_last(act.tx, matter.row["id"], OF_WATCHERS)
        people = [p for p in people if p not in known or last.get(p) == Occasion.UNLISTED]
    crowds = [taught.part(act, matter.row, one, source, but) for one in who if one in CROWDS]
    many = [one for crowd in crowds for one in crowd]
    return _Part(
        rung,
        source,
        list(dict.fromkeys([p for p in people if p != but] + [one.account_id for one in many])),
        tuple(dict.fromkeys(one.institution_id for one in many)),
        any(len(crowd) == taught.PART for crowd in crowds),
    )


def _tell_part(
    act: Act, row: Row, ladder: Ladder, matter: Matter, part: _Part, ways: Collection[Channel]
) -> int:
    rung = part.rung
    told = Told(
        source=part.source,
        occasion=row["occasion"],
        weight=ladder.weight,
        request_id=row["request_id"],
        appointment_id=row["appointment_id"],
        course_id=row["course_id"],
        lecture_id=row["lecture_id"],
        escalation_id=row["id"],
        rung=rung.number,
    )
    count = tell(act, told, part.people, rung.step.channels, ways)
    _say(act, row, matter, Kind.NOTICE_TOLD, part.places, rung=rung.number, people=count)
    return count


def _rule_is_to_say(act: Act, row: Row, matter: Matter) -> bool:
    """Whether the rule gives out what just came and has not looked at it: whose it will be is told
    first. Not for long, for a rule that stands still is no reason for silence."""
    case = matter.row
    if row["occasion"] != Occasion.UNCLAIMED or row["told"]:
        return False
    if act.now - row["opened_at"] >= RULE_SAYS or case["provider_id"] is None:
        return False
    work = requests.current_workitem(act.tx, case["id"])
    if work is None or work["scheduled_performer_id"] is not None:
        return False
    by_rule = decided.mode_of(act, case["provider_id"], case["service"]) is Mode.AUTO
    return by_rule and not rulings.is_decided(act.tx, work["id"])


def _is_somebodys(act: Act, matter: Matter) -> bool:
    """Whether a case waits for one named reader: colleagues may not take it without a reason."""
    if not matter.is_case:
        return False
    work = requests.current_workitem(act.tx, matter.row["id"])
    if work is None or work["state"] != workitem.State.SCHEDULED:
        return False
    return work["scheduled_performer_id"] is not None


def tell(
    act: Act, told: Told, people: Sequence[str], by: Sequence[Channel], ways: Collection[Channel]
) -> int:
    """A notice for each of these accounts, and its ways out; how many were new."""
    rows = [_notice(act, told, account_id) for account_id in people]
    new = notices.add_notices(act.tx, rows)
    prefer = notices.preferences(act.tx, people)
    working = roster.accounts_on_duty(act.tx, people, act.now)
    browsers = notices.subscribers(act.tx, people)
    out: list[Row] = []
    for row in rows:
        if row["id"] not in new:
            continue
        account_id = row["account_id"]
        mine = prefer.get(account_id)
        reach = _reachable(mine, bool(browsers.get(account_id)))
        chosen = None if mine is None else mine["channels"].get(told.weight.value)
        wanted = going_out.ways(
            by, None if chosen is None else [Channel(c) for c in chosen], told.weight
        )
        when = rings_at(act.now, mine, told.weight, account_id in working)
        out += [_delivery(act, row["id"], c, when) for c in wanted if c in reach and c in ways]
    notices.add_deliveries(act.tx, out)
    return len(new)


def _notice(act: Act, told: Told, account_id: str) -> Row:
    return {
        "id": act.new_id(),
        "source": told.source,
        "account_id": account_id,
        "escalation_id": told.escalation_id,
        "occasion": told.occasion,
        "weight": told.weight.value,
        "rung": told.rung,
        "request_id": told.request_id,
        "appointment_id": told.appointment_id,
        "call_id": told.call_id,
        "course_id": told.course_id,
        "lecture_id": told.lecture_id,
        "at": act.now,
        "read_at": act.now if told.occasion in OWN_DOING else None,
    }


def _delivery(act: Act, notice_id: str, channel: Channel, when: datetime) -> Row:
    return {
        "id": act.new_id(),
        "notice_id": notice_id,
        "channel": channel.value,
        "state": notices.WAITING,
        "attempts": 0,
        "next_at": when,
        "created_at": act.now,
        "changed_at": act.now,
        "why": "",
    }


def _reachable(mine: Row | None, browser: bool) -> set[Channel]:
    """The channels by which somebody can be reached at all."""
    found = {Channel.PUSH} if browser else set()
    if mine is not None:
        addresses = {Channel.EMAIL: "email", Channel.SMS: "phone", Channel.WECOM: "wecom"}
        found |= {channel for channel, key in addresses.items() if mine[key]}
    return found


def rings_at(now: datetime, mine: Row | None, weight: Weight, on_duty: bool = False) -> datetime:
    """When somebody's notice may go out, by their quiet hours in the institution's zone; on duty
    there are none."""
    if mine is None or on_duty:
        return now
    on_call = mine["on_call_until"] is not None and now < mine["on_call_until"]
    local = now.astimezone(ZONE)
    return going_out.not_before(weight, local, mine["quiet_from"], mine["quiet_until"], on_call)


def _say(
    act: Act,
    row: Row,
    matter: Matter | None,
    kind: Kind,
    places: tuple[str, ...] = (),
    **data: object,
) -> None:
    """What became of a climb, as a fact for everybody whom its matter concerns, and for the
    `places` of a lecture's people."""
    told = {
        "escalation": row["id"],
        "ladder": row["ladder"],
        "occasion": row["occasion"],
        "requester": row["requester_id"],
        "provider": row["provider_id"],
        **data,
    }
    told |= _named(row)
    sides = (row["requester_id"], row["provider_id"], *places)
    sides = tuple(s for s in dict.fromkeys(sides) if s)
    parties = sides if matter is None or matter.booked is None else matter.parties
    request_id = row["request_id"] if matter is None else matter.request_id
    # A fact has three parties at most; those beyond have the same one of their own.
    for first in range(0, len(parties), _PARTIES):
        act.tell(
            Fact(
                kind=kind,
                at=act.now,
                actor_id=act.subject.account_id,
                institution_id=act.subject.institution_id,
                parties=parties[first : first + _PARTIES],
                request_id=request_id,
                data=told,
            )
        )


def _named(row: Row) -> dict[str, str]:
    """What an escalation or a notice is of, for a fact; a case stands in its own column."""
    names = ("appointment", "course", "lecture")
    return {name: row[f"{name}_id"] for name in names if row[f"{name}_id"] is not None}


def given_up(act: Act, delivery_id: str, channel: str, why: str) -> None:
    """A notice will not arrive by this channel: write it where people look."""
    notice = notices.of_notice(act.tx, delivery_id)
    matter = None if notice is None else matters.load(act, notice)
    if notice is None or matter is None:
        return
    occasion, parties = notice["occasion"], matter.parties
    if occasion in IN_HOUSE:
        parties = (matter.row["requester_id"],)
    data = {
        "escalation": notice["escalation_id"],
        "occasion": occasion,
        "channel": channel,
        "reason": why,
    }
    data |= _named(notice)
    act.tell(
        Fact(
            kind=Kind.NOTICE_GIVEN_UP,
            at=act.now,
            actor_id=act.subject.account_id,
            institution_id=None,
            parties=parties[:_PARTIES],
            request_id=matter.request_id,
            data=data,
        )
    )


# --- people's part ----------------------------------------------------------------------------


def acknowledge(act: Act, escalation_id: str) -> None:
    """Take an escalation on: its ladder stops. Saying it twice is once.

    Only for whom the case or the appointment is visible and who was told; Problem("not-found") for
    anybody else.
    """
    row = notices.escalation(act.tx, escalation_id)
    if row is None or not _may_see(act, row) or not _was_told(act, row):
        raise Problem("not-found")
    ladder = next((x for x in act.catalogue.ladders if x.code == row["ladder"]), None)
    if ladder is None or not ladder.acknowledgeable:
        raise Problem("not-to-take-on")
    if row["ended_at"] is None and not _take_on(act, row):
        raise Problem("stale", current="?")


def _may_see(act: Act, row: Row) -> bool:
    if row["request_id"] is None:
        matter = matters.load(act, row)
        return matter is not None and act.subject.institution_id in matter.parties
    case = t.requests.c.id
    here = (case == row["request_id"], visible_requests(act.subject, act.now))
    return act.tx.scalar(sa.select(case).where(*here)) is not None


def seen(act: Act, request_ids: Collection[str]) -> None:
    """Somebody has cases before their eyes: of those that were assigned to them they know now."""
    if act.subject.person_id is None:
        return
    for row in notices.assigned_to(act.tx, act.subject.person_id, request_ids):
        _take_on(act, row)


def _take_on(act: Act, row: Row) -> bool:
    """A climb ends by this person; False when it was changed meanwhile."""
    values = {
        "acknowledged_by": act.subject.account_id,
        "acknowledged_at": act.now,
        "ended_at": act.now,
        "end_reason": End.ACKNOWLEDGED.value,
        "next_at": None,
    }
    if not notices.change_escalation(act.tx, row["id"], row["told"], values):
        return False
    _say(act, row, matters.load(act, row), Kind.ESCALATION_ACKNOWLEDGED)
    return True


def _was_told(act: Act, row: Row) -> bool:
    """Coordinators of a party take on anything of theirs; others what they were told."""
    party = act.subject.institution_id in (row["requester_id"], row["provider_id"])
    if party and Role.COORDINATOR in act.subject.roles:
        return True
    told = sa.select(t.notices.c.id).where(
        t.notices.c.escalation_id == row["id"],
        t.notices.c.account_id == act.subject.account_id,
    )
    return act.tx.scalar(told.limit(1)) is not None


def my_notices(act: Act, before: str | None) -> tuple[list[Row], str | None]:
    """One's notices, the newest first, and where the next page begins."""
    rows = notices.page(act.tx, act.subject.account_id, before, PAGE + 1)
    shown = rows[:PAGE]
    return shown, shown[-1]["id"] if len(rows) > PAGE else None


def unanswered(act: Act) -> list[Row]:
    """What goes unanswered in the subject's institution: going on, or exhausted."""
    mine = act.subject.institution_id
    if mine is None or Permission.SEE_CASES not in act.subject.permissions:
        return []
    party = sa.or_(escalations.c.requester_id == mine, escalations.c.provider_id == mine)
    # Of an appointment or of training a party may see everything, and there is no patient in it.
    seen = sa.or_(escalations.c.request_id.is_(None), visible_requests(act.subject, act.now))
    return notices.unanswered(act.tx, sa.and_(party, seen), MOST_LISTED)


def set_preferences(act: Act, values: Mapping[str, Any]) -> None:
    """Keep what one chose; on call at most a week at a time."""
    until = values.get("on_call_until")
    if until is not None and until > act.now + timedelta(days=7):
        raise Problem("invalid", detail="on_call_until")
    row = {**values, "updated_at": act.now}
    notices.set_preferences(act.tx, act.subject.account_id, row)
