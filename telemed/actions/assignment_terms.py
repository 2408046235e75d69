"""How an institution gives out its cases: the mode of each service, and its readers' own terms.

A coordinator sets both. Nothing is overwritten: what was set before stays, with who set it and
when, and each setting is a fact that open pages and the rule hear of.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from telemed.actions import ranking
from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.core.activity import Fact, Kind
from telemed.core.assignment import Mode
from telemed.core.assignment_rules import NO_LIMITS, Limits
from telemed.core.errors import Problem
from telemed.store import rulings
from telemed.store.tx import Row

HISTORY = 100
"""Settings of each kind that are shown."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that an institution has set: by service and by person, and its readers."""

    modes: Mapping[str, Row]
    terms: Mapping[str, Row]
    readers: list[Row]
    waiting: Mapping[str, int]
    """By service, how many cases the rule could give to nobody."""


def settings(act: Act) -> Settings:
    """What the own institution has set."""
    act.subject.require(Permission.ASSIGN_WORK)
    place = act.subject.own_institution
    modes = {service: row for (_, service), row in rulings.modes(act.tx, place).items()}
    return Settings(
        modes,
        rulings.terms(act.tx, place),
        ranking.readers(act, place),
        rulings.waiting_of(act.tx, place),
    )


def set_mode(act: Act, service: str, mode: Mode, overflow: bool) -> None:
    """How cases of a service are given out from now on; the same again changes nothing."""
    place = _turn(act)
    kind = act.catalogue.services.get(service)
    if kind is None or not kind.live:
        raise Problem("not-found")
    row = rulings.modes(act.tx, place).get((place, service))
    now = (Mode.OFF, False) if row is None else (Mode(row["mode"]), row["overflow"])
    if now == (mode, overflow):
        return
    values = {"service": service, "mode": mode.value, "overflow": overflow}
    rulings.set_mode(act.tx, {**values, **_signed(act)})
    _tell(act, Kind.ASSIGNMENT_MODE_SET, values)


def set_terms(act: Act, person_id: str, terms: Limits) -> None:
    """What is agreed with one of the own readers from now on."""
    place = _turn(act)
    if person_id not in {row["id"] for row in ranking.readers(act, place)}:
        raise Problem("not-found")
    if rulings.limits(act.tx, place).get(person_id, NO_LIMITS) == terms:
        return
    values = {"in_hand": terms.in_hand, "in_shift": terms.in_shift, "share": terms.share}
    rulings.set_terms(act.tx, {"person_id": person_id, **values, **_signed(act)})
    _tell(act, Kind.ASSIGNMENT_TERMS_SET, {"person": person_id, **values})


def history(act: Act) -> tuple[list[Row], list[Row]]:
    """The own institution's latest settings of modes and of terms, the newest first."""
    act.subject.require(Permission.ASSIGN_WORK)
    return rulings.history(act.tx, act.subject.own_institution, HISTORY)


def _turn(act: Act) -> str:
    """The own institution, where nobody else sets anything at the same time."""
    act.subject.require(Permission.ASSIGN_WORK)
    place = act.subject.own_institution
    act.tx.take_turn(f"terms {place}")
    return place


def _signed(act: Act) -> Row:
    return {
        "id": act.new_id(),
        "institution_id": act.subject.own_institution,
        "changed_by": act.subject.account_id,
        "changed_at": act.now,
    }


def _tell(act: Act, kind: Kind, values: Mapping[str, object]) -> None:
    place = act.subject.own_institution
    act.tell(Fact(kind, act.now, act.subject.account_id, place, (place,), data=values))
