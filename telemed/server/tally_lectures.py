"""The lectures behind a number of training: which they are, and whom a fact counted.

A learner's name is shown to their own institution and to the one that gave the lecture, which have
it on their lists anyway; to supervision masked. A lecture opens for whom its course exists.
"""

from collections.abc import Collection, Sequence
from typing import Any

from telemed.actions import courses
from telemed.actions.act import Act
from telemed.core.access import Permission, mask_name
from telemed.core.tally import Entry
from telemed.store import accounts, network
from telemed.store import courses as store
from telemed.store.tx import Row


def lectures_of(act: Act, ids: Collection[str], page: Sequence[Entry]) -> dict[str, Row]:
    """Those of these ids that are lectures, with the names that a page of entries needs."""
    found = store.some_lectures(act.tx, ids)
    if not found:
        return {}
    entries = [entry for entry in page if entry.request_id in found]
    sides = {side for entry in entries for side in (entry.requester, entry.provider)}
    places = {k: r["short_name"] for k, r in network.institution_refs(act.tx, sides).items()}
    people = _people(act, entries)
    return {
        key: {
            "page": "lecture",
            "number": f"{row['number']} {row['course_title']}",
            "provider": places.get(row["offerer_id"], ""),
            "requester": "",
            "places": places,
            "people": people,
            "visible": _opens(act, row["course_id"]),
        }
        for key, row in found.items()
    }


def _people(act: Act, entries: Sequence[Entry]) -> dict[str, str]:
    """Whom the facts counted, by the account that they name."""
    own = act.subject.institution_id
    shown = {
        entry.person
        for entry in entries
        if act.subject.masked or own in (entry.requester, entry.provider)
    }
    named: dict[str, Any] = accounts.by_ids(act.tx, {key for key in shown if key})
    mask = mask_name if act.subject.masked else str
    return {key: mask(row["display_name"]) for key, row in named.items()}


def _opens(act: Act, course_id: str) -> bool:
    held = act.subject.permissions
    if act.subject.institution_id is None or Permission.SEE_TRAINING not in held:
        return False
    return store.seen(act.tx, course_id, courses.viewer(act))
