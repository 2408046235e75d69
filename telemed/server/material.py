"""Routes of copies without identity: how far they are, another portion, back to the originals."""

import asyncio
from contextlib import closing
from time import monotonic
from typing import Any, Final

from telemed.actions import material as acts
from telemed.actions.act import Act
from telemed.actions.intake import Incoming, prepare_content
from telemed.actions.material import Copy
from telemed.core.access import Permission as P
from telemed.core.errors import Problem
from telemed.dicom.copies import DeidentifySpec
from telemed.dicom.refusal import Refused
from telemed.server import guidance_schemas as s
from telemed.server.routing import Call, Route
from telemed.store.tx import Row

PORTION: Final = 24
"""Images copied and entered at a time."""
PATIENCE: Final = 8.0
"""Seconds after which a call answers how far it came; the page asks again."""


async def show(call: Call) -> Any:
    """How far the copies are."""
    return await call.ask(lambda act: _out(act, call.path("id")))


async def go_on(call: Call) -> Any:
    """Copy what can be copied in a while; when all is, the draft shows the copies."""
    body, case = call.body(s.DeidentifyIn), call.path("id")
    key = await call.act(lambda act: acts.begin(act, case, body.version, body.looked_at))
    until = monotonic() + PATIENCE
    while key is not None and monotonic() < until:
        spec, rows = await call.ask(lambda act: acts.portion(act, key, PORTION))
        if not rows:
            await call.act(lambda act: acts.show(act, case, key))
            break
        made = await asyncio.gather(*(_copied(call, spec, row) for row in rows))
        await call.act(lambda act, made=made: acts.enter(act, key, made), quiet=True)  # type: ignore[misc]
    return await call.ask(lambda act: _out(act, case))


async def undo(call: Call) -> Any:
    """Back to the originals."""
    version = call.body(s.SeenVersionIn).version
    return await call.step(lambda act, key: acts.undo(act, key, version), _out)


async def _copied(call: Call, spec: DeidentifySpec, row: Row) -> Copy:
    """The copy of one image, kept durably; none for what has none.

    A worker that gave up says nothing of the image: nothing is left out for it.
    """
    try:
        with await call.services.at_hand(row["blob"]) as path:
            content = await call.services.renderer.render(path, spec)
    except Refused as refusal:
        if refusal.code != "not-deidentified":
            raise Problem("unavailable") from refusal
        return Copy(row["id"], None)
    found = await call.services.in_far_thread(lambda raw: _kept(call, raw), content)
    return Copy(row["id"], found)


def _kept(call: Call, content: bytes) -> Incoming:
    found = prepare_content(content)
    if isinstance(found, Refused):
        raise found
    with closing(call.services.blobs.draft(content)) as draft:
        call.services.blobs.put_drafts({found.blob.key: draft})
    return found


def _out(act: Act, request_id: str) -> dict[str, Any]:
    found = acts.progress(act, request_id)
    row = found.row
    return {
        "version": found.case.row["version"],
        "state": "shown" if found.shown else "begun" if row else "none",
        "name": None if row is None else f"讨论病例 {row['n']:04}",
        "shift_days": None if row is None else row["shift_days"],
        "total": found.total,
        "done": found.done,
        "left_out": found.left_out,
        "at_risk": found.at_risk,
        "looked_at": found.looked_at,
        "original_id": None if row is None else row["original_ref"],
    }


ONE: Final = "/api/requests/{id}/deidentification"
ROUTES = (
    Route("GET", ONE, show, P.WRITE_REQUESTS, "How far a draft's copies without identity are",
          returns=s.DeidentificationOut),
    Route("POST", ONE, go_on, P.WRITE_REQUESTS, "Copy a draft's studies without identity",
          body=s.DeidentifyIn, returns=s.DeidentificationOut),
    Route("POST", f"{ONE}/undo", undo, P.WRITE_REQUESTS, "Show a draft's originals again",
          body=s.SeenVersionIn, returns=s.DeidentificationOut),
)  # fmt: skip
