"""Facts about images: one for the institution, and one on each case that shows them."""

from telemed.actions.act import Act
from telemed.core import request
from telemed.core.activity import Fact, Kind
from telemed.store import studies as shelf
from telemed.store import tables as t

_TOLD = sorted(state.value for state in {*request.WITH_PROVIDER, *request.EDITABLE})


def tell(act: Act, kind: Kind, institution_id: str, study_id: str, **data: object) -> None:
    """Say what happened to a study to its institution and to the parties of its cases."""
    facts = [_fact(act, kind, study_id, (institution_id,), None, data)]
    for case in shelf.requests_with(act.tx, [study_id], t.requests.c.state.in_(_TOLD)):
        parties: tuple[str, ...] = (case["requester_id"],)
        if case["state"] in request.WITH_PROVIDER and case["provider_id"]:
            parties += (case["provider_id"],)
        facts.append(_fact(act, kind, study_id, parties, case["id"], data))
    act.tell(*facts)


def _fact(
    act: Act,
    kind: Kind,
    study_id: str,
    parties: tuple[str, ...],
    request_id: str | None,
    data: dict[str, object],
) -> Fact:
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
