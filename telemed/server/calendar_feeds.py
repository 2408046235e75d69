"""Routes of the secret addresses, and the calendar file behind them."""

import secrets
from typing import Annotated, Any

from aiohttp import web
from pydantic import StringConstraints

from telemed.actions import calendar_feeds as acts
from telemed.core.access import Permission as P
from telemed.documents.calendar_file import write_calendar
from telemed.server import schemas as s
from telemed.server.calendar_schemas import LinkList
from telemed.server.routing import Call, Route

LINKS = "/api/calendar-links"
FEED = "/api/calendar-feed/{secret}/calendar.ics"


class LinkIn(s.In):
    """What the link is for, in words of one's own."""

    label: Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)] = ""


class LinkMade(s.Out):
    """The address, shown this once."""

    id: str
    url: str


async def listed(call: Call) -> Any:
    """One's own links."""
    return {"links": await call.ask(acts.links)}


async def make(call: Call) -> Any:
    """A new secret address of one's own calendar."""
    label, secret = call.body(LinkIn).label, secrets.token_urlsafe(32)
    made = await call.act(lambda act: acts.make(act, secret, label))
    url = call.services.settings.origin + FEED.replace("{secret}", secret)
    return {"id": made, "url": url}


async def revoke(call: Call) -> Any:
    """From now on the address opens nothing."""
    await call.act(lambda act: acts.revoke(act, call.path("id")))
    return {}


async def feed(call: Call) -> web.StreamResponse:
    """The calendar file."""
    found = await call.ask(lambda act: acts.feed(act, call.path("secret")))
    if found.is_news:
        await call.act(lambda act: acts.was_read(act, found.link_id), quiet=True)
    body = write_calendar(found.name, found.entries)
    headers = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}
    return web.Response(body=body, content_type="text/calendar", charset="utf-8", headers=headers)


ROUTES = (
    Route("GET", LINKS, listed, P.SEE_CALENDARS, "Own calendar links", returns=LinkList),
    Route("POST", LINKS, make, P.SEE_CALENDARS, "A secret address of one's own calendar",
          body=LinkIn, returns=LinkMade, created=True),
    Route("POST", f"{LINKS}/{{id}}/revoke", revoke, P.SEE_CALENDARS, "End a calendar link",
          returns=s.Done),
    Route("GET", FEED, feed, None, "Somebody's appointments as an iCalendar file",
          media="text/calendar"),
)  # fmt: skip
