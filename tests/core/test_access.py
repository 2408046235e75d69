"""Who may do what, exhaustively: the role table, what a token narrows, and the case ladder."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from pathlib import Path

import pytest

import telemed
from telemed.core.access import (
    PERMISSIONS,
    SEPARATE,
    CaseParties,
    Permission,
    Relation,
    Role,
    Subject,
    case_relation,
    mask_digits,
    mask_name,
    roles_may_combine,
)
from telemed.core.action_words import ACTION_WORDS
from telemed.core.errors import Problem
from telemed.core.opinion import Standing
from telemed.core.request import ANSWERED, WITH_PROVIDER, State

NOW = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
PATIENT_DATA = {
    Permission.SEE_CASES,
    Permission.SEE_STUDIES,
    Permission.SEE_PATIENTS,
    Permission.STORE_STUDIES,
    Permission.WRITE_REQUESTS,
    Permission.MOVE_REQUESTS,
    Permission.READ_QUEUE,
    Permission.WRITE_REPORTS,
    Permission.VERIFY_REPORTS,
}


def subject(*roles: Role, at: str | None = "a", region: str | None = None) -> Subject:
    """Somebody with these roles."""
    return Subject("x", frozenset(roles), at, region=region)


def test_the_three_administrators_share_only_what_is_no_power() -> None:
    """System, security and audit administrators have disjoint rights (AU-12): being signed in and
    the register of institutions are all that two of them have in common."""
    harmless = {Permission.SIGNED_IN, Permission.SEE_NETWORK}
    for one, other in combinations(sorted(SEPARATE), 2):
        assert PERMISSIONS[one] & PERMISSIONS[other] <= harmless


@pytest.mark.parametrize("role", sorted(SEPARATE))
def test_no_administrator_of_the_platform_touches_patient_data(role: Role) -> None:
    """None of the three may see or move a case."""
    assert not PERMISSIONS[role] & PATIENT_DATA


def test_an_administrator_role_stands_alone() -> None:
    """Over every pair of roles: a pair with one of the three in it is refused, others are not."""
    for pair in combinations(Role, 2):
        assert roles_may_combine(frozenset(pair)) == (not set(pair) & SEPARATE)
    assert all(roles_may_combine(frozenset({role})) for role in Role)


def test_every_role_has_a_row_and_may_at_least_sign_in() -> None:
    """No role is forgotten in the table."""
    assert set(PERMISSIONS) == set(Role)
    assert all(Permission.SIGNED_IN in granted for granted in PERMISSIONS.values())


def test_every_permission_is_somebodys() -> None:
    """A permission that nobody holds would be a route nobody can call."""
    assert frozenset().union(*PERMISSIONS.values()) == frozenset(Permission)


def test_require_agrees_with_the_table() -> None:
    """For every role and permission: allowed means silent, otherwise "forbidden"."""
    for role, permission in product(Role, Permission):
        if permission in PERMISSIONS[role]:
            subject(role).require(permission)
            continue
        with pytest.raises(Problem) as raised:
            subject(role).require(permission)
        assert raised.value.code == "forbidden"


def test_a_scope_can_only_narrow() -> None:
    """A token's scopes never add what the roles do not give."""
    for role in Role:
        for permission in Permission:
            narrowed = Subject("x", frozenset({role}), "a", scopes=frozenset({permission}))
            assert narrowed.permissions == PERMISSIONS[role] & {permission}
        assert Subject("x", frozenset({role}), "a", scopes=frozenset()).permissions == frozenset()


def case(state: State, until: datetime | None, provider: str | None = "b") -> CaseParties:
    """A case of institution a, sent to b, of two cities."""
    return CaseParties("a", provider, state, "450102", "450300" if provider else None, until)


def test_the_ladder_over_every_state_and_standing() -> None:
    """Own always; the provider while it is theirs and in force, and for ever once answered."""
    for state, late in product(State, (False, True)):
        until = NOW if late else NOW + timedelta(seconds=1)
        theirs = state in (State.ANSWERED, State.CONFIRMED) or (state in WITH_PROVIDER and not late)
        seen = case(state, until)
        own, provider, stranger = (subject(Role.READER, at=at) for at in "abc")
        assert case_relation(own, seen, NOW) is Relation.OWN
        assert (case_relation(provider, seen, NOW) is Relation.PROVIDER) == theirs
        assert case_relation(stranger, seen, NOW) is Relation.NONE


def test_an_expert_of_a_third_institution_sees_what_whoever_asked_sees() -> None:
    """In every state: the person and nobody else there, while both agreements are in force, for
    ever once answered, and never by an opinion that somebody asked for who answers no longer."""
    asked = Subject("x", frozenset({Role.READER}), "c", person_id="li")
    colleague = Subject("y", frozenset({Role.READER}), "c", person_id="wei")
    soon = NOW + timedelta(seconds=1)
    for state, lent, asked_by in product(State, (None, NOW, soon), ("b", "d")):
        for until in (NOW, soon):
            seen = replace(case(state, until), experts=(Standing("li", asked_by, lent),))
            of_provider = case_relation(subject(Role.READER, at="b"), seen, NOW)
            theirs = of_provider is Relation.PROVIDER and asked_by == "b"
            theirs = theirs and (state in ANSWERED or lent is None or lent > NOW)
            relation = case_relation(asked, seen, NOW)
            assert (relation is Relation.EXPERT) == theirs, (state, lent, asked_by, until)
            assert case_relation(colleague, seen, NOW) is Relation.NONE


@pytest.mark.parametrize(
    ("region", "sees"), [("45", True), ("4501", True), ("4503", True), ("4502", False)]
)
def test_supervision_sees_its_region_but_no_drafts(region: str, sees: bool) -> None:
    """A regulator sees what either side of its region sent, and never a draft."""
    regulator = subject(Role.REGULATOR, at=None, region=region)
    for state in State:
        relation = case_relation(regulator, case(state, None), NOW)
        visible = sees and state not in (State.DRAFT, State.AWAITING)
        assert relation is (Relation.SUPERVISOR if visible else Relation.NONE)
    assert regulator.masked


def test_roles_without_cases_see_none_even_of_their_own_institution() -> None:
    """The administrators' institution gives them nothing."""
    for role, state in product(SEPARATE, State):
        assert case_relation(subject(role), case(state, None), NOW) is Relation.NONE


def test_whoever_is_refused_reads_the_name_of_what_they_may_not_do() -> None:
    """In both languages and never as a code, for each permission and whatever else is refused by
    name; the code stays among the facts."""
    refused = {p.value for p in Permission}
    for file in Path(telemed.__file__).parent.rglob("*.py"):
        refused |= set(re.findall(r'"forbidden", action="([a-z-]+)"', file.read_text("utf-8")))
    assert refused == set(ACTION_WORDS)
    for code, words in ACTION_WORDS.items():
        told = Problem("forbidden", action=code)
        assert told.facts == {"action": code}
        for language, name in words.items():
            assert name in told.sentence(language) and f"“{code}”" not in told.sentence(language)
        assert words["zh"] != words["en"]
    with pytest.raises(Problem) as refusal:
        subject(Role.TECHNICIAN).require(Permission.ASSIGN_WORK)
    assert "派单" in refusal.value.sentence("zh")
    assert "assign cases" in refusal.value.sentence("en")


@pytest.mark.parametrize(
    ("name", "masked"), [("韦桂花", "韦**"), ("韦", "韦*"), ("", ""), ("欧阳娜娜", "欧***")]
)
def test_names_are_masked_after_the_first_character(name: str, masked: str) -> None:
    """Supervision can tell cases apart without knowing the patient."""
    assert mask_name(name) == masked


@pytest.mark.parametrize(("value", "masked"), [("13800138000", "*******8000"), ("123", "***")])
def test_digits_are_masked_but_for_the_last_four(value: str, masked: str) -> None:
    """Short values are masked whole."""
    assert mask_digits(value) == masked
