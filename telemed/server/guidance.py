"""Routes of a guided operation, and of which case a request comes from."""

from typing import Any, Final

from telemed.actions import case_links
from telemed.actions import guidance as acts
from telemed.actions.act import Act
from telemed.actions.guidance import Said
from telemed.core.access import Permission as P
from telemed.server import cases
from telemed.server import guidance_schemas as s
from telemed.server.availability import named_person
from telemed.server.case_schemas import RequestOut
from telemed.server.cases import actor_names
from telemed.server.routing import Call, Route
from telemed.store import people


async def show(call: Call) -> Any:
    """How an operation goes."""
    return await call.ask(lambda act: _out(act, call.path("id")))


async def acknowledge(call: Call) -> Any:
    """Take note."""
    version = call.body(s.TakeNoteIn).version
    return await call.step(lambda act, key: acts.acknowledge(act, key, version), _out)


async def enter(call: Call) -> Any:
    """Enter something."""
    body = call.body(s.AdviceEntryIn)
    said = Said(body.kind, body.text, body.at, body.corrects)
    return await call.step(lambda act, key: acts.enter(act, key, said), _out)


async def mark(call: Call) -> Any:
    """Taken, or not."""
    body, entry = call.body(s.AdviceMarkIn), call.path("entry")
    return await call.step(lambda act, key: acts.mark(act, key, entry, body.taken, body.note), _out)


async def outcome(call: Call) -> Any:
    """How it ended."""
    content = call.body(s.OperationOutcomeIn).content
    return await call.step(lambda act, key: acts.set_outcome(act, key, content), _out)


async def links(call: Call) -> Any:
    """The cases around a case."""
    return await call.ask(lambda act: _links(act, call.path("id")))


async def set_source(call: Call) -> Any:
    """Where a draft comes from."""
    number = call.body(s.SourceIn).number
    return await call.step(lambda act, key: case_links.set_source(act, key, number), _links)


async def begin_from(call: Call) -> Any:
    """Another request, from this case."""
    service = call.body(s.BegunFromIn).service
    key = call.path("id")
    made = await call.act(lambda act: case_links.begin(act, key, service))
    return await call.ask(lambda act: cases.full(act, made))


def _out(act: Act, request_id: str) -> dict[str, Any]:
    course, rules = acts.show(act, request_id), act.catalogue.guidance
    rows = [*course.entries, *course.outcomes]
    names = actor_names(
        act, [row.get(key) for row in rows for key in ("entered_by", "marked_by") if row.get(key)]
    )
    staff = people.people_by_id(act.tx, {row["person_id"] for row in course.notes})
    streams = course.case.service.streams
    return {
        "note": {"version": rules.version, "zh": rules.zh, "en": rules.en},
        "kinds": [
            {"code": k.code, "label": _words(k.label), "marked": k.marked}
            for k in rules.kinds.values()
        ],
        "streams": [{"value": c, "label": {"zh": w.zh, "en": w.en}} for c, w in streams],
        "side": course.side,
        "acknowledged": [
            {**row, "person": named_person(staff[row["person_id"]])} for row in course.notes
        ],
        "entries": [
            {
                **row,
                "entered_by": names.get(row["entered_by"], ""),
                "marked_by": names.get(row["marked_by"] or ""),
                "note": row["note"] or "",
            }
            for row in course.entries
        ],
        "outcomes": [
            {**row, "entered_by": names.get(row["entered_by"], "")} for row in course.outcomes
        ],
        "allowed": course.allowed,
    }


def _words(label: tuple[str, str]) -> dict[str, str]:
    return {"zh": label[0], "en": label[1]}


def _links(act: Act, request_id: str) -> dict[str, Any]:
    found = case_links.show(act, request_id)
    source = found.source
    return {
        "source": None if source is None else {"id": source["id"], "number": source["number"]},
        "continued": [{"id": row["id"], "number": row["number"]} for row in found.continued],
    }


ONE: Final = "/api/requests/{id}/guidance"
ROUTES = (
    Route("GET", ONE, show, P.SEE_CASES, "How a guided operation goes", returns=s.GuidanceOut),
    Route("POST", f"{ONE}/acknowledge", acknowledge, P.SEE_CASES,
          "Take note of who is responsible", body=s.TakeNoteIn, returns=s.GuidanceOut),
    Route("POST", f"{ONE}/entries", enter, P.SEE_CASES, "Enter advice, a key moment…",
          body=s.AdviceEntryIn, returns=s.GuidanceOut),
    Route("POST", f"{ONE}/entries/{{entry}}/mark", mark, P.SEE_CASES,
          "Whether an advice was taken", body=s.AdviceMarkIn, returns=s.GuidanceOut),
    Route("POST", f"{ONE}/outcome", outcome, P.WRITE_REQUESTS, "How the operation ended",
          body=s.OperationOutcomeIn, returns=s.GuidanceOut),
    Route("GET", "/api/requests/{id}/links", links, P.SEE_CASES,
          "The case it comes from, and those that come from it", returns=s.LinksOut),
    Route("PUT", "/api/requests/{id}/source", set_source, P.WRITE_REQUESTS,
          "The earlier case a draft comes from", body=s.SourceIn, returns=s.LinksOut),
    Route("POST", "/api/requests/{id}/continue", begin_from, P.WRITE_REQUESTS,
          "Begin another request from a case", body=s.BegunFromIn, returns=RequestOut,
          created=True),
)  # fmt: skip
