"""A reader's own things at the desk: saved filters, shared within their institution only.

Nobody changes another's filter. One that is deleted is kept, so that its owner can undo.
"""

from typing import Any

from telemed.actions.act import Act
from telemed.core.errors import Problem
from telemed.store import desk
from telemed.store.tx import Row

MOST = 40


def shown_filters(act: Act) -> list[Row]:
    """One's own filters, and those shared with one's institution or a role of one's own."""
    audiences = ["everyone", *(role.value for role in act.subject.roles)]
    return desk.filters(
        act.tx, act.subject.account_id, act.subject.own_institution, sorted(audiences)
    )


def shown_filter(act: Act, filter_id: str) -> Row:
    """One of them, or Problem("not-found")."""
    row = next((each for each in shown_filters(act) if each["id"] == filter_id), None)
    if row is None:
        raise Problem("not-found")
    return row


def save_filter(act: Act, given: dict[str, Any]) -> str:
    """Keep a new filter; its id."""
    if desk.own_count(act.tx, act.subject.account_id) >= MOST:
        raise Problem("too-many-filters", most=MOST)
    row = {
        "id": act.new_id(),
        "institution_id": act.subject.own_institution,
        "owner_id": act.subject.account_id,
        **given,
        "created_at": act.now,
        "updated_at": act.now,
    }
    desk.add_filter(act.tx, row)
    return str(row["id"])


def change_filter(act: Act, filter_id: str, given: dict[str, Any]) -> str:
    """Change one's own filter; its id."""
    if _own(act, filter_id)["deleted_at"] is not None:
        raise Problem("not-found")
    desk.change_filter(act.tx, filter_id, {**given, "updated_at": act.now})
    return filter_id


def delete_filter(act: Act, filter_id: str) -> dict[str, bool]:
    """Take one's own filter out of the lists; a second time changes nothing."""
    if _own(act, filter_id)["deleted_at"] is None:
        desk.change_filter(act.tx, filter_id, {"deleted_at": act.now})
    return {"ok": True}


def restore_filter(act: Act, filter_id: str) -> str:
    """Put one's own deleted filter back; its id."""
    _own(act, filter_id)
    desk.change_filter(act.tx, filter_id, {"deleted_at": None, "updated_at": act.now})
    return filter_id


def _own(act: Act, filter_id: str) -> Row:
    account, place = act.subject.account_id, act.subject.own_institution
    row = desk.own_filter(act.tx, filter_id, account, place)
    if row is None:
        raise Problem("not-found")
    return row
