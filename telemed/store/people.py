"""People of the register: looking them up, and what their titles are called.

Titles are GB/T 8561 codes; the families share their last digit, so the words are one small table.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType

import sqlalchemy as sa

from telemed.store.tables import people
from telemed.store.tx import Row, Tx

TITLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "231": ("主任医师", "Chief physician"),
        "232": ("副主任医师", "Associate chief physician"),
        "233": ("主治医师", "Attending physician"),
        "234": ("医师", "Physician"),
        "235": ("医士", "Assistant physician"),
        "241": ("主任药师", "Chief pharmacist"),
        "242": ("副主任药师", "Associate chief pharmacist"),
        "243": ("主管药师", "Senior pharmacist"),
        "244": ("药师", "Pharmacist"),
        "245": ("药士", "Assistant pharmacist"),
        "251": ("主任护师", "Chief nurse"),
        "252": ("副主任护师", "Associate chief nurse"),
        "253": ("主管护师", "Senior nurse"),
        "254": ("护师", "Nurse"),
        "255": ("护士", "Junior nurse"),
        "261": ("主任技师", "Chief technologist"),
        "262": ("副主任技师", "Associate chief technologist"),
        "263": ("主管技师", "Senior technologist"),
        "264": ("技师", "Technologist"),
        "265": ("技士", "Assistant technologist"),
    }
)
"""GB/T 8561 health titles: 23x physicians, 24x pharmacists, 25x nurses, 26x technologists."""


def title_words(code: str) -> tuple[str, str]:
    """A title in Chinese and English; a code that is not in the table stands for itself."""
    return TITLES.get(code, (code, code))


def person(tx: Tx, person_id: str) -> Row | None:
    """A person of the register by id, or None."""
    return tx.find(people, id=person_id)


def people_of(tx: Tx, institution_id: str, active_only: bool = False) -> list[Row]:
    """An institution's people, highest title first."""
    query = sa.select(people).where(people.c.institution_id == institution_id)
    if active_only:
        query = query.where(people.c.active)
    return tx.all(query.order_by(people.c.title, people.c.id))


def people_by_id(tx: Tx, ids: Collection[str | None]) -> dict[str, Row]:
    """People by id; unknown ids are left out."""
    wanted = {i for i in ids if i is not None}
    return {row["id"]: row for row in tx.find_each(people.c.id, sorted(wanted))}
