"""The network's register: who takes part, in which alliances, and who may serve whom.

Knows institutions, alliances and dated memberships, cooperation agreements, departments, people
and area codes as plain values, and answers who serves whom on a day.  Refuses to know how rows
are typed and judged (``network_rows``), files, databases and the day's date: ``on`` is an argument.

Sources: the agreement, the licence and its scopes, and three years of independent practice are
what 国卫医发〔2018〕50号 asks of both sides; area codes are GB/T 2260, treatment scopes (诊疗科目)
卫医发〔1994〕27号, institution classes WS 218, titles GB/T 8561, sexes GB/T 2261.1.
All days are calendar days of Asia/Shanghai and every ``until`` is the last day included.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from telemed.core.access import Role
from telemed.core.catalogue import Deadline


class Form(StrEnum):
    """The forms of alliance the Guangxi bulletin of 2019-02-25 counts, and the fifth by law."""

    THREE_TWO = "three-two"
    """三二医联体: a level-3 hospital with county hospitals."""
    URBAN_GROUP = "urban-group"
    """城市医疗集团"""
    COUNTY_COMMUNITY = "county-community"
    """县域医共体"""
    SPECIALTY = "specialty"
    """专科联盟"""
    TELEMEDICINE_NETWORK = "telemedicine-network"
    """远程医疗协作网"""


class MemberRole(StrEnum):
    LEAD = "lead"
    MEMBER = "member"


class AreaKind(StrEnum):
    CITY = "city"
    COUNTY = "county"


@dataclass(frozen=True, slots=True)
class AreaCode:
    """A GB/T 2260 code; a code once given keeps its meaning for identity numbers for ever."""

    code: str
    name: str
    kind: AreaKind
    """``county`` is any county-level unit: district, county, autonomous county, county city."""
    parent: str
    """The city's code for a county unit, 450000 for a city."""
    former_poverty: bool
    """Was one of the 33 原国定贫困县; the label is historic."""
    valid_from: date | None
    """``None`` where the code was already in force before the register's first change."""
    valid_until: date | None
    """Last day in force, ``None`` while it is."""
    successor: str | None = None
    """The code that replaced this one."""


@dataclass(frozen=True, slots=True)
class Institution:
    """A medical institution (医疗机构)."""

    code: str
    """The register's own short code, at most 16 characters, stable for ever."""
    name: str
    short_name: str
    kind: str
    """WS 218 class: A100 general, A210 Chinese medicine, B100 community, C210/C220 township…"""
    level: str
    """3, 2, 1, or 0 for ungraded (未定级)."""
    grade: str
    """甲, 乙, 丙 or 未定."""
    uscc: str
    """统一社会信用代码, 18 characters."""
    licence_no: str
    """医疗机构执业许可证登记号, 22 or 12 characters."""
    licence_until: date | None
    area_code: str
    scopes: tuple[str, ...]
    """诊疗科目 codes such as ``32.02``; ``32`` stands for everything below it."""
    former_poverty_county: bool
    """Lies in one of the 33; taken from the area register, not typed."""
    connected: bool
    """Has the telemedicine system."""
    connected_since: date | None


@dataclass(frozen=True, slots=True)
class Alliance:
    code: str
    name: str
    form: Form
    lead: str
    """Code of the leading institution."""


@dataclass(frozen=True, slots=True)
class Membership:
    """An institution may belong to several alliances at once, and to one more than once in turn."""

    alliance: str
    institution: str
    role: MemberRole
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """A written cooperation agreement (50号 三(一)): without one in force nothing is requested."""

    code: str
    requester: str
    provider: str
    services: tuple[str, ...]
    """Service type codes: imaging, ecg, pathology, consultation…"""
    since: date
    until: date
    rank: int
    """Overflow order among the providers of one service, 1 first."""
    liability: str
    """How liability for harm is shared, in words."""
    document_no: str
    deadlines: tuple[Deadline, ...] = ()
    """Its own deadlines, which go before the network's."""


@dataclass(frozen=True, slots=True)
class Department:
    institution: str
    code: str
    """Unique within the institution."""
    name: str
    scope: str
    """诊疗科目 code."""


@dataclass(frozen=True, slots=True)
class Person:
    code: str
    institution: str
    department: str
    name: str
    sex: str
    """GB/T 2261.1: 1 male, 2 female."""
    title: str
    """GB/T 8561: 231 chief physician … 235, 24x pharmacy, 25x nursing, 26x technology."""
    licence_no: str
    """医师执业证书编码, 15 digits; empty for those who hold none."""
    practice_since: date | None
    """First day of practice under a licence; ``None`` for those who hold none."""
    specialty: str
    scopes: tuple[str, ...]
    roles: tuple[Role, ...] = ()
    """What the person's account may be; one person may do several things."""


@dataclass(frozen=True, slots=True)
class Network:
    """A whole register whose references all hold; only ``network_rows.validate`` makes one."""

    areas: Mapping[str, AreaCode]
    institutions: Mapping[str, Institution]
    alliances: Mapping[str, Alliance]
    memberships: tuple[Membership, ...]
    agreements: Mapping[str, Agreement]
    departments: Mapping[tuple[str, str], Department]
    """By (institution, code)."""
    people: Mapping[str, Person]


def in_force(since: date | None, until: date | None, on: date) -> bool:
    """Say whether ``on`` lies within the days from ``since`` to ``until``, both included."""
    return (since is None or since <= on) and (until is None or on <= until)


def current_area(areas: Mapping[str, AreaCode], code: str, on: date) -> AreaCode | None:
    """Follow a superseded code to the one in force on that day; ``None`` if there is no such code.

    武鸣 was 450122 until 2015 and is 450110 since: papers carry the old code for decades.
    """
    seen: set[str] = set()
    area = areas.get(code)
    while area and area.code not in seen and area.successor and not _still_valid(area, on):
        seen.add(area.code)
        area = areas.get(area.successor)
    return area


def alliances_of(network: Network, institution: str, on: date) -> tuple[Alliance, ...]:
    """Return the alliances an institution belongs to on a day, in the register's order."""
    return tuple(
        network.alliances[m.alliance]
        for m in network.memberships
        if m.institution == institution and in_force(m.since, m.until, on)
    )


def providers(network: Network, requester: str, service: str, on: date) -> tuple[Agreement, ...]:
    """Return the agreements under which a service may be asked for on a day, by overflow order."""
    found = (
        a
        for a in network.agreements.values()
        if a.requester == requester and service in a.services and in_force(a.since, a.until, on)
    )
    return tuple(sorted(found, key=lambda a: (a.rank, a.code)))


def years_of_practice(person: Person, on: date) -> int | None:
    """Return the full years since a person's first day of practice, ``None`` if there is none."""
    since = person.practice_since
    if since is None:
        return None
    return on.year - since.year - ((on.month, on.day) < (since.month, since.day))


def _still_valid(area: AreaCode, on: date) -> bool:
    return area.valid_until is None or on <= area.valid_until
