"""Routes of minutes: notes by several at once, closing, signing, consents, the archived record."""

from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import web

from telemed.actions import minutes as acts
from telemed.actions import minutes_archive, minutes_consents
from telemed.actions.act import Act
from telemed.actions.minutes import Minutes
from telemed.actions.minutes_people import Taker
from telemed.core.access import Permission as P
from telemed.core.minutes import (
    DISCUSSION,
    MACHINE,
    OPINION,
    SUMMARY,
    Event,
    Purpose,
    State,
    may_write,
    most_of,
    opinion_of,
)
from telemed.core.notes import parsed
from telemed.core.session_roles import role_words
from telemed.server import minutes_schemas as s
from telemed.server.auth import confirm_password
from telemed.server.cases import account_name
from telemed.server.routing import Call, Route
from telemed.store import minutes, network
from telemed.store.signer import Signer
from telemed.store.tx import Row

MOST_TOLD = 500
ONE = "/api/appointments/{id}/minutes"


async def show(call: Call) -> Any:
    """The minutes of an appointment."""
    return await call.ask(lambda act: whole(act, call.path("id"), call.services.signer))


async def write(call: Call) -> Any:
    """A change of the notes, and what others changed meanwhile. Nobody is rung: it is no fact."""
    body, key = call.body(s.NoteIn), call.path("id")
    change = parsed(body.change)

    def do(act: Act) -> dict[str, Any]:
        acts.write(act, key, body.section, body.base, change, body.key)
        return _told(act, acts.load(act, key), body.base)

    return await call.act(do, quiet=True)


async def changes(call: Call) -> Any:
    """What was changed since."""
    after = call.query(s.AfterQuery).after
    return await call.ask(lambda act: _told(act, acts.load(act, call.path("id")), after))


def _told(act: Act, found: Minutes, after: int) -> dict[str, Any]:
    rows = minutes.changes(act.tx, found.id, after, MOST_TOLD + 1)
    return {
        **{key: found.row[key] for key in ("head", "version", "state")},
        "changes": rows[:MOST_TOLD],
        "more": len(rows) > MOST_TOLD,
    }


async def settle(call: Call) -> Any:
    """Where it was held and who was there."""
    b = call.body(s.HeadIn)
    return await _step(
        call, lambda act, key: acts.settle(act, key, b.version, b.place, b.absent, b.also)
    )


async def close(call: Call) -> Any:
    """Close the text for signing."""
    b = call.body(s.CloseIn)
    return await _step(call, lambda act, key: acts.close(act, key, b.version, b.head))


async def reopen(call: Call) -> Any:
    """Take the closed text back."""
    b = call.body(s.ReopenIn)
    return await _step(call, lambda act, key: acts.reopen(act, key, b.round, b.reason))


async def sign(call: Call) -> Any:
    """Sign the closed text, after asking who they are again."""
    b, signer = call.body(s.SignMinutesIn), call.services.signer
    await confirm_password(call, b.password)
    return await _step(
        call, lambda act, key: acts.sign(act, key, b.sha256, b.stance, b.words, signer)
    )


async def consent(call: Call) -> Any:
    """Enter what the patient said."""
    b = call.body(s.ConsentIn)
    said = minutes_consents.Said(b.purpose, b.answer, b.signer, b.relation, b.version)
    return await _step(call, lambda act, key: minutes_consents.enter(act, key, said))


async def _step(call: Call, do: Any) -> Any:
    signer = call.services.signer
    return await call.step(do, lambda act, key: whole(act, key, signer))


async def pdf(call: Call) -> web.StreamResponse:
    """The own institution's archived record, byte for byte."""
    number, raw = await call.act(lambda act: minutes_archive.own_copy(act, call.path("id")))
    return web.Response(
        body=raw,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(number)}.pdf",
            "Cache-Control": "private, no-store",
        },
    )


async def to_sign(call: Call) -> Any:
    """What waits for the caller's signature."""

    def ask(act: Act) -> dict[str, Any]:
        person = act.subject.person_id
        rows = [] if person is None else minutes.to_sign(act.tx, person)
        asking = network.institution_refs(act.tx, {row["requester_id"] for row in rows})
        return {
            "items": [
                {
                    **row,
                    "appointment_id": row["id"],
                    "requester_name": asking[row["requester_id"]]["short_name"],
                }
                for row in rows
            ]
        }

    return await call.ask(ask)


# --- how it is told -------------------------------------------------------------------------------


def whole(act: Act, key: str, signer: Signer) -> dict[str, Any]:
    """The minutes as the caller may see them: of a closed text what was signed, not the rows."""
    found = acts.load(act, key)
    row, booked = found.row, found.booked.row
    names = network.institution_refs(act.tx, {booked["requester_id"], booked["provider_id"]})
    sees = acts.sees_case(act, booked["request_id"])
    closing = None
    if found.state is not State.OPEN:
        closing = minutes.closing(act.tx, found.id, row["round"])
    return {
        "appointment_id": found.id,
        **{k: booked[k] for k in ("number", "service", "since", "until")},
        "request_id": booked["request_id"] if sees else None,
        "has_case": booked["request_id"] is not None,
        "requester_name": names[booked["requester_id"]]["name"],
        "provider_name": names[booked["provider_id"]]["name"],
        **{k: row[k] for k in ("version", "head", "place", "state")},
        "state_words": MACHINE.word(found.state),
        "led": found.chair is not None,
        "people": [_taker(taker) for taker in found.takers],
        "sections": _open_sections(act, found) if closing is None else _closed_sections(closing),
        "closing": None if closing is None else _closing(act, found, closing, signer),
        "void": [
            {**one, "reason": one["void_reason"]}
            for one in minutes.closings(act.tx, found.id)
            if one["void_at"] is not None
        ],
        "consents": _asked(act, found),
        "archives": _archives(act, found),
        "allowed": allowed(act, found),
    }


def _taker(taker: Taker) -> dict[str, Any]:
    kept = {name: getattr(taker, name) for name in Taker.__slots__}
    words = {"title": taker.title, "role_words": role_words(taker.role)}
    return {**kept, **{key: {"zh": zh, "en": en} for key, (zh, en) in words.items()}}


def _open_sections(act: Act, found: Minutes) -> list[dict[str, Any]]:
    """The sections that there are: the discussion, an opinion each, the summary."""
    texts, led = minutes.texts(act.tx, found.id), found.chair is not None
    opinions = [opinion_of(taker.person_id) for taker in found.takers]
    writes = MACHINE.allows(found.state, Event.WRITE) and found.booked.state in acts.WRITABLE
    return [
        {
            "section": key,
            "person_id": _whose(key),
            "text": texts.get(key, ""),
            "most": most_of(key),
            "writable": writes and may_write(key, found.standing, led),
        }
        for key in (DISCUSSION, *opinions, SUMMARY)
    ]


def _closed_sections(closing: Row) -> list[dict[str, Any]]:
    said = orjson.loads(closing["text"])["sections"]
    return [
        {
            **one,
            "person_id": _whose(one["section"]),
            "most": most_of(one["section"]),
            "writable": False,
        }
        for one in sorted(said, key=lambda one: one["section"] == SUMMARY)
    ]


def _whose(section: str) -> str | None:
    return section.removeprefix(OPINION) if section.startswith(OPINION) else None


def _closing(act: Act, found: Minutes, closing: Row, signer: Signer) -> dict[str, Any]:
    """The closed text's hash, and each signature that there is or is waited for."""
    named = {one["id"]: one["name"] for one in orjson.loads(closing["text"])["people"]}
    rows = minutes.signatures(act.tx, found.id, closing["round"])
    signed = {row["person_id"]: row for row in rows}
    return {
        **{k: closing[k] for k in ("round", "sha256", "closed_at")},
        "closed_by": account_name(act, closing["closed_by"]) or "",
        "signatures": [
            _signature(key, name, signed.get(key), signer) for key, name in named.items()
        ],
    }


def _signature(key: str, name: str, row: Row | None, signer: Signer) -> dict[str, Any]:
    if row is None:
        return {"person_id": key, "name": name, "stance": None, "words": "", "at": None,
                "genuine": False}  # fmt: skip
    genuine = signer.verify(row["signed_bytes"], row["signature"], row["key_id"])
    return {**row, "name": name, "genuine": genuine}


def _asked(act: Act, found: Minutes) -> list[dict[str, Any]]:
    own = act.subject.institution_id == found.booked.row["requester_id"]
    said = minutes_consents.standing(act, found.booked, own)
    return [_one_asked(act, purpose, row) for purpose, row in said.items()]


def _one_asked(act: Act, purpose: Purpose, row: Row | None) -> dict[str, Any]:
    text = act.catalogue.asked[purpose]
    said = row or {"answer": None, "signer": "", "relation": "", "version": "", "at": None}
    return {
        "purpose": purpose,
        "version": text.version,
        "text": {"zh": text.zh, "en": text.en},
        **{k: said[k] for k in ("answer", "signer", "relation", "at")},
        "answered_version": said["version"],
    }


def _archives(act: Act, found: Minutes) -> list[dict[str, Any]]:
    """Each institution's record; who is of neither sees that there are such."""
    own = act.subject.institution_id if found.standing.party else None
    names = {found.booked.row[f"{side}_id"] for side in ("requester", "provider")}
    places = network.institution_refs(act.tx, names)
    return [
        {
            "institution": places[row["institution_id"]]["name"],
            "sha256": row["sha256"],
            "at": row["at"],
            "own": row["institution_id"] == own,
            "verification_code": row["verification_code"] if row["institution_id"] == own else "",
        }
        for row in minutes.archives(act.tx, found.id)
    ]


def allowed(act: Act, found: Minutes) -> list[str]:
    """The steps that the caller may take now."""
    who, booked = found.standing, found.booked.state
    signed = {s["person_id"] for s in minutes.signatures(act.tx, found.id, found.row["round"])}
    waits = minutes.signers(act.tx, found.id, found.row["round"])
    mine = who.person_id in waits and who.person_id not in signed
    may = {
        Event.WRITE: who.writes and booked in acts.WRITABLE,
        Event.CLOSE: who.closes and booked in acts.CLOSABLE,
        Event.REOPEN: who.closes,
        Event.SIGN: mine,
    }
    steps = [event.value for event, so in may.items() if so and MACHINE.allows(found.state, event)]
    consents = who.asks and who.party and booked in minutes_consents.OPEN
    return steps + ["consent"] * consents


ROUTES = (
    Route("GET", "/api/minutes/to-sign", to_sign, P.SEE_CALENDARS,
          "Minutes that wait for one's signature", returns=s.ToSignList),
    Route("GET", ONE, show, P.SEE_CALENDARS, "The minutes of an appointment",
          returns=s.MinutesOut),
    Route("GET", f"{ONE}/changes", changes, P.SEE_CALENDARS, "What was changed in the notes since",
          query=s.AfterQuery, returns=s.NotesOut),
    Route("POST", f"{ONE}/changes", write, P.SEE_CALENDARS, "Change a section of the notes",
          body=s.NoteIn, returns=s.NotesOut),
    Route("PUT", f"{ONE}/head", settle, P.SEE_CALENDARS, "Where it was held and who was there",
          body=s.HeadIn, returns=s.MinutesOut),
    Route("POST", f"{ONE}/close", close, P.SEE_CALENDARS, "Close the text for signing",
          body=s.CloseIn, returns=s.MinutesOut),
    Route("POST", f"{ONE}/reopen", reopen, P.SEE_CALENDARS, "Take the closed text back",
          body=s.ReopenIn, returns=s.MinutesOut),
    Route("POST", f"{ONE}/sign", sign, P.SEE_CALENDARS, "Sign the closed text",
          body=s.SignMinutesIn, returns=s.MinutesOut),
    Route("POST", f"{ONE}/consents", consent, P.WRITE_REQUESTS,
          "What the patient said to recording or teaching", body=s.ConsentIn,
          returns=s.MinutesOut),
    Route("GET", f"{ONE}/record.pdf", pdf, P.SEE_CALENDARS,
          "The own institution's archived record", media="application/pdf"),
)  # fmt: skip
