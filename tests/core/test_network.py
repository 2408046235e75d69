"""The register: the committed one is the bulletin's, and every planted fault is listed."""

import importlib.util
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from telemed.core.assignment import covers
from telemed.core.network import (
    AreaCode,
    AreaKind,
    Network,
    alliances_of,
    current_area,
    in_force,
    providers,
    years_of_practice,
)
from telemed.core.network_rows import Row, Severity, validate
from telemed.core.network_sheets import SHEETS
from telemed.documents.network_file import read_folder

CONFIGS = Path(__file__).parents[2] / "configs"
TODAY = date(2026, 11, 22)
SCOPES = {"imaging": ("32", "32.01", "32.02"), "ecg": ("32", "32.06"), "pathology": ("31",)}

Rows = dict[str, list[Row]]
Cells = dict[str, str]


def catalogue_scopes() -> dict[str, tuple[str, ...]]:
    services = tomllib.loads((CONFIGS / "service_types.toml").read_text("utf-8"))["service"]
    return {s["code"]: tuple(s["provider_scopes"]) for s in services}


@pytest.fixture(scope="module")
def guangxi() -> Network:
    reading = read_folder(CONFIGS / "network")
    network, problems = validate(reading.rows, on=TODAY, service_scopes=catalogue_scopes())
    assert (reading.problems, problems) == ([], [])
    assert network is not None
    return network


# -- the committed register ------------------------------------------------------------------


def test_the_generator_reproduces_the_committed_files() -> None:
    """Every byte of ``configs/network`` comes from the generator, and nothing else lies there."""
    spec = importlib.util.spec_from_file_location("make_network", CONFIGS / "make_network.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look their own module up while they are made.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    committed = {p.name: p.read_bytes() for p in (CONFIGS / "network").iterdir()}
    assert module.tables() == committed


def test_the_counts_are_the_bulletins(guangxi: Network) -> None:
    """74 tertiary, 277 secondary, 385 connected, and each form of alliance in its number."""
    levels = Counter(i.level for i in guangxi.institutions.values())
    assert (levels["3"], levels["2"]) == (74, 277)
    assert sum(i.connected for i in guangxi.institutions.values()) == 385
    forms = Counter(a.form.value for a in guangxi.alliances.values())
    assert (forms["three-two"], forms["urban-group"]) == (140, 4)
    assert (forms["specialty"], forms["county-community"]) == (158, 287)


def test_alliances_join_as_many_as_the_bulletin_says(guangxi: Network) -> None:
    """74 leads with 199 county institutions; 171 county institutions with 648 townships."""
    members = {
        form: {
            m.institution
            for m in guangxi.memberships
            if guangxi.alliances[m.alliance].form == form and m.role == "member"
        }
        for form in ("three-two", "county-community")
    }
    leads = {
        form: {a.lead for a in guangxi.alliances.values() if a.form == form} for form in members
    }
    assert (len(leads["three-two"]), len(members["three-two"])) == (74, 199)
    assert (len(leads["county-community"]), len(members["county-community"])) == (171, 648)


def test_every_county_unit_is_covered(guangxi: Network) -> None:
    """14 cities and 111 county units, each with somebody connected; so have the 33."""
    current = [a for a in guangxi.areas.values() if a.valid_until is None]
    counties = {a.code for a in current if a.kind == "county"}
    assert sum(a.kind == "city" for a in current) == 14
    assert len(counties) == 111
    connected = [i for i in guangxi.institutions.values() if i.connected]
    assert {i.area_code for i in connected} == counties
    poor = {a.code for a in guangxi.areas.values() if a.former_poverty}
    hospitals = [i for i in connected if i.level == "2" and i.kind == "A100"]
    assert len(poor) == 33
    assert {i.area_code for i in hospitals if i.former_poverty_county} == poor


def test_old_area_codes_lead_to_new_ones(guangxi: Network) -> None:
    """武鸣 450122 was a county until 2014 and is 450110 since."""
    today = current_area(guangxi.areas, "450122", TODAY)
    then = current_area(guangxi.areas, "450122", date(2010, 1, 1))
    assert today and (today.code, today.name) == ("450110", "武鸣区")
    assert then and then.code == "450122"
    assert current_area(guangxi.areas, "999999", TODAY) is None


def test_a_loop_of_successors_ends() -> None:
    """Two codes that replace each other are an error of data, not an endless wait."""
    ended = date(2000, 1, 1)
    a = AreaCode("450001", "甲", AreaKind.COUNTY, "450000", False, None, ended, "450002")
    b = AreaCode("450002", "乙", AreaKind.COUNTY, "450000", False, None, ended, "450001")
    assert current_area({"450001": a, "450002": b}, "450001", TODAY) is not None


def test_the_story_counties_are_read_at_nanxishan(guangxi: Network) -> None:
    """龙胜, 三江 and 灌阳 may ask 南溪山医院 first from July 2017 to the end of 2027."""
    by_name = {i.short_name: i.code for i in guangxi.institutions.values()}
    for name in ("龙胜县人民医院", "三江县人民医院", "灌阳县人民医院"):
        for service in ("pathology", "imaging", "ecg", "consultation"):
            first, *_ = providers(guangxi, by_name[name], service, TODAY)
            assert first.provider == by_name["南溪山医院"]
            assert (first.since, first.until) == (date(2017, 7, 1), date(2027, 12, 31))
    assert providers(guangxi, by_name["龙胜县人民医院"], "imaging", date(2017, 6, 30)) == ()


def test_everybody_connected_below_level_three_has_two_readers(guangxi: Network) -> None:
    """Each may ask for imaging and ECG, with a second provider when the first is full."""
    for institution in guangxi.institutions.values():
        if institution.connected and institution.level != "3":
            for service in ("imaging", "ecg"):
                ranks = [a.rank for a in providers(guangxi, institution.code, service, TODAY)]
                assert ranks[:2] == [1, 2], institution.name


def test_whoever_provides_has_people_for_it(guangxi: Network) -> None:
    """Every agreement's provider employs enough readers: two where four eyes are asked for."""
    wanted = catalogue_scopes()
    enough = {"imaging": 2, "ecg": 1, "pathology": 2}
    readers: Counter[tuple[str, str]] = Counter()
    for person in guangxi.people.values():
        for service in enough:
            if "reader" in person.roles and covers(person.scopes, wanted[service]):
                readers[person.institution, service] += 1
    short = {
        (a.provider, s)
        for a in guangxi.agreements.values()
        for s in enough
        if s in a.services and readers[a.provider, s] < enough[s]
    }
    assert short == set()


def test_the_story_hospitals_are_staffed(guangxi: Network) -> None:
    """南溪山 can read everything with four eyes; 龙胜 can ask and send."""
    by_name = {i.short_name: i.code for i in guangxi.institutions.values()}

    def count(name: str, role: str, scope: str = "") -> int:
        return sum(
            role in p.roles and (not scope or scope in p.scopes)
            for p in guangxi.people.values()
            if p.institution == by_name[name]
        )

    assert count("南溪山医院", "reader", "32.02") >= 3
    assert count("南溪山医院", "reader", "32.06") >= 2
    assert count("南溪山医院", "reader", "31") >= 3
    assert count("南溪山医院", "coordinator") >= 1
    assert count("龙胜县人民医院", "requester") >= 2
    assert count("龙胜县人民医院", "technician") >= 1


def test_an_institution_is_in_several_alliances_at_once(guangxi: Network) -> None:
    """灌阳 belongs to alliances of three forms today; the one it left in June 2017 is gone."""
    code = next(i.code for i in guangxi.institutions.values() if i.short_name == "灌阳县人民医院")
    forms = {a.form for a in alliances_of(guangxi, code, TODAY)}
    assert {"three-two", "county-community", "telemedicine-network"} <= forms
    before = {a.code for a in alliances_of(guangxi, code, date(2017, 6, 30))}
    after = {a.code for a in alliances_of(guangxi, code, date(2017, 7, 1))}
    assert before - after


# -- planted faults --------------------------------------------------------------------------


def small() -> dict[str, list[Cells]]:
    """A register of two hospitals without fault."""
    area = {"kind": "county", "parent": "450300"}
    old = area | {"code": "450300", "kind": "city", "parent": "450000", "name": "桂林市"}
    return {
        "areas": [
            old,
            area | {"code": "450328", "name": "龙胜各族自治县", "former_poverty": "是"},
            area | {"code": "450322", "name": "临桂县", "valid_until": "2012-12-31",
                    "successor": "450312"},
            area | {"code": "450312", "name": "临桂区", "valid_from": "2013-01-01"},
        ],
        "institutions": [
            hospital("A", "450312", "1245000049850028X4", "49850028X45031211A1001", "3"),
            hospital("B", "450328", "124503284985006500", "49850065045032811A1001", "2"),
        ],
        "alliances": [{"code": "T", "name": "联盟", "form": "three-two", "lead": "A"}],
        "memberships": [
            {"alliance": "T", "institution": "A", "role": "lead", "since": "2017-01-01"},
            {"alliance": "T", "institution": "B", "role": "member", "since": "2017-07-01"},
        ],
        "agreements": [
            {"code": "G", "requester": "B", "provider": "A", "services": "imaging、ecg",
             "since": "2017-07-01", "until": "2027年12月31日", "liability": "共同",
             "document_no": "1号"},
        ],
        "departments": [{"institution": "A", "code": "RAD", "name": "影像科", "scope": "32"}],
        "people": [
            {"code": "P", "institution": "A", "department": "RAD", "name": "韦春燕", "sex": "2",
             "title": "231", "licence_no": "110450312000001", "practice_since": "1995/7/1",
             "scopes": "32", "roles": "reader；verifier"},
        ],
    }  # fmt: skip


def hospital(code: str, area: str, uscc: str, licence: str, level: str) -> Cells:
    return {
        "code": code, "name": f"{code}医院", "short_name": code, "kind": "A100", "level": level,
        "uscc": uscc, "licence_no": licence, "licence_until": "2030-12-31", "area_code": area,
        "scopes": "03 32 32.06", "connected": "是", "connected_since": "2017-01-01",
    }  # fmt: skip


def judged(register: dict[str, list[Cells]]) -> tuple[Network | None, list[tuple[str, ...]]]:
    rows: Rows = {
        sheet: [Row(n, cells) for n, cells in enumerate(lines, 2)]
        for sheet, lines in register.items()
    }
    network, problems = validate(rows, on=TODAY, service_scopes=SCOPES)
    return network, [(p.sheet, str(p.row), p.column, p.code, p.severity) for p in problems]


def test_the_small_register_is_sound() -> None:
    """Days in three styles, Chinese commas and words are read; the label comes from the area."""
    network, problems = judged(small())
    assert problems == []
    assert network is not None
    assert network.institutions["B"].former_poverty_county
    assert not network.institutions["A"].former_poverty_county
    assert network.agreements["G"].services == ("imaging", "ecg")
    assert network.agreements["G"].until == date(2027, 12, 31)
    assert network.people["P"].roles == ("reader", "verifier")


def put(sheet: str, row: int, **cells: str) -> Callable[[dict[str, list[Cells]]], None]:
    """A change of one row, numbered as the source numbers it; past the end it is a new row."""

    def change(register: dict[str, list[Cells]]) -> None:
        lines = register[sheet]
        if row - 2 == len(lines):
            lines.append(dict(lines[-1]))
        lines[row - 2] |= cells

    return change


FAULTS = [
    (put("areas", 3, code="45032"), "code", "bad-area-code"),
    (put("areas", 3, kind="village"), "kind", "unknown-value"),
    (put("areas", 3, parent="450900"), "parent", "dangling"),
    (put("areas", 4, successor="450999"), "successor", "dangling"),
    (put("areas", 4, valid_until=""), "valid_until", "missing"),
    (put("areas", 4, valid_from="2020-01-01"), "valid_until", "dates-reversed"),
    (put("areas", 6, code="450328"), "code", "duplicate"),
    (put("institutions", 2, name=""), "name", "missing"),
    (put("institutions", 2, name="甲\n乙"), "name", "bad-text"),
    (put("institutions", 2, name="长" * 201), "name", "too-long"),
    (put("institutions", 2, uscc="1245000049850028X5"), "uscc", "credit-code-check-digit"),
    (put("institutions", 2, licence_no="49850028145031211A1001"), "licence_no",
     "organisation-code-check-digit"),
    (put("institutions", 2, licence_no="49850065045031211A1001"), "licence_no",
     "organisation-mismatch"),
    (put("institutions", 2, uscc="124503284985006500", licence_no="450312000101"), "uscc",
     "duplicate"),
    (put("institutions", 2, area_code="459999"), "area_code", "unknown-area"),
    (put("institutions", 2, level="4"), "level", "unknown-value"),
    (put("institutions", 2, connected="maybe"), "connected", "not-yes-or-no"),
    (put("institutions", 2, scopes="三十二"), "scopes", "bad-scope"),
    (put("institutions", 2, scopes="、"), "scopes", "missing"),
    (put("departments", 2, scope="03 04"), "scope", "bad-scope"),
    (put("departments", 2, scope="x"), "scope", "bad-scope"),
    (put("institutions", 2, colour="red"), "colour", "unknown-column"),
    (put("institutions", 2, code="a/b"), "code", "bad-code"),
    (put("alliances", 2, lead="Z"), "lead", "dangling"),
    (put("alliances", 2, lead="B"), "lead", "lead-not-a-member"),
    (put("memberships", 3, role="lead"), "role", "two-leads"),
    (put("memberships", 4, since="2018-01-01"), "since", "overlapping-membership"),
    (put("memberships", 3, alliance="Z"), "alliance", "dangling"),
    (put("memberships", 3, institution="Z"), "institution", "dangling"),
    (put("memberships", 3, until="2016-01-01"), "until", "dates-reversed"),
    (put("agreements", 2, services="pathology"), "services", "provider-out-of-scope"),
    (put("agreements", 2, services="massage"), "services", "unknown-value"),
    (put("agreements", 2, services="、"), "services", "missing"),
    (put("agreements", 2, provider="Z"), "provider", "dangling"),
    (put("agreements", 2, provider="B"), "provider", "own-provider"),
    (put("agreements", 2, until="2017-02-30"), "until", "bad-date"),
    (put("agreements", 2, until="2016-12-31"), "until", "dates-reversed"),
    (put("agreements", 2, rank="0"), "rank", "bad-rank"),
    (put("departments", 2, institution="Z"), "institution", "dangling"),
    (put("people", 2, department="LAB"), "department", "dangling"),
    (put("people", 2, institution="Z"), "institution", "dangling"),
    (put("people", 2, licence_no="11045031200000"), "licence_no", "physician-licence-shape"),
    (put("people", 2, licence_no=""), "licence_no", "reader-without-licence"),
    (put("people", 2, practice_since="2027-01-01"), "practice_since", "in-the-future"),
    (put("people", 2, roles="system_admin"), "roles", "unknown-value"),
    (put("people", 2, title="299"), "title", "unknown-value"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "column", "code"), FAULTS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_each_fault_is_found_where_it_stands(
    change: Callable[[dict[str, list[Cells]]], None], column: str, code: str
) -> None:
    """A planted error is listed with its column, refuses the register, and was not there before."""
    register = small()
    change(register)
    network, problems = judged(register)
    assert network is None
    assert (column, code, "error") in {p[2:] for p in problems}


WARNINGS = [
    (put("institutions", 2, licence_until="2026-11-21"), "licence_until", "licence-expired"),
    (put("institutions", 2, connected="否"), "provider", "not-connected"),
    (put("departments", 2, scope="31"), "scope", "scope-not-licensed"),
    (put("people", 2, practice_since="2023-11-23"), "practice_since", "too-few-years"),
    (put("areas", 5, valid_from="2030-01-01"), "area_code", "area-not-yet-valid"),
]


@pytest.mark.parametrize(
    ("change", "column", "code"), WARNINGS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_warning_is_listed_and_the_register_accepted(
    change: Callable[[dict[str, list[Cells]]], None], column: str, code: str
) -> None:
    """What somebody should look at does not stop the import."""
    register = small()
    change(register)
    network, problems = judged(register)
    assert network is not None
    assert [p[2:] for p in problems] == [(column, code, Severity.WARNING)]


def test_a_superseded_area_code_is_accepted_with_a_note() -> None:
    """An institution filed under 临桂县 is counted in 临桂区, and the importer says so."""
    register = small()
    put("institutions", 2, area_code="450322")(register)
    network, problems = judged(register)
    assert network is not None and network.institutions["A"].area_code == "450312"
    assert problems == [("institutions", "2", "area_code", "area-superseded", Severity.NOTE)]


def test_all_problems_of_all_rows_are_listed() -> None:
    """Five faults in four sheets come back together, in the order of sheets and rows."""
    register = small()
    for change in (
        put("people", 2, title="", sex="9x"),
        put("agreements", 2, requester="Z"),
        put("institutions", 3, uscc="x", level="7"),
    ):
        change(register)
    _, problems = judged(register)
    assert [p[:4] for p in problems] == [
        ("institutions", "3", "level", "unknown-value"),
        ("institutions", "3", "uscc", "credit-code-shape"),
        ("agreements", "2", "requester", "dangling"),
        ("people", "2", "sex", "unknown-value"),
        ("people", "2", "title", "missing"),
    ]


def test_a_faulty_institution_does_not_leave_its_references_dangling() -> None:
    """One bad digit is one problem, not one in every row that names the institution."""
    register = small()
    put("institutions", 2, uscc="bad")(register)
    _, problems = judged(register)
    assert [p[3] for p in problems] == ["credit-code-shape"]


def test_a_second_term_after_the_first_is_no_overlap() -> None:
    """Leaving and joining again, and a lead handed over, are both ordinary."""
    register = small()
    put("memberships", 3, until="2019-12-31")(register)
    put("memberships", 4, since="2020-01-01", until="")(register)
    network, problems = judged(register)
    assert network is not None and problems == []


def test_a_lead_typed_twice_is_one_problem() -> None:
    """An institution that overlaps itself is no second lead."""
    register = small()
    put("memberships", 4, institution="A", role="lead", since="2018-01-01")(register)
    _, problems = judged(register)
    assert [p[1:4] for p in problems] == [("4", "since", "overlapping-membership")]


def test_an_unknown_sheet_is_named() -> None:
    """A sheet nobody reads is said, not silently dropped."""
    _, problems = judged(small() | {"beds": []})
    assert [(p[0], p[3]) for p in problems] == [("beds", "unknown-sheet")]


# -- small rules -----------------------------------------------------------------------------


def test_both_ends_of_a_term_are_in_force() -> None:
    """The first and the last day count; open ends are open."""
    first, last = date(2017, 7, 1), date(2017, 7, 31)
    assert in_force(first, last, first) and in_force(first, last, last)
    assert not in_force(first, last, date(2017, 8, 1))
    assert not in_force(first, last, date(2017, 6, 30))
    assert in_force(None, None, first)


@pytest.mark.parametrize(
    ("since", "on", "years"),
    [
        (date(2020, 7, 1), date(2023, 6, 30), 2),
        (date(2020, 7, 1), date(2023, 7, 1), 3),
        (date(2020, 2, 29), date(2023, 2, 28), 2),
        (date(2020, 2, 29), date(2023, 3, 1), 3),
        (None, date(2023, 3, 1), None),
    ],
)
def test_years_of_practice_are_full_years(
    guangxi: Network, since: date | None, on: date, years: int | None
) -> None:
    """The anniversary completes the year, the day before does not; none is not zero."""
    somebody = next(iter(guangxi.people.values()))
    assert years_of_practice(replace(somebody, practice_since=since), on) == years


def test_the_sheets_are_the_seven(guangxi: Network) -> None:
    """Nothing in the register is outside the sheets the importer knows."""
    assert tuple(SHEETS) == (
        "areas", "institutions", "alliances", "memberships", "agreements", "departments", "people",
    )  # fmt: skip
