"""The fact behind a counted entry: what happened, when, by whom, and the numbers that it carries.

It is the last step of a proof: a number leads to its entries, an entry to its fact. Whoever may
count an entry may see its fact; for everybody else there is none. People are masked for
supervision, and ids are left out, since they say nothing to a reader.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from telemed.actions.act import Act
from telemed.core import tally as core
from telemed.core.access import Permission, mask_name
from telemed.core.activity import WORDS, Activity, Kind
from telemed.core.catalogue import Catalogue
from telemed.core.errors import Problem
from telemed.core.indicators import INDICATORS
from telemed.server import tally_schemas as s
from telemed.server.cases import actor_names
from telemed.server.routing import Call, Route
from telemed.server.tally_places import SIDES, Places
from telemed.store import log, network
from telemed.store import tables as t
from telemed.store.appointment_tables import waitings
from telemed.store.tx import Row
from telemed.store.urgent_call_tables import urgent_calls

Said = tuple[str, str, Callable[[Any], str]]


def _plain(value: Any) -> str:
    return str(value)


def _yes(value: Any) -> str:
    return "✓" if value is True else "✗"


_CARRIED: Final[Mapping[str, Said]] = MappingProxyType(
    {
        "minutes": ("分钟", "Minutes", _plain),
        "seconds": ("秒", "Seconds", _plain),
        "people": ("到场人数", "People there", _plain),
        "institutions": ("到场机构数", "Institutions there", _plain),
        "accompanied": ("陪同医师在场", "Doctor present", _yes),
        "rung": ("呼叫人数", "People rung", _plain),
        "begun_at": ("开始于", "Begun at", _plain),
        "asked_at": ("提交于", "Asked at", _plain),
        "submitted_at": ("首次发送于", "First sent at", _plain),
        "due_at": ("时限", "Due at", _plain),
        "raised_at": ("通知于", "Notified at", _plain),
        "acted_at": ("处置于", "Acted at", _plain),
        "owed_by": ("应办至", "Owed by", _plain),
        "score": ("成绩", "Score", _plain),
        "first": ("首次作答", "First sitting", _yes),
        "passed": ("通过", "Passed", _yes),
        "tenths": ("学分", "Credits", lambda value: f"{value / 10:g}"),
        "by_hand": ("代签", "By hand", _yes),
        "on_the_spot": ("现场报名", "On the spot", _yes),
        "amount": ("金额（元）", "Amount (yuan)", lambda value: f"{value / 100:.2f}"),
        "reason": ("原因", "Reason", _plain),
    }
)
"""What of a fact is shown, with its words; ids and what only programs read is not."""


def behind(act: Act, seq: int) -> dict[str, Any]:
    """The fact of an entry that the subject may count; Problem("not-found") for any other."""
    act.subject.require(Permission.SEE_TALLY)
    entries = _entries(act, seq)
    found = log.since(act.tx, seq - 1, 1) if entries else []
    if not found or found[0].seq != seq:
        raise Problem("not-found")
    fact = found[0]
    zh, en = WORDS[Kind(fact.kind)]
    refs = network.institution_refs(act.tx, {fact.institution_id})
    place = refs.get(fact.institution_id or "")
    return {
        "seq": seq,
        "kind": fact.kind,
        "label": {"zh": zh, "en": en},
        "at": fact.at,
        "actor": _actor(act, fact),
        "institution": place["short_name"] if place else None,
        "carries": _carries(act.catalogue, fact),
        "counted": [
            {"words": {"zh": row.zh, "en": row.en}, "weight": weight}
            for row, weight in ((INDICATORS[code], weight) for code, weight in entries)
        ],
    }


def _entries(act: Act, seq: int) -> list[tuple[str, int]]:
    """The indicators that a fact counts in, of those the subject may count: on the side of which
    they speak. What only the other side counts is the other side's business."""
    allowed = Places(act, core.month_of(act.now), "service", "provider").allowed
    c = t.tally_entries.c
    mine = sa.or_(
        *(
            sa.and_(allowed(c[f"{side}_id"]), c.indicator.in_(_OF_SIDE[side]))
            for side in ("requester", "provider")
        )
    )
    query = sa.select(c.indicator, c.weight).where(c.seq == seq, mine).order_by(c.part)
    return [(code, int(weight)) for code, weight in act.tx.rows(query)]


_OF_SIDE = {
    side: sorted(code for code, sides in SIDES.items() if side in sides)
    for side in ("requester", "provider")
}


def _actor(act: Act, fact: Activity) -> str | None:
    """Who did it; another institution's people are named by their institution alone."""
    subject = act.subject
    if not subject.masked and fact.institution_id != subject.institution_id:
        return None
    name = actor_names(act, [fact.actor_id]).get(fact.actor_id or "")
    return mask_name(name) if name and subject.masked else name


def _carries(catalogue: Catalogue, fact: Activity) -> list[dict[str, Any]]:
    told = []
    for key, (zh, en, words) in _CARRIED.items():
        value = fact.data.get(key)
        if value is None:
            continue
        said = {"zh": words(value), "en": words(value)}
        if key == "reason":
            said = _reason(catalogue, str(value))
        told.append({"words": {"zh": zh, "en": en}, "value": said})
    return told


def _reason(catalogue: Catalogue, code: str) -> dict[str, str]:
    row = next((row for row in catalogue.reasons if row.code == code), None)
    return {"zh": code, "en": code} if row is None else {"zh": row.label.zh, "en": row.label.en}


# --- what is for no case --------------------------------------------------------------------------


def calls_of(act: Act, ids: set[str]) -> dict[str, Row]:
    """Urgent calls that nobody answered, and were for no case: there is nothing else to open."""
    return _of(act, urgent_calls, ids, "call")


def waits_of(act: Act, ids: set[str]) -> dict[str, Row]:
    """Entries of the wait list that were for no case."""
    return _of(act, waitings, ids, "waiting")


def _of(act: Act, table: sa.Table, ids: set[str], page: str) -> dict[str, Row]:
    c, requester, provider = table.c, t.institutions.alias(), t.institutions.alias()
    query = (
        sa.select(
            c.id,
            requester.c.short_name.label("requester"),
            provider.c.short_name.label("provider"),
        )
        .join(requester, requester.c.id == c.requester_id)
        .join(provider, provider.c.id == c.provider_id)
        .where(c.id.in_(sorted(ids)))
    )
    rows = act.tx.all(query) if ids else []
    return {row["id"]: {**row, "number": "", "page": page, "visible": False} for row in rows}


async def show(call: Call) -> Any:
    """The fact behind an entry."""
    text = call.path("id")
    if not text.isdigit() or len(text) > 18:
        raise Problem("not-found")
    return await call.ask(lambda act: behind(act, int(text)))


ROUTES = (
    Route("GET", "/api/tally/facts/{id}", show, Permission.SEE_TALLY,
          "The fact behind a counted entry", returns=s.TallyFact),
)  # fmt: skip
