"""Facts about images: one for the institution, and one on each case that shows them."""

from collections.abc import Mapping

from telemed.actions.act import Act
from telemed.core import request
from telemed.core.activity import Fact, Kind
from telemed.store import studies as shelf
from telemed.store import tables as t
from telemed.store.tx import Row

TOLD = sorted(state.value for state in {*request.WITH_PROVIDER, *request.EDITABLE})
"""States of cases that hear of their images."""


def tell(act: Act, kind: Kind, institution_id: str, study_id: str, **data: object) -> None:
    """Say what happened to a study to its institution and to the parties of its cases."""
    facts = [fact(act, kind, study_id, (institution_id,), None, data)]
    for case in shelf.requests_with(act.tx, [study_id], t.requests.c.state.in_(TOLD)):
        facts.append(fact(act, kind, study_id, parties_of(case), case["id"], data))
    act.tell(*facts)


def parties_of(case: Row) -> tuple[str, ...]:
    """Who hears of a case's images: the requesting side, and whoever was asked."""
    asked = case["state"] in request.WITH_PROVIDER and case["provider_id"]
    return (case["requester_id"], case["provider_id"]) if asked else (case["requester_id"],)


def fact(
    act: Act,
    kind: Kind,
    study_id: str | None,
    parties: tuple[str, ...],
    request_id: str | None,
    data: Mapping[str, object],
) -> Fact:
    """A fact about images, by the subject of the act."""
    return Fact(
        kind=kind,
        at=act.now,
        actor_id=act.subject.account_id,
        institution_id=act.subject.institution_id,
        parties=parties,
        request_id=request_id,
        study_id=study_id,
        data=data,
    )
