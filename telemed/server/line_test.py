"""The line between a page and this server, measured by bytes that mean nothing.

Bounded in size and in how often an account may ask, so that a check before a conference cannot be
turned into a flood. What was measured is the page's to say: only it sees both ends of the clock.
"""

import asyncio
import os
from collections import OrderedDict
from typing import Any, Final

from aiohttp import web
from pydantic import Field

from telemed.core.access import Permission as P
from telemed.core.conference import Pace
from telemed.core.errors import Problem
from telemed.server.routing import Call, Route
from telemed.server.schemas import In, Out

MOST_BYTES: Final = 2 << 20
_BURST, _PER_SECOND = 30.0, 0.5
_ACCOUNTS: Final = 5000
_NOTHING: Final = os.urandom(1 << 16)
"""Random, so that nothing on the way makes it smaller."""


class BytesQuery(In):
    """How many bytes are wanted."""

    bytes: int = Field(default=65_536, ge=1, le=MOST_BYTES)


class TakenOut(Out):
    bytes: int


class Paces:
    """How often each account asked lately."""

    def __init__(self) -> None:
        self._paces: OrderedDict[str, Pace] = OrderedDict()

    def take(self, account_id: str) -> None:
        """Problem("too-many") for an account that asks more often than a check does."""
        now = asyncio.get_running_loop().time()
        pace = self._paces.setdefault(account_id, Pace(_BURST, _PER_SECOND, _BURST, now))
        self._paces.move_to_end(account_id)
        if len(self._paces) > _ACCOUNTS:
            self._paces.popitem(last=False)
        if not pace.take(now):
            raise Problem("too-many", seconds=2)


PACES: Final = Paces()


async def give(call: Call) -> web.Response:
    """Bytes to be timed on their way to the page."""
    PACES.take(call.subject.account_id)
    wanted = call.query(BytesQuery).bytes
    whole, rest = divmod(wanted, len(_NOTHING))
    body = _NOTHING * whole + _NOTHING[:rest]
    return web.Response(body=body, content_type="application/octet-stream")


async def take(call: Call) -> Any:
    """Bytes to be timed on their way from the page; they are counted and forgotten."""
    PACES.take(call.subject.account_id)
    count = 0
    async for part in call.request.content.iter_chunked(1 << 16):
        count += len(part)
        if count > MOST_BYTES:
            raise Problem("too-large", limit="2 MB")
    return {"bytes": count}


_BINARY: Final = "application/octet-stream"
ROUTES = (
    Route("GET", "/api/line-test", give, P.SEE_CALENDARS,
          "Bytes that mean nothing, to time a line", query=BytesQuery, media=_BINARY),
    Route("POST", "/api/line-test", take, P.SEE_CALENDARS,
          "Take bytes that mean nothing, to time a line", takes=(_BINARY,), returns=TakenOut),
)  # fmt: skip
