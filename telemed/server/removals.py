"""The routes of images that are hidden, put back, deleted; and of patients merged."""

from aiohttp import web

from telemed.actions import patients as people
from telemed.actions import removals as acts
from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.core.errors import Problem
from telemed.core.removal import State
from telemed.server import image_schemas as s
from telemed.server.case_schemas import PatientList
from telemed.server.cases import patient_out, studies_out
from telemed.server.holds import keeping_out
from telemed.server.imaging import in_problems
from telemed.server.quarantine import draw
from telemed.server.routing import Call, Route
from telemed.server.schemas import Done
from telemed.store import studies
from telemed.store.tx import Row

P = Permission
DONE: dict[str, object] = {"ok": True}


async def hide(call: Call) -> dict[str, object]:
    """Take images out of what is shown."""
    body = call.body(s.HideIn)
    made = await call.act(
        lambda act: acts.hide(act, call.path("id"), body.level, body.uid, body.reason, body.note)
    )
    return {"id": made}


async def list_removals(call: Call) -> dict[str, object]:
    """What is not shown, newest first."""
    asked = call.query(s.RemovalQuery)
    state = State(asked.state) if asked.state else None

    def ask(act: Act) -> dict[str, object]:
        table = act.catalogue.retention
        return {
            "items": [
                {
                    **row,
                    "kept_until": row["keeping"].longest,
                    "keeping": keeping_out(row["keeping"], table),
                }
                for row in acts.listed(act, state)
            ]
        }

    return await call.ask(ask)


async def put_back(call: Call) -> dict[str, object]:
    """Show again what was taken out."""
    await call.act(lambda act: acts.put_back(act, call.path("id")))
    return DONE


async def delete(call: Call) -> dict[str, object]:
    """Delete for good."""
    record = call.body(s.DeleteIn).record
    await call.act(lambda act: acts.delete(act, call.path("id"), record))
    return DONE


async def list_signed_images(call: Call) -> dict[str, object]:
    """What a signed report was made on and is no longer shown."""
    found = await call.ask(lambda act: acts.signed_images(act, call.path("id")))
    base = f"/api/requests/{call.path('id')}/signed-images"
    return {"items": [{**row, "picture": f"{base}/{row['id']}"} for row in found]}


@in_problems
async def signed_image(call: Call) -> web.StreamResponse:
    """A picture of one of them."""
    found = await call.ask(lambda act: acts.signed_images(act, call.path("id")))
    row = next((row for row in found if row["id"] == call.path("instance")), None)
    if row is None:
        raise Problem("not-found")
    return await draw(call, row["blob"])


# --- patients ---------------------------------------------------------------------------------


async def list_doubles(call: Call) -> dict[str, object]:
    """Patients who may have been registered twice."""

    def ask(act: Act) -> dict[str, object]:
        groups = people.doubles(act)
        return {"groups": [[patient_out(row, act.now) for row in group] for group in groups]}

    return await call.ask(ask)


async def list_sent_twice(call: Call) -> dict[str, object]:
    """Studies that may have been sent again under a new UID."""

    def ask(act: Act) -> dict[str, object]:
        groups = people.sent_twice(act)
        return {"groups": [studies_out(act, group) for group in groups]}

    return await call.ask(ask)


async def show_patient(call: Call) -> dict[str, object]:
    """A patient, their studies, and what was done to their identity."""

    def ask(act: Act) -> dict[str, object]:
        found, shown, history = people.history(act, call.path("id"))
        return {
            "patient": patient_out(found, act.now),
            "merged_into": found["merged_into"],
            "studies": studies_out(act, shown),
            "history": [_change(act, row, found["id"]) for row in history],
        }

    return await call.ask(ask)


def _change(act: Act, row: Row, here: str) -> dict[str, object]:
    incoming = row["to_ref"] == here
    other = studies.patient(act.tx, row["from_ref"] if incoming else row["to_ref"]) or {}
    return {
        **{k: row[k] for k in ("id", "kind", "reason", "at", "undone_at")},
        "other": patient_out(other, act.now),
        "incoming": incoming,
        "studies": len(row["study_ids"]),
    }


async def merge(call: Call) -> dict[str, object]:
    """Merge a doubled registration."""
    body = call.body(s.MergeIn)
    made = await call.act(lambda act: people.merge(act, call.path("id"), body.into, body.reason))
    return {"id": made}


async def show_outlook(call: Call) -> dict[str, object]:
    """Whose a study is, and what moving it would do to the cases that show it."""

    def ask(act: Act) -> dict[str, object]:
        whose, effects = people.outlook(act, call.path("id"))
        told = [
            {"id": case["id"], "number": case["number"], "effect": effect}
            for case, effect in effects
        ]
        blocked = any(effect in people.BLOCKING for _, effect in effects)
        return {"patient": patient_out(whose, act.now), "cases": told, "blocked": blocked}

    return await call.ask(ask)


async def list_candidates(call: Call) -> dict[str, object]:
    """Patients to whom a study may be moved."""
    q = call.query(s.CandidateQuery).q

    def ask(act: Act) -> dict[str, object]:
        return {"items": [patient_out(row, act.now) for row in people.candidates(act, q)]}

    return await call.ask(ask)


async def move(call: Call) -> dict[str, object]:
    """Move a study to the right patient."""
    body = call.body(s.MoveIn)
    made = await call.act(lambda act: people.move(act, call.path("id"), body.to, body.reason))
    return {"id": made}


async def undo(call: Call) -> dict[str, object]:
    """Take a merge or a move back."""
    await call.act(lambda act: people.undo(act, call.path("id")))
    return DONE


ROUTES: tuple[Route, ...] = (
    Route("POST", "/api/studies/{id}/hide", hide, P.CORRECT_STUDIES, "Hide images",
          body=s.HideIn, returns=s.RemovalRef, created=True),
    Route("GET", "/api/studies/{id}/move", show_outlook, P.CORRECT_STUDIES,
          "What moving a study would do", returns=s.MoveOutlook),
    Route("POST", "/api/studies/{id}/move", move, P.CORRECT_STUDIES, "Move a study to a patient",
          body=s.MoveIn, returns=s.ChangeRef, created=True),
    Route("GET", "/api/requests/{id}/signed-images", list_signed_images, P.SEE_STUDIES,
          "What a signed report was made on and is no longer shown", returns=s.SignedImageList),
    Route("GET", "/api/requests/{id}/signed-images/{instance}", signed_image, P.SEE_STUDIES,
          "A picture of it", media="image/jpeg"),
    Route("GET", "/api/removals", list_removals, P.CORRECT_STUDIES, "Images not shown",
          query=s.RemovalQuery, returns=s.RemovalList),
    Route("POST", "/api/removals/{id}/restore", put_back, P.CORRECT_STUDIES, "Put images back",
          returns=Done),
    Route("POST", "/api/removals/{id}/delete", delete, P.DELETE_STUDIES, "Delete images",
          body=s.DeleteIn, returns=Done),
    Route("GET", "/api/patients/doubles", list_doubles, P.CORRECT_STUDIES,
          "Patients registered twice, perhaps", returns=s.DoubleList),
    Route("GET", "/api/patients/candidates", list_candidates, P.CORRECT_STUDIES,
          "Patients to whom a study may be moved", query=s.CandidateQuery, returns=PatientList),
    Route("GET", "/api/conflicts/studies", list_sent_twice, P.CORRECT_STUDIES,
          "Studies sent again under a new UID, perhaps", returns=s.SentTwiceList),
    Route("GET", "/api/patients/{id}", show_patient, P.CORRECT_STUDIES,
          "A patient with the history of their identity", returns=s.PatientDetail),
    Route("POST", "/api/patients/{id}/merge", merge, P.CORRECT_STUDIES, "Merge into a patient",
          body=s.MergeIn, returns=s.ChangeRef, created=True),
    Route("POST", "/api/patient-changes/{id}/undo", undo, P.CORRECT_STUDIES,
          "Take a merge or a move back", returns=Done),
)  # fmt: skip
