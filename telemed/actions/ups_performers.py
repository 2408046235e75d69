"""Scheduled Human Performers (0040,4034) of a request's attempt: whose the case is to be.

IHE RRR-WF's assigned read. Setting it is the coordinator's assignment, or a reader's own
reservation, with their permissions and reasons why not; emptying it takes the assignment back. One
person at a time, by our code: a name alone says nothing of who is meant.
"""

from collections.abc import Mapping
from typing import Any

from telemed.actions import assigning
from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.core.errors import Problem
from telemed.dicom import workitem as model
from telemed.dicom.refusal import Refused
from telemed.dicom.workitem import Json


def schedule(act: Act, request_id: str, told: Mapping[str, Any]) -> None:
    """Give the case to whom an update names, or to nobody; Refused for anybody unknown here."""
    asked = model.items({model.PERFORMERS: told}, model.PERFORMERS)
    if not asked:
        assigning.unassign(act, request_id)
        return
    person = _person(asked)
    mine = person == act.subject.person_id
    if mine and Permission.ASSIGN_WORK not in act.subject.permissions:
        assigning.reserve(act, [request_id])
        return
    try:
        assigning.assign(act, request_id, person)
    except Problem as problem:
        if problem.code != "not-found":
            raise
        raise _unfit("reads for this institution") from None


def _person(asked: list[Json]) -> str:
    """The one person that is named by our code."""
    if len(asked) != 1:
        raise _unfit("is one person")
    for code in model.items(asked[0], model.PERFORMER_CODES):
        if model.text(code, "00080102") == model.OURS:
            found = model.text(code, "00080119") or model.text(code, "00080100")
            if found:
                return found
    raise _unfit(f"has a HumanPerformerCodeSequence of {model.OURS}")


def _unfit(what: str) -> Refused:
    return Refused("bad-metadata", why=f"ScheduledHumanPerformersSequence (0040,4034) {what}")
