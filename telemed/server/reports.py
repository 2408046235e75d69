"""Routes of reports: write, sign, verify, revise, print, and the public check of a printed code."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson
import sqlalchemy as sa
from aiohttp import web
from pydantic import Field

from telemed.actions import image_changes, minutes_archive
from telemed.actions import reports as acts
from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.core import access
from telemed.core.catalogue import Words
from telemed.core.errors import Problem
from telemed.documents.report_pdf import render_report
from telemed.server import case_schemas as rs
from telemed.server import cases
from telemed.server import report_schemas as ps
from telemed.server.auth import confirm_password
from telemed.server.opinion_schemas import SignReportIn
from telemed.server.report_sheet import report_sheet
from telemed.server.requests import Query
from telemed.server.routing import Call
from telemed.store import reports
from telemed.store import tables as t
from telemed.store.audit import Event
from telemed.store.signer import Signer

NOT_LEGAL = Words(
    "平台软件签名，仅证明内容自签发后未被改动，不属于《电子签名法》意义上的可靠电子签名。",
    "A software signature: it proves the content is unchanged since issue. It is not a reliable"
    " electronic signature in the sense of the Electronic Signature Law.",
)


class PdfQuery(Query):
    version: int | None = Field(default=None, ge=1, le=1000)
    download: bool = False


async def show(call: Call) -> Any:
    """A case's report as the caller may see it."""
    signer = call.services.signer
    return await call.ask(lambda act: cases.report_out(act, call.path("id"), signer))


async def save_draft(call: Call) -> Any:
    """Autosave."""
    body = call.body(ps.DraftIn)
    content = body.content.model_dump(mode="json")

    def do(act: Act) -> dict[str, Any]:
        acts.save_draft(act, call.path("id"), body.revision, content)
        latest = reports.latest(act.tx, call.path("id"))
        if latest is None:
            raise Problem("not-found")
        return cases.version_out(act, latest, call.services.signer)

    return await call.act(do)


async def sign(call: Call) -> Any:
    """The author's signature, after asking who they are again (RP-05)."""
    body = call.body(SignReportIn)
    return await _sign(call, partial(acts.sign, without=body.without))


async def verify(call: Call) -> Any:
    """The second signature."""
    return await _sign(call, acts.verify)


async def _sign(call: Call, do: Any) -> Any:
    body = call.body(ps.SignIn2)
    await confirm_password(call, body.password)
    signer = call.services.signer
    return await call.step(lambda act, case: do(act, case, body.revision, signer), _shown(call))


def _shown(call: Call) -> Callable[[Act, str], Any]:
    """A case's report as the caller may see it."""
    return partial(cases.report_out, signer=call.services.signer)


async def send_back(call: Call) -> Any:
    """Ask the author for a change."""
    body = call.body(ps.SendBackIn)
    return await call.step(lambda act, case: acts.send_back(act, case, body.note), _shown(call))


async def revise(call: Call) -> Any:
    """Begin an addendum or an amendment."""
    body = call.body(ps.RevisionIn)

    def do(act: Act, case: str) -> None:
        acts.revise(act, case, body.kind, body.reason)

    return await call.step(do, _shown(call))


async def discard_revision(call: Call) -> Any:
    """Set an unfinished revision aside."""
    return await call.step(acts.discard_revision, _shown(call))


async def checked(call: Call) -> Any:
    """The changed images were looked at; the report stands."""
    note = call.body(rs.CheckIn).note
    return await call.step(lambda act, case: image_changes.check(act, case, note), cases.full)


async def pdf(call: Call) -> web.StreamResponse:
    """The printable report: only what was issued, from the bytes that were signed."""
    query = call.query(PdfQuery)
    request_id = call.path("id")
    origin = call.services.settings.origin
    signer = call.services.signer

    def ask(act: Act) -> Any:
        sheet = report_sheet(act, request_id, origin, signer, query.version)
        audited(act, Event.EXPORT, "report", request_id, versions=len(sheet.versions))
        return sheet

    sheet = await call.act(ask)
    printed = await call.services.in_thread(render_report, sheet)
    name = f"{sheet.number}.pdf"
    kind = "attachment" if query.download else "inline"
    return web.Response(
        body=printed,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(name)}",
            "Cache-Control": "private, no-store",
        },
    )


async def check(call: Call) -> Any:
    """Whether a printed report, or archived minutes, are genuine and still in force. Shows no more
    than the paper."""
    code = call.path("code").replace("-", "").upper()
    signer = call.services.signer

    def ask(act: Act) -> dict[str, Any]:
        row = reports.by_verification_code(act.tx, code)
        if row is None:
            return _minutes_on_paper(act, code, signer)
        newer = act.tx.scalar(
            sa.select(sa.func.count())
            .select_from(t.report_versions)
            .where(
                t.report_versions.c.report_id == row["report_id"],
                t.report_versions.c.state == "final",
                t.report_versions.c.kind == "amendment",
                t.report_versions.c.number > row["number"],
            )
        )
        valid = signer.verify(row["signed_bytes"], row["signature"], row["key_id"])
        return {
            "valid": valid,
            **(_on_paper(orjson.loads(row["signed_bytes"])) if valid else _NOTHING_TO_SHOW),
            "number": row["request_number"],
            "kind": row["kind"],
            "version": row["number"],
            "superseded": bool(newer),
            "issued_at": row["at"],
            "sha256": row["sha256"],
            "key_id": row["key_id"],
            "legal": cases.words(NOT_LEGAL),
        }

    return await call.ask(ask)


def _minutes_on_paper(act: Act, code: str, signer: Signer) -> dict[str, Any]:
    """The same of an institution's record of minutes, which nothing supersedes."""
    row = minutes_archive.check(act, code, signer)
    if row is None:
        raise Problem("not-found")
    said, shown = row["said"], dict(_NOTHING_TO_SHOW)
    if row["valid"]:
        shown = {
            "institution": said["provider"]["name"],
            "requester": said["requester"]["name"],
            "patient": access.mask_name((said["patient"] or {}).get("name", "")),
            "signers": [one["person"]["name"] for one in said["signatures"]],
        }
    return {
        **{key: row[key] for key in ("valid", "number", "sha256", "key_id")},
        **shown,
        "kind": "minutes",
        "version": said["round"],
        "superseded": False,
        "issued_at": row["at"],
        "legal": cases.words(NOT_LEGAL),
    }


_NOTHING_TO_SHOW: Mapping[str, Any] = {
    "institution": "",
    "requester": "",
    "patient": "",
    "signers": [],
}
"""Of bytes that do not verify nothing is believed."""


def _on_paper(content: Mapping[str, Any]) -> dict[str, Any]:
    """What the check page repeats from the signed content, the patient masked."""
    signers = [content["author"]["name"], (content["verifier"] or {}).get("name")]
    return {
        "institution": content["provider"]["name"],
        "requester": content["requester"]["name"],
        "patient": access.mask_name(content["patient"]["name"] or ""),
        "signers": [name for name in signers if name],
    }
