"""Routes of calendars: rooms and devices, weekly hours, leave and extra hours."""

from typing import Any

from telemed.actions import calendars as acts
from telemed.actions.act import Act
from telemed.actions.calendars import CalendarView, ResourceTerms
from telemed.core.access import Permission as P
from telemed.core.schedule import Weekly
from telemed.server import calendar_schemas as cs
from telemed.server import schemas as s
from telemed.server.availability import StretchQuery, named_resource
from telemed.server.routing import Call, Route
from telemed.store.tx import Row


async def list_resources(call: Call) -> Any:
    """The own institution's rooms and devices."""
    rows = await call.ask(acts.resources_of)
    return {"resources": [_resource(row) for row in rows]}


async def add_resource(call: Call) -> Any:
    """Enter a room or a device."""
    terms = _terms(call.body(cs.ResourceIn))
    return {"id": await call.act(lambda act: acts.add_resource(act, terms))}


async def change_resource(call: Call) -> Any:
    """Change a room or a device."""
    body, key = call.body(cs.ResourceChange), call.path("id")
    await call.act(lambda act: acts.change_resource(act, key, body.version, _terms(body)))
    return {}


def _show(kind: str) -> Any:
    async def show(call: Call) -> Any:
        """A calendar of one's own institution."""
        q, key = call.query(StretchQuery), call.path("id")
        view = await call.ask(lambda act: acts.view(act, kind, key, q.since, q.until))
        return _calendar(kind, view)

    return show


def _set_hours(kind: str) -> Any:
    async def set_hours(call: Call) -> Any:
        """Set weekly hours."""
        rows, key = [_weekly(row) for row in call.body(cs.HoursIn).rows], call.path("id")
        await call.act(lambda act: acts.set_hours(act, kind, key, rows))
        return {}

    return set_hours


def _add_exception(kind: str) -> Any:
    async def add(call: Call) -> Any:
        """Enter leave, a closure or extra hours."""
        body, key = call.body(cs.ExceptionIn), call.path("id")

        def do(act: Act) -> dict[str, Any]:
            made, meets, lectures = acts.add_exception(
                act, kind, key, body.kind, body.since, body.until, body.cover_id
            )
            return {"id": made, "meets": meets, "lectures": lectures}

        return await call.act(do)

    return add


async def cancel_exception(call: Call) -> Any:
    """Take leave, a closure or extra hours back."""
    await call.act(lambda act: acts.cancel_exception(act, call.path("id")))
    return {}


def _terms(body: cs.ResourceIn) -> ResourceTerms:
    return ResourceTerms(body.kind, body.name, body.place, body.capacity, body.active)


def _resource(row: Row) -> dict[str, Any]:
    return {**named_resource(row), "active": row["active"], "version": row["version"]}


def _weekly(row: cs.WeeklyIn) -> Weekly:
    return Weekly(
        weekdays=frozenset(row.weekdays),
        begins=_minutes(row.begins),
        ends=_minutes(row.ends),
        first=row.first,
        last=row.last,
        every=row.every,
        calendar=row.calendar,
    )


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _calendar(kind: str, view: CalendarView) -> dict[str, Any]:
    return {
        "owner": kind,
        "id": view.owner.id,
        "hours": [
            {**row, "begins": _clock(row["begins"]), "ends": _clock(row["ends"])}
            for row in view.hours
        ],
        "exceptions": view.exceptions,
    }


def _of(kind: str, whose: str) -> tuple[Route, ...]:
    one = f"/api/calendars/{kind}/{{id}}"
    return (
        Route("GET", one, _show(kind), P.SEE_CALENDARS, f"The calendar of {whose}",
              query=StretchQuery, returns=cs.CalendarOut),
        Route("PUT", f"{one}/hours", _set_hours(kind), P.KEEP_ROSTER,
              f"Set the weekly hours of {whose}", body=cs.HoursIn, returns=s.Done),
        Route("POST", f"{one}/exceptions", _add_exception(kind), P.SEE_CALENDARS,
              f"Enter when {whose} cannot be had, or can beside the hours", body=cs.ExceptionIn,
              returns=cs.ExceptionMade, created=True),
    )  # fmt: skip


RESOURCES = "/api/resources"
ROUTES = (
    Route("GET", RESOURCES, list_resources, P.SEE_CALENDARS, "Own rooms and devices",
          returns=cs.ResourceList),
    Route("POST", RESOURCES, add_resource, P.KEEP_ROSTER, "Enter a room or a device",
          body=cs.ResourceIn, returns=cs.Made, created=True),
    Route("PUT", f"{RESOURCES}/{{id}}", change_resource, P.KEEP_ROSTER,
          "Change a room or a device", body=cs.ResourceChange, returns=s.Done),
    *_of("people", "somebody of one's own institution"),
    *_of("resources", "an own room or device"),
    Route("POST", "/api/calendar-exceptions/{id}/cancel", cancel_exception, P.SEE_CALENDARS,
          "Take leave, a closure or extra hours back", returns=s.Done),
)  # fmt: skip
