"""Images that came, changed or went after a report was signed: said on the case, and checked.

The report stays as it was signed. Its author gets the case back as a task, which ends when they
say that nothing changes, or by their next signature: an addendum, an amendment, or the report
that a verifier had sent back.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from telemed.actions import door, moves, worklist
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core.access import Permission, Relation
from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.store import image_changes, requests
from telemed.store.arrivals import Growth


class What(StrEnum):
    """What happened to the images."""

    ARRIVED = "arrived"
    CORRECTED = "corrected"
    HIDDEN = "hidden"
    RESTORED = "restored"


class Outcome(StrEnum):
    """How a check ended."""

    NO_CHANGE = "no-change"
    REVISED = "revised"


def note_growth(act: Act, growth: Iterable[Growth]) -> None:
    """Images were added to studies that were there before."""
    grown = {g.study_id: g.added for g in growth if not g.fresh}
    note(act, {s: n for s, n in grown.items() if image_changes.used(act.tx, s)}, What.ARRIVED)


def note(act: Act, changed: Mapping[str, int], what: What) -> None:
    """Flag every report that was signed on these studies; `changed` counts instances."""
    if not changed:
        return
    for row in image_changes.signed_on(act.tx, changed):
        told = {
            "id": act.new_id(),
            "request_id": row["id"],
            "study_id": row["study_id"],
            "what": what.value,
            "instances": changed[row["study_id"]],
            "author_id": row["author_id"],
            "at": act.now,
            "note": "",
        }
        if image_changes.add(act.tx, told):
            case = Case(row, Relation.NONE, act.catalogue.services[row["service"]])
            more = {"reason": what.value, "instances": told["instances"]}
            act.tell(
                moves.fact(act, case, Kind.REPORT_IMAGES_CHANGED, person=row["author_id"], **more)
            )


def check(act: Act, request_id: str, note: str) -> None:
    """A doctor of the responding side looked: the report stands as it is."""
    case = door.provided_case(act, request_id, Permission.WRITE_REPORTS)
    worklist.qualified(act, case)
    # Whoever looks at the same moment as another comes second: there is nothing left to check.
    if not requests.change(act.tx, case.id, case.row["version"], {"updated_at": act.now}):
        raise Problem("stale", current="?")
    outcome = Outcome.NO_CHANGE.value
    words = " ".join(note.split())
    done = image_changes.check(act.tx, case.id, outcome, words, act.subject.account_id, act.now)
    if not done:
        raise Problem("nothing-to-check")
    act.tell(moves.fact(act, case, Kind.REPORT_CHECKED, person=act.subject.person_id))


def settle(act: Act, case: Case) -> None:
    """The author signs anew with the images before them: what waited is settled by it."""
    outcome = Outcome.REVISED.value
    image_changes.check(act.tx, case.id, outcome, "", act.subject.account_id, act.now)
