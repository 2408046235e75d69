"""Who may operate and guide at which level: every title at every level."""

from datetime import date
from itertools import pairwise

import pytest

from telemed.catalogue.services import load_services
from telemed.core.catalogue import FormField, Words
from telemed.core.errors import Problem
from telemed.core.form_values import kept, people_in
from telemed.core.operation import Physician, Short, holds, may_approve, may_guide, may_operate
from telemed.settings import CONFIGS

TODAY = date(2026, 3, 5)
GUIDES = load_services(CONFIGS)["surgery_guidance"].guides
assert GUIDES is not None
LEVELS = GUIDES.levels


def who(title: str, since: int | None = 1990, active: bool = True) -> Physician:
    """A physician of a title, since a year."""
    return Physician(title, None if since is None else date(since, 3, 5), active)


@pytest.mark.parametrize(
    ("level", "operates", "guides"),
    [("1", "234", "233"), ("2", "233", "232"), ("3", "232", "232"), ("4", "231", "231")],
)
def test_every_title_at_every_level(level: str, operates: str, guides: str) -> None:
    """A title suffices exactly from the level's least on; nurses' and unknown ones never do."""
    for title in ("231", "232", "233", "234", "235", "251", "261", ""):
        operating = may_operate(LEVELS, level, who(title), TODAY)
        guiding = may_guide(LEVELS, level, who(title), TODAY)
        is_physician = title.startswith("23")
        assert operating == (None if is_physician and title <= operates else Short.TITLE)
        assert guiding == (None if is_physician and title <= guides else Short.TITLE)


def test_years_count_from_first_practice_to_the_day() -> None:
    """Ten years less a day are nine; what the register does not know does not qualify."""
    assert may_operate(LEVELS, "4", who("231", 2016), TODAY) is None
    day_before = Physician("231", date(2016, 3, 6), True)
    assert may_operate(LEVELS, "4", day_before, TODAY) is Short.YEARS
    assert may_operate(LEVELS, "4", who("231", None), TODAY) is Short.YEARS
    assert may_guide(LEVELS, "4", who("231", 2016), TODAY) is Short.YEARS
    assert may_operate(LEVELS, "1", who("231", active=False), TODAY) is Short.INACTIVE


def test_a_guide_is_never_asked_less_than_the_surgeon() -> None:
    """At no level; and a higher level asks no less."""
    rows = [LEVELS.rules[level] for level in "1234"]
    for rule in rows:
        assert holds(rule.guide, rule.operator) and rule.guide_years >= rule.operator_years
    for lower, higher in pairwise(rows):
        assert holds(higher.operator, lower.operator) and holds(higher.guide, lower.guide)
        assert higher.operator_years >= lower.operator_years


def test_who_approves_has_the_title_asked_for() -> None:
    """A chief physician who is active."""
    assert may_approve(LEVELS, who("231"))
    assert not may_approve(LEVELS, who("232"))
    assert not may_approve(LEVELS, who("231", active=False))


def _field(key: str, type_: str) -> FormField:
    return FormField(key, Words(key, key), type_, max_length=10)


FIELDS = (_field("op", "operation"), _field("who", "person"), _field("lines", "lines"))


@pytest.mark.parametrize(
    "content",
    [
        {"op": "51.23"},
        {"op": [{"code": "51.23"}]},
        {"op": [{"code": "", "name": "x"}]},
        {"op": [{"code": "5" * 21, "name": "x"}]},
        {"op": [{"code": "1", "name": "x", "more": "y"}]},
        {"op": [{"code": "1", "name": "x"}] * 11},
        {"op": [["code", "name"]]},
        {"who": "p1"},
        {"who": {"id": 1, "name": "x"}},
        {"who": {"id": "p1", "name": "x" * 201}},
        {"lines": "one"},
        {"lines": ["x" * 11]},
        {"lines": ["x"] * 21},
        {"lines": [1]},
    ],
)
def test_what_does_not_fit_its_field_is_not_kept(content: dict[str, object]) -> None:
    """Another shape, too long or too many: refused by the field's key."""
    with pytest.raises(Problem) as refused:
        kept(FIELDS, content)
    assert refused.value.facts["detail"] == next(iter(content))


def test_what_fits_is_kept_and_what_is_no_field_is_dropped() -> None:
    """And the people a form names are found by its fields."""
    content = {"op": [{"code": "51.2300", "name": "胆囊"}], "who": {"id": "p", "name": "韦"},
               "lines": ["一"], "other": 1}  # fmt: skip
    found = kept(FIELDS, content)
    assert found == {k: v for k, v in content.items() if k != "other"}
    assert people_in(FIELDS, found) == {"who": "p"}
    assert kept(FIELDS, {"op": [], "who": "", "lines": []}) == {"op": [], "who": "", "lines": []}
