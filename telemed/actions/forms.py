"""A request's form as it is filled in: kept, completed from the register, and whether whoever is
to operate may.

The people a form names are the own institution's; those it lists may be of one that it
may ask, and are of the one that is asked by the time it is sent. Whose title is below the level of
the operation operates by a reason and somebody's leave, or not at all; both stand on the form and
in the record.
"""

from collections.abc import Mapping
from typing import Any

from telemed.actions import availability
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import form_values, operation
from telemed.core.catalogue import FormField, Guides, Words
from telemed.core.completeness import Missing
from telemed.core.errors import Problem
from telemed.core.operation import Physician
from telemed.core.workdays import ZONE
from telemed.store import network, people
from telemed.store.tx import Row


def keep(act: Act, fields: tuple[FormField, ...], content: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a filled-in form; the people in it are told by the register's names."""
    found = form_values.kept(fields, content)
    named = form_values.people_in(fields, found)
    staff = people.people_by_id(act.tx, set(named.values()))
    for key, person_id in named.items():
        row = staff.get(person_id)
        if row is None or row["institution_id"] != act.subject.own_institution:
            raise Problem("not-found")
        found[key] = {"id": person_id, "name": row["name"]}
    for key, listed in form_values.lists_in(fields, found).items():
        found[key] = _listed(act, listed)
    return found


def _listed(act: Act, ids: tuple[str, ...]) -> list[dict[str, str]]:
    staff = people.people_by_id(act.tx, set(ids))
    places = network.institution_refs(act.tx, {row["institution_id"] for row in staff.values()})
    reached = {act.subject.own_institution, *availability.askable(act)}
    if any(key not in staff or staff[key]["institution_id"] not in reached for key in ids):
        raise Problem("not-found")
    return [
        {"id": key, "name": staff[key]["name"],
         "place": str(places[staff[key]["institution_id"]]["name"])}
        for key in ids
    ]  # fmt: skip


def missing(act: Act, case: Case) -> list[Missing]:
    """What keeps it from being sent: who is listed and is of neither institution or not active, a
    consent to filming by a wording that is past, a surgeon below the operation's level without
    leave."""
    return [*_strangers(act, case), *_past_wording(act, case), *_unfit(act, case)]


def _past_wording(act: Act, case: Case) -> list[Missing]:
    filming = case.service.filming
    read = None if filming is None else case.row["content"].get(filming.wording)
    if filming is None or not read or read == act.catalogue.filming.version:
        return []
    return [_gap(case, filming.wording, _WORDING)]


def _strangers(act: Act, case: Case) -> list[Missing]:
    row = case.row
    pair, found = {row["requester_id"], row["provider_id"]}, []
    for key, listed in form_values.lists_in(case.service.fields(), row["content"]).items():
        staff = people.people_by_id(act.tx, set(listed)).values()
        if any(one["institution_id"] not in pair or not one["active"] for one in staff):
            found.append(_gap(case, key, _STRANGER))
    return found


def _unfit(act: Act, case: Case) -> list[Missing]:
    guides, content = case.service.guides, case.row["content"]
    if guides is None:
        return []
    surgeon = _physician(act, content.get(guides.operator))
    if surgeon is None or not surgeon["active"]:
        return [_gap(case, guides.operator, _SURGEON)] if content.get(guides.operator) else []
    level = str(content.get(guides.level, ""))
    today = act.now.astimezone(ZONE).date()
    if operation.may_operate(guides.levels, level, physician(surgeon), today) is None:
        return []
    return _leave(act, case, guides, surgeon)


def below_level(act: Act, case: Case) -> bool:
    """Whether the surgeon of a case is below its operation's level."""
    guides, content = case.service.guides, case.row["content"]
    surgeon = None if guides is None else _physician(act, content.get(guides.operator))
    if guides is None or surgeon is None:
        return False
    today = act.now.astimezone(ZONE).date()
    level = str(content.get(guides.level, ""))
    return operation.may_operate(guides.levels, level, physician(surgeon), today) is not None


def physician(row: Row) -> Physician:
    """A person of the register as the rule knows them."""
    return Physician(row["title"], row["practice_since"], row["active"])


def _leave(act: Act, case: Case, guides: Guides, surgeon: Row) -> list[Missing]:
    """The reason and the approval that a surgeon below the level needs."""
    content = case.row["content"]
    found = [] if content.get(guides.reason) else [_gap(case, guides.reason, _REASON)]
    approver = _physician(act, content.get(guides.approver))
    fit = approver is not None and approver["id"] != surgeon["id"]
    if not (fit and approver and operation.may_approve(guides.levels, physician(approver))):
        found.append(_gap(case, guides.approver, _APPROVER))
    return found


def _physician(act: Act, value: object) -> Row | None:
    return people.person(act.tx, str(value["id"])) if isinstance(value, Mapping) else None


def _gap(case: Case, key: str, label: Words) -> Missing:
    section = next(s.key for s in case.service.form for f in s.fields if f.key == key)
    return Missing(section, key, label)


_STRANGER = Words(
    "允许观摩者（须为申请方或受邀方的在职人员）",
    "Who may watch (active staff of either institution)",
)
_WORDING = Words(
    "拍摄同意书（文本已更新，请重新签署）", "Consent to filming (its wording is new: sign again)"
)
_SURGEON = Words("主刀医师（档案已停用，请另选）", "Surgeon (not active in the register)")
_REASON = Words("主刀职称或年资低于手术级别的理由", "Why a surgeon below the level operates")
_APPROVER = Words(
    "批准人（非主刀本人，职称达到批准要求）", "Who approves it (another, of the title asked for)"
)
