"""The one door from an id to a case.

Every action and every page gets a case here, or "not found" in the same words whether it is
absent or not theirs.
"""

from dataclasses import dataclass, replace

from telemed.actions.act import Act
from telemed.core import request
from telemed.core.access import CaseParties, Permission, Relation, case_relation
from telemed.core.catalogue import ServiceType
from telemed.core.errors import Problem
from telemed.store import opinions, requests, shown
from telemed.store.tx import Row


@dataclass(frozen=True, slots=True)
class Case:
    """A request the subject may see, and how they stand to it."""

    row: Row
    relation: Relation
    service: ServiceType

    @property
    def id(self) -> str:
        """The request's id."""
        return str(self.row["id"])

    @property
    def state(self) -> request.State:
        """Where it is."""
        return request.State(self.row["state"])

    @property
    def parties(self) -> tuple[str, ...]:
        """The institutions it concerns."""
        pair = (self.row["requester_id"], self.row["provider_id"])
        return tuple(p for p in pair if p is not None)

    def data(self, **more: object) -> dict[str, object]:
        """What every fact about it carries: codes, ids and times, no names, no text."""
        row = self.row
        return {
            "service": row["service"],
            "urgency": row["urgency"],
            "requester": row["requester_id"],
            "provider": row["provider_id"],
            "number": row["number"],
            **{k: v for k, v in more.items() if v is not None},
        }

    @property
    def own(self) -> bool:
        """Whether the subject is on the requesting side."""
        return self.relation is Relation.OWN

    @property
    def providing(self) -> bool:
        """Whether the subject is on the responding side."""
        return self.relation is Relation.PROVIDER


def case(act: Act, request_id: str) -> Case:
    """The case, or Problem("not-found")."""
    return _entered(act, requests.get(act.tx, request_id))


def shown_case(act: Act, request_id: str) -> Case:
    """`case` with the row of `store.shown`: all that a page shows of it at once."""
    return _entered(act, shown.case(act.tx, request_id))


def _entered(act: Act, row: Row | None) -> Case:
    if row is None:
        raise Problem("not-found")
    parties = CaseParties(
        requester=row["requester_id"],
        provider=row["provider_id"],
        state=request.State(row["state"]),
        requester_area=row["requester_area"],
        provider_area=row["provider_area"],
        agreement_until=row["agreement_until"],
    )
    relation = case_relation(act.subject, parties, act.now)
    below = relation in (Relation.NONE, Relation.SUPERVISOR)
    if below and act.subject.person_id is not None:
        # Few are asked for an opinion from outside; nobody else pays for the question.
        asked = replace(parties, experts=opinions.standing(act.tx, row["id"]))
        relation = case_relation(act.subject, asked, act.now)
    if relation is Relation.NONE:
        raise Problem("not-found")
    return Case(row, relation, act.catalogue.services[row["service"]])


def own_case(act: Act, request_id: str) -> Case:
    """A case of the subject's own institution."""
    act.subject.require(Permission.WRITE_REQUESTS)
    found = case(act, request_id)
    if not found.own:
        raise Problem("forbidden", action="write-requests")
    return found


def provided_case(act: Act, request_id: str, permission: Permission) -> Case:
    """A case that the subject's institution was asked to answer."""
    act.subject.require(permission)
    found = case(act, request_id)
    if not found.providing:
        raise Problem("forbidden", action=permission.value)
    return found


def case_for_clock(act: Act, request_id: str) -> Case | None:
    """A case as a clock sees it, that acts for nobody; None where there is none."""
    row = requests.get(act.tx, request_id)
    if row is None:
        return None
    return Case(row, Relation.PROVIDER, act.catalogue.services[row["service"]])
