"""Which deadlines may stand in an agreement, and what a change would change."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.core import sla
from telemed.core.agreements import MOST_MINUTES, differences, flaw_of
from telemed.core.catalogue import Count, Deadline
from telemed.settings import CONFIGS, load_catalogue

KNOWN = load_catalogue(CONFIGS)
AGREED = ("imaging", "pathology")
CT = Deadline("imaging", "routine", 90, modality="CT")


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (CT, None),
        (replace(CT, minutes=1), None),
        (replace(CT, minutes=MOST_MINUTES, clock=Count.WORKING), None),
        (Deadline("pathology", "stat", 20, frozen=True), None),
        (replace(CT, minutes=0), "at least"),
        (replace(CT, minutes=-30), "at least"),
        (replace(CT, minutes=MOST_MINUTES + 1), "at most"),
        (replace(CT, minutes=365 * 24 * 60), "at most"),
        (replace(CT, service="ecg", modality=None), "does not cover"),
        (replace(CT, service="nothing"), "does not cover"),
        (replace(CT, modality="SM"), "no such modality"),
        (replace(CT, modality=None, frozen=True), "no frozen"),
    ],
)
def test_what_may_stand(row: Deadline, word: str | None) -> None:
    """The second of two is judged, and named by its place."""
    first = Deadline("imaging", "urgent", 30)
    flaw = flaw_of([first, row], AGREED, KNOWN.services)
    if word is None:
        assert flaw is None
    else:
        assert flaw is not None and flaw.row == 2 and word in flaw.why.en and flaw.why.zh


def test_one_kind_of_case_has_one_deadline() -> None:
    """The same again contradicts or repeats."""
    flaw = flaw_of([CT, replace(CT, minutes=60)], AGREED, KNOWN.services)
    assert flaw is not None and flaw.row == 2 and "repeats" in flaw.why.en


ROWS = st.lists(
    st.builds(
        Deadline,
        st.sampled_from(AGREED),
        st.sampled_from(sla.URGENCIES),
        st.integers(1, 500),
        st.sampled_from((None, "CT")),
    ),
    max_size=6,
    unique_by=lambda row: (row.service, row.urgency, row.modality),
)


@given(ROWS, ROWS)
def test_a_difference_is_told_both_ways_and_never_where_nothing_changes(
    before: list[Deadline], after: list[Deadline]
) -> None:
    """What is named and promised otherwise, exactly; taking back is the same the other way."""
    network = KNOWN.deadlines
    there = differences(before, after, network)
    back = differences(after, before, network)
    assert differences(before, before, network) == []
    assert {(d.before, d.after) for d in there} == {(d.after, d.before) for d in back}
    for row in (*before, *after):
        kind = (row.service, row.urgency, row.modality)
        was, now = (sla.promised(network, *kind, terms=terms) for terms in (before, after))
        named = [d for d in there if (d.of.service, d.of.urgency, d.of.modality) == kind]
        assert [(d.before, d.after) for d in named] == ([] if was == now else [(was, now)])
