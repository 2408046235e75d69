"""UPS-RS under /dicom-web/workitems: the transactions of PS3.18 chapter 11 as routes.

Every spelling that an edition or a known client has for a UID, a Transaction UID or a requester is
read here and nowhere else. What may be done is decided in `actions/ups.py`; a refusal is the one
error shape with the standard's Warning beside it.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import wraps
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from telemed.actions import ups as acts
from telemed.actions import ups_subscriptions
from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.core.errors import Problem
from telemed.dicom.matching import parse_query
from telemed.dicom.media import DICOM_JSON, DICOM_XML, JSON, NEGOTIATION, RESULT_OFFERS
from telemed.dicom.scan import valid_uid
from telemed.server import ups_bodies
from telemed.server.imaging import BASE, in_problems, warn, wish
from telemed.server.problems import problem_response
from telemed.server.routing import Call, Route

P = Permission
ITEMS: Final = f"{BASE}/workitems"
ITEM: Final = ITEMS + "/{workitem}"
SUBSCRIBER: Final = ITEM + "/subscribers/{aet}"
CHANNEL: Final = f"{BASE}/subscribers/{{aet}}"
MOST_FOUND: Final = 200
"""Workitems of one page of a search."""

_TRANSACTION: Final = frozenset({"transaction-uid", "transaction", "transactionuid"})
_WORKITEM: Final = frozenset({"workitem", "affectedsopinstanceuid", "00001000"})
_STATE: Final = "The submitted request is inconsistent with the state of the UPS Instance."
_UPDATE: Final = "The submitted request is inconsistent with the current state of the Workitem."
_UNCLAIMED: Final = "The target URI did not reference a claimed Workitem."
_MISSING: Final = "The Transaction UID is missing."
_INCORRECT: Final = "The Transaction UID is incorrect."

Handler = Callable[[Call], Awaitable[web.StreamResponse]]


def service_of(call: Call) -> str:
    """The service base that warnings name."""
    return call.services.settings.origin + BASE


def told(warnings: Mapping[str, str]) -> Callable[[Handler], Handler]:
    """Say refusals with the Warning that the transaction has for their code (11.6, 11.7)."""

    def around(handler: Handler) -> Handler:
        inner = in_problems(handler)

        @wraps(handler)
        async def handle(call: Call) -> web.StreamResponse:
            try:
                return await inner(call)
            except Problem as problem:
                response = problem_response(problem)
                key = f"{problem.code}/{problem.facts.get('status', '')}"
                text = warnings.get(key) or warnings.get(problem.code)
                warn(response, service_of(call), [text] if text else [])
                if problem.code == "not-supported-media":
                    response.headers["Accept"] = ", ".join(ups_bodies.TAKES)
                return response

        return handle

    return around


def named(call: Call, names: Iterable[str]) -> str:
    """A UID in the query: under one of its names in any case, or by itself as `?<uid>`."""
    wanted = frozenset(names)
    pairs = call.request.query.items()
    found = {value for name, value in pairs if name.lower() in wanted and value}
    found |= {name for name, value in pairs if not value and valid_uid(name)}
    if len(found) > 1:
        raise Problem("invalid", detail="/".join(sorted(wanted)))
    return found.pop() if found else ""


def _requester(act: Act, call: Call) -> str:
    given = call.request.match_info.get("requester") or call.request.query.get("requester", "")
    return ups_subscriptions.own_title(act, given)


def _done(call: Call, status: int, warnings: Iterable[str] = ()) -> web.Response:
    response = web.Response(status=status)
    warn(response, service_of(call), warnings)
    return response


# --- workitems ----------------------------------------------------------------------------------


@told({})
async def create(call: Call) -> web.StreamResponse:
    """Create Workitem (11.4)."""
    data_set = await ups_bodies.read(call)
    uid = named(call, _WORKITEM)
    made, warnings = await call.act(lambda act: acts.create(act, uid or None, data_set))
    response = _done(call, 201, warnings)
    place = f"{service_of(call)}/workitems/{made}"
    response.headers.update({"Location": place, "Content-Location": place})
    return response


@told({})
async def retrieve(call: Call) -> web.StreamResponse:
    """Retrieve Workitem (11.5)."""
    offer = wish(call, RESULT_OFFERS)
    found = await call.ask(lambda act: acts.retrieve(act, call.path("workitem")))
    return ups_bodies.answer(call, [found], offer)


@told(
    {
        "ups-state": _UPDATE,
        "ups-state/C310": _UNCLAIMED,
        "ups-tuid-wrong": _INCORRECT,
    }
)
async def update(call: Call) -> web.StreamResponse:
    """Update Workitem (11.6)."""
    data_set = await ups_bodies.read(call)
    given = named(call, _TRANSACTION)
    await call.act(lambda act: acts.update(act, call.path("workitem"), data_set, given))
    return _done(call, 200)


@told(
    {
        "ups-state": _STATE,
        "ups-unmet": _STATE,
        "already-claimed": _STATE,
        "ups-tuid-missing": _MISSING,
        "ups-tuid-wrong": _INCORRECT,
    }
)
async def change_state(call: Call) -> web.StreamResponse:
    """Change Workitem State (11.7)."""
    data_set = await ups_bodies.read(call)

    def do(act: Act) -> list[str]:
        _requester(act, call)
        return acts.change_state(act, call.path("workitem"), data_set)

    return _done(call, 200, await call.act(do, quiet=True))


@told({"ups-state": "The UPS is already COMPLETED."})
async def cancel(call: Call) -> web.StreamResponse:
    """Request Workitem Cancellation (11.8)."""
    data_set = await ups_bodies.read(call, empty=True)

    def do(act: Act) -> list[str]:
        requester = _requester(act, call)
        return acts.request_cancellation(act, call.path("workitem"), data_set, requester)

    return _done(call, 202, await call.act(do, quiet=True))


@told({})
async def search(call: Call) -> web.StreamResponse:
    """Search Workitems (11.9)."""
    offer = wish(call, RESULT_OFFERS)
    pairs = [pair for pair in call.request.query.items() if pair[0] not in NEGOTIATION]
    criteria = parse_query(pairs, "workitems", max_limit=MOST_FOUND)
    found, remaining = await call.ask(lambda act: acts.search(act, criteria))
    response = ups_bodies.answer(call, found, offer)
    texts = []
    if remaining:
        least = "at least " if remaining > 100 else ""
        texts.append(
            f"There are {least}{min(remaining, 100)} additional results that can be requested"
        )
    names = [name for name in criteria.ignored if name.isascii() and name.isprintable()][:8]
    if names:
        texts.append(f"These parameters were not used: {', '.join(names)}")
    warn(response, service_of(call), texts)
    return response


# --- subscriptions ------------------------------------------------------------------------------


@told({})
async def subscribe(call: Call) -> web.StreamResponse:
    """Subscribe (11.10)."""
    lock = _flag(call, "deletionlock")
    filters = ",".join(call.request.query.getall("filter", []))
    uid, aet = call.path("workitem"), call.path("aet")

    def do(act: Act) -> None:
        pairs = ups_subscriptions.pairs_of(filters)
        ups_subscriptions.subscribe(act, uid, aet, lock, pairs)

    await call.act(do)
    response = _done(call, 201)
    response.headers["Content-Location"] = channel_url(call, aet)
    return response


def channel_url(call: Call, aet: str) -> str:
    """Where a subscriber's event reports come from (8.10.4)."""
    scheme, _, rest = call.services.settings.origin.partition("://")
    socket = "wss" if scheme == "https" else "ws"
    return f"{socket}://{rest}{CHANNEL.format(aet=quote(aet.strip(), safe=''))}"


def _flag(call: Call, name: str) -> bool:
    value = call.request.query.get(name, "false").lower()
    if value not in ("true", "false"):
        raise Problem("invalid", detail=name)
    return value == "true"


@told({})
async def unsubscribe(call: Call) -> web.StreamResponse:
    """Unsubscribe (11.11)."""
    uid, aet = call.path("workitem"), call.path("aet")
    await call.act(lambda act: ups_subscriptions.unsubscribe(act, uid, aet))
    return _done(call, 200)


@told({})
async def suspend(call: Call) -> web.StreamResponse:
    """Suspend Global Subscription (11.12)."""
    uid, aet = call.path("workitem"), call.path("aet")
    await call.act(lambda act: ups_subscriptions.suspend(act, uid, aet))
    return _done(call, 200)


# --- the table ----------------------------------------------------------------------------------

_GIVES: Final = (DICOM_JSON, JSON, f'multipart/related; type="{DICOM_XML}"')


def _row(
    method: str,
    path: str,
    handler: Any,
    permission: Permission,
    summary: str,
    *,
    body: bool = False,
) -> Route:
    reads = method == "GET"
    return Route(
        method, path, handler, permission, summary,
        takes=ups_bodies.TAKES if body else (),
        media=_GIVES[0] if reads else None, gives=_GIVES if reads else (),
    )  # fmt: skip


WORKITEM_ROUTES: tuple[Route, ...] = (
    _row("POST", ITEMS, create, P.WORK_ITEMS, "Create a workitem (UPS-RS)", body=True),
    _row("GET", ITEMS, search, P.SEE_CASES, "Search workitems"),
    _row("GET", ITEM, retrieve, P.SEE_CASES, "Retrieve a workitem"),
    _row("POST", ITEM, update, P.WORK_ITEMS, "Update a workitem", body=True),
    _row("PUT", f"{ITEM}/state", change_state, P.WORK_ITEMS, "Change its state", body=True),
    _row("PUT", f"{ITEM}/state/{{requester}}", change_state, P.WORK_ITEMS,
         "Change its state, as dcm4chee's clients do", body=True),
    _row("POST", f"{ITEM}/cancelrequest", cancel, P.WORK_ITEMS, "Ask for its cancellation",
         body=True),
    _row("POST", f"{ITEM}/cancelrequest/{{requester}}", cancel, P.WORK_ITEMS,
         "Ask for its cancellation, as dcm4chee's clients do", body=True),
    _row("POST", SUBSCRIBER, subscribe, P.SEE_CASES, "Subscribe"),
    _row("DELETE", SUBSCRIBER, unsubscribe, P.SEE_CASES, "Unsubscribe"),
    _row("POST", f"{SUBSCRIBER}/suspend", suspend, P.SEE_CASES, "Suspend a global subscription"),
)  # fmt: skip
