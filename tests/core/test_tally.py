"""The tally's promises: what counts, in which month, once, and how numbers come of it."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.core.activity import Activity, Kind
from telemed.core.indicators import INDICATORS
from telemed.core.tally import (
    FOLDS,
    Change,
    Entry,
    Spread,
    change,
    compared_months,
    distinct,
    entries_of,
    group,
    month_after,
    month_of,
    month_span,
    nearest_rank,
    reverses_of,
    summarize,
    summarize_by,
)

NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
BASE = {"service": "imaging", "urgency": "routine", "requester": "county", "provider": "city"}


def fact(kind: str, data: Mapping[str, object] | None = None, **fields: object) -> Activity:
    """A fact of request r1 at noon in Nanning, changed as told."""
    given_fields: dict[str, object] = {
        "seq": 1,
        "at": NOON,
        "actor_id": "p1",
        "institution_id": "city",
        "request_id": "r1",
        "study_id": None,
        "report_id": None,
        **fields,
    }
    return Activity(kind=kind, data={**BASE, **(data or {})}, **given_fields)  # type: ignore[arg-type]


def codes(activity: Activity) -> list[str]:
    return [entry.indicator for entry in entries_of(activity)]


def entry(seq: int, indicator: str = "submitted", **fields: object) -> Entry:
    values: dict[str, object] = {
        "month": "2026-03",
        "request_id": f"r{seq}",
        "service": "imaging",
        "urgency": "routine",
        "requester": "county",
        "provider": "city",
        "value": None,
        "at": NOON,
        "person": None,
        **fields,
    }
    return Entry(seq=seq, indicator=indicator, **values)  # type: ignore[arg-type]


# --- the table -----------------------------------------------------------------------------------


def test_every_indicator_is_defined_in_both_languages() -> None:
    """No indicator goes without names, unit and a written definition."""
    for code, row in INDICATORS.items():
        assert code == row.code
        assert all((row.zh, row.en, row.unit, row.definition_zh, row.definition_en)), code
        assert row.definition_en.isascii(), code


def test_shares_are_made_of_counts_and_the_rest_of_facts() -> None:
    """A share names two counts; a count or a duration names the kind of fact it counts."""
    for row in INDICATORS.values():
        if row.kind == "share":
            assert row.counts is None
            assert INDICATORS[str(row.numerator)].kind == "count"
            assert INDICATORS[str(row.denominator)].kind == "count"
        else:
            assert (row.numerator, row.denominator) == (None, None)
            assert row.counts in FOLDS


_OWED: dict[str, object] = {"owed": "choice", "asked_at": NOON.isoformat()}
_OWING = ("owing", "owing_minutes")
FULLEST: dict[Kind, tuple[dict[str, object], set[str]]] = {
    Kind.REQUEST_SUBMITTED: ({}, {"submitted"}),
    Kind.REQUEST_RETURNED: ({}, {"returned"}),
    Kind.REQUEST_WITHDRAWN: (_OWED, {"withdrawn", *_OWING}),
    Kind.REQUEST_DECLINED: ({}, {"declined"}),
    Kind.REQUEST_REDIRECTED: ({}, {"redirected"}),
    Kind.REQUEST_OVERFLOW_SETTLED: (_OWED, {"settled", "settling", *_OWING}),
    Kind.REPORT_ADDENDED: (_OWED, {"addended", *_OWING}),
    Kind.REPORT_AMENDED: (_OWED, {"amended", *_OWING}),
    Kind.CRITICAL_RAISED: ({}, {"critical"}),
    Kind.CRITICAL_ACKNOWLEDGED: (
        {"raised_at": NOON.isoformat(), "due_at": NOON.isoformat()},
        {"acknowledged", "acknowledging", "acknowledged_due", "acknowledged_on_time"},
    ),
    Kind.CRITICAL_ACTED_ON: (
        {"raised_at": NOON.isoformat(), "acted_at": NOON.isoformat()},
        {"acted", "acting"},
    ),
    Kind.REQUEST_RESUBMITTED: (
        {"owed": "material", "asked_at": NOON.isoformat(), "owed_by": NOON.isoformat()},
        {"supplied", "supplying", "supplied_due", "supplied_on_time", *_OWING},
    ),
    Kind.REQUEST_CONFIRMED: (
        {
            "adoption": "adopted",
            "owed": "reading",
            "asked_at": NOON.isoformat(),
            "owed_by": NOON.isoformat(),
        },
        {"confirmed", "adopted", "reading", "read_due", "read_on_time", *_OWING},
    ),
    Kind.LECTURE_FINISHED: ({"minutes": 90}, {"lectures_held", "lecture_minutes"}),
    Kind.ENROLMENT_MADE: ({}, {"enrolments"}),
    Kind.ENROLMENT_MOVED_UP: ({}, {"enrolments"}),
    Kind.ENROLMENT_CHECKED_IN: ({}, {"check_ins"}),
    Kind.ENROLMENT_ATTENDED: (
        {"minutes": 80},
        {"attended", "expected_there", "learning_minutes"},
    ),
    Kind.ENROLMENT_MISSED: ({}, {"expected_there"}),
    Kind.ENROLMENT_STUDIED: ({"minutes": 30}, {"studied", "learning_minutes"}),
    Kind.QUIZ_SAT: ({"first": True, "passed": True}, {"quiz_sat", "quiz_passed"}),
    Kind.CREDIT_GIVEN: ({"tenths": 15}, {"credits_given", "credit_total"}),
    Kind.APPOINTMENT_PROPOSED: ({}, {"sessions_proposed"}),
    Kind.APPOINTMENT_CONFIRMED: (
        {"asked_at": NOON.isoformat()},
        {"sessions_confirmed", "session_confirming"},
    ),
    Kind.APPOINTMENT_ENDED: (
        {"begun_at": NOON.isoformat(), "accompanied": True, "institutions": 3},
        {
            "sessions_held",
            "session_minutes",
            "accompaniable",
            "accompanied",
            "sessions_attended",
            "sessions_of_several",
        },
    ),
    Kind.APPOINTMENT_ATTENDED: ({"people": 2}, {"institutions_attended"}),
    Kind.APPOINTMENT_CANCELED: ({}, {"sessions_canceled"}),
    Kind.APPOINTMENT_MISSED: (
        {"reason": "requester-absent"},
        {"sessions_missed", "missed_by_requester"},
    ),
    Kind.EVALUATION_GIVEN: ({"side": "requester"}, {"answer_evaluated"}),
    Kind.EVALUATION_OPENED: (
        {"side": "provider", "scores": {"a": 4}},
        {"request_rated", "request_rated_good"},
    ),
    Kind.FOLLOWUP_DUE: ({"follow_up": "30"}, {"followup_30_due"}),
    Kind.FOLLOWUP_ANSWERED: (
        {"follow_up": "7", "early": True},
        {"followup_7_done", "followup_7_due"},
    ),
    Kind.REQUEST_DEIDENTIFIED: ({}, {"deidentified"}),
    Kind.GUIDANCE_ENTERED: ({"entry": "advice", "corrects": False}, {"advice_given"}),
    Kind.GUIDANCE_MARKED: ({"taken": True}, {"advice_marked", "advice_taken"}),
    Kind.GUIDANCE_OUTCOME_SET: (
        {"again": False, "level": "4", "course": "planned", "complication": "minor"},
        {
            "operations_guided",
            "operations_guided_hard",
            "operations_as_planned",
            "operations_complicated",
        },
    ),
    Kind.URGENT_CALL_BEGUN: ({}, {"calls_made"}),
    Kind.URGENT_CALL_ANSWERED: (
        {"seconds": 31},
        {"calls_rung_out", "calls_answered", "call_answering"},
    ),
    Kind.URGENT_CALL_EXHAUSTED: ({"seconds": 40}, {"calls_rung_out"}),
    Kind.WAITING_BEGUN: ({}, {"waits_begun"}),
    Kind.WAITING_ENDED: ({"state": "filled"}, {"waits_over", "waits_filled"}),
    Kind.APPROVAL_BYPASSED: ({}, {"approvals_bypassed"}),
    Kind.APPROVAL_REJECTED: ({}, {"approvals_rejected"}),
    Kind.APPROVAL_DENIED: ({}, {"approvals_denied"}),
    Kind.OPINION_ASKED: ({}, {"experts_asked"}),
    Kind.OPINION_SIGNED: (
        {"asked_at": NOON.isoformat(), "due_at": NOON.isoformat()},
        {"opinions_signed", "opinion_writing", "opinions_on_time"},
    ),
    Kind.OPINION_DECLINED: ({}, {"experts_declined"}),
    Kind.OPINION_LAPSED: ({}, {"experts_lapsed"}),
    Kind.MINUTES_ARCHIVED: ({}, {"minutes_archived"}),
    Kind.CHARGE_SETTLED: ({"amount": 20000}, {"charges_settled", "settled_amount"}),
    Kind.CHARGE_REFUNDED: ({"amount": 20000}, {"charges_refunded", "settled_amount"}),
    Kind.REPORT_ISSUED: (
        {"due_at": NOON.isoformat(), "submitted_at": NOON.isoformat(), "positive": True},
        {"issued", "turnaround", "due", "on_time", "judged", "positive"},
    ),
}


@pytest.mark.parametrize(
    ("data", "counted"),
    [
        ({"first": True, "passed": False}, ["quiz_sat"]),
        ({"first": False, "passed": True}, ["quiz_passed"]),
        ({"first": False, "passed": False}, []),
    ],
)
def test_sitting_again_counts_nobody_twice(data: dict[str, object], counted: list[str]) -> None:
    """Of the people who sat a quiz, so many have passed in the end."""
    assert codes(fact(Kind.QUIZ_SAT, data)) == counted


@pytest.mark.parametrize(
    ("kind", "data", "counted"),
    [
        (Kind.GUIDANCE_ENTERED, {"entry": "interruption"}, []),
        (
            Kind.OPINION_SIGNED,
            {"due_at": (NOON - timedelta(seconds=1)).isoformat()},
            ["opinions_signed", "opinion_writing"],
        ),
        (Kind.GUIDANCE_ENTERED, {"entry": "advice", "corrects": True}, []),
        (Kind.GUIDANCE_MARKED, {"taken": False}, ["advice_marked"]),
        (Kind.GUIDANCE_OUTCOME_SET, {"again": True, "course": "planned"}, []),
        (
            Kind.GUIDANCE_OUTCOME_SET,
            {"again": False, "level": "2", "course": "stopped", "complication": "none"},
            ["operations_guided"],
        ),
    ],
)
def test_what_was_corrected_or_entered_again_counts_once(
    kind: Kind, data: dict[str, object], counted: list[str]
) -> None:
    """And only what the definition says."""
    assert codes(fact(kind, data)) == counted


def test_a_fact_of_training_has_its_lecture_for_a_case() -> None:
    """A number leads back to lectures and people; minutes weigh what they are."""
    held = fact(Kind.LECTURE_FINISHED, {"lecture": "l1", "minutes": 90}, request_id=None)
    made = {entry.indicator: (entry.request_id, entry.weight) for entry in entries_of(held)}
    assert made == {"lectures_held": ("l1", 1), "lecture_minutes": ("l1", 90)}
    missed = fact(Kind.ENROLMENT_MISSED, {"lecture": "l1", "account": "a"}, request_id=None)
    assert [entry.person for entry in entries_of(missed)] == ["a"]
    with pytest.raises(ValueError, match="without a request"):
        entries_of(fact(Kind.ENROLMENT_MADE, request_id=None))


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_of_fact_counts_what_the_table_says(kind: Kind) -> None:
    """Every kind of the closed vocabulary folds to exactly its indicators, or to nothing."""
    data, expected = FULLEST.get(kind, ({"reverses": []}, set()))
    assert set(codes(fact(kind, data))) == expected
    for code in expected:
        assert kind in (INDICATORS[code].counts, *INDICATORS[code].also)


def test_every_count_and_duration_can_come_about() -> None:
    """No indicator waits for a fact that nothing folds to."""
    made = {code for _, expected in FULLEST.values() for code in expected}
    made |= {"partly_adopted", "not_adopted", "chosen", "choosing", "chosen_due", "chosen_on_time"}
    made |= {"missed_by_provider", "request_evaluated", "answer_rated", "answer_rated_good"}
    made |= {"followup_30_done"}
    assert made == {row.code for row in INDICATORS.values() if row.kind != "share"}


# --- the fold ------------------------------------------------------------------------------------


def test_an_entry_carries_its_fact() -> None:
    """The entry keeps who asked whom for what, when, and leads back to the request."""
    (made,) = entries_of(fact("request.submitted", seq=7))
    assert made == entry(7, request_id="r1", person="p1")


def test_the_reader_is_counted_for_a_report_not_the_one_who_signed_last() -> None:
    """A report's work is the reader's when the fact names one."""
    assert {e.person for e in entries_of(fact("report.issued", {"reader": "p9"}))} == {"p9"}
    assert {e.person for e in entries_of(fact("report.issued"))} == {"p1"}


def test_a_request_to_nobody_yet_is_counted_for_the_requester() -> None:
    """A request waiting for any provider has an empty provider, not a failed fold."""
    (made,) = entries_of(fact("request.submitted", {"provider": None}))
    assert made.provider == ""


@pytest.mark.parametrize("name", ["service", "urgency", "requester"])
@pytest.mark.parametrize("value", [None, "", 3])
def test_a_fact_without_its_dimensions_is_refused(name: str, value: object) -> None:
    """A counted fact that cannot be placed stops the fold and says which one it is."""
    with pytest.raises(ValueError, match=f"activity 1: .*{name}"):
        entries_of(fact("request.submitted", {name: value}))


def test_a_counted_fact_without_a_request_is_refused() -> None:
    """No number without a case behind it."""
    with pytest.raises(ValueError, match="without a request"):
        entries_of(fact("request.submitted", request_id=None))


def test_only_what_followed_a_return_is_material_supplied() -> None:
    """Asking somebody else after a refusal is a choice; a fact of before the clock is neither."""
    asked = {"asked_at": NOON.isoformat()}
    refused = {"owed": "choice", "owed_by": NOON.isoformat(), **asked}
    assert codes(fact("request.resubmitted", refused)) == [
        "chosen", "choosing", "chosen_due", "chosen_on_time", *_OWING,
    ]  # fmt: skip
    assert codes(fact("request.resubmitted")) == []
    late = {"owed": "material", "asked_at": NOON.isoformat(),
            "owed_by": (NOON - timedelta(seconds=1)).isoformat()}  # fmt: skip
    assert codes(fact("request.resubmitted", late)) == [
        "supplied", "supplying", "supplied_due", *_OWING,
    ]  # fmt: skip


@given(st.lists(st.floats(0, 10_000_000), max_size=20))
def test_a_total_is_what_its_cases_add_up_to(seconds: list[float]) -> None:
    """Each turn in whole minutes, never half a minute off; taking the request out leaves none."""
    facts = [
        fact("request.withdrawn",
             {"owed": "material", "asked_at": (NOON - timedelta(seconds=s)).isoformat()}, seq=n)
        for n, s in enumerate(seconds, 1)
    ]  # fmt: skip
    entries = [e for each in facts for e in entries_of(each)]
    listed = [e.weight for e in entries if e.indicator == "owing_minutes"]
    total = summarize(entries).counts["owing_minutes"]
    assert total == sum(listed)
    assert all(abs(m * 60 - s) <= 30 for m, s in zip(listed, seconds, strict=True))
    out = fact("request.counted_out", {"reverses": reverses_of(facts)}, seq=99)
    assert summarize([*entries, *entries_of(out)]).counts["owing_minutes"] == 0


def test_a_turn_whose_clocks_contradict_each_other_has_no_minutes() -> None:
    """It is counted as not measured; nothing is added for it."""
    later = {"owed": "reading", "asked_at": (NOON + timedelta(seconds=1)).isoformat()}
    made = {e.indicator: e.value for e in entries_of(fact("report.addended", later))}
    assert made == {"addended": None, "owing": None}


def turnaround(**data: object) -> float | None:
    made = {e.indicator: e.value for e in entries_of(fact("report.issued", data))}
    return made["turnaround"]


def test_turnaround_runs_from_first_submission_less_the_waiting() -> None:
    """Two hours with half an hour spent waiting for the requester is an hour and a half."""
    sent = (NOON - timedelta(hours=2)).isoformat()
    assert turnaround(submitted_at=sent) == 7200
    assert turnaround(submitted_at=sent, waited_seconds=1800) == 5400
    assert turnaround(submitted_at=sent, waited_seconds=7200) == 0


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"submitted_at": (NOON + timedelta(seconds=1)).isoformat()},
        {"submitted_at": NOON.isoformat(), "waited_seconds": 1},
        {"submitted_at": NOON.isoformat(), "waited_seconds": -1},
        {"submitted_at": NOON.isoformat(), "waited_seconds": "1"},
    ],
)
def test_a_turnaround_that_cannot_be_is_missing_not_zero(data: dict[str, object]) -> None:
    """An unknown submission or clocks that contradict each other give no figure."""
    assert turnaround(**data) is None


def test_a_time_without_zone_is_refused() -> None:
    """A due time whose zone is unknown never decides who was late."""
    with pytest.raises(ValueError, match="due_at is not an aware time"):
        entries_of(fact("report.issued", {"due_at": "2026-03-10T12:00:00"}))
    with pytest.raises(ValueError, match="due_at is not an aware time"):
        entries_of(fact("report.issued", {"due_at": 12}))


@pytest.mark.parametrize(("late", "on_time"), [(-1, True), (0, True), (1, False)])
def test_exactly_at_the_due_time_is_on_time(late: int, on_time: bool) -> None:
    """The due second itself is kept; the one after it is not, in whatever zone it is written."""
    due = (NOON - timedelta(seconds=late)).astimezone(timezone(timedelta(hours=8)))
    made = codes(fact("report.issued", {"due_at": due.isoformat()}))
    assert ("on_time" in made) is on_time
    assert "due" in made


@pytest.mark.parametrize(
    ("positive", "expected"),
    [(True, {"judged", "positive"}), (False, {"judged"}), (None, set()), ("yes", set())],
)
def test_only_a_report_judged_stands_in_the_positive_share(
    positive: object, expected: set[str]
) -> None:
    """A report nobody marked is neither positive nor negative."""
    made = set(codes(fact("report.issued", {"positive": positive})))
    assert made & {"judged", "positive"} == expected


def test_acting_is_timed_by_the_patient_s_clock() -> None:
    """From the notice to the action, whenever it was entered; before the notice is no figure."""
    raised = "2026-03-01T00:00:00+00:00"
    for acted, expected in (("2026-03-01T00:07:00+00:00", 420.0), ("2026-02-28T23:00:00Z", None)):
        data = {"raised_at": raised, "acted_at": acted}
        made = entries_of(fact("critical.acted_on", data))
        assert [e.value for e in made if e.indicator == "acting"] == [expected]
        assert [e.value for e in made if e.indicator == "acted"] == [None]


def test_acknowledging_is_timed_and_never_below_zero() -> None:
    """Seconds from the notice; a clock running backwards gives none."""
    for seconds, expected in ((90, 90.0), (0, 0.0), (-1, None)):
        raised = (NOON - timedelta(seconds=seconds)).isoformat()
        made = entries_of(fact("critical.acknowledged", {"raised_at": raised}))
        assert [e.value for e in made if e.indicator == "acknowledging"] == [expected]


@pytest.mark.parametrize(
    ("adoption", "expected"),
    [
        ("adopted", ["confirmed", "adopted"]),
        ("partly", ["confirmed", "partly_adopted"]),
        ("not_adopted", ["confirmed", "not_adopted"]),
        (None, ["confirmed"]),
    ],
)
def test_the_requesters_decision_is_counted(adoption: object, expected: list[str]) -> None:
    """Each decision has its count; a bare confirmation has only its own."""
    assert codes(fact("request.confirmed", {"adoption": adoption})) == expected


@pytest.mark.parametrize("adoption", ["Adopted", "", 1, ["adopted"]])
def test_an_unknown_decision_is_refused(adoption: object) -> None:
    """A code outside the vocabulary is an error, not a silent gap in the share."""
    with pytest.raises(ValueError, match="unknown adoption"):
        entries_of(fact("request.confirmed", {"adoption": adoption}))


# --- months --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "month", [f"{year}-{m:02d}" for year in (2024, 2026) for m in range(1, 13)]
)
def test_a_month_begins_and_ends_to_the_second_in_china(month: str) -> None:
    """One second before midnight of the 1st in UTC+8 is the old month, midnight is the new."""
    start = datetime.fromisoformat(f"{month}-01T00:00:00+08:00")
    end = datetime.fromisoformat(f"{month_after(month, 1)}-01T00:00:00+08:00")
    assert month_span(month) == (start, end)
    second = timedelta(seconds=1)
    assert month_of(start - second) == month_after(month, -1)
    assert month_of(start) == month_of(end - second) == month
    assert month_of(end - timedelta(microseconds=1)) == month
    assert month_of(end) == month_of(end + second) == month_after(month, 1)


def test_the_month_is_the_same_whatever_zone_the_time_is_written_in() -> None:
    """A server in another zone, with summer time or not, books the same month."""
    edge = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
    for hours in (-11, -5, 0, 5.5, 8, 14):
        assert month_of(edge.astimezone(timezone(timedelta(hours=hours)))) == "2026-04"


def test_a_naive_time_has_no_month() -> None:
    """The zone is never guessed."""
    with pytest.raises(ValueError, match="aware"):
        month_of(datetime(2026, 3, 1))  # noqa: DTZ001


def test_months_are_counted_across_years() -> None:
    """A month back from January is December; twelve back is the same month last year."""
    assert compared_months("2026-01") == ("2025-12", "2025-01")
    assert month_after("2026-12", 1) == "2027-01"
    assert month_after("2026-03", 0) == "2026-03"


@pytest.mark.parametrize("wrong", ["2026-13", "2026-3", "202603", "", "2026-03-01"])
def test_what_is_no_month_is_refused(wrong: str) -> None:
    """Only YYYY-MM is a month."""
    with pytest.raises(ValueError):
        month_after(wrong, 1)


@given(st.integers(1_500_000_000, 4_000_000_000))
def test_every_moment_lies_in_the_span_of_its_month(seconds: int) -> None:
    """`month_of` and `month_span` agree everywhere, so a query and a fold book alike."""
    at = datetime.fromtimestamp(seconds, UTC)
    start, end = month_span(month_of(at))
    assert start <= at < end


# --- numbers -------------------------------------------------------------------------------------


def test_nothing_gives_zero_counts_and_missing_figures() -> None:
    """Nothing counted is zero; nothing measured and nothing to divide by are missing."""
    empty = summarize([])
    assert set(empty.counts.values()) == {0}
    assert set(empty.shares.values()) == {None}
    assert set(empty.durations.values()) == {Spread(0, None, None)}
    assert {*empty.counts, *empty.durations, *empty.shares} == set(INDICATORS)


def test_a_replayed_fact_counts_once() -> None:
    """The same `(seq, part)` twice is one entry; two parts of one fact are two."""
    parts = [entry(1), entry(1), entry(1, part=1), entry(2)]
    assert summarize(parts).counts["submitted"] == 3
    assert list(distinct(parts)) == [parts[0], parts[2], parts[3]]


def test_shares_divide_the_two_counts_they_name() -> None:
    """Three reports due, two on time: two thirds; none judged: no positive share."""
    made = summarize(
        [entry(n, "due") for n in range(3)] + [entry(n, "on_time", part=1) for n in range(2)]
    )
    assert made.shares["on_time_share"] == pytest.approx(2 / 3)
    assert made.shares["positive_share"] is None


@pytest.mark.parametrize(
    ("values", "median", "p90"),
    [
        ([], None, None),
        ([5], 5, 5),
        ([1, 2], 1, 2),
        ([3, 1, 2], 2, 3),
        (list(range(1, 11)), 5, 9),
        (list(range(1, 12)), 6, 10),
        ([7] * 9 + [100], 7, 7),
        ([7] * 8 + [100, 100], 7, 100),
    ],
)
def test_percentiles_are_nearest_rank(
    values: list[float], median: float | None, p90: float | None
) -> None:
    """Each figure is the smallest measured value that enough of them do not exceed."""
    made = summarize([entry(n, "turnaround", value=value) for n, value in enumerate(values)])
    assert made.durations["turnaround"] == Spread(len(values), median, p90)


def test_unmeasured_turnarounds_are_left_out_of_the_spread() -> None:
    """A report that could not be timed neither raises nor lowers the median."""
    made = summarize([entry(1, "turnaround", value=60.0), entry(2, "turnaround")])
    assert made.durations["turnaround"] == Spread(1, 60.0, 60.0)


@given(st.lists(st.integers(0, 10_000), min_size=1), st.integers(1, 100))
def test_a_percentile_is_one_of_the_values_with_enough_below(
    values: list[int], percent: int
) -> None:
    """The definition itself, checked by counting."""
    found = nearest_rank(sorted(map(float, values)), percent)
    assert found in values
    at_most = [value for value in values if value <= found]
    less = [value for value in values if value < found]
    assert len(at_most) * 100 >= percent * len(values) > len(less) * 100


# --- laws ----------------------------------------------------------------------------------------

COUNTED = [row.code for row in INDICATORS.values() if row.kind != "share"]
FACTS = st.lists(
    st.builds(
        lambda kind, request, minutes, judged: (kind, request, minutes, judged),
        st.sampled_from(sorted(FOLDS)),
        st.sampled_from(["r1", "r2", "r3"]),
        st.integers(0, 90_000),
        st.sampled_from([True, False, None]),
    ),
    max_size=30,
)


def log_of(rows: list[tuple[str, str, int, bool | None]], first: int = 1) -> list[Activity]:
    data: dict[str, object] = {
        "submitted_at": NOON.isoformat(),
        "due_at": (NOON + timedelta(days=30)).isoformat(),
        "adoption": "partly",
        "side": "requester",
        "scores": {"a": 4},
        "follow_up": "7",
        "amount": 20000,
    }
    return [
        fact(
            kind,
            {**data, "positive": judged},
            seq=seq,
            request_id=request,
            at=NOON + timedelta(minutes=minutes),
        )
        for seq, (kind, request, minutes, judged) in enumerate(rows, first)
    ]


def fold(activities: list[Activity]) -> list[Entry]:
    return [made for activity in activities for made in entries_of(activity)]


@given(FACTS, FACTS)
def test_counts_add_up(
    one: list[tuple[str, str, int, bool | None]], two: list[tuple[str, str, int, bool | None]]
) -> None:
    """The counts of two sets of facts together are the sums of their counts."""
    a, b = fold(log_of(one)), fold(log_of(two, first=1000))
    left, right, both = summarize(a).counts, summarize(b).counts, summarize(a + b).counts
    assert both == {code: left[code] + right[code] for code in both}


@given(FACTS, st.randoms(use_true_random=False))
def test_a_rebuild_in_any_order_gives_the_same_numbers(
    rows: list[tuple[str, str, int, bool | None]], dice: random.Random
) -> None:
    """Shuffled and with facts repeated, the tally is the one the follower built."""
    activities = log_of(rows)
    again = activities + [activity for activity in activities if dice.random() < 0.3]
    dice.shuffle(again)
    assert summarize(fold(again)) == summarize(fold(activities))


@given(FACTS)
def test_groups_add_up_to_the_whole(rows: list[tuple[str, str, int, bool | None]]) -> None:
    """Months partition the facts: every count of the whole is the sum over the months."""
    entries = fold(log_of(rows))
    by_month = summarize_by(entries, lambda made: made.month)
    whole = summarize(entries).counts
    assert whole == {code: sum(s.counts[code] for s in by_month.values()) for code in whole}


@given(FACTS)
def test_nested_shares_stay_between_none_and_all(
    rows: list[tuple[str, str, int, bool | None]],
) -> None:
    """A share whose numerator is part of its denominator is between 0 and 1, or missing."""
    shares = summarize(fold(log_of(rows))).shares
    # Of these the definition says that the past may come into the numerator.
    passing = {"return_rate", "amended_rate", "followup_7_share", "followup_30_share"}
    for code in set(shares) - passing:
        assert shares[code] is None or 0 <= shares[code] <= 1  # type: ignore[operator]


@given(FACTS)
def test_counting_out_takes_back_everything_once(
    rows: list[tuple[str, str, int, bool | None]],
) -> None:
    """After counting out, the request's net is nothing; counting out again changes nothing."""
    activities = log_of(rows)
    mine = [activity for activity in activities if activity.request_id == "r1"]
    out = counted_out(mine, seq=5000)
    others = [activity for activity in activities if activity.request_id != "r1"]
    assert summarize(fold([*activities, out])) == summarize(fold(others))
    assert reverses_of([*mine, out]) == []


def counted_out(activities: list[Activity], **fields: object) -> Activity:
    return fact("request.counted_out", {"reverses": reverses_of(activities)}, **fields)


def test_counting_out_later_leaves_the_old_month_as_it_was() -> None:
    """The adjustment is its own entry in the month of the decision, below zero if need be."""
    sent, issued = fact("request.submitted"), fact("report.issued", {"positive": True}, seq=2)
    april = datetime(2026, 4, 2, tzinfo=UTC)
    entries = fold([sent, issued, counted_out([sent, issued], seq=3, at=april)])
    months = summarize_by(entries, lambda made: made.month)
    assert months["2026-03"].counts["issued"] == 1
    assert months["2026-04"].counts["issued"] == -1
    assert months["2026-04"].shares["positive_share"] is None
    assert months["2026-04"].durations["turnaround"] == Spread(0, None, None)
    assert summarize(entries) == summarize([])


def test_reversals_keep_to_the_side_that_was_counted() -> None:
    """A request answered by two providers is taken back from each, for the same person."""
    one = fact("request.returned", {"provider": "a"}, seq=1, actor_id="x")
    two = fact("request.returned", {"provider": "b"}, seq=2, actor_id="y")
    entries = entries_of(counted_out([one, two, two], seq=3))
    assert {(e.provider, e.person, e.weight, e.part) for e in entries} == {
        ("a", "x", -1, 0),
        ("b", "y", -1, 1),
    }


@pytest.mark.parametrize(
    "data",
    [{}, {"reverses": "all"}, {"reverses": [{"indicator": "money", "weight": -1}]}]
    + [{"reverses": [{"indicator": "issued", "weight": weight}]} for weight in (None, "-1", 0.5)],
)
def test_a_reversal_of_nothing_known_is_refused(data: dict[str, object]) -> None:
    """What is taken back must name what was counted, and how often."""
    with pytest.raises(ValueError, match="activity 1"):
        entries_of(fact("request.counted_out", data))


def test_grouping_keeps_every_entry_in_order() -> None:
    """A group holds its entries as they came, and no entry is lost."""
    entries = [entry(n, service="ecg" if n % 3 else "imaging") for n in range(9)]
    groups = group(entries, lambda made: made.service)
    assert [made.seq for made in groups["imaging"]] == [0, 3, 6]
    assert sum(map(len, groups.values())) == 9


# --- comparing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (12, 10, Change(2, 0.2)),
        (0, 10, Change(-10, -1.0)),
        (5, 0, Change(5, None)),
        (0, 0, Change(0, None)),
        (5, -2, Change(7, None)),
        (None, 5, Change(None, None)),
        (5, None, Change(None, None)),
        (None, None, Change(None, None)),
    ],
)
def test_growth_needs_something_to_grow_from(
    now: float | None, before: float | None, expected: Change
) -> None:
    """Growth from nothing, or with a figure missing, is missing: not zero, not infinite."""
    assert change(now, before) == expected


# --- around an answer ----------------------------------------------------------------------------


def test_a_session_weighs_its_minutes_and_says_who_was_there() -> None:
    """Rounded to the minute; what a service does not ask for is in neither count."""
    begun = (NOON - timedelta(minutes=42, seconds=31)).isoformat()
    made = {
        e.indicator: e.weight
        for e in entries_of(fact("appointment.ended", {"begun_at": begun, "accompanied": False}))
    }
    assert made == {"sessions_held": 1, "session_minutes": 43, "accompaniable": 1}
    assert codes(fact("appointment.ended")) == ["sessions_held"]


@pytest.mark.parametrize("places", [0, 1, 2, 3, 7])
def test_a_session_of_several_is_one_of_three_institutions(places: int) -> None:
    """Asking and answering are two; a session of before says nothing and is in neither count."""
    told = codes(fact("appointment.ended", {"institutions": places}))
    assert told == ["sessions_held", "sessions_attended"] + ["sessions_of_several"] * (places > 2)


def test_a_time_for_no_case_leads_back_to_itself() -> None:
    """Its own id stands where a case's would."""
    one = replace(fact("appointment.proposed", {"appointment": "a1"}), request_id=None)
    assert [e.request_id for e in entries_of(one)] == ["a1"]
    with pytest.raises(ValueError, match="without a request"):
        entries_of(replace(fact("appointment.proposed"), request_id=None))


def test_a_fact_of_before_appointments_were_counted_folds_to_nothing() -> None:
    """It did not say who asks whom; anything else without it is still refused."""
    old = fact("appointment.ended", {"appointment": "a1"})
    data = {k: v for k, v in old.data.items() if k not in ("requester", "provider")}
    assert entries_of(replace(old, data=data)) == []


@pytest.mark.parametrize(
    ("reason", "whose"),
    [("requester-absent", ["missed_by_requester"]), ("expert-absent", ["missed_by_provider"]),
     ("line", []), (None, [])],
)  # fmt: skip
def test_a_no_show_is_somebody_s_by_its_reason(reason: str | None, whose: list[str]) -> None:
    """A line that failed is nobody's."""
    assert codes(fact("appointment.missed", {"reason": reason})) == ["sessions_missed", *whose]


@pytest.mark.parametrize(
    ("side", "scores", "expected"),
    [("requester", {"a": 5, "b": 3}, ["answer_rated", "answer_rated_good"]),
     ("requester", {"a": 5, "b": 3, "c": 3}, ["answer_rated"]),
     ("provider", {"a": 1}, ["request_rated"])],
)  # fmt: skip
def test_an_evaluation_is_good_from_a_mean_of_four(
    side: str, scores: dict[str, int], expected: list[str]
) -> None:
    """Counted when it is open, for the side that gave it."""
    assert codes(fact("evaluation.opened", {"side": side, "scores": scores})) == expected
    with pytest.raises(ValueError, match="without scores"):
        codes(fact("evaluation.opened", {"side": side}))


def test_a_follow_up_answered_early_is_due_with_its_answer() -> None:
    """So that done over due is never more than what was due; other days have no indicator."""
    assert codes(fact("followup.answered", {"follow_up": "30"})) == ["followup_30_done"]
    assert codes(fact("followup.due", {"follow_up": "90"})) == []
    assert codes(fact("followup.answered", {"follow_up": "90"})) == []


def test_a_refund_takes_its_amount_back_in_its_own_month() -> None:
    """Nothing is an amount too."""
    weight = {e.indicator: e.weight for e in entries_of(fact("charge.refunded", {"amount": 57500}))}
    assert weight == {"charges_refunded": 1, "settled_amount": -57500}
    free = {e.indicator: e.weight for e in entries_of(fact("charge.settled", {"amount": 0}))}
    assert free == {"charges_settled": 1, "settled_amount": 0}
