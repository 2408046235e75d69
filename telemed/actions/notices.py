"""Climbing the ladders and reading what one was told.

Who is told is looked up at the moment of telling: whoever came on duty since is told, whoever
left is not. A notice names a request and an occasion; what it says is built by who shows it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telemed.actions import decided
from telemed.actions.act import Act
from telemed.core import escalation, workitem
from telemed.core import roster as duty
from telemed.core.access import Permission, Role
from telemed.core.activity import Fact, Kind
from telemed.core.assignment import Mode, covers
from telemed.core.errors import ZONE, Problem
from telemed.core.escalation import (
    WHEN_NOBODY,
    Channel,
    End,
    Ladder,
    Occasion,
    Rung,
    Weight,
    Who,
)
from telemed.store import notices, requests, roster, rulings
from telemed.store import tables as t
from telemed.store.access import visible_requests
from telemed.store.notice_tables import escalations
from telemed.store.tx import Row

MOST_LISTED = 200
PAGE = 50
RULE_SAYS = timedelta(seconds=5)
LOOK_AGAIN = timedelta(seconds=1)
_ROLES: Mapping[Who, tuple[str, tuple[Role, ...]]] = {
    Who.READERS: ("provider_id", (Role.READER, Role.VERIFIER)),
    Who.PROVIDER_COORDINATORS: ("provider_id", (Role.COORDINATOR,)),
    Who.PROVIDER_ADMINS: ("provider_id", (Role.INSTITUTION_ADMIN,)),
    Who.REQUESTERS: ("requester_id", (Role.REQUESTER,)),
    Who.REQUESTER_COORDINATORS: ("requester_id", (Role.COORDINATOR,)),
    Who.REQUESTER_ADMINS: ("requester_id", (Role.INSTITUTION_ADMIN,)),
}
"""On which side of a case a step's people are, and by which roles."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice is about. `source` names the rung or the fact; each tells each person once."""

    source: str
    occasion: str
    weight: Weight
    request_id: str
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
    case = requests.get(act.tx, row["request_id"])
    if case is not None and _rule_is_to_say(act, row, case):
        notices.change_escalation(act.tx, escalation_id, 0, {"next_at": act.now + LOOK_AGAIN})
        return 0
    rungs: tuple[Rung, ...] = ()
    told, exhausted = row["told"], True
    if ladder is not None and case is not None:
        rungs, told, exhausted = escalation.due(ladder, row["anchor_at"], row["told"], act.now)
    # A ladder that was taken out of the configuration is exhausted: its entry stays to be seen.
    values = {
        "told": told,
        "next_at": None if ladder is None else _after(ladder, row, told, exhausted),
        "exhausted_at": act.now if exhausted else None,
    }
    if not notices.change_escalation(act.tx, escalation_id, row["told"], values):
        return 0
    count = 0
    for rung in rungs:
        if ladder is not None and case is not None:
            count += _tell_rung(act, row, ladder, case, rung, ways)
    if exhausted:
        act.tell(_fact(act, row, Kind.ESCALATION_EXHAUSTED, rung=told))
    return count


def _after(ladder: Ladder, row: Row, told: int, exhausted: bool) -> datetime | None:
    return escalation.next_at(ladder, row["anchor_at"], told, exhausted)


def _tell_rung(
    act: Act, row: Row, ladder: Ladder, case: Row, rung: Rung, ways: Collection[Channel]
) -> int:
    people = whom(act, case, rung.step.tells(_is_somebodys(act, case)))
    if not people:  # whose it is cannot be told: no reason for silence
        people = whom(act, case, rung.step.who)
    told = Told(
        source=f"escalation:{row['id']}:{rung.number}",
        occasion=row["occasion"],
        weight=ladder.weight,
        request_id=row["request_id"],
        escalation_id=row["id"],
        rung=rung.number,
    )
    count = tell(act, told, people, rung.step.channels, ways)
    act.tell(_fact(act, row, Kind.NOTICE_TOLD, rung=rung.number, people=count))
    return count


def _rule_is_to_say(act: Act, row: Row, case: Row) -> bool:
    """Whether the rule gives out what just came and has not looked at it: whose it will be is told
    first. Not for long, for a rule that stands still is no reason for silence."""
    if row["occasion"] != Occasion.UNCLAIMED or row["told"]:
        return False
    if act.now - row["opened_at"] >= RULE_SAYS or case["provider_id"] is None:
        return False
    work = requests.current_workitem(act.tx, case["id"])
    if work is None or work["scheduled_performer_id"] is not None:
        return False
    by_rule = decided.mode_of(act, case["provider_id"], case["service"]) is Mode.AUTO
    return by_rule and not rulings.is_decided(act.tx, work["id"])


def _is_somebodys(act: Act, case: Row) -> bool:
    """Whether a case waits for one named reader: colleagues may not take it without a reason."""
    work = requests.current_workitem(act.tx, case["id"])
    if work is None or work["state"] != workitem.State.SCHEDULED:
        return False
    return work["scheduled_performer_id"] is not None


def tell(
    act: Act, told: Told, people: Sequence[str], by: Sequence[Channel], ways: Collection[Channel]
) -> int:
    """A notice for each of these accounts, and its ways out; how many were new."""
    prefer = notices.preferences(act.tx, people)
    working = roster.accounts_on_duty(act.tx, people, act.now)
    browsers = notices.subscribers(act.tx, people)
    count = 0
    for account_id in people:
        notice_id = act.new_id()
        row = {
            "id": notice_id,
            "source": told.source,
            "account_id": account_id,
            "escalation_id": told.escalation_id,
            "occasion": told.occasion,
            "weight": told.weight.value,
            "rung": told.rung,
            "request_id": told.request_id,
            "at": act.now,
        }
        if not notices.add_notice(act.tx, row):
            continue
        count += 1
        mine = prefer.get(account_id)
        reach = _reachable(mine, bool(browsers.get(account_id)))
        chosen = None if mine is None else mine["channels"].get(told.weight.value)
        wanted = escalation.ways(
            by, None if chosen is None else [Channel(c) for c in chosen], told.weight
        )
        when = rings_at(act.now, mine, told.weight, account_id in working)
        notices.add_deliveries(
            act.tx,
            [_delivery(act, notice_id, c, when) for c in wanted if c in reach and c in ways],
        )
    return count


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
    return escalation.not_before(weight, local, mine["quiet_from"], mine["quiet_until"], on_call)


def whom(act: Act, case: Row, who: Sequence[Who]) -> list[str]:
    """The accounts a step tells, each once, in the step's order."""
    found: dict[str, None] = {}
    for each in who:
        found |= dict.fromkeys(_accounts(act, case, each))
    return list(found)


def _accounts(act: Act, case: Row, who: Who) -> Sequence[str]:
    if who is Who.REQUESTING_DOCTOR:
        return notices.enabled(act.tx, [case["created_by"]])
    if who is Who.HOLDER:
        work = requests.current_workitem(act.tx, case["id"])
        holders = {work[k] for k in ("performer_id", "scheduled_performer_id") if work.get(k)} \
            if work else set()  # fmt: skip
        return notices.accounts_of(act.tx, holders) if holders else []
    if who in WHEN_NOBODY:
        return _on_duty(act, case, who) or _accounts(act, case, WHEN_NOBODY[who])
    side, roles = _ROLES[who]
    if case[side] is None:
        return []
    rows = notices.accounts_with(act.tx, case[side], roles)
    if who is Who.READERS:
        wanted = act.catalogue.services[case["service"]].reader_scopes
        rows = [r for r in rows if r["active"] and covers(tuple(r["scopes"] or ()), wanted)]
    return [row["id"] for row in rows]


def _on_duty(act: Act, case: Row, who: Who) -> list[str]:
    """The accounts of those on duty for a case just now. Who may not read it is not told, whatever
    the roster says."""
    if case["provider_id"] is None:
        return []
    shifts, kinds = roster.on_duty(act.tx, case["provider_id"], act.now), act.catalogue.duties
    if who is Who.ON_DUTY:
        frozen = bool((case["content"] or {}).get("frozen"))
        people = duty.readers(shifts, kinds, case["service"], frozen)
    else:
        people = duty.coordinators(shifts, kinds)
    mine = set(notices.accounts_of(act.tx, people)) if people else set()
    if who is Who.ON_DUTY:
        mine &= set(_accounts(act, case, Who.READERS))
    return sorted(mine)


def _fact(act: Act, row: Row, kind: Kind, **data: object) -> Fact:
    return Fact(
        kind=kind,
        at=act.now,
        actor_id=act.subject.account_id,
        institution_id=act.subject.institution_id,
        parties=tuple(dict.fromkeys((row["requester_id"], row["provider_id"]))),
        request_id=row["request_id"],
        data={
            "escalation": row["id"],
            "ladder": row["ladder"],
            "occasion": row["occasion"],
            "requester": row["requester_id"],
            "provider": row["provider_id"],
            **data,
        },
    )


def given_up(act: Act, delivery_id: str, channel: str, why: str) -> None:
    """A notice will not arrive by this channel: write it where people look."""
    notice = notices.of_notice(act.tx, delivery_id)
    case = None if notice is None else requests.get(act.tx, notice["request_id"])
    if notice is None or case is None:
        return
    act.tell(
        Fact(
            kind=Kind.NOTICE_GIVEN_UP,
            at=act.now,
            actor_id=act.subject.account_id,
            institution_id=None,
            parties=tuple(p for p in (case["requester_id"], case["provider_id"]) if p),
            request_id=notice["request_id"],
            data={"escalation": notice["escalation_id"], "channel": channel, "reason": why},
        )
    )


# --- people's part ----------------------------------------------------------------------------


def acknowledge(act: Act, escalation_id: str) -> None:
    """Take an escalation on: its ladder stops. Saying it twice is once.

    Only for whom the case is visible and who was told; Problem("not-found") for anybody else.
    """
    row = notices.escalation(act.tx, escalation_id)
    seen = None if row is None else act.tx.scalar(
        sa.select(t.requests.c.id).where(
            t.requests.c.id == row["request_id"], visible_requests(act.subject, act.now)
        )
    )  # fmt: skip
    if row is None or seen is None or not _was_told(act, row):
        raise Problem("not-found")
    ladder = next((x for x in act.catalogue.ladders if x.code == row["ladder"]), None)
    if ladder is None or not ladder.acknowledgeable:
        raise Problem("not-to-take-on")
    if row["ended_at"] is None and not _take_on(act, row):
        raise Problem("stale", current="?")


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
    act.tell(_fact(act, row, Kind.ESCALATION_ACKNOWLEDGED))
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
    seen = visible_requests(act.subject, act.now)
    return notices.unanswered(act.tx, sa.and_(party, seen), MOST_LISTED)


def set_preferences(act: Act, values: Mapping[str, Any]) -> None:
    """Keep what one chose; on call at most a week at a time."""
    until = values.get("on_call_until")
    if until is not None and until > act.now + timedelta(days=7):
        raise Problem("invalid", detail="on_call_until")
    row = {**values, "updated_at": act.now}
    notices.set_preferences(act.tx, act.subject.account_id, row)
