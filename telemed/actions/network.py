"""The network: taking in a register, and asking it who is there and who may be asked for what.

An institution's page says more to those it concerns: agreements are shown to their parties and to
supervision, people who have left only to their own institution.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from telemed.actions import door, expected
from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.core import sla
from telemed.core.access import Permission
from telemed.core.assignment import covers
from telemed.core.errors import Problem
from telemed.core.expected import Range
from telemed.core.network import Network
from telemed.dicom.names import normalise, search_keys
from telemed.store import network, people
from telemed.store.audit import Event
from telemed.store.network import InstitutionFilter
from telemed.store.tx import Row

SHANGHAI = ZoneInfo("Asia/Shanghai")


def import_network(act: Act, register: Network) -> Mapping[str, int]:
    """Save a whole register; rows by table. Saving it again changes nothing."""
    counts = network.save_network(act.tx, register, _search_key)
    audited(act, Event.CONFIGURATION, "network", "register", "success", **counts)
    return counts


def _search_key(names: str) -> str:
    """Keys of a name and a short name, separated by a blank: hanzi, pinyin and initials."""
    return search_keys("=".join(names.split()))


# --- lists ------------------------------------------------------------------------------------


def institution_page(
    act: Act, narrow: InstitutionFilter, offset: int, limit: int
) -> tuple[list[Row], int]:
    """A page of institutions and how many there are; `q` may be hanzi, pinyin or initials."""
    return network.institution_page(act.tx, replace(narrow, q=_asked(narrow.q)), offset, limit)


def alliance_page(act: Act, q: str, form: str, offset: int, limit: int) -> tuple[list[Row], int]:
    """A page of alliances with today's number of members, and how many there are."""
    today = act.now.astimezone(SHANGHAI).date()
    return network.alliance_page(act.tx, _asked(q), form, today, offset, limit)


def _asked(q: str) -> str:
    """Words folded as the stored keys are; a star finds nothing by itself."""
    words = (normalise(word).replace("*", "").replace("?", "") for word in q.split())
    return " ".join(word for word in words if word)


# --- one institution --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InstitutionView:
    """An institution as this subject may see it."""

    institution: Row
    memberships: list[Row]
    agreements: list[Row]
    people: list[Row]
    names: Mapping[str, Row]
    """Institution references by id, for the agreements' parties."""


def institution_view(act: Act, institution_id: str) -> InstitutionView:
    """An institution's page, or Problem("not-found")."""
    found = network.institution(act.tx, institution_id)
    if found is None:
        raise Problem("not-found")
    inside = act.subject.institution_id == institution_id
    agreements = [
        agreement
        for agreement in network.agreements_of(act.tx, institution_id)
        if _may_see_terms(act, found["area_code"], agreement)
    ]
    parties = {a[side] for a in agreements for side in ("requester_id", "provider_id")}
    return InstitutionView(
        institution=found,
        memberships=network.memberships_of(act.tx, institution_id),
        agreements=agreements,
        people=people.people_of(act.tx, institution_id, active_only=not inside),
        names=network.institution_refs(act.tx, parties),
    )


def _may_see_terms(act: Act, area_code: str, agreement: Row) -> bool:
    """What two institutions agreed is theirs, their supervisor's and the platform operator's."""
    subject = act.subject
    if subject.institution_id in (agreement["requester_id"], agreement["provider_id"]):
        return True
    supervises = subject.region is not None and area_code.startswith(subject.region)
    return supervises or Permission.SEE_SYSTEM in subject.permissions


# --- who may be asked -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """An institution that may be asked for a service, and what it promises."""

    agreement: Row
    minutes: Mapping[str, int]
    """Minutes allowed, by urgency."""
    likely: Mapping[str, Range]
    """When an answer to what is sent now is likely, by urgency."""


def destinations(act: Act, service: str, request_id: str | None = None) -> list[Offer]:
    """Whom a service may be asked from now, by overflow rank.

    The asking side is the subject's institution or, to redirect, the one that asked for
    `request_id`. Only providers licensed for the service are offered.
    """
    wanted = act.catalogue.services.get(service)
    if wanted is None:
        raise Problem("invalid", detail="service")
    asking = act.subject.own_institution
    if request_id is not None:
        asking = door.case(act, request_id).row["requester_id"]
    return [
        Offer(
            offer,
            _allowed_minutes(act, service, offer),
            expected.before(act, service, offer["provider_id"]),
        )
        for offer in network.destinations(act.tx, asking, service, act.now)
        if not wanted.provider_scopes
        or covers(tuple(offer["provider_scopes"]), wanted.provider_scopes)
    ]


def _allowed_minutes(act: Act, service: str, agreement: Row) -> dict[str, int]:
    """Minutes of each promise by urgency, the agreement's own before the network's."""
    rows = [d for d in act.catalogue.deadlines if d.service == service]
    terms = sla.terms_of(agreement["terms"])
    return {
        urgency: sla.promised(rows, service, urgency, terms=terms).row.minutes
        for urgency in sla.URGENCIES
        if any(d.urgency == urgency and d.modality is None and not d.frozen for d in rows)
    }


def in_force(agreement: Row, now: datetime) -> bool:
    """Whether an agreement is in force at `now`."""
    return bool(agreement["since"] <= now < agreement["until"])
