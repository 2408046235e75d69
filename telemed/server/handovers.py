"""Routes of the hand-over of a shift: what is open, a signed sheet, its acceptance, its paper."""

from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import web

from telemed.actions import handover
from telemed.actions.act import Act
from telemed.core.access import Permission as P
from telemed.documents.handover_pdf import HandoverSheet, Line, render_handover
from telemed.server import cases
from telemed.server import desk_schemas as ds
from telemed.server.auth import confirm_password
from telemed.server.routing import Call, Route
from telemed.store import handovers as store
from telemed.store import network
from telemed.store.signer import Signer
from telemed.store.tx import Row


async def draft(call: Call) -> Any:
    """What a sheet would say now."""

    def ask(act: Act) -> dict[str, Any]:
        people = store.colleagues(act.tx, act.subject.own_institution)
        return {
            "cases": handover.open_cases(act),
            "queue": handover.queue(act),
            "colleagues": [p for p in people if p["id"] != act.subject.person_id],
        }

    return await call.ask(ask)


async def listing(call: Call) -> Any:
    """The latest sheets of the caller's institution."""

    def ask(act: Act) -> dict[str, Any]:
        rows = store.recent(act.tx, act.subject.own_institution)
        return {"items": [_out(act, row, call.services.signer) for row in rows]}

    return await call.ask(ask)


async def show(call: Call) -> Any:
    """One sheet."""

    def ask(act: Act) -> dict[str, Any]:
        return _out(act, handover.found(act, call.path("id")), call.services.signer)

    return await call.ask(ask)


async def sign(call: Call) -> Any:
    """Sign a sheet, after asking who is signing."""
    body = call.body(ds.HandoverIn)
    await confirm_password(call, body.password)
    given = [handover.Handed(c.request_id, c.deed, c.note) for c in body.cases]
    signer = call.services.signer

    def do(act: Act) -> dict[str, Any]:
        made = handover.sign(act, body.to_id, body.remark, given, signer)
        return _out(act, handover.found(act, made), signer)

    return await call.act(do)


async def accept(call: Call) -> Any:
    """Take over, after asking who is taking."""
    await confirm_password(call, call.body(ds.AcceptIn).password)

    def do(act: Act) -> dict[str, Any]:
        handover.accept(act, call.path("id"))
        return _out(act, handover.found(act, call.path("id")), call.services.signer)

    return await call.act(do)


async def pdf(call: Call) -> web.StreamResponse:
    """The sheet as paper."""
    signer = call.services.signer

    def ask(act: Act) -> tuple[dict[str, Any], HandoverSheet]:
        shown = _out(act, handover.found(act, call.path("id")), signer)
        return shown, _sheet(act, shown)

    shown, sheet = await call.ask(ask)
    printed = await call.services.in_thread(render_handover, sheet)
    name = f"handover-{shown['signed_at']:%Y%m%d-%H%M}.pdf"
    return web.Response(
        body=printed,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}",
            "Cache-Control": "private, no-store",
        },
    )


def _out(act: Act, row: Row, signer: Signer) -> dict[str, Any]:
    """A sheet from the bytes that were signed; bytes that do not verify say so."""
    said = orjson.loads(row["signed_bytes"])
    outcome = row["outcome"] or {}
    place = network.institution_refs(act.tx, {row["institution_id"]})[row["institution_id"]]
    return {
        **{k: row[k] for k in ("id", "state", "signed_at", "accepted_at", "remark")},
        "outgoing": {"id": row["from_id"], "name": row["from_name"]},
        "incoming": {"id": row["to_id"], "name": row["to_name"]},
        "institution": {k: place[k] for k in ("id", "name", "short_name")},
        "cases": [{**line, "outcome": outcome.get(line["request_id"])} for line in said["cases"]],
        "queue": said["queue"],
        "genuine": signer.verify(row["signed_bytes"], row["signature"], row["key_id"]),
        "may_accept": row["state"] == "signed" and row["to_id"] == act.subject.person_id,
    }


_STATES = {
    "reading": "书写中",
    "aside": "暂放",
    "preliminary": "待审核",
    "critical": "危急值待确认",
}
_DEEDS = {"pass": "交接班者", "keep": "本人完成", "release": "退回队列"}
_URGENCIES = {"stat": "紧急", "urgent": "加急", "routine": "常规"}


def _sheet(act: Act, shown: dict[str, Any]) -> HandoverSheet:
    services = act.catalogue.services
    lines = tuple(
        Line(
            number=line["number"],
            patient=line["patient"],
            exam=f"{services[line['service']].label.zh} {line['exam']}".strip(),
            urgency=_URGENCIES[line["urgency"]],
            due=_hour(act, line["due_at"]),
            state=_STATES[line["state"]],
            deed=_DEEDS[line["deed"]],
            note=line["note"],
        )
        for line in shown["cases"]
    )
    accepted = shown["accepted_at"]
    return HandoverSheet(
        institution=shown["institution"]["name"],
        outgoing=shown["outgoing"]["name"],
        incoming=shown["incoming"]["name"],
        signed_at=f"{shown['signed_at'].astimezone(cases.ZONE):%Y-%m-%d %H:%M}",
        accepted_at=f"{accepted.astimezone(cases.ZONE):%Y-%m-%d %H:%M}" if accepted else "",
        remark=shown["remark"],
        figures=tuple(str(shown["queue"][k]) for k in ("waiting", "pressing", "overdue", "held")),
        genuine=shown["genuine"],
        lines=lines,
    )


def _hour(act: Act, iso: str | None) -> str:
    if iso is None:
        return "—"
    at = act.now.fromisoformat(iso.replace("Z", "+00:00")).astimezone(cases.ZONE)
    return f"{at:%m-%d %H:%M}"


LIST = "/api/handovers"
ROUTES = (
    Route("GET", LIST, listing, P.READ_QUEUE, "Hand-over sheets", returns=ds.HandoverList),
    Route("GET", f"{LIST}/draft", draft, P.WRITE_REPORTS, "What one would hand over",
          returns=ds.HandoverDraft),
    Route("POST", LIST, sign, P.WRITE_REPORTS, "Sign a hand-over",
          body=ds.HandoverIn, returns=ds.HandoverOut, created=True),
    Route("GET", f"{LIST}/{{id}}", show, P.READ_QUEUE, "One sheet", returns=ds.HandoverOut),
    Route("POST", f"{LIST}/{{id}}/accept", accept, P.WRITE_REPORTS, "Accept a hand-over",
          body=ds.AcceptIn, returns=ds.HandoverOut),
    Route("GET", f"{LIST}/{{id}}/sheet.pdf", pdf, P.READ_QUEUE, "The printable sheet",
          media="application/pdf"),
)  # fmt: skip
