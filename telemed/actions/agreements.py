"""An agreement's own terms: its parties see them, and each sets its part from now on.

Nothing is overwritten unseen: whoever changes names the revision they read, and every change stays
with who made it. A case keeps the due time that it was promised when it was sent; what is sent
afterwards, again after a return too, goes by the agreement of that moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.core import agreements as core
from telemed.core import sla
from telemed.core.access import Permission
from telemed.core.activity import Fact, Kind
from telemed.core.agreements import Difference, Part
from telemed.core.catalogue import Deadline
from telemed.core.clocks import Side
from telemed.core.errors import Problem
from telemed.store import agreements, network
from telemed.store.audit import Event
from telemed.store.tx import Row


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be from now on, and the revision it is meant for; None leaves a part as it is."""

    revision: int
    terms: Sequence[Deadline] | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class View:
    """An agreement with all that happened to it, the newest change first."""

    agreement: Row
    names: Mapping[str, Row]
    changes: list[Row]
    may: frozenset[Part]
    """The parts that the subject may set now."""
    running: int

    @property
    def revision(self) -> int:
        """What a change must name; 0 while it is as the register told it."""
        return self.changes[0]["n"] if self.changes else 0


def view(act: Act, agreement_id: str) -> View:
    """An agreement for those whom it concerns; Problem("not-found") for everybody else."""
    row, places = _seen(act, agreement_id)
    changes = agreements.changes(act.tx, agreement_id)
    may = {part for part in Part if _may(act, row, part)}
    return View(row, places, changes, frozenset(may), agreements.running(act.tx, agreement_id))


def preview(act: Act, agreement_id: str, wanted: Wanted) -> tuple[list[Difference], int]:
    """What a change would change for new cases, and how many running ones it leaves alone."""
    row, _ = _seen(act, agreement_id)
    _judge(act, row, wanted)
    before = sla.terms_of(row["terms"])
    after = before if wanted.terms is None else wanted.terms
    found = core.differences(before, after, act.catalogue.deadlines)
    return found, agreements.running(act.tx, agreement_id)


def change(act: Act, agreement_id: str, wanted: Wanted) -> None:
    """Set parts of an agreement; the same again changes nothing."""
    row = _turn(act, agreement_id, wanted.revision)
    _judge(act, row, wanted)
    if wanted.terms is not None:
        _write(act, row, Part.TERMS, sla.stored_terms(wanted.terms) or None)
    if wanted.rank is not None:
        _write(act, row, Part.RANK, wanted.rank)


def undo(act: Act, agreement_id: str, revision: int, n: int) -> None:
    """Take back the latest change of a part: what was before it holds again."""
    row = _turn(act, agreement_id, revision)
    changes = agreements.changes(act.tx, agreement_id)
    gone = next((one for one in changes if one["n"] == n), None)
    if gone is None:
        raise Problem("not-found")
    part = Part(gone["part"])
    if any(one["n"] > n and one["part"] == part for one in changes):
        raise Problem("stale", current=revision)
    _require_side(act, row, part)
    _write(act, row, part, gone["was"][part.value], undoes=n)


# --- who, and what may stand ----------------------------------------------------------------------


def _seen(act: Act, agreement_id: str) -> tuple[Row, Mapping[str, Row]]:
    row = network.agreement(act.tx, agreement_id)
    if row is None:
        raise Problem("not-found")
    ids = {row["requester_id"], row["provider_id"]}
    subject = act.subject
    if subject.institution_id not in ids and Permission.SEE_SYSTEM not in subject.permissions:
        places = [network.institution(act.tx, key) for key in ids]
        areas = [place["area_code"] for place in places if place is not None]
        region = subject.region
        if region is None or not any(area.startswith(region) for area in areas):
            raise Problem("not-found")
    return row, network.institution_refs(act.tx, ids)


def _side(act: Act, row: Row) -> Side | None:
    sides = {row["requester_id"]: Side.REQUESTER, row["provider_id"]: Side.PROVIDER}
    return sides.get(act.subject.institution_id or "")


def _may(act: Act, row: Row, part: Part) -> bool:
    allowed = Permission.KEEP_AGREEMENTS in act.subject.permissions
    return allowed and act.now < row["until"] and _side(act, row) is core.SETS[part]


def _require_side(act: Act, row: Row, part: Part) -> None:
    if _side(act, row) is not core.SETS[part]:
        raise Problem("agreement-side")


def _turn(act: Act, agreement_id: str, revision: int) -> Row:
    """The agreement, which nobody else changes meanwhile and nobody has since `revision`."""
    act.subject.require(Permission.KEEP_AGREEMENTS)
    act.tx.take_turn(f"agreement {agreement_id}")
    found = view(act, agreement_id)
    if act.now >= found.agreement["until"]:
        raise Problem("agreement-over")
    if found.revision != revision:
        raise Problem("stale", current=found.revision)
    return found.agreement


def _judge(act: Act, row: Row, wanted: Wanted) -> None:
    """Problem unless the subject's side may set this, and it may stand."""
    if wanted.rank is not None:
        _require_side(act, row, Part.RANK)
        if not 1 <= wanted.rank <= core.MOST_RANK:
            raise Problem("rank-refused", most=core.MOST_RANK)
    if wanted.terms is None:
        return
    _require_side(act, row, Part.TERMS)
    flaw = core.flaw_of(wanted.terms, row["services"], act.catalogue.services)
    if flaw is not None:
        raise Problem("deadline-refused", row=flaw.row, why={"zh": flaw.why.zh, "en": flaw.why.en})


def _write(act: Act, row: Row, part: Part, value: Any, undoes: int | None = None) -> None:
    name = part.value
    if (row[name] or None) == value:
        return
    changes = agreements.changes(act.tx, row["id"])
    n = changes[0]["n"] + 1 if changes else 1
    agreements.change(
        act.tx,
        {"agreement_id": row["id"], "n": n, "part": name, "was": {name: row[name] or None},
         "became": {name: value}, "changed_by": act.subject.account_id, "changed_at": act.now,
         "undoes": undoes},
    )  # fmt: skip
    told = {"agreement": row["id"], "part": name, "revision": n}
    parties = (row["requester_id"], row["provider_id"])
    who, place = act.subject.account_id, act.subject.institution_id
    act.tell(Fact(Kind.AGREEMENT_CHANGED, act.now, who, place, parties, data=told))
    audited(act, Event.CONFIGURATION, "agreement", row["id"], what=name, revision=n)
