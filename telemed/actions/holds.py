"""Legal holds (封存) on an institution's own studies: nothing of them is deleted meanwhile.

The coordinator puts them on and takes them off, each time with a reason; whoever cares for the
images sees them. The day that a hold may name is one to look again: no hold ends by itself.
"""

from datetime import date

from telemed.actions import removals
from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.dicom.names import normalise
from telemed.store import holds
from telemed.store.removal_tables import legal_holds
from telemed.store.tx import Row

MOST = 500


def place(act: Act, study_id: str, reason: str, asked_by: str, until: date | None) -> None:
    """Put a study on hold; a study that is held already stays as it is."""
    study = removals.own_study(act, study_id, Permission.DELETE_STUDIES)
    if until is not None and until <= removals.today(act):
        raise Problem("invalid", detail="until")
    if holds.on_hold(act.tx, study_id):
        return  # a retried click: the hold stands
    row = {
        "id": act.new_id(),
        "institution_id": study["institution_id"],
        "study_id": study_id,
        "reason": " ".join(reason.split()),
        "asked_by": " ".join(asked_by.split()),
        "until": until,
        "held_by": act.subject.account_id,
        "at": act.now,
    }
    act.tx.insert(legal_holds, row)
    removals.say(act, Kind.IMAGES_HELD, study, study["instance_count"], hold=row["id"])


def end(act: Act, study_id: str, reason: str) -> None:
    """Take a study's hold off."""
    study = removals.own_study(act, study_id, Permission.DELETE_STUDIES)
    words = " ".join(reason.split())
    if holds.end(act.tx, study_id, act.subject.account_id, words, act.now):
        removals.say(act, Kind.IMAGES_HOLD_ENDED, study, study["instance_count"])


def listed(act: Act, in_force: bool | None, words: str) -> list[Row]:
    """The institution's holds, newest first."""
    act.subject.require(Permission.CORRECT_STUDIES)
    plain = words.strip().replace("\0", "")
    folded = normalise(plain).replace("*", "").replace("?", "")
    return holds.listed(act.tx, act.subject.own_institution, in_force, plain, folded, MOST)


def of_study(act: Act, study: Row) -> list[Row]:
    """What is and was on a study, for those of its institution who care for images."""
    if not removals.cares_for(act, study):
        return []
    return holds.of_study(act.tx, study["id"])
