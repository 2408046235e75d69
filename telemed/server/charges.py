"""Routes of charges: what a case costs and its settlement, and the sheet of a month."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from pydantic import Field

from telemed.actions import charges as acts
from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.actions.door import Case
from telemed.core import charge as rule
from telemed.core.access import Permission as P
from telemed.core.charge import PAYER_WORDS, Event, Payer, State
from telemed.documents.settlement_sheet import Line, pairs_of, workbook
from telemed.server import aftercare_schemas as s
from telemed.server.cases import actor_names
from telemed.server.requests import Query
from telemed.server.routing import Call, Route
from telemed.server.tally import MONTH
from telemed.server.tally_files import file_of, written_apart
from telemed.store import charges as store
from telemed.store import network
from telemed.store.audit import Event as Audited
from telemed.store.tx import Row

STEPS: Mapping[str, Event] = {
    "charge": Event.CHARGE, "settle": Event.SETTLE, "waive": Event.WAIVE, "refund": Event.REFUND,
}  # fmt: skip


class MonthQuery(Query):
    """A month, and one other institution or all."""

    month: str = Field(pattern=MONTH)
    other: str | None = Field(default=None, max_length=64)


# --- of a case ------------------------------------------------------------------------------------


async def show(call: Call) -> Any:
    """What a case costs."""
    return await call.ask(lambda act: _charge(act, call.path("id")))


def _step(event: Event) -> Any:
    async def handler(call: Call) -> Any:
        """A step, and the charge after it."""
        body = call.body(s.ChargeStepIn)
        given = acts.Given(body.payer, body.reason, body.note)
        return await call.step(
            lambda act, key: acts.step(act, key, body.version, event, given), _charge
        )

    return handler


async def named(call: Call) -> Any:
    """Whether the expert was asked for by name."""
    body = call.body(s.NamedIn)
    return await call.step(
        lambda act, key: acts.set_named(act, key, body.version, body.named), _charge
    )


def _charge(act: Act, request_id: str) -> dict[str, Any]:
    case, row = acts.show(act, request_id)
    return {"charge": None if row is None else _told(act, case, row)}


def _told(act: Act, case: Case, row: Row) -> dict[str, Any]:
    state = State(row["state"])
    moves = store.moves(act.tx, case.id)
    names = actor_names(act, [move["moved_by"] for move in moves])
    return {
        **row,
        "state_words": rule.MACHINE.word(state),
        "payer_words": _payer(row["payer"]),
        "fees": [_line(act, line) for line in row["fees"]],
        "surcharges": [_line(act, line) for line in row["surcharges"]],
        "minutes": sum(row["facts"]["sessions"]),
        "experts": row["facts"]["experts"],
        "moves": [
            {
                **move,
                "event_words": rule.MACHINE.word(Event(move["event"])),
                "payer_words": _payer(move["payer"]),
                "moved_by": names.get(move["moved_by"], ""),
            }
            for move in moves
        ],
        "allowed": _allowed(act, case, state),
        "payers": [{"code": p.value, "label": _payer(p.value)} for p in Payer],
    }


def _allowed(act: Act, case: Case, state: State) -> list[str]:
    if not acts.may_settle(act, case):
        return []
    steps = [name for name, event in STEPS.items() if rule.MACHINE.allows(state, event)]
    return [*steps, "named"] if state in rule.COUNTED_IN else steps


def _line(act: Act, line: Mapping[str, Any]) -> dict[str, Any]:
    zh, en = _words(act, line["code"])
    return {**line, "label": {"zh": zh, "en": en}}


def _words(act: Act, code: str) -> tuple[str, str]:
    fees = act.catalogue.aftercare.fees
    found = [(fee.zh, fee.en) for fee in fees.fees if fee.code == code]
    found += [(each.zh, each.en) for each in fees.surcharges if each.kind.value == code]
    return found[0] if found else (code, code)


def _payer(code: str | None) -> dict[str, str] | None:
    if code is None:
        return None
    zh, en = PAYER_WORDS[Payer(code)]
    return {"zh": zh, "en": en}


# --- of a month -----------------------------------------------------------------------------------


async def settlement(call: Call) -> Any:
    """A month's cases by pair of institutions, and what they add up to."""
    q = call.query(MonthQuery)
    return await call.ask(lambda act: _settlement(act, q.month, q.other))


async def settlement_file(call: Call) -> web.Response:
    """The same as a workbook."""
    q = call.query(MonthQuery)

    def made(act: Act) -> Any:
        lines = _lines(act, acts.of_month(act, q.month, q.other))
        own = network.institution_refs(act.tx, {act.subject.own_institution})
        name = next((row["name"] for row in own.values()), "")
        audited(act, Audited.EXPORT, "settlement", q.month, rows=len(lines))
        return workbook(lines, name, q.month, "telemed", act.now)

    book = await call.act(made, quiet=True)
    return file_of(await written_apart(book), f"settlement-{q.month}.xlsx")


def _settlement(act: Act, month: str, other: str | None) -> dict[str, Any]:
    rows = acts.of_month(act, month, other)
    lines = _lines(act, rows)
    return {
        "month": month,
        "pairs": pairs_of(lines),
        "items": [
            {**_item(line), **_named(act, row), "request_id": row["request_id"]}
            for line, row in zip(lines, rows, strict=True)
        ],
        "complete": len(rows) < acts.MOST_LISTED,
    }


def _item(line: Line) -> dict[str, Any]:
    return {name: getattr(line, name) for name in Line.__slots__}


def _named(act: Act, row: Row) -> dict[str, Any]:
    """A line's words in both languages; the sheet is Chinese."""
    return {
        "what": [_line(act, part) for part in (*row["fees"], *row["surcharges"])],
        "state": rule.MACHINE.word(State(row["state"])),
        "payer": _payer(row["payer"]),
    }


def _lines(act: Act, rows: Sequence[Row]) -> list[Line]:
    ids = {row[side] for row in rows for side in ("requester_id", "provider_id")}
    names = {key: ref["short_name"] for key, ref in network.institution_refs(act.tx, ids).items()}
    return [_sheet_line(act, row, names) for row in rows]


def _sheet_line(act: Act, row: Row, names: Mapping[str, str]) -> Line:
    state = State(row["state"])
    parts = [*row["fees"], *row["surcharges"]]
    what = "、".join(
        f"{_words(act, part['code'])[0]}×{part['quantity']}"
        if part["quantity"] > 1
        else _words(act, part["code"])[0]
        for part in parts
    )
    payer = _payer(row["payer"])
    amount = row["amount"]
    return Line(
        requester=names[row["requester_id"]],
        provider=names[row["provider_id"]],
        number=row["number"],
        service=act.catalogue.services[row["service"]].label.zh,
        what=what,
        state=rule.MACHINE.word(state)["zh"],
        payer="" if payer is None else payer["zh"],
        amount=amount,
        taken=amount if state in rule.TAKEN else 0,
        settled=amount if state is State.SETTLED else 0,
        at=row["counted_at"],
    )


ONE = "/api/requests/{id}/charge"
_SETTLE = P.SETTLE_CHARGES
ROUTES = (
    Route("GET", ONE, show, P.SEE_CASES, "What a case costs", returns=s.CaseCharge),
    *(
        Route("POST", f"{ONE}/{name}", _step(event), _SETTLE,
              rule.MACHINE.word(event)["en"].capitalize() + " what a case costs",
              body=s.ChargeStepIn, returns=s.CaseCharge)
        for name, event in STEPS.items()
    ),
    Route("POST", f"{ONE}/named", named, _SETTLE, "Whether the expert was asked for by name",
          body=s.NamedIn, returns=s.CaseCharge),
    Route("GET", "/api/settlement", settlement, _SETTLE,
          "A month's charges by pair of institutions", query=MonthQuery, returns=s.SettlementOut),
    Route("GET", "/api/settlement.xlsx", settlement_file, _SETTLE,
          "A month's settlement sheet", query=MonthQuery, media="application/octet-stream"),
)  # fmt: skip
