"""The routes of the quarantine: what waits, both sides of it, a decision and its undoing.

A quarantined file is foreign: it is read by the scanner in a thread and drawn in the worker, like
any other, and only for the institution that it came to.
"""

from typing import Any

from aiohttp import web

from telemed.actions import intake
from telemed.actions import quarantine as acts
from telemed.actions.act import Act
from telemed.actions.intake import Incoming
from telemed.actions.quarantine import Sides
from telemed.core.access import Permission
from telemed.core.errors import Problem
from telemed.core.quarantine import RESOLUTIONS, Reason, Resolution
from telemed.dicom.differences import differences, pixel_digest
from telemed.dicom.picture import picture_spec
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import opened
from telemed.server import image_schemas as s
from telemed.server.cases import account_name
from telemed.server.imaging import in_problems, one_piece, send
from telemed.server.routing import Call, Route
from telemed.server.schemas import Done
from telemed.store import image_changes, quarantine, studies
from telemed.store.tx import Row

P = Permission
ONE = "/api/conflicts/{id}"


async def list_conflicts(call: Call) -> dict[str, object]:
    """The institution's quarantine in groups."""
    asked = call.query(s.ConflictQuery)
    open_only = {"open": True, "resolved": False, "all": None}[asked.state]

    def ask(act: Act) -> dict[str, object]:
        found = acts.listed(act, open_only, asked.reason, asked.q)
        return {"items": found, "waiting": quarantine.waiting(act.tx, act.subject.own_institution)}

    return await call.ask(ask)


async def show(call: Call) -> dict[str, object]:
    """Both sides of one conflict, and where they differ."""
    found = await call.ask(lambda act: acts.sides(act, call.path("id")))
    new = await _judged(call, found.conflict["blob"])
    here = _kept_blob(found)
    if here is not None and _is_replaced(found):
        kept: bytes | None = (await _judged(call, here)).metadata
    else:
        kept = await call.ask(lambda act: _kept_metadata(act, found))
    pixels = [await _pixels(call, key) for key in (here, found.conflict["blob"]) if key]
    return {
        **await call.ask(lambda act: _told(act, found, new)),
        "differences": [d._asdict() for d in differences(kept, new.metadata)] if kept else [],
        "pixels_differ": pixels[0] != pixels[1] if len(pixels) == 2 and all(pixels) else None,
    }


def _is_replaced(found: Sides) -> bool:
    """Whether the new copy was accepted and stands where the kept one stood."""
    return found.held is not None and found.held["blob"] == found.conflict["blob"]


def _kept_blob(found: Sides) -> str | None:
    """The file that the new copy is compared with: what was there when it came."""
    if found.held is None:
        return None
    kept: str | None = found.conflict["kept_blob"] if _is_replaced(found) else found.held["blob"]
    return kept


def _kept_metadata(act: Act, found: Sides) -> bytes | None:
    """What the new copy is compared with: its own UID's instance, else any of the study."""
    if found.held is not None:
        return bytes(found.held["metadata"])
    return None if found.study is None else quarantine.example(act.tx, found.study["id"])


def _told(act: Act, found: Sides, new: Incoming) -> dict[str, object]:
    row, group = found.conflict, found.group
    fitting = RESOLUTIONS[Reason(row["reason"])] if row["resolution"] is None else frozenset()
    changed = [found.study["id"]] if found.study else []
    return {
        "conflict": {
            **row,
            "count": len(group),
            "first": group[0]["at"],
            "last": group[-1]["at"],
        },
        "kept": _kept_side(act, found),
        "new": _new_side(row, new, len(group)),
        "may": sorted(fitting),
        "resolved_by": account_name(act, row["resolved_by"]) or None,
        "note": row["note"],
        "flags": len(image_changes.signed_on(act.tx, changed)),
    }


def _kept_side(act: Act, found: Sides) -> dict[str, object] | None:
    if found.study is None:
        return None
    study = found.study
    whose: Row = studies.patient(act.tx, study["patient_ref"]) or {}
    return {
        "patient_id": study["patient_id"],
        "patient_name": study["patient_name"],
        "patient_sex": whose["sex"],
        "birth_date": whose["birth_date"],
        "study_date": study["study_date"],
        "description": study["description"],
        "modality": study["modalities"].replace("\\", "/"),
        "accession_number": study["accession_number"],
        "instances": study["instance_count"],
        "arrived_at": found.held["stored_at"] if found.held else study["received_at"],
        "picture": _kept_picture(found),
    }


def _kept_picture(found: Sides) -> str | None:
    held = found.held
    if held is None:
        shown = found.study is not None and found.study["instance_count"]
        return f"/dicom-web/studies/{found.conflict['study_uid']}/thumbnail" if shown else None
    if _is_replaced(found):
        return f"/api/conflicts/{found.conflict['id']}/picture?side=kept"
    series = f"/dicom-web/studies/{held['study_uid']}/series/{held['series_uid']}"
    return f"{series}/instances/{held['sop_uid']}/rendered?viewport=512,512"


def _new_side(row: Row, new: Incoming, instances: int) -> dict[str, object]:
    told = new.summary
    return {
        "patient_id": told.patient_id,
        "patient_name": told.patient_name_shown,
        "patient_sex": told.patient_sex,
        "birth_date": intake.iso_date(told.patient_birth_date),
        "study_date": told.study_date,
        "description": told.study_description,
        "modality": told.modality,
        "accession_number": told.accession_number,
        "instances": instances,
        "arrived_at": row["at"],
        "picture": f"/api/conflicts/{row['id']}/picture",
    }


@in_problems
async def picture(call: Call) -> web.StreamResponse:
    """A picture of the new copy, or of the one that it was compared with."""
    found = await call.ask(lambda act: acts.sides(act, call.path("id")))
    side = call.query(s.PictureQuery).side
    blob = found.conflict["blob"] if side == "new" else _kept_blob(found)
    if blob is None:
        raise Problem("not-found")
    return await draw(call, blob)


async def draw(call: Call, blob: str) -> web.StreamResponse:
    """A picture of an image that no DICOMweb path names; the caller has passed the door."""
    spec = picture_spec({"viewport": "1024,1024"}, "image/jpeg")
    with await call.services.at_hand(blob) as path:
        drawn = await call.services.renderer.render(path, spec)
    return await send(call, "image/jpeg", blob, one_piece(drawn), len(drawn))


async def resolve(call: Call) -> dict[str, object]:
    """Decide; what is to be shown is judged before the transaction."""
    body = call.body(s.ResolveIn)
    found = await call.ask(lambda act: acts.sides(act, call.path("id")))
    judged: dict[str, Incoming] = {}
    if body.resolution is not Resolution.KEPT:
        judged = {key: await _judged(call, key) for key in {row["blob"] for row in found.group}}

    def do(act: Act) -> dict[str, object]:
        done = acts.resolve(act, call.path("id"), body.resolution, body.reason, body.note, judged)
        return {"instances": done}

    return await call.act(do)


async def reopen(call: Call) -> dict[str, object]:
    """Take a decision back."""
    await call.act(lambda act: acts.reopen(act, call.path("id")))
    return {"ok": True}


async def _judged(call: Call, key: str) -> Incoming:
    """A quarantined file judged anew, as on arrival."""
    with await call.services.at_hand(key) as path:
        found = await call.services.in_thread(lambda p: intake.prepare(p, key), path)
    if isinstance(found, Refused):
        words = {"zh": found.sentence("zh"), "en": found.sentence("en")}
        raise Problem("invalid", detail=words)
    return found


async def _pixels(call: Call, key: str) -> str | None:
    def digest(path: Any) -> str | None:
        with opened(path) as file:
            return pixel_digest(file)

    with await call.services.at_hand(key) as path:
        return await call.services.in_thread(digest, path)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/conflicts", list_conflicts, P.CORRECT_STUDIES, "Quarantined images",
          query=s.ConflictQuery, returns=s.ConflictList),
    Route("GET", ONE, show, P.CORRECT_STUDIES, "Both sides of a conflict",
          returns=s.ConflictDetail),
    Route("GET", f"{ONE}/picture", picture, P.CORRECT_STUDIES, "A picture of one side",
          query=s.PictureQuery, media="image/jpeg"),
    Route("POST", f"{ONE}/resolve", resolve, P.CORRECT_STUDIES, "Decide a conflict",
          body=s.ResolveIn, returns=s.Resolved),
    Route("POST", f"{ONE}/reopen", reopen, P.CORRECT_STUDIES, "Take a decision back",
          returns=Done),
)  # fmt: skip
