"""The routes of legal holds, and what the card of a study says of them."""

from collections.abc import Sequence

from telemed.actions import holds as acts
from telemed.actions import removals
from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.core.catalogue import Retention
from telemed.core.removal import Keeping
from telemed.server import image_schemas as s
from telemed.server.cases import account_name, words
from telemed.server.routing import Call, Route
from telemed.server.schemas import Done
from telemed.store.tx import Row

P = Permission
DONE: dict[str, object] = {"ok": True}


async def place(call: Call) -> dict[str, object]:
    """Put a study under legal hold."""
    body = call.body(s.HoldIn)
    await call.act(
        lambda act: acts.place(act, call.path("id"), body.reason, body.asked_by, body.until)
    )
    return DONE


async def end(call: Call) -> dict[str, object]:
    """End a study's legal hold."""
    reason = call.body(s.HoldEndIn).reason
    await call.act(lambda act: acts.end(act, call.path("id"), reason))
    return DONE


async def list_holds(call: Call) -> dict[str, object]:
    """The institution's legal holds."""
    asked = call.query(s.HoldQuery)
    in_force = {"in-force": True, "ended": False, "all": None}[asked.state]

    def ask(act: Act) -> dict[str, object]:
        rows = acts.listed(act, in_force, asked.q)
        return {"items": [{**row, **hold_out(act, row)} for row in rows]}

    return await call.ask(ask)


def care_of(act: Act, study: Row) -> dict[str, object]:
    """What those who care for their own institution's images know of a study, else nothing."""
    if not removals.cares_for(act, study):
        return {"holds": [], "keeping": None}
    return {
        "holds": [hold_out(act, row) for row in acts.of_study(act, study)],
        "keeping": keeping_out(removals.keeping(act, study), act.catalogue.retention),
    }


def hold_out(act: Act, row: Row) -> dict[str, object]:
    """A hold with the names of those who put it on and took it off."""
    same = ("id", "study_id", "reason", "asked_by", "until", "at", "ended_at", "end_reason")
    until = row["until"]
    return {
        **{key: row[key] for key in same},
        "due": row["ended_at"] is None and until is not None and until <= removals.today(act),
        "held_by": account_name(act, row["held_by"]),
        "ended_by": account_name(act, row["ended_by"]) or None,
    }


def keeping_out(kept: Keeping, table: Sequence[Retention]) -> dict[str, object]:
    """How long images are kept, in the words of `configs/retention.toml`."""
    return {
        "since": kept.since,
        "from_arrival": kept.from_arrival,
        "until": kept.longest,
        "kinds": [
            {
                "kind": row.kind,
                "label": words(row.label),
                "years": row.years,
                "until": kept.until[row.kind],
            }
            for row in table
        ],
    }


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/holds", list_holds, P.CORRECT_STUDIES, "Legal holds",
          query=s.HoldQuery, returns=s.HoldList),
    Route("POST", "/api/studies/{id}/hold", place, P.DELETE_STUDIES, "Put under legal hold",
          body=s.HoldIn, returns=Done),
    Route("POST", "/api/studies/{id}/hold/end", end, P.DELETE_STUDIES, "End a legal hold",
          body=s.HoldEndIn, returns=Done),
)  # fmt: skip
