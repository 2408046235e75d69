"""The register in the database: saved whole and again, dated in Shanghai, asked by anybody."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemed.actions import network as actions
from telemed.actions.act import Act
from telemed.core.access import Subject
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
    Network,
    Person,
)
from telemed.settings import CONFIGS, load_catalogue
from telemed.store import audit, network, people
from telemed.store import tables as t
from telemed.store.engine import Store
from telemed.store.migrate import migrate
from telemed.store.network import InstitutionFilter
from telemed.store.tx import Row, Tx
from tests.store.shapes import Database, make_tables, sqlite_of

IN_FORCE = datetime(2026, 3, 5, tzinfo=UTC)


def area(code: str, name: str, kind: AreaKind, parent: str) -> AreaCode:
    """An area without a history."""
    return AreaCode(code, name, kind, parent, False, None, None)


def hospital(
    code: str, name: str, short: str, level: str, at: str, poor: bool = False
) -> Institution:
    """A hospital that takes part unless it is ungraded."""
    return Institution(
        code, name, short, "A100", level, "甲", f"uscc-{code}", "4500", None, at, ("32",), poor,
        level != "0", None,
    )  # fmt: skip


def agreement(code: str, requester: str, provider: str, rank: int, *services: str) -> Agreement:
    """An agreement for the year 2026, both days included."""
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    return Agreement(code, requester, provider, services, first, last, rank, "各自", code)


REGISTER = Network(
    areas={
        a.code: a
        for a in (
            area("450100", "南宁市", AreaKind.CITY, "450000"),
            area("450300", "桂林市", AreaKind.CITY, "450000"),
            area("450328", "龙胜各族自治县", AreaKind.COUNTY, "450300"),
        )
    },
    institutions={
        i.code: i
        for i in (
            hospital("HUB", "广西省级医院", "省院", "3", "450100"),
            hospital("GL", "桂林市总医院", "桂林总", "3", "450300"),
            hospital("LS", "龙胜各族自治县人民医院", "龙胜县医院", "2", "450328", poor=True),
            hospital("TS", "100%_好卫生院", "好院", "0", "450328", poor=True),
        )
    },
    alliances={"A1": Alliance("A1", "省院三二医联体", Form.THREE_TWO, "HUB")},
    memberships=(
        Membership("A1", "HUB", MemberRole.LEAD, date(2018, 1, 1), None),
        Membership("A1", "LS", MemberRole.MEMBER, date(2018, 1, 1), date(2019, 12, 31)),
        Membership("A1", "LS", MemberRole.MEMBER, date(2024, 1, 1), None),
    ),
    agreements={
        a.code: a
        for a in (
            agreement("LS-GL", "LS", "GL", 2, "imaging", "ecg"),
            agreement("LS-HUB", "LS", "HUB", 1, "imaging"),
            agreement("LS-HUB-2", "LS", "HUB", 3, "imaging", "pathology"),
        )
    },
    departments={("HUB", "RAD"): Department("HUB", "RAD", "放射科", "32.01")},
    people={
        "P1": Person("P1", "HUB", "RAD", "陆远", "1", "231", "1", date(2000, 1, 1), "", ("32",)),
        "P2": Person("P2", "HUB", "RAD", "韦青", "2", "234", "2", None, "", ()),
    },
)
TABLES = (
    t.area_codes, t.institutions, t.alliances, t.memberships, t.agreements, t.departments, t.people,
)  # fmt: skip


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """A database that holds the register."""
    made = Store(database(make_tables))
    made.write_now(lambda tx: network.save_network(tx, REGISTER))
    yield made
    made.close()


def everything(tx: Tx) -> list[list[Row]]:
    """All rows of the register's tables."""
    return [tx.all(sa.select(table).order_by(*table.primary_key.columns)) for table in TABLES]


def test_saving_again_changes_nothing(store: Store) -> None:
    """The same register twice is the same rows; the counts say what it holds."""
    before = store.read_now(everything)
    counts = store.write_now(lambda tx: network.save_network(tx, REGISTER))
    assert store.read_now(everything) == before
    assert counts == {
        "area_codes": 3, "institutions": 4, "alliances": 1, "memberships": 3, "agreements": 3,
        "departments": 1, "people": 2,
    }  # fmt: skip


def test_a_newer_register_updates_by_code_and_removes_nothing(store: Store) -> None:
    """Names and dates follow the register; what it leaves out stays, for cases refer to it."""
    renamed = replace(REGISTER.institutions["GL"], name="桂林市第一医院")
    newer = replace(
        REGISTER,
        institutions={"GL": renamed, "HUB": REGISTER.institutions["HUB"]},
        agreements={},
        people={},
    )
    store.write_now(lambda tx: network.save_network(tx, newer))
    found = store.read_now(lambda tx: network.institution(tx, "GL"))
    assert found is not None and found["name"] == "桂林市第一医院"
    assert store.read_now(lambda tx: network.institution(tx, "LS")) is not None
    assert store.read_now(lambda tx: network.agreement(tx, "LS-GL")) is not None


def test_saving_does_not_bring_a_leaver_back(store: Store) -> None:
    """Whether a person is still active is decided here, not by the register."""
    store.write_now(lambda tx: tx.update(t.people, t.people.c.id == "P2", {"active": False}))
    store.write_now(lambda tx: network.save_network(tx, REGISTER))
    active = store.read_now(lambda tx: people.people_of(tx, "HUB", active_only=True))
    assert [p["id"] for p in active] == ["P1"]


@pytest.mark.parametrize(
    ("now", "in_force"),
    [
        (datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC), False),
        (datetime(2025, 12, 31, 16, 0, tzinfo=UTC), True),
        (datetime(2026, 12, 31, 15, 59, 59, 999999, tzinfo=UTC), True),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), False),
    ],
    ids=["before", "first-moment", "last-moment", "after"],
)
def test_an_agreement_runs_from_midnight_to_midnight_in_shanghai(
    store: Store, now: datetime, in_force: bool
) -> None:
    """Both days are included and counted in Asia/Shanghai, wherever the server stands."""

    def ask(tx: Tx) -> tuple[bool, bool, int]:
        one = network.agreement_in_force(tx, "LS", "GL", "ecg", now)
        listed = network.destinations(tx, "LS", "ecg", now)
        return one is not None, bool(listed), network.summary(tx, now)["agreements"]

    assert store.read_now(ask) == (in_force, in_force, 3 if in_force else 0)


def test_destinations_come_by_rank_once_each_with_their_load(store: Store) -> None:
    """The best agreement of each provider, and how many of its workitems nobody claimed."""

    def add_workitems(tx: Tx) -> None:
        tx.insert(
            t.accounts,
            {
                "id": "x",
                "username": "x",
                "password_hash": "-",
                "display_name": "x",
                "roles": [],
                "demo": False,
                "disabled": False,
                "failures": 0,
                "created_at": IN_FORCE,
            },
        )
        for number, state in enumerate(("SCHEDULED", "SCHEDULED", "IN PROGRESS", "CANCELED")):
            add_workitem(tx, f"r{number}", "GL", state)

    store.write_now(add_workitems)
    found = store.read_now(lambda tx: network.destinations(tx, "LS", "imaging", IN_FORCE))
    assert [(d["id"], d["provider_short_name"], d["open_requests"]) for d in found] == [
        ("LS-HUB", "省院", 0),
        ("LS-GL", "桂林总", 2),
    ]


def add_workitem(tx: Tx, key: str, provider: str, state: str) -> None:
    """A request with one workitem."""
    tx.insert(
        t.requests,
        {
            "id": key,
            "number": key,
            "service": "imaging",
            "urgency": "routine",
            "state": "submitted",
            "version": 1,
            "requester_id": "LS",
            "provider_id": provider,
            "content": {},
            "body_part": "",
            "question": "",
            "created_by": "x",
            "created_at": IN_FORCE,
            "updated_at": IN_FORCE,
            "waited_seconds": 0,
            "final_diagnosis": "",
            "critical": False,
        },
    )
    tx.insert(
        t.workitems,
        {
            "id": f"w-{key}",
            "request_id": key,
            "attempt": 1,
            "state": state,
            "provider_id": provider,
            "scheduled_at": IN_FORCE,
        },
    )


@pytest.mark.parametrize(
    ("requester", "provider", "service", "found"),
    [
        ("LS", "HUB", "imaging", "LS-HUB"),
        ("LS", "HUB", "pathology", "LS-HUB-2"),
        ("LS", "HUB", "ecg", None),
        ("HUB", "LS", "imaging", None),
        ("LS", "TS", "imaging", None),
        ("LS", "nobody", "imaging", None),
    ],
)
def test_an_agreement_covers_its_direction_and_its_services_only(
    store: Store, requester: str, provider: str, service: str, found: str | None
) -> None:
    """No agreement in the other direction, for another service or with a stranger."""
    row = store.read_now(
        lambda tx: network.agreement_in_force(tx, requester, provider, service, IN_FORCE)
    )
    assert (row["id"] if row else None) == found


@pytest.mark.parametrize(
    ("narrow", "ids"),
    [
        (InstitutionFilter(), ["GL", "HUB", "LS", "TS"]),
        (InstitutionFilter(q="龙胜"), ["LS"]),
        (InstitutionFilter(q="县 医院 龙胜"), ["LS"]),
        (InstitutionFilter(q="ls"), ["LS"]),
        (InstitutionFilter(q="100%_"), ["TS"]),
        (InstitutionFilter(q="%"), ["TS"]),
        (InstitutionFilter(q="_"), ["TS"]),
        (InstitutionFilter(city="4503"), ["GL", "LS", "TS"]),
        (InstitutionFilter(level="3"), ["GL", "HUB"]),
        (InstitutionFilter(connected=False), ["TS"]),
        (InstitutionFilter(q="医院", city="4503", level="3", connected=True), ["GL"]),
        (InstitutionFilter(q="' OR 1=1 --"), []),
    ],
    ids=lambda value: str(value)[:60],
)
def test_institutions_are_narrowed(store: Store, narrow: InstitutionFilter, ids: list[str]) -> None:
    """Each condition narrows; wildcards of SQL are ordinary characters."""
    rows, total = store.read_now(lambda tx: network.institution_page(tx, narrow, 0, 50))
    assert [row["id"] for row in rows] == ids
    assert total == len(ids)


def test_pages_of_institutions_neither_repeat_nor_skip(store: Store) -> None:
    """Walking by offset meets everybody once."""
    walked: list[str] = []
    for offset in range(0, 6, 2):
        ask = partial(network.institution_page, narrow=InstitutionFilter(), offset=offset, limit=2)
        rows, total = store.read_now(ask)
        assert total == 4
        walked += [row["id"] for row in rows]
    assert walked == ["GL", "HUB", "LS", "TS"]


def test_an_institution_names_its_area_and_city(store: Store) -> None:
    """A county names the city above it; a city is its own."""

    def names(tx: Tx, key: str) -> tuple[str, str]:
        found = network.institution(tx, key)
        assert found is not None
        return found["area_name"], found["city_name"]

    assert store.read_now(lambda tx: names(tx, "LS")) == ("龙胜各族自治县", "桂林市")
    assert store.read_now(lambda tx: names(tx, "HUB")) == ("南宁市", "南宁市")
    assert store.read_now(lambda tx: network.institution(tx, "nobody")) is None


@pytest.mark.parametrize(
    ("on", "members"),
    [
        (date(2017, 12, 31), 0),
        (date(2019, 12, 31), 2),
        (date(2020, 1, 1), 1),
        (date(2026, 1, 1), 2),
    ],
)
def test_alliances_count_the_members_of_the_day(store: Store, on: date, members: int) -> None:
    """Past members and future ones do not count; somebody who came back counts once."""
    rows, total = store.read_now(lambda tx: network.alliance_page(tx, "", "", on, 0, 50))
    assert total == 1
    assert (rows[0]["members"], rows[0]["lead_short_name"]) == (members, "省院")


def test_alliances_are_narrowed_by_form_and_words(store: Store) -> None:
    """By form, by name and by the leader's name."""

    def total(q: str, form: str) -> int:
        today = IN_FORCE.date()
        return store.read_now(lambda tx: network.alliance_page(tx, q, form, today, 0, 50))[1]

    assert total("", "three-two") == total("三二", "") == total("广西省级", "") == 1
    assert total("", "specialty") == total("桂林", "") == 0


def test_the_summary_counts_the_register(store: Store) -> None:
    """Connected, levels, former poverty counties, alliances by form, agreements in force."""
    assert store.read_now(lambda tx: network.summary(tx, IN_FORCE)) == {
        "institutions": 4,
        "connected": 3,
        "tertiary": 2,
        "secondary": 1,
        "former_poverty_connected": 1,
        "alliances": {"three-two": 1},
        "agreements": 3,
    }


def test_an_empty_network_has_an_empty_summary(tmp_path: Path) -> None:
    """Before the first import the page shows zeros."""
    empty = Store(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    t.metadata.create_all(empty.writer)
    found = empty.read_now(lambda tx: network.summary(tx, IN_FORCE))
    empty.close()
    assert {found[k] for k in found if k != "alliances"} == {0}


def test_memberships_show_the_past_too(store: Store) -> None:
    """An institution's history of membership, newest first."""
    rows = store.read_now(lambda tx: network.memberships_of(tx, "LS"))
    assert [(r["since"].year, r["alliance_name"]) for r in rows] == [
        (2024, "省院三二医联体"),
        (2018, "省院三二医联体"),
    ]


def test_people_are_listed_by_title_and_titles_have_words() -> None:
    """GB/T 8561 codes have words in both languages; an unknown code stands for itself."""
    assert people.title_words("231") == ("主任医师", "Chief physician")
    assert people.title_words("999") == ("999", "999")
    assert all(zh and en for zh, en in people.TITLES.values())
    assert {code[:2] for code in people.TITLES} == {"23", "24", "25", "26"}


def test_the_end_of_a_day_is_the_begin_of_the_next() -> None:
    """Shanghai has no daylight saving time now; its days are 24 hours from 16:00 UTC."""
    day = date(2026, 3, 31)
    assert network.end_of(day) == network.begin_of(date(2026, 4, 1))
    assert network.begin_of(day) == datetime(2026, 3, 30, 16, tzinfo=UTC)
    assert network.end_of(day) - network.begin_of(day) == timedelta(days=1)


@pytest.mark.parametrize(
    "asked", ["龙胜", "longsheng", "LongSheng", "lsgzzzx", "lsxyy", "ls 县医院", "LSX"]
)
def test_an_imported_institution_is_found_by_hanzi_pinyin_and_initials(
    tmp_path: Path, asked: str
) -> None:
    """Importing makes the keys that people type, of the name and the short name."""
    store = Store(sqlite_of(migrate, tmp_path))
    subject = Subject("", frozenset(), None)

    def act_on(tx: Tx) -> Act:
        return Act(tx, subject, IN_FORCE, lambda: "x", load_catalogue(CONFIGS))

    counts = store.write_now(lambda tx: actions.import_network(act_on(tx), REGISTER))
    assert counts["institutions"] == 4
    narrow = InstitutionFilter(q=asked)
    rows, _ = store.read_now(lambda tx: actions.institution_page(act_on(tx), narrow, 0, 9))
    noted = store.read_now(lambda tx: audit.page(tx, None, 9))
    store.close()
    assert [row["id"] for row in rows] == ["LS"]
    assert [(e["event"], e["detail"]["people"]) for e in noted] == [("configuration-changed", 2)]
