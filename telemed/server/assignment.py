"""Routes of a coordinator: how cases are given out here, readers' terms, why a case went where."""

from collections.abc import Mapping
from typing import Any

from telemed.actions import assignment_terms as acts
from telemed.actions import decided, overflow
from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.core.assignment import MODES, OUTCOMES, Mode
from telemed.core.assignment_rules import NO_LIMITS, Limits
from telemed.core.catalogue import ServiceType
from telemed.server import assignment_schemas as sch
from telemed.server import cases
from telemed.server.assigning import reasons
from telemed.server.case_schemas import RequestOut
from telemed.server.routing import Call, Route
from telemed.store import log, network, people, requests, rulings
from telemed.store.tx import Row

P = Permission


async def settings(call: Call) -> Any:
    """How the own institution gives out its cases."""
    return await call.ask(shown)


def shown(act: Act) -> dict[str, Any]:
    """Everything that the page shows."""
    seq, found, rules = log.head(act.tx), acts.settings(act), act.catalogue.assignment
    live = [service for service in act.catalogue.services.values() if service.live]
    return {
        "seq": seq,
        "rule": rules.version,
        "modes": [{"code": m, "label": cases.words(w)} for m, w in MODES.items()],
        "services": [_service(act, found, service) for service in live],
        "readers": [_reader(row, found.terms.get(row["id"])) for row in found.readers],
        "weights": [
            {"service": c.service, "modality": c.modality, "points": c.points}
            for c in rules.complexity
        ],
    }


def _service(act: Act, found: acts.Settings, service: ServiceType) -> dict[str, Any]:
    row = found.modes.get(service.code)
    return {
        "service": service.code,
        "label": cases.words(service.label),
        "mode": Mode.OFF.value if row is None else row["mode"],
        "overflow": row is not None and row["overflow"],
        "waiting": found.waiting.get(service.code, 0),
        "changed_by": None if row is None else cases.account_name(act, row["changed_by"]),
        "changed_at": None if row is None else row["changed_at"],
    }


def _reader(person: Row, terms: Row | None) -> dict[str, Any]:
    zh, en = people.title_words(person["title"])
    limits = NO_LIMITS if terms is None else rulings.limits_of(terms)
    return {
        "person_id": person["id"],
        "name": person["name"],
        "title": {"zh": zh, "en": en},
        "set": limits != NO_LIMITS,
        "in_hand": limits.in_hand,
        "in_shift": limits.in_shift,
        "share": limits.share,
    }


async def set_mode(call: Call) -> Any:
    """How the cases of a service are given out from now on."""
    body, service = call.body(sch.ModeIn), call.path("id")
    await call.act(
        lambda act: acts.set_mode(act, service, Mode(body.mode), body.overflow), quiet=True
    )
    return await call.ask(shown)


async def set_terms(call: Call) -> Any:
    """What is agreed with a reader from now on."""
    body, who = call.body(sch.TermsIn), call.path("id")
    terms = Limits(body.in_hand, body.in_shift, body.share)
    await call.act(lambda act: acts.set_terms(act, who, terms), quiet=True)
    return await call.ask(shown)


async def history(call: Call) -> Any:
    """What was set before, by whom."""

    def ask(act: Act) -> dict[str, Any]:
        modes, terms = acts.history(act)
        names = people.people_by_id(act.tx, {row["person_id"] for row in terms})
        return {
            "modes": [{**_signed(act, r), "service": r["service"], "mode": r["mode"],
                       "overflow": r["overflow"]} for r in modes],
            "terms": [{**_signed(act, r), "person_id": r["person_id"],
                       "person": names[r["person_id"]]["name"], "in_hand": r["in_hand"],
                       "in_shift": r["in_shift"], "share": r["share"]} for r in terms],
        }  # fmt: skip

    return await call.ask(ask)


def _signed(act: Act, row: Row) -> dict[str, Any]:
    return {"at": row["changed_at"], "by": cases.account_name(act, row["changed_by"])}


# --- decisions ------------------------------------------------------------------------------------


async def decisions(call: Call) -> Any:
    """Why a case was given as it was."""

    def ask(act: Act) -> dict[str, Any]:
        rows = decided.of_case(act, call.path("id"))
        ids = {one["person"] for row in rows for one in row["ranking"]}
        ids |= {row["person_id"] for row in rows}
        names = {k: v["name"] for k, v in people.people_by_id(act.tx, ids).items()}
        places = network.institution_refs(act.tx, {row["provider_id"] for row in rows})
        attempts = requests.attempts(act.tx, call.path("id"))
        return {"items": [_decision(act, row, names, places, attempts) for row in rows]}

    return await call.ask(ask)


def _decision(
    act: Act,
    row: Row,
    names: Mapping[str, str],
    places: Mapping[str, Row],
    attempts: Mapping[str, int],
) -> dict[str, Any]:
    same = ("id", "at", "seq", "outcome", "decided_by", "rule", "mode", "points", "person_id")
    by = row["account_id"]
    return {
        **{name: row[name] for name in same},
        "attempt": attempts[row["workitem_id"]],
        "label": cases.words(OUTCOMES[row["outcome"]]),
        "account": None if by is None else cases.account_name(act, by),
        "person": names.get(row["person_id"] or ""),
        "provider": places.get(row["provider_id"] or ""),
        "ranking": [
            {**one, "person_id": one["person"], "name": names.get(one["person"], ""),
             "reasons": reasons(one["reasons"])}
            for one in row["ranking"]
        ],
        "others": [
            {**reason, "people": row["others"][reason["code"]]} for reason in reasons(row["others"])
        ],
    }  # fmt: skip


async def gone(call: Call) -> Any:
    """What nobody here could take and is with others now."""

    def ask(act: Act) -> dict[str, Any]:
        rows = decided.gone(act)
        places = network.institution_refs(act.tx, {row["provider_id"] for row in rows})
        same = ("request_id", "number", "service", "urgency", "at", "outcome")
        return {
            "items": [
                {
                    **{name: row[name] for name in same},
                    "label": cases.words(OUTCOMES[row["outcome"]]),
                    "provider": places.get(row["provider_id"] or ""),
                }
                for row in rows
            ]
        }

    return await call.ask(ask)


# --- overflow -------------------------------------------------------------------------------------


async def asked(call: Call) -> Any:
    """Whether the requester is asked to let a case go on."""

    def ask(act: Act) -> dict[str, Any]:
        to = overflow.asked(act, call.path("id"))
        return {"provider": network.institution_refs(act.tx, {to}).get(to or "")}

    return await call.ask(ask)


async def pass_on(call: Call) -> Any:
    """The requester lets it go on."""
    body = call.body(sch.PassOnIn)
    consent = body.consent.model_dump(mode="json")
    return await call.step(
        lambda act, case: overflow.agree(act, case, body.provider_id, consent), cases.full
    )


_ALL, _ONE = "/api/assignment", "/api/requests/{id}"
ROUTES = (
    Route("GET", _ALL, settings, P.ASSIGN_WORK, "How cases are given out here",
          returns=sch.AssignmentOut),
    Route("GET", f"{_ALL}/history", history, P.ASSIGN_WORK, "What was set before",
          returns=sch.AssignmentHistoryOut),
    Route("GET", f"{_ALL}/gone", gone, P.ASSIGN_WORK, "What went to others from here",
          returns=sch.GoneList),
    Route("PUT", f"{_ALL}/modes/{{id}}", set_mode, P.ASSIGN_WORK,
          "Off, suggest or auto for a service", body=sch.ModeIn, returns=sch.AssignmentOut),
    Route("PUT", f"{_ALL}/terms/{{id}}", set_terms, P.ASSIGN_WORK, "A reader's caps and share",
          body=sch.TermsIn, returns=sch.AssignmentOut),
    Route("GET", f"{_ONE}/assignment", decisions, P.ASSIGN_WORK, "Why it was given to whom",
          returns=sch.DecisionList),
    Route("GET", f"{_ONE}/pass-on", asked, P.WRITE_REQUESTS, "Whether one is asked to pass it on",
          returns=sch.AskedOut),
    Route("POST", f"{_ONE}/pass-on", pass_on, P.WRITE_REQUESTS, "Let it go on, with a consent",
          body=sch.PassOnIn, returns=RequestOut),
)  # fmt: skip
