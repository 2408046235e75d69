"""Rows that somebody typed, judged until they are a ``Network`` or a full list of problems.

Knows which references, dates, scopes and roles must agree.  Every row is read to its end and
every problem is listed with its sheet, row and column, because a clerk who mends one line at a
time gives up.  Refuses to know files and headers in any language: cells arrive as text under the
names of ``network_sheets.SHEETS``; the day and the services are arguments.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final, Generic, TypeVar

from telemed.core.access import Role
from telemed.core.assignment import INDEPENDENT_YEARS, covers
from telemed.core.identifiers import Flaw
from telemed.core.network import (
    Agreement,
    Alliance,
    AreaCode,
    AreaKind,
    Department,
    Institution,
    MemberRole,
    Membership,
    Network,
    Person,
    current_area,
    years_of_practice,
)
from telemed.core.network_sheets import (
    AGREEMENTS,
    ALLIANCES,
    AREAS,
    DEPARTMENTS,
    INSTITUTIONS,
    MEMBERSHIPS,
    PEOPLE,
    SHEETS,
    Sheet,
)

T = TypeVar("T")

READING_ROLES: Final = frozenset({Role.READER, Role.VERIFIER})


class Severity(StrEnum):
    ERROR = "error"
    """The rows are refused."""
    WARNING = "warning"
    """Accepted, and somebody should look."""
    NOTE = "note"
    """Accepted, and this is how it was understood."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong in one cell; ``row`` is the number the source shows, 0 for a whole sheet."""

    sheet: str
    row: int
    column: str
    code: str
    facts: Mapping[str, str]
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Row:
    """A source row: its number there, and its cells as trimmed text by English column name."""

    number: int
    cells: Mapping[str, str]


# -- reading whole sheets --------------------------------------------------------------------


@dataclass(slots=True)
class _Read(Generic[T]):
    """A sheet as read: good values with their row numbers, and every key that was typed at all.

    ``known`` includes rows that failed elsewhere, so one bad digit in an institution does not
    become a dangling reference in every row that names it.
    """

    sheet: str
    good: list[tuple[int, T]]
    known: set[tuple[str, ...]]

    def problem(
        self,
        row: int,
        column: str,
        code: str,
        severity: Severity = Severity.ERROR,
        **facts: str,
    ) -> RowProblem:
        return RowProblem(self.sheet, row, column, code, facts, severity)


def validate(
    rows: Mapping[str, Sequence[Row]],
    *,
    on: date,
    service_scopes: Mapping[str, Sequence[str]],
) -> tuple[Network | None, list[RowProblem]]:
    """Judge a register; the network is ``None`` if and only if some problem is an error.

    ``service_scopes`` gives, for each service type, the 诊疗科目 of which a provider needs one.
    Problems come sorted by sheet and row.
    """
    problems = [
        RowProblem(name, 0, "", "unknown-sheet", {"known": " ".join(SHEETS)})
        for name in rows
        if name not in SHEETS
    ]
    areas = _read_sheet(AREAS, rows, problems)
    institutions = _read_sheet(INSTITUTIONS, rows, problems)
    alliances = _read_sheet(ALLIANCES, rows, problems)
    memberships = _read_sheet(MEMBERSHIPS, rows, problems)
    agreements = _read_sheet(AGREEMENTS, rows, problems)
    departments = _read_sheet(DEPARTMENTS, rows, problems)
    people = _read_sheet(PEOPLE, rows, problems)
    problems += _judge_areas(areas)
    problems += _place_institutions(institutions, areas, on)
    problems += _judge_institutions(institutions, on)
    problems += _judge_alliances(alliances, memberships, institutions)
    problems += _judge_memberships(memberships, alliances, institutions)
    problems += _judge_agreements(agreements, institutions, service_scopes)
    problems += _judge_departments(departments, institutions)
    problems += _judge_people(people, departments, institutions, on)
    problems.sort(key=_place)
    if any(p.severity is Severity.ERROR for p in problems):
        return None, problems
    return Network(
        areas={a.code: a for _, a in areas.good},
        institutions={i.code: i for _, i in institutions.good},
        alliances={a.code: a for _, a in alliances.good},
        memberships=tuple(m for _, m in memberships.good),
        agreements={a.code: a for _, a in agreements.good},
        departments={(d.institution, d.code): d for _, d in departments.good},
        people={p.code: p for _, p in people.good},
    ), problems


def _place(problem: RowProblem) -> tuple[int, int, str, str]:
    order = tuple(SHEETS)
    sheet = order.index(problem.sheet) if problem.sheet in SHEETS else len(order)
    return sheet, problem.row, problem.column, problem.code


def _read_sheet(
    sheet: Sheet[T], rows: Mapping[str, Sequence[Row]], problems: list[RowProblem]
) -> _Read[T]:
    """Read every row of one sheet, adding to ``problems`` what its cells alone get wrong."""
    read: _Read[T] = _Read(sheet.name, [], set())
    first_rows: dict[tuple[str, ...], int] = {}
    for row in rows.get(sheet.name, ()):
        values, flaws = _read_cells(sheet, row)
        key = tuple(row.cells.get(column, "") for column in sheet.key)
        if all(key) and (first := first_rows.setdefault(key, row.number)) != row.number:
            facts = {"value": " ".join(key), "first_row": str(first)}
            flaws.append((sheet.key[0], Flaw("duplicate", facts)))
        read.known.add(key)
        problems += [
            RowProblem(sheet.name, row.number, column, flaw.code, flaw.facts)
            for column, flaw in flaws
        ]
        if not flaws:
            read.good.append((row.number, sheet.make(**values)))
    return read


def _read_cells(sheet: Sheet[T], row: Row) -> tuple[dict[str, object], list[tuple[str, Flaw]]]:
    values: dict[str, object] = dict(sheet.derived)
    flaws: list[tuple[str, Flaw]] = []
    for column in sheet.columns:
        text = row.cells.get(column.name, "").strip()
        value = column.read(text) if text else column.empty
        if isinstance(value, Flaw):
            flaws.append((column.name, value))
        else:
            values[column.name] = value
    known = {column.name for column in sheet.columns}
    flaws += [(name, Flaw("unknown-column", {})) for name in row.cells if name not in known]
    return values, flaws


# -- judging rows against each other ---------------------------------------------------------


def _judge_areas(areas: _Read[AreaCode]) -> Iterator[RowProblem]:
    for row, area in areas.good:
        yield from _reversed(areas, row, "valid_until", area.valid_from, area.valid_until)
        if area.kind is AreaKind.COUNTY and (area.parent,) not in areas.known:
            yield areas.problem(row, "parent", "dangling", value=area.parent)
        if area.successor is None:
            continue
        if (area.successor,) not in areas.known or area.successor == area.code:
            yield areas.problem(row, "successor", "dangling", value=area.successor)
        if area.valid_until is None:
            yield areas.problem(row, "valid_until", "missing")


def _place_institutions(
    institutions: _Read[Institution], areas: _Read[AreaCode], on: date
) -> list[RowProblem]:
    """Move institutions from superseded area codes to today's, and mark the former poor counties.

    Papers carry the code of the year they were printed; rankings count by the present unit.
    """
    known = {a.code: a for _, a in areas.good}
    problems: list[RowProblem] = []
    placed: list[tuple[int, Institution]] = []
    for row, institution in institutions.good:
        code = institution.area_code
        area = current_area(known, code, on)
        if area is None:
            if (code,) not in areas.known:
                problems.append(institutions.problem(row, "area_code", "unknown-area", value=code))
            placed.append((row, institution))
            continue
        problems += _area_notes(institutions, row, known[code], area, on)
        poor = area.former_poverty
        placed.append((row, replace(institution, area_code=area.code, former_poverty_county=poor)))
    institutions.good = placed
    return problems


def _area_notes(
    institutions: _Read[Institution], row: int, typed: AreaCode, area: AreaCode, on: date
) -> Iterator[RowProblem]:
    if area.code != typed.code:
        yield institutions.problem(
            row,
            "area_code",
            "area-superseded",
            Severity.NOTE,
            value=typed.code,
            successor=area.code,
            valid_until=str(typed.valid_until),
        )
    if area.valid_from and on < area.valid_from:
        yield institutions.problem(
            row,
            "area_code",
            "area-not-yet-valid",
            Severity.WARNING,
            value=area.code,
            valid_from=str(area.valid_from),
        )


def _judge_institutions(institutions: _Read[Institution], on: date) -> Iterator[RowProblem]:
    first_rows: dict[str, int] = {}
    for row, institution in institutions.good:
        first = first_rows.setdefault(institution.uscc, row)
        if first != row:
            yield institutions.problem(
                row, "uscc", "duplicate", value=institution.uscc, first_row=str(first)
            )
        organisation = institution.licence_no[:9]
        if len(institution.licence_no) == 22 and organisation != institution.uscc[8:17]:
            yield institutions.problem(
                row,
                "licence_no",
                "organisation-mismatch",
                licence=organisation,
                uscc=institution.uscc[8:17],
            )
        if institution.licence_until and institution.licence_until < on:
            yield institutions.problem(
                row,
                "licence_until",
                "licence-expired",
                Severity.WARNING,
                until=str(institution.licence_until),
            )


def _judge_alliances(
    alliances: _Read[Alliance], memberships: _Read[Membership], institutions: _Read[Institution]
) -> Iterator[RowProblem]:
    leading = {
        (m.alliance, m.institution) for _, m in memberships.good if m.role is MemberRole.LEAD
    }
    for row, alliance in alliances.good:
        if (alliance.lead,) not in institutions.known:
            yield alliances.problem(row, "lead", "dangling", value=alliance.lead)
        elif (alliance.code, alliance.lead) not in leading:
            yield alliances.problem(row, "lead", "lead-not-a-member", value=alliance.lead)


def _judge_memberships(
    memberships: _Read[Membership], alliances: _Read[Alliance], institutions: _Read[Institution]
) -> Iterator[RowProblem]:
    terms: dict[tuple[str, str], list[tuple[int, Membership]]] = {}
    leads: dict[str, list[tuple[int, Membership]]] = {}
    for row, member in memberships.good:
        terms.setdefault((member.alliance, member.institution), []).append((row, member))
        if member.role is MemberRole.LEAD:
            leads.setdefault(member.alliance, []).append((row, member))
        yield from _reversed(memberships, row, "until", member.since, member.until)
        if (member.alliance,) not in alliances.known:
            yield memberships.problem(row, "alliance", "dangling", value=member.alliance)
        if (member.institution,) not in institutions.known:
            yield memberships.problem(row, "institution", "dangling", value=member.institution)
    for term in terms.values():
        for first, row, member in _overlaps(term):
            facts = {"value": member.institution, "first_row": str(first)}
            yield RowProblem("memberships", row, "since", "overlapping-membership", facts)
    for lead in leads.values():
        for first, row, member in _overlaps(lead, between_institutions=True):
            facts = {"value": member.institution, "first_row": str(first)}
            yield RowProblem("memberships", row, "role", "two-leads", facts)


def _overlaps(
    terms: Iterable[tuple[int, Membership]], between_institutions: bool = False
) -> Iterator[tuple[int, int, Membership]]:
    """Yield (earlier row, later row, later term) where a term begins before an earlier one ends.

    One sweep in order of beginning; the longest term so far is the one worth comparing with.
    ``between_institutions`` passes over an institution that overlaps itself: said elsewhere.
    """
    longest: tuple[int, Membership] | None = None
    for row, term in sorted(terms, key=lambda pair: (pair[1].since, pair[0])):
        if longest and term.since <= (longest[1].until or date.max):
            same = term.institution == longest[1].institution
            if not (same and between_institutions):
                yield longest[0], row, term
        if not longest or (term.until or date.max) > (longest[1].until or date.max):
            longest = row, term


def _judge_agreements(
    agreements: _Read[Agreement],
    institutions: _Read[Institution],
    service_scopes: Mapping[str, Sequence[str]],
) -> Iterator[RowProblem]:
    register = {i.code: i for _, i in institutions.good}
    for row, agreement in agreements.good:
        yield from _reversed(agreements, row, "until", agreement.since, agreement.until)
        if agreement.requester == agreement.provider:
            yield agreements.problem(row, "provider", "own-provider", value=agreement.provider)
        for column in ("requester", "provider"):
            code = agreement.requester if column == "requester" else agreement.provider
            if (code,) not in institutions.known:
                yield agreements.problem(row, column, "dangling", value=code)
            elif code in register and not register[code].connected:
                yield agreements.problem(row, column, "not-connected", Severity.WARNING, value=code)
        for term in agreement.deadlines:
            if term.service not in agreement.services:
                yield agreements.problem(
                    row, "deadlines", "deadline-not-agreed", value=term.service
                )
        provider = register.get(agreement.provider)
        for service in agreement.services:
            if service not in service_scopes:
                known = " ".join(service_scopes)
                yield agreements.problem(
                    row, "services", "unknown-value", value=service, known=known
                )
            elif provider and not _licensed(provider, service_scopes[service]):
                yield agreements.problem(
                    row,
                    "services",
                    "provider-out-of-scope",
                    value=service,
                    wanted=" ".join(service_scopes[service]),
                    held=" ".join(provider.scopes),
                )


def _licensed(provider: Institution, wanted: Sequence[str]) -> bool:
    return not wanted or covers(provider.scopes, tuple(wanted))


def _judge_departments(
    departments: _Read[Department], institutions: _Read[Institution]
) -> Iterator[RowProblem]:
    register = {i.code: i for _, i in institutions.good}
    for row, department in departments.good:
        institution = register.get(department.institution)
        if (department.institution,) not in institutions.known:
            yield departments.problem(row, "institution", "dangling", value=department.institution)
        elif institution and not covers(institution.scopes, (department.scope,)):
            yield departments.problem(
                row,
                "scope",
                "scope-not-licensed",
                Severity.WARNING,
                value=department.scope,
                held=" ".join(institution.scopes),
            )


def _judge_people(
    people: _Read[Person],
    departments: _Read[Department],
    institutions: _Read[Institution],
    on: date,
) -> Iterator[RowProblem]:
    for row, person in people.good:
        if (person.institution,) not in institutions.known:
            yield people.problem(row, "institution", "dangling", value=person.institution)
        elif (person.institution, person.department) not in departments.known:
            yield people.problem(row, "department", "dangling", value=person.department)
        if person.practice_since and person.practice_since > on:
            yield people.problem(
                row, "practice_since", "in-the-future", value=str(person.practice_since)
            )
        elif READING_ROLES & set(person.roles):
            yield from _judge_reader(people, row, person, on)


def _judge_reader(
    people: _Read[Person], row: int, person: Person, on: date
) -> Iterator[RowProblem]:
    if not person.licence_no:
        yield people.problem(row, "licence_no", "reader-without-licence")
    years = years_of_practice(person, on)
    if years is None or years < INDEPENDENT_YEARS:
        yield people.problem(
            row,
            "practice_since",
            "too-few-years",
            Severity.WARNING,
            years=str(years or 0),
            wanted=str(INDEPENDENT_YEARS),
        )


def _reversed(
    sheet: _Read[T], row: int, column: str, since: date | None, until: date | None
) -> Iterator[RowProblem]:
    if since and until and until < since:
        yield sheet.problem(row, column, "dates-reversed", since=str(since), until=str(until))
