"""The notice centre, the list of what goes unanswered, and what people prefer."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from telemed.actions import notices as acts
from telemed.actions.act import Act
from telemed.actions.follow_ups import OUTCOME
from telemed.actions.urgent_calls import RINGS, UNANSWERED
from telemed.core.access import Permission
from telemed.core.catalogue import Catalogue
from telemed.core.errors import Problem
from telemed.core.escalation import End, Ladder, Occasion
from telemed.core.occasion_words import OCCASION_WORDS
from telemed.core.signed_call import HEADER, is_signed
from telemed.server import notice_schemas as s
from telemed.server.cases import words
from telemed.server.measures import RECEIPTS
from telemed.server.routing import Call, Route
from telemed.server.schemas import Code, Done
from telemed.store import notices, people
from telemed.store.tx import Row

MOST_BROWSERS = 10
MOST_RECEIPT = 4096
NEWS: Mapping[str, tuple[str, str]] = {
    OUTCOME: ("您答复的患者有随访结果", "A patient you advised on was followed up"),
    RINGS: ("急会诊呼叫您", "You were called to an urgent consultation"),
    UNANSWERED: ("急会诊呼叫无人接听", "Nobody answered an urgent call"),
}
"""What is told once and waits for nobody."""


class PageQuery(BaseModel):
    """Where a page of notices begins."""

    model_config = ConfigDict(extra="forbid")

    before: Code | None = None


def _label(occasion: str) -> dict[str, str]:
    zh, en = NEWS[occasion] if occasion in NEWS else OCCASION_WORDS[occasion]
    return {"zh": zh, "en": en}


def _ladder(known: Catalogue, code: str | None) -> Ladder | None:
    return next((ladder for ladder in known.ladders if ladder.code == code), None)


async def list_notices(call: Call) -> Any:
    """What one was told."""
    query = call.query(PageQuery)

    def do(act: Act) -> dict[str, Any]:
        rows, after = acts.my_notices(act, query.before)
        unread = notices.unread(act.tx, act.subject.account_id)
        return {"items": [_notice(act, r) for r in rows], "next": after, "unread": unread}

    return await call.ask(do)


def _notice(act: Act, row: Row) -> dict[str, Any]:
    ladder = _ladder(act.catalogue, row["ladder"])
    over = row["ended_at"] is not None and row["end_reason"] != End.TOLD
    return {
        **row,
        "label": _label(row["occasion"]),
        "begins": row["since"],
        "over": over,
        "may_take_on": bool(ladder and ladder.acknowledgeable and not over),
    }


async def read(call: Call) -> Any:
    """Some or all of one's notices are read."""
    body = call.body(s.ReadIn)

    def do(act: Act) -> dict[str, Any]:
        notices.mark_read(act.tx, act.subject.account_id, body.ids, act.now)
        return {"unread": notices.unread(act.tx, act.subject.account_id)}

    return await call.act(do, quiet=True)


async def list_escalations(call: Call) -> Any:
    """What goes unanswered on one's side: exhausted first, then the oldest."""

    def do(act: Act) -> dict[str, Any]:
        rows = acts.unanswered(act)
        sent: dict[str, list[Row]] = {}
        for row in notices.sent_of_escalations(act.tx, [r["id"] for r in rows]):
            sent.setdefault(row["escalation_id"], []).append({**row, "count": row["n"]})
        return {"items": [_escalation(act, r, sent.get(r["id"], [])) for r in rows]}

    return await call.ask(do)


def _escalation(act: Act, row: Row, sent: list[Row]) -> dict[str, Any]:
    known = act.catalogue
    ladder = _ladder(known, row["ladder"])
    findings = {f.code: f.label for f in known.critical_findings}
    finding = findings.get(row["finding"])
    return {
        **row,
        "label": _label(row["occasion"]),
        "begins": row["since"],
        "weight": ladder.weight.value if ladder else "routine",
        "rungs": ladder.rungs if ladder else row["told"],
        "finding": words(finding) if finding else None,
        "waits_for": _name(act, row) if row["occasion"] == Occasion.MINUTES_TO_SIGN else "",
        "may_take_on": bool(ladder and ladder.acknowledgeable),
        "sent": sent,
    }


def _name(act: Act, row: Row) -> str:
    person = people.person(act.tx, row["finding"])
    return "" if person is None else str(person["name"])


async def take_on(call: Call) -> Any:
    """Somebody answers for it: the ladder stops."""
    await call.act(lambda act: acts.acknowledge(act, call.path("id")))
    return {}


# --- preferences ------------------------------------------------------------------------------


async def show_preferences(call: Call) -> Any:
    """What one chose, and what there is to choose from."""
    return await call.ask(lambda act: _preferences(call, act))


def _preferences(call: Call, act: Act) -> dict[str, Any]:
    mine = act.subject.account_id
    row = notices.preferences(act.tx, [mine]).get(mine) or s.PreferencesIn().model_dump()
    services = call.services
    return {
        **row,
        "ways": sorted(services.settings.notice_ways),
        "push_key": services.push_key if "push" in services.settings.notice_ways else "",
        "browsers": len(notices.subscribers(act.tx, [mine]).get(mine, [])),
    }


async def set_preferences(call: Call) -> Any:
    """Choose."""
    body = call.body(s.PreferencesIn)

    def do(act: Act) -> dict[str, Any]:
        acts.set_preferences(act, body.model_dump())
        return _preferences(call, act)

    return await call.act(do, quiet=True)


async def subscribe(call: Call) -> Any:
    """This browser takes pushes. Its address must be of a push service that is allowed."""
    body = call.body(s.PushIn)
    if not call.services.settings.allows_push_to(body.endpoint):
        raise Problem("invalid", detail="endpoint")

    def do(act: Act) -> None:
        mine = act.subject.account_id
        for old in notices.subscribers(act.tx, [mine]).get(mine, [])[MOST_BROWSERS - 1 :]:
            notices.unsubscribe(act.tx, old["endpoint"], mine)
        notices.subscribe(
            act.tx,
            {
                "id": act.new_id(),
                "account_id": mine,
                "endpoint": body.endpoint,
                "p256dh": body.keys.p256dh,
                "auth": body.keys.auth,
                "created_at": act.now,
            },
        )

    await call.act(do, quiet=True)
    return {}


async def unsubscribe(call: Call) -> Any:
    """This browser takes no more pushes."""
    body = call.body(s.PushOutIn)
    await call.act(
        lambda act: notices.unsubscribe(act.tx, body.endpoint, act.subject.account_id), quiet=True
    )
    return {}


async def receipt(call: Call) -> Any:
    """A gateway's word on a delivery. Its signature is what lets it in; ids are all it learns."""
    services = call.services
    raw = await call.request.content.read(MOST_RECEIPT + 1)
    header = call.request.headers.get(HEADER, "")
    set_up = services.settings
    now = services.clock().timestamp()
    if len(raw) > MOST_RECEIPT or not is_signed(
        set_up.webhook_secret, set_up.webhook_key_id, header, raw, now
    ):
        raise Problem("unsigned")
    body = s.ReceiptIn.model_validate_json(raw)

    def do(act: Act) -> bool:
        new = notices.receipt(act.tx, body.id, body.channel, body.state, act.now)
        if new is None:
            raise Problem("not-found")
        if new and body.state == notices.FAILED:
            acts.given_up(act, body.id, body.channel, "receiver")
        return new

    if await call.act(do, quiet=True):
        RECEIPTS.labels(body.channel, body.state).inc()
    return {}


P = Permission
ROUTES = (
    Route("GET", "/api/notices", list_notices, P.SIGNED_IN, "What one was told",
          query=PageQuery, returns=s.NoticePage),
    Route("POST", "/api/notices/read", read, P.SIGNED_IN, "Notices are read",
          body=s.ReadIn, returns=s.UnreadOut),
    Route("GET", "/api/notices/preferences", show_preferences, P.SIGNED_IN,
          "How one wants to be told", returns=s.PreferencesOut),
    Route("PUT", "/api/notices/preferences", set_preferences, P.SIGNED_IN,
          "Choose how to be told", body=s.PreferencesIn, returns=s.PreferencesOut),
    Route("POST", "/api/notices/push", subscribe, P.SIGNED_IN, "This browser takes pushes",
          body=s.PushIn, returns=Done),
    Route("POST", "/api/notices/push/forget", unsubscribe, P.SIGNED_IN,
          "This browser takes no more pushes", body=s.PushOutIn, returns=Done),
    Route("POST", "/api/notices/receipts", receipt, None,
          "What a gateway says became of a notice", returns=Done, csrf=False),
    Route("GET", "/api/escalations", list_escalations, P.MOVE_REQUESTS,
          "What goes unanswered", returns=s.EscalationList),
    Route("POST", "/api/escalations/{id}/take-on", take_on, P.SEE_CASES,
          "Answer for what escalates", returns=Done),
)  # fmt: skip
