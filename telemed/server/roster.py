"""Routes of the roster: the weeks, and what a coordinator does to them."""

from datetime import date, datetime, timedelta
from typing import Any

from aiohttp import web
from pydantic import Field

from telemed.actions import roster as acts
from telemed.actions import roster_file
from telemed.actions.act import Act
from telemed.actions.roster import Done, Duty, Pattern
from telemed.core.access import Permission as P
from telemed.core.roster import week_of
from telemed.core.workdays import ZONE
from telemed.documents.sheets import write_csv
from telemed.server import cases
from telemed.server import roster_schemas as rs
from telemed.server.requests import Query
from telemed.server.routing import Call, Route
from telemed.store import log
from telemed.store.people import title_words

_WEEK = timedelta(days=7)


class WeekQuery(Query):
    """The week of a day, today's without one, and how many weeks from it on."""

    week: date | None = Field(default=None, ge=date(2000, 1, 1), le=date(2100, 1, 1))
    weeks: int = Field(default=1, ge=1, le=5)


async def show(call: Call) -> Any:
    """The roster of some weeks."""
    query = call.query(WeekQuery)
    return await call.ask(lambda act: weeks(act, query))


def weeks(act: Act, query: WeekQuery) -> dict[str, Any]:
    """Everything that the page shows."""
    since, until = _span(act, query)
    shown = acts.shifts(act, (since, until))
    people = acts.staff(act)
    reads = {row["id"]: row["reads"] for row in people}
    ahead = (max(since, act.now), until)
    first = since.astimezone(ZONE).date()
    days = [first + timedelta(days=n) for n in range(7 * query.weeks)]
    return {
        "seq": log.head(act.tx),
        "now": act.now,
        "since": since,
        "until": until,
        "days": [{"day": day, "kind": acts.day_kind(act, day)} for day in days],
        "people": [_person(row) for row in people],
        "shifts": shown,
        "kinds": [
            {"code": k.code, "label": cases.words(k.label), "services": list(k.services),
             "frozen": k.frozen, "reads": k.reads}
            for k in act.catalogue.duties.values()
        ],
        "hours": [
            {"code": h.code, "label": cases.words(h.label), "begins": f"{h.begins:%H:%M}",
             "ends": f"{h.ends:%H:%M}"}
            for h in act.catalogue.duty_hours
        ],
        "cover": acts.gaps(act, shown, reads, ahead) if ahead[0] < until else [],
        "may_write": P.KEEP_ROSTER in act.subject.permissions,
        "me": act.subject.person_id,
    }  # fmt: skip


def _span(act: Act, query: WeekQuery) -> tuple[datetime, datetime]:
    since, until = week_of(query.week or act.now.astimezone(ZONE).date())
    return since, until + (query.weeks - 1) * _WEEK


def _person(row: Any) -> dict[str, Any]:
    zh, en = title_words(row["title"])
    return {
        "id": row["id"],
        "name": row["name"],
        "title": {"zh": zh, "en": en},
        "department": row["department"],
        "reads": row["reads"],
    }


async def add(call: Call) -> Any:
    """Put people on duty."""
    body = call.body(rs.AddIn)
    weekdays = frozenset(body.weekdays or [body.day.weekday()])
    pattern = Pattern(body.day, weekdays, body.weeks, body.calendar)
    chosen = list(dict.fromkeys(body.people))
    return await call.act(lambda act: acts.add(act, chosen, _duty(body), pattern))


async def change(call: Call) -> Any:
    """Change a shift."""
    body = call.body(rs.ShiftIn)

    def do(act: Act) -> Done:
        return acts.change(act, call.path("id"), body.person_id, _duty(body), body.day)

    return await call.act(do)


async def copy(call: Call) -> Any:
    """Repeat a week."""
    body = call.body(rs.CopyIn)
    return await call.act(lambda act: acts.copy(act, body.source, body.target, body.calendar))


async def cancel(call: Call) -> Any:
    """Take shifts off."""
    ids = call.body(rs.ShiftIds).ids
    return await call.act(lambda act: acts.cancel(act, ids))


async def restore(call: Call) -> Any:
    """Undo."""
    body = call.body(rs.RestoreIn)
    return await call.act(lambda act: acts.restore(act, body.ids, body.instead_of))


async def export(call: Call) -> web.StreamResponse:
    """The weeks as CSV."""
    query = call.query(WeekQuery)

    def ask(act: Act) -> tuple[date, bytes]:
        since, until = _span(act, query)
        return since.astimezone(ZONE).date(), write_csv(roster_file.told(act, (since, until)))

    monday, body = await call.ask(ask)
    named = f'attachment; filename="roster-{monday}.csv"'
    headers = {"Content-Disposition": named, "Cache-Control": "private, no-store"}
    return web.Response(body=body, content_type="text/csv", charset="utf-8", headers=headers)


async def load(call: Call) -> Any:
    """Shifts of a table."""
    text = call.body(rs.TableIn).text
    return await call.act(lambda act: roster_file.load(act, text))


def _duty(body: rs.DutyIn) -> Duty:
    services = tuple(dict.fromkeys(body.services))
    return Duty(body.kind, services, body.begins, body.ends)


ROSTER = "/api/roster"
ROUTES = (
    Route("GET", ROSTER, show, P.SEE_ROSTER, "Who is on duty in a week",
          query=WeekQuery, returns=rs.RosterOut),
    Route("POST", ROSTER, add, P.KEEP_ROSTER, "Put people on duty, once or every week",
          body=rs.AddIn, returns=rs.RosterDone, created=True),
    Route("POST", f"{ROSTER}/copy", copy, P.KEEP_ROSTER, "Copy a week to another",
          body=rs.CopyIn, returns=rs.RosterDone),
    Route("POST", f"{ROSTER}/cancel", cancel, P.KEEP_ROSTER, "Take shifts off the roster",
          body=rs.ShiftIds, returns=rs.RosterDone),
    Route("POST", f"{ROSTER}/restore", restore, P.KEEP_ROSTER, "Put shifts back, to undo",
          body=rs.RestoreIn, returns=rs.RosterDone),
    Route("GET", f"{ROSTER}/export", export, P.SEE_ROSTER, "The weeks as a CSV file",
          query=WeekQuery, media="text/csv"),
    Route("POST", f"{ROSTER}/import", load, P.KEEP_ROSTER, "Put on duty what a CSV table says",
          body=rs.TableIn, returns=rs.RosterDone),
    Route("PUT", f"{ROSTER}/{{id}}", change, P.KEEP_ROSTER, "Change a shift",
          body=rs.ShiftIn, returns=rs.RosterDone),
)  # fmt: skip
