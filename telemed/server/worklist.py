"""Routes of a reader's desk: its lists, saved filters and settings, and who holds what.

What a list holds is found in SQL behind the one visibility rule; a filter that a colleague shares
is asked with one's own rights.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field, field_validator

from telemed.actions import desk, expected, worklist
from telemed.actions.act import Act
from telemed.core import report
from telemed.core import roster as roster_rules
from telemed.core.access import Permission
from telemed.core.assignment import WHY_NOT, Taker
from telemed.core.catalogue import ServiceType
from telemed.core.errors import Problem
from telemed.core.worklist import (
    DANGER,
    ISSUED,
    OVERVIEW,
    TABS,
    Tab,
    parse_sort,
    period_begin,
)
from telemed.server import cases
from telemed.server import desk_schemas as ds
from telemed.server.case_schemas import RequestOut
from telemed.server.requests import Query
from telemed.server.routing import Call, Route
from telemed.server.schemas import Done
from telemed.store import desk as kept
from telemed.store import image_changes, log, roster
from telemed.store import requests as store
from telemed.store import worklist as lists
from telemed.store.access import Sight
from telemed.store.tx import Row

P = Permission


class WorklistQuery(Query):
    tab: Tab | None = None
    service: str | None = Field(default=None, max_length=40)
    filter: str | None = Field(default=None, max_length=40)
    person: str | None = Field(default=None, max_length=64)
    sort: str = Field(default="", max_length=80)
    cursor: str | None = Field(default=None, max_length=64)
    limit: int = Field(default=100, ge=1, le=500)

    @field_validator("sort")
    @classmethod
    def known(cls, value: str) -> str:
        """Only keys of the table."""
        parse_sort(value)
        return value


async def list_worklist(call: Call) -> Any:
    """The queue of one reader, page by page, with counts of every tab."""
    query = call.query(WorklistQuery)

    def ask(act: Act) -> dict[str, Any]:
        if query.filter is None:
            asked = ds.SearchIn(tab=query.tab or "pool", sort=query.sort)
        else:
            row = desk.shown_filter(act, query.filter)
            asked = ds.SearchIn(
                tab=query.tab or row["tab"],
                conditions=ds.Conditions.model_validate(row["conditions"]),
                sort=query.sort or row["sort"],
            )
        names = ("service", "person", "cursor", "limit")
        update = {name: getattr(query, name) for name in names}
        return _list(act, asked.model_copy(update=update))

    return await call.ask(ask)


async def search(call: Call) -> Any:
    """The same by conditions that are not saved."""
    body = call.body(ds.SearchIn)
    return await call.ask(lambda act: _list(act, body))


def _list(act: Act, asked: ds.SearchIn) -> dict[str, Any]:
    seq = log.head(act.tx)
    who = worklist.loaded_taker(act)
    desk = open_desk(act, who, asked.service)
    fits = _absolute(act, asked.conditions)
    ids = desk.ids(asked.tab)
    listed = lists.Asked(desk.base, asked.tab, fits.fits, asked.person is not None, len(ids))
    sort = parse_sort(asked.sort) or lists.default_sort(asked.tab)
    if asked.tab not in ISSUED and any(key == "issued" for key, _ in sort):
        raise Problem("invalid", detail="sort")
    values = {**desk.values, **fits.values, **ids, "person": asked.person}
    rows = lists.page(act.tx, listed, values, sort, asked.limit + 1, asked.cursor)
    shown = rows[: asked.limit]
    likely = expected.of_rows(act, shown)
    counts, chips = _counts(act, desk, asked)
    return {
        "seq": seq,
        "items": [cases.list_row(act, row, who, likely) for row in shown],
        "counts": counts,
        "services": chips,
        "next": shown[-1]["id"] if len(rows) > asked.limit else None,
    }


def _counts(
    act: Act, desk: "Desk", asked: ds.SearchIn
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Of every tab how many, and of the pool how many of each service."""
    every = replace(desk.base, services=None)
    pool = lists.tally_of(act.tx, lists.Asked(every, "free"), desk.values)
    # The archive only grows: it is counted for those who look at it. The overview is for those
    # who move work, and what is free is counted once, as the pool.
    silent = {"pool", "free"} | ({"archive"} - {asked.tab})
    if P.ASSIGN_WORK not in act.subject.permissions:
        silent |= OVERVIEW
    sought = tuple(tab for tab in TABS if tab not in silent and tab not in desk.named)
    counts = lists.counts(act.tx, desk.base, (*sought, "kept"), desk.values)
    of_any = frozenset[str]().union(*desk.named.values())
    seen = lists.held_of(act.tx, desk.base, of_any, desk.values)
    counts |= {name: len(ids & seen) for name, ids in desk.named.items()}
    refusals = desk.refusals
    chosen = [asked.service] if asked.service else [s for s in refusals if refusals[s] is None]
    sums = lists.counted(pool.get(code, {}) for code in chosen)
    counts |= {"pool": sums["total"], "pressing": sums["pressing"], "stat": sums["stat"]}
    chips = [
        {
            "code": code,
            **lists.counted([pool.get(code, {})]),
            "why_not": None if why is None else cases.words(WHY_NOT[why]),
        }
        for code, why in refusals.items()
        if act.catalogue.services[code].live
    ]
    return counts, chips


def _refusals(act: Act, who: Taker | None) -> dict[str, str | None]:
    """By service, why the person may take none of it. Who moves work takes none and sees all."""
    if P.WRITE_REPORTS not in act.subject.permissions:
        return dict.fromkeys(act.catalogue.services)
    return {code: _refusal(act, who, service) for code, service in act.catalogue.services.items()}


def _refusal(act: Act, who: Taker | None, service: ServiceType) -> str | None:
    """Of the person and the service; a case of their own institution says so itself."""
    probe = {"provider_id": act.subject.institution_id, "requester_id": "", "body_part": ""}
    return worklist.why_not(who, service, probe, act.now)


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose desk it is: what its statements are built from, and the values they are asked with."""

    base: lists.Base
    values: dict[str, Any]
    refusals: dict[str, str | None]
    named: dict[str, frozenset[str]]
    """The cases of the tabs that name them."""

    def ids(self, tab: str) -> dict[str, str]:
        """The parameters of a tab that names its cases, none of another."""
        return lists.id_values(self.named[tab]) if tab in lists.NAMED else {}


def open_desk(act: Act, who: Taker | None, service: str | None = None) -> Desk:
    """The desk of whoever looks: cases asked of their institution, of the services they are
    licensed for.

    A service that is named is listed even where one may take none of it: its rows say why.
    """
    person, place = act.subject.person_id, act.subject.own_institution
    reads = P.WRITE_REPORTS in act.subject.permissions
    refusals, named = _refusals(act, who), _in_hand(act)
    codes = [service] if service else [s for s, why in refusals.items() if why is None]
    base = lists.Base(Sight.of(act.subject), len(codes), reads)
    day = act.now.astimezone(cases.ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    values = {
        **Sight.values(act.subject, act.now),
        **dict(zip(lists.service_names(len(codes)), codes, strict=True)),
        "place": place,
        "kept_since": worklist.kept_since(act),
        "whose": person or "",
        "soon": act.now + DANGER,
        "day": day,
    }
    return Desk(base, values, refusals, named)


def _in_hand(act: Act) -> dict[str, frozenset[str]]:
    """The cases of the tabs that name them.

    What is in hand is little beside what was ever answered, so it is looked up first and the tabs
    name it: their counts do not walk the archive.
    """
    person, place = act.subject.person_id, act.subject.own_institution
    versions = store.unfinished(act.tx)
    signed = {v["request_id"] for v in versions if v["state"] == report.State.PRELIMINARY}
    drafts = [v for v in versions if v["state"] == report.State.DRAFT]
    held = [w for w in store.held(act.tx, place) if w["request_id"] not in signed]
    # A coordinator holds nothing and looks after everybody's.
    reads = P.WRITE_REPORTS in act.subject.permissions
    own = [w for w in held if w["performer_id"] == person]
    aside = {w["request_id"] for w in (own if reads else held) if w["aside_at"] is not None}
    # What one holds, and the addendum or amendment one has begun.
    mine = {w["request_id"] for w in own} | {
        v["request_id"] for v in drafts if v["author_id"] == person
    }
    return {
        "mine": frozenset(mine - aside),
        "aside": frozenset(aside),
        "held": frozenset(w["request_id"] for w in held if w["performer_id"] != person),
        "verify": frozenset(signed),
        "check": frozenset(image_changes.waiting_for(act.tx, person)),
    }


def _absolute(act: Act, asked: ds.Conditions) -> lists.Conditions:
    """Conditions with their relative times counted from now."""
    begin = None
    if asked.submitted is not None:
        period = asked.submitted
        begin = _shift_begin(act) if period.unit == "shift" else None
        begin = begin or period_begin(
            period.unit, period.count, act.now, act.catalogue.timers.shifts
        )
    within = asked.due_within_minutes
    return lists.Conditions(
        services=tuple(asked.services),
        urgencies=tuple(asked.urgencies),
        requesters=tuple(asked.requesters),
        modalities=tuple(asked.modalities),
        body_parts=tuple(asked.body_parts),
        submitted_from=begin,
        due_until=None if within is None else act.now + timedelta(minutes=within),
        overdue_at=act.now if asked.overdue else None,
        critical=asked.critical,
        text=asked.text,
    )


def _shift_begin(act: Act) -> datetime | None:
    """When the subject's own shift began that runs now; None off duty."""
    place, person = act.subject.institution_id, act.subject.person_id
    if place is None or person is None:
        return None
    mine = roster_rules.running(roster.on_duty(act.tx, place, act.now), person)
    return None if mine is None else mine["since"]


# --- saved filters --------------------------------------------------------------------------------


async def list_filters(call: Call) -> Any:
    """One's own and shared filters, each with its live count."""

    def ask(act: Act) -> dict[str, Any]:
        seq = log.head(act.tx)
        mine = open_desk(act, worklist.taker(act.tx, act.subject))
        rows = desk.shown_filters(act)
        return {"seq": seq, "items": [_filter(act, row, mine) for row in rows]}

    return await call.ask(ask)


def _filter(act: Act, row: Row, mine: Desk) -> dict[str, Any]:
    fits = _absolute(act, ds.Conditions.model_validate(row["conditions"]))
    counted = "free" if row["tab"] == "pool" else row["tab"]
    ids = mine.ids(counted)
    asked = lists.Asked(mine.base, counted, fits.fits, ids=len(ids))
    sums = lists.tally_of(act.tx, asked, {**mine.values, **fits.values, **ids})
    return {
        **{k: row[k] for k in ("id", "name", "tab", "conditions", "sort", "audience")},
        "mine": row["owner_id"] == act.subject.account_id,
        "owner": row["owner_name"],
        **lists.counted(sums.values()),
    }


async def save_filter(call: Call) -> Any:
    """Keep a new filter."""
    given = call.body(ds.FilterIn).model_dump(mode="json")
    return await call.act(lambda act: _shown(act, desk.save_filter(act, given)), quiet=True)


async def change_filter(call: Call) -> Any:
    """Change one of one's own."""
    given = call.body(ds.FilterIn).model_dump(mode="json")
    which = call.path("id")
    return await call.act(
        lambda act: _shown(act, desk.change_filter(act, which, given)), quiet=True
    )


async def delete_filter(call: Call) -> Any:
    """Take one of one's own out of the lists; it can be put back."""
    return await call.act(lambda act: desk.delete_filter(act, call.path("id")), quiet=True)


async def restore_filter(call: Call) -> Any:
    """Put a deleted filter back."""
    return await call.act(
        lambda act: _shown(act, desk.restore_filter(act, call.path("id"))), quiet=True
    )


def _shown(act: Act, filter_id: str) -> dict[str, Any]:
    who = worklist.taker(act.tx, act.subject)
    return _filter(act, desk.shown_filter(act, filter_id), open_desk(act, who))


async def settings(call: Call) -> Any:
    """How the caller likes their lists."""
    return await call.ask(lambda act: kept.settings(act.tx, act.subject.account_id))


async def keep_settings(call: Call) -> Any:
    """Keep them for every machine the caller works at."""
    given = call.body(ds.DeskSettings).model_dump(mode="json")

    def do(act: Act) -> dict[str, Any]:
        kept.keep_settings(act.tx, act.subject.account_id, given, act.now)
        return given

    return await call.act(do, quiet=True)


# --- holders ----------------------------------------------------------------------------------


async def holders(call: Call) -> Any:
    """Who in the caller's institution holds which case and when they were last seen."""

    def ask(act: Act) -> dict[str, Any]:
        rows = store.holders(act.tx, act.subject.own_institution)
        return {
            "items": [
                {**row, "seen_at": worklist.seen_at(act, row["lease_until"], row["aside_at"])}
                for row in rows
            ]
        }

    return await call.ask(ask)


async def put_aside(call: Call) -> Any:
    """Let a case wait for a more urgent one."""
    place = call.body(ds.PlaceIn).model_dump(mode="json")

    return await call.step(lambda act, case: worklist.put_aside(act, case, place), cases.full)


async def resume(call: Call) -> Any:
    """Take up again what was put aside."""
    return await call.step(worklist.resume, cases.full)


LIST, FILTERS, ONE = "/api/worklist", "/api/worklist/filters", "/api/requests/{id}"
_FILTER = f"{FILTERS}/{{id}}"
ROUTES = (
    Route("GET", LIST, list_worklist, P.READ_QUEUE, "The queue",
          query=WorklistQuery, returns=ds.WorklistOut),
    Route("POST", f"{LIST}/search", search, P.READ_QUEUE, "The queue by conditions",
          body=ds.SearchIn, returns=ds.WorklistOut),
    Route("GET", FILTERS, list_filters, P.READ_QUEUE, "Saved filters with their counts",
          returns=ds.FilterList),
    Route("POST", FILTERS, save_filter, P.READ_QUEUE, "Save a filter",
          body=ds.FilterIn, returns=ds.FilterOut, created=True),
    Route("PUT", _FILTER, change_filter, P.READ_QUEUE, "Change one's own filter",
          body=ds.FilterIn, returns=ds.FilterOut),
    Route("DELETE", _FILTER, delete_filter, P.READ_QUEUE, "Delete one's own filter",
          returns=Done),
    Route("POST", f"{_FILTER}/restore", restore_filter, P.READ_QUEUE, "Put a deleted filter back",
          returns=ds.FilterOut),
    Route("GET", f"{LIST}/settings", settings, P.READ_QUEUE, "How one likes one's lists",
          returns=ds.DeskSettings),
    Route("PUT", f"{LIST}/settings", keep_settings, P.READ_QUEUE, "Keep how one likes one's lists",
          body=ds.DeskSettings, returns=ds.DeskSettings),
    Route("GET", f"{LIST}/holders", holders, P.READ_QUEUE, "Who holds which case",
          returns=ds.HolderList),
    Route("POST", f"{ONE}/aside", put_aside, P.WRITE_REPORTS, "Put aside for an urgent case",
          body=ds.PlaceIn, returns=RequestOut),
    Route("POST", f"{ONE}/resume", resume, P.WRITE_REPORTS, "Take up what was put aside",
          returns=RequestOut),
)  # fmt: skip
