"""The sheets of the network's register: their columns, and how one cell is read.

Knows the English name of every column, what an empty cell means, and how text becomes a value or
a ``Flaw``.  Refuses to know other rows: whether two rows agree is ``network_rows``'s question.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, Generic, TypeVar

from telemed.core import identifiers
from telemed.core.access import SEPARATE, Role
from telemed.core.catalogue import Count, Deadline
from telemed.core.identifiers import Flaw
from telemed.core.network import (
    Agreement,
    Alliance,
    AreaCode,
    AreaKind,
    Department,
    Form,
    Institution,
    MemberRole,
    Membership,
    Person,
)

T = TypeVar("T")

KINDS: Final = frozenset(
    ("A100", "A210", "A300", "A400", "A500", "B100", "B200", "C210", "C220", "D600", "G100")
)
"""WS 218-2002."""
TITLES: Final = frozenset(f"{group}{rank}" for group in (23, 24, 25, 26) for rank in range(1, 6))
"""GB/T 8561: physicians, pharmacists, nurses, technicians; five ranks each."""
REGISTER_ROLES: Final = frozenset(Role) - SEPARATE - {Role.REGULATOR}
"""Roles an institution's own staff may have; the others are nobody's staff."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    read: Callable[[str], object]
    """Text in, a value or a ``Flaw`` out."""
    empty: object = Flaw("missing")
    """What an empty cell means; a ``Flaw`` where it may not be empty."""


@dataclass(frozen=True, slots=True)
class Sheet(Generic[T]):
    name: str
    make: Callable[..., T]
    key: tuple[str, ...]
    """The columns that together name a row; no two rows may share them."""
    columns: tuple[Column, ...]
    derived: Mapping[str, object] = field(default_factory=dict)
    """Fields that are never typed, with what they are until they are worked out."""


# -- reading one cell ------------------------------------------------------------------------


def _text(text: str) -> str | Flaw:
    # A database refuses NUL and a worklist breaks on a line feed: neither is in any name.
    if len(text) > 200:
        return Flaw("too-long", {"length": str(len(text)), "limit": "200"})
    return text if text.isprintable() else Flaw("bad-text")


def _day(text: str) -> date | Flaw:
    match = re.fullmatch(
        r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[T ]00:00:00)?", text
    )
    try:
        return date(*map(int, match.groups())) if match else Flaw("bad-date", {"value": text})
    except ValueError:
        return Flaw("bad-date", {"value": text})


def _yes_no(text: str) -> bool | Flaw:
    words = {"1": True, "yes": True, "true": True, "是": True, "y": True}
    words |= {"0": False, "no": False, "false": False, "否": False, "n": False}
    answer = words.get(text.lower())
    return Flaw("not-yes-or-no", {"value": text}) if answer is None else answer


def _words(text: str) -> tuple[str, ...]:
    # Both keyboards' commas and semicolons, and the Chinese enumeration comma.
    return tuple(dict.fromkeys(w for w in re.split("[\\s;,|\uff1b\uff0c\u3001]+", text) if w))


_TERM: Final = re.compile(
    r"(?P<service>[a-z0-9-]+)(:(?P<what>[A-Z]{2,16}|frozen))? +(?P<urgency>routine|urgent|stat) +"
    r"(?P<minutes>[1-9][0-9]{0,5})(?P<working> +(working|工时))?( +(?P<clause>[§第].{1,40}))?"
)


def _deadlines(text: str) -> tuple[Deadline, ...] | Flaw:
    """`imaging:CT routine 240 working §3.2; imaging stat 20`: service, urgency, minutes."""
    terms = [term.strip() for term in re.split("[;；]", text) if term.strip()]
    found = [_TERM.fullmatch(term) for term in terms]
    rows = [_deadline(match) for match in found if match is not None]
    named = {(row.service, row.urgency, row.modality, row.frozen) for row in rows}
    if len(rows) < len(terms) or len(named) < len(rows):
        return Flaw("bad-deadline", {"value": text})
    return tuple(rows)


def _deadline(match: re.Match[str]) -> Deadline:
    what = match["what"]
    return Deadline(
        service=match["service"],
        urgency=match["urgency"],
        minutes=int(match["minutes"]),
        modality=None if what in (None, "frozen") else what,
        frozen=True if what == "frozen" else None,
        clock=Count.WORKING if match["working"] else Count.CLOCK,
        clause=match["clause"] or "",
    )


def _services(text: str) -> tuple[str, ...] | Flaw:
    return _words(text) or Flaw("missing")


def _scopes(text: str) -> tuple[str, ...] | Flaw:
    words = _words(text)
    if not words:
        return Flaw("missing")
    wrong = [w for w in words if not re.fullmatch(r"[0-9]{2}(\.[0-9]{2})*", w)]
    return Flaw("bad-scope", {"value": " ".join(wrong)}) if wrong else words


def _scope(text: str) -> str | Flaw:
    found = _scopes(text)
    if isinstance(found, Flaw):
        return found
    return found[0] if len(found) == 1 else Flaw("bad-scope", {"value": text})


def _rank(text: str) -> int | Flaw:
    return int(text) if re.fullmatch(r"[1-9][0-9]?", text) else Flaw("bad-rank", {"value": text})


def _code(text: str) -> str | Flaw:
    # Short enough for a DICOM SH value, safe in a file name and an address.
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,15}", text):
        return text
    return Flaw("bad-code", {"value": text[:40]})


def _area_code(text: str) -> str | Flaw:
    return text if re.fullmatch(r"[1-9][0-9]{5}", text) else Flaw("bad-area-code", {"value": text})


def _one_of(values: Iterable[str]) -> Callable[[str], str | Flaw]:
    known = frozenset(values)

    def read(text: str) -> str | Flaw:
        if text in known:
            return text
        return Flaw("unknown-value", {"value": text, "known": " ".join(sorted(known))})

    return read


def _member_of(kind: type[StrEnum]) -> Callable[[str], StrEnum | Flaw]:
    check = _one_of(kind)

    def read(text: str) -> StrEnum | Flaw:
        found = check(text)
        return found if isinstance(found, Flaw) else kind(found)

    return read


def _roles(text: str) -> tuple[Role, ...] | Flaw:
    wrong = [w for w in _words(text) if w not in REGISTER_ROLES]
    if wrong:
        known = " ".join(sorted(REGISTER_ROLES))
        return Flaw("unknown-value", {"value": " ".join(wrong), "known": known})
    return tuple(Role(w) for w in _words(text))


def _credit_code(text: str) -> str | Flaw:
    found = identifiers.read_credit_code(text)
    return found if isinstance(found, Flaw) else found.number


def _licence(text: str) -> str | Flaw:
    found = identifiers.read_medical_institution_code(text)
    return found if isinstance(found, Flaw) else found.number


def _physician(text: str) -> str | Flaw:
    found = identifiers.read_physician_licence(text)
    return found if isinstance(found, Flaw) else found.number


# -- the sheets ------------------------------------------------------------------------------

AREAS: Final = Sheet(
    "areas",
    AreaCode,
    ("code",),
    (
        Column("code", _area_code),
        Column("name", _text),
        Column("kind", _member_of(AreaKind)),
        Column("parent", _area_code),
        Column("former_poverty", _yes_no, empty=False),
        Column("valid_from", _day, empty=None),
        Column("valid_until", _day, empty=None),
        Column("successor", _area_code, empty=None),
    ),
)
INSTITUTIONS: Final = Sheet(
    "institutions",
    Institution,
    ("code",),
    (
        Column("code", _code),
        Column("name", _text),
        Column("short_name", _text),
        Column("kind", _one_of(KINDS)),
        Column("level", _one_of("3210")),
        Column("grade", _one_of(("甲", "乙", "丙", "未定")), empty="未定"),
        Column("uscc", _credit_code),
        Column("licence_no", _licence),
        Column("licence_until", _day, empty=None),
        Column("area_code", _area_code),
        Column("scopes", _scopes),
        Column("connected", _yes_no, empty=False),
        Column("connected_since", _day, empty=None),
    ),
    derived={"former_poverty_county": False},
)
ALLIANCES: Final = Sheet(
    "alliances",
    Alliance,
    ("code",),
    (
        Column("code", _code),
        Column("name", _text),
        Column("form", _member_of(Form)),
        Column("lead", _code),
    ),
)
MEMBERSHIPS: Final = Sheet(
    "memberships",
    Membership,
    ("alliance", "institution", "since"),
    (
        Column("alliance", _code),
        Column("institution", _code),
        Column("role", _member_of(MemberRole)),
        Column("since", _day),
        Column("until", _day, empty=None),
    ),
)
AGREEMENTS: Final = Sheet(
    "agreements",
    Agreement,
    ("code",),
    (
        Column("code", _code),
        Column("requester", _code),
        Column("provider", _code),
        Column("services", _services),
        Column("since", _day),
        Column("until", _day),
        Column("rank", _rank, empty=1),
        Column("liability", _text),
        Column("document_no", _text),
        Column("deadlines", _deadlines, empty=()),
    ),
)
DEPARTMENTS: Final = Sheet(
    "departments",
    Department,
    ("institution", "code"),
    (
        Column("institution", _code),
        Column("code", _code),
        Column("name", _text),
        Column("scope", _scope),
    ),
)
PEOPLE: Final = Sheet(
    "people",
    Person,
    ("code",),
    (
        Column("code", _code),
        Column("institution", _code),
        Column("department", _code),
        Column("name", _text),
        Column("sex", _one_of("0129")),
        Column("title", _one_of(TITLES)),
        Column("licence_no", _physician, empty=""),
        Column("practice_since", _day, empty=None),
        Column("specialty", _text, empty=""),
        Column("scopes", _scopes, empty=()),
        Column("roles", _roles, empty=()),
    ),
)
SHEETS: Final[Mapping[str, tuple[str, ...]]] = {
    sheet.name: tuple(c.name for c in sheet.columns)
    for sheet in (AREAS, INSTITUTIONS, ALLIANCES, MEMBERSHIPS, AGREEMENTS, DEPARTMENTS, PEOPLE)
}
"""The columns of each sheet, in the order they are written."""
