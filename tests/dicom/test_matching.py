"""QIDO queries: what each parameter means, what is refused, what is ignored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.dicom.criteria import (
    AnyOf,
    Between,
    Empty,
    Exact,
    Moment,
    NameLike,
    Test,
    Wildcard,
    accepts,
    fits,
    to_like,
)
from telemed.dicom.dictionary import lookup
from telemed.dicom.matching import MATCHABLE, RESOURCES, parse_query
from telemed.dicom.refusal import Refused


@pytest.mark.parametrize(
    ("name", "value", "test"),
    [
        ("StudyInstanceUID", "1.2", Exact("1.2")),
        ("0020000D", "1.2,1.3", AnyOf((Exact("1.2"), Exact("1.3")))),
        ("0020000d", "1.2\\1.3\\1.2", AnyOf((Exact("1.2"), Exact("1.3")))),
        ("PatientID", "P1", Exact("P1")),
        ("PatientID", "P*1?", Wildcard("P*1?")),
        ("PatientID", "100%_", Exact("100%_")),
        ("PatientName", "王*", NameLike(("王*",))),
        ("PatientName", "*王*", NameLike(("*王*",))),
        ("PatientName", "Wang^Xiaoming", NameLike(("wangxiaoming",))),
        ("PatientName", "Wang^XiaoMing=王^小明=", NameLike(("wangxiaoming", "王小明"))),
        ("PatientName", "Гусева*", NameLike(("гусева*",))),
        ("ModalitiesInStudy", "CT", Exact("CT")),
        ("ModalitiesInStudy", "CT,MR", AnyOf((Exact("CT"), Exact("MR")))),
        ("ModalitiesInStudy", "CT\\MR", AnyOf((Exact("CT"), Exact("MR")))),
        ("StudyDate", "20260102", Between("20260102", "20260102")),
        ("StudyDate", "20260102-", Between("20260102", "")),
        ("StudyDate", "-20260102", Between("", "20260102")),
        ("StudyDate", "20260101-20260131", Between("20260101", "20260131")),
        ("StudyTime", "10", Between("100000", "105959.999999")),
        ("StudyTime", "1010-1011", Between("101000", "101159.999999")),
        ("StudyTime", "101010.5", Between("101010.5", "101010.599999")),
        ("StudyDescription", "*胸部*", Wildcard("*胸部*")),
    ],
)
def test_meaning(name: str, value: str, test: Test) -> None:
    """Each matching kind of PS3.4 C.2.2.2 by the VR of the attribute."""
    assert [key.test for key in parse_query([(name, value)], "studies").keys] == [test]


@pytest.mark.parametrize("value", ["", "*", '""', "  "])
def test_universal_matching_asks_nothing(value: str) -> None:
    """An empty or all-matching value is no condition."""
    pairs = [("PatientName", value), ("PatientID", value), ("StudyDate", value)]
    assert parse_query(pairs, "studies").keys == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "-1"),
        ("limit", "x"),
        ("limit", "0"),
        ("limit", "1e3"),
        ("limit", "\u0661"),
        ("offset", "-5"),
        ("offset", "99999999999"),
        ("fuzzymatching", "maybe"),
        ("StudyInstanceUID", "../etc"),
        ("StudyInstanceUID", "1.2,,1.3"),
        ("StudyInstanceUID", "1.2.*"),
        ("StudyDate", "2026-01-02"),
        ("StudyDate", "20261301"),
        ("StudyDate", "yesterday"),
        ("StudyDate", "20260131-20260101"),
        ("StudyDate", "-"),
        ("StudyTime", "25"),
        ("SeriesNumber", "one"),
        ("PatientID", "x" * 2_000),
        ("PatientID", "a\0b"),
        ("TimezoneOffsetFromUTC", "+2500"),
        ("TimezoneOffsetFromUTC", "Asia/Shanghai"),
        ("emptyvaluematching", "1"),
        ("ModalitiesInStudy", "\\".join(f"M{n}" for n in range(51))),
    ],
)
def test_bad_values_are_refused_with_facts(name: str, value: str) -> None:
    """A malformed value of a known parameter names itself."""
    with pytest.raises(Refused) as refused:
        parse_query([(name, value)], "series")
    assert refused.value.code == "bad-query"
    assert refused.value.facts["name"] in (name, "StudyInstanceUID")


def test_an_attribute_is_given_once() -> None:
    """Two different values of one attribute contradict (8.3.4.1)."""
    with pytest.raises(Refused):
        parse_query([("PatientID", "1"), ("00100020", "2")], "studies")


def test_unknown_parameters_are_ignored_and_named() -> None:
    """Names that mean nothing do not fail the search."""
    pairs = [("foo", "1"), ("99999999", "x"), ("PatientID", "P1"), ("a.b", "c"),
             ("includefield", "Nonsense")]  # fmt: skip
    criteria = parse_query(pairs, "studies")
    assert [key.path for key in criteria.keys] == [(0x00100020,)]
    assert criteria.ignored == ("foo", "99999999", "a.b", "Nonsense")


@pytest.mark.parametrize(
    "name",
    [
        "Modality",
        "00080060",
        "PatientWeight",
        "ContentDate",
        "RequestAttributesSequence.ScheduledProcedureStepID",
    ],
)
def test_a_filter_that_cannot_be_applied_is_refused(name: str) -> None:
    """An attribute of another level, or of none that is indexed, is not passed over in silence."""
    with pytest.raises(Refused) as refused:
        parse_query([(name, "x")], "studies")
    assert (refused.value.code, refused.value.facts["name"]) == ("unsupported-key", name)
    criteria = parse_query([(name, "")], "studies")  # universal matching filters nothing
    assert criteria.keys == () and len(criteria.include) == 1


def test_a_level_matches_what_stands_above_it() -> None:
    """The instances of a series can be asked by attributes of their study."""
    keys = parse_query([("PatientName", "王*"), ("Modality", "CT")], "series-instances").keys
    assert [key.path for key in keys] == [(0x00100010,), (0x00080060,)]


def test_the_viewers_own_query() -> None:
    """The study list request of OHIF, word for word."""
    pairs = [
        ("PatientName", "*x*"), ("limit", "101"), ("offset", "0"), ("fuzzymatching", "false"),
        ("includefield", "00081030,00080060,00080090,00100030"), ("StudyInstanceUID", "1.2\\1.3"),
    ]  # fmt: skip
    criteria = parse_query(pairs, "studies")
    assert (criteria.limit, criteria.offset) == (101, 0)
    assert criteria.include == {0x00081030, 0x00080060, 0x00080090, 0x00100030}
    assert {key.path[0] for key in criteria.keys} == {0x00100010, 0x0020000D}
    assert criteria.ignored == ()


def test_limits_are_clamped() -> None:
    """More than the maximum is the maximum, nothing said is the maximum too."""
    assert parse_query([("limit", "99999")], "studies", max_limit=200).limit == 200
    assert parse_query([], "studies", max_limit=200).limit == 200


def test_includefield_all_and_repeated() -> None:
    """includefield repeats, takes lists, keywords and the word all."""
    pairs = [("includefield", "StudyDescription, 00080060"), ("includefield", "all")]
    criteria = parse_query(pairs, "studies")
    assert criteria.include_all and criteria.include == {0x00081030, 0x00080060}


def test_sequence_keys() -> None:
    """Attributes inside sequences are named with dots, by keyword or tag."""
    for name in ("RequestAttributesSequence.RequestedProcedureID", "00400275.00401001"):
        criteria = parse_query([(name, "RP1")], "study-series")
        assert criteria.keys[0].path == (0x00400275, 0x00401001)


def test_date_and_time_ranges_are_one_stretch() -> None:
    """From ten on the first to nine on the second, not every morning (C.2.2.2.5)."""
    pairs = [("StudyDate", "20260101-20260102"), ("StudyTime", "10-0900")]
    with pytest.raises(Refused):
        parse_query([("StudyTime", "10-0900")], "studies")
    criteria = parse_query([pairs[0], ("StudyTime", "10-11")], "studies")
    test = Between("20260101100000", "20260102115959.999999")
    assert criteria.moments == (Moment(0x00080020, 0x00080030, test),)
    assert criteria.keys == ()


@pytest.mark.parametrize(
    ("pairs", "moment"),
    [
        # Stored times are those of +0800.
        ([("StudyDate", "20260301")], ("20260301080000", "20260302075959.999999")),
        ([("StudyDate", "20260301-20260302")], ("20260301080000", "20260303075959.999999")),
        ([("StudyDate", "20260228-")], ("20260228080000", "")),
        ([("StudyDate", "-20260228")], ("", "20260301075959.999999")),
        ([("StudyDate", "202602")], ("20260201080000", "20260301075959.999999")),
        ([("StudyDate", "20260301"), ("StudyTime", "2330-2345")],
         ("20260302073000", "20260302074559.999999")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sign", ["+", " "])
def test_another_timezone_moves_dates_and_times(
    pairs: list[tuple[str, str]], moment: tuple[str, str], sign: str
) -> None:
    """A day in UTC is a stretch of two days here; an unescaped plus sign arrives as a blank."""
    criteria = parse_query([*pairs, ("TimezoneOffsetFromUTC", f"{sign}0000")], "studies")
    (found,) = criteria.moments
    assert (found.test, criteria.keys) == (Between(*moment), ())
    same = parse_query([*pairs, ("TimezoneOffsetFromUTC", f"{sign}0800")], "studies")
    assert same == parse_query(pairs, "studies")


def test_a_time_of_another_timezone_may_go_over_midnight() -> None:
    """From 15:30 to 16:30 UTC is from 23:30 to 0:30 here, on any day."""
    pairs = [("StudyTime", "1530-1629"), ("TimezoneOffsetFromUTC", "+0000")]
    (key,) = parse_query(pairs, "studies").keys
    assert key.test == Between("233000", "002959.999999")
    times = ("232959", "233000", "235959.5", "000000", "002959", "003000", "")
    assert [accepts(key.test, [time]) for time in times] == [0, 1, 1, 1, 1, 0, 0]


def test_empty_and_multiple_values_match_where_they_are_asked_to() -> None:
    """Two quotes find what has no value, backslashes separate values; without the flags neither."""
    empty = [("AccessionNumber", '""')]
    several = [("PatientID", "P1\\P2*"), ("StudyDate", "20260101\\20260301-")]
    (key,) = parse_query([*empty, ("emptyvaluematching", "true")], "studies").keys
    assert key.test == Empty() and accepts(key.test, [""]) and not accepts(key.test, ["A"])
    assert parse_query(empty, "studies").keys == ()
    flagged = parse_query([*several, ("multiplevaluematching", "true")], "studies").keys
    assert [key.test for key in flagged] == [
        AnyOf((Exact("P1"), Wildcard("P2*"))),
        AnyOf((Between("20260101", "20260101"), Between("20260301", ""))),
    ]
    (plain,) = parse_query(several[:1], "studies").keys
    assert plain.test == Wildcard("P1\\P2*")


def test_fuzzy_words_come_in_any_order() -> None:
    """Each word of a fuzzy name begins some key, whatever stands between them."""
    pairs = [("PatientName", "xiao^Wang=王"), ("fuzzymatching", "true")]
    (key,) = parse_query(pairs, "studies").keys
    assert key.test == NameLike(("xiao*", "wang*", "王*"))


def test_private_attributes_are_asked_for_with_their_creator() -> None:
    """The creator is a match parameter of its block; without it the attribute names nothing."""
    pairs = [("00090010", "ACME 1.1"), ("includefield", "00091001,00111001")]
    criteria = parse_query(pairs, "instances")
    assert criteria.private == ((0x00091001, "ACME 1.1"),)
    assert criteria.ignored == ("00111001",)


def test_every_matchable_attribute_is_in_the_dictionary() -> None:
    """The table names real attributes, and every resource its levels."""
    for names in MATCHABLE.values():
        for name in names:
            criteria = parse_query([(name, "")], "instances")
            assert criteria.ignored == (), name
    assert {level for levels in RESOURCES.values() for level in levels} == set(MATCHABLE)
    assert lookup(0x00100010) is not None


@given(st.text("ab[]!*?%_\\.", max_size=12), st.text("ab[]!%_\\.", max_size=12))
def test_patterns_mean_what_they_say(pattern: str, value: str) -> None:
    """Only * and ? are wild, in Python's reading and in SQL's."""
    assert fits(pattern, value) == _slow(pattern, value)
    assert accepts(Wildcard(pattern), [value]) == (value != "" and _slow(pattern, value))
    assert to_like(pattern).replace("\\\\", "").replace("\\%", "").replace("\\_", "").count(
        "%"
    ) == pattern.count("*")


def _slow(pattern: str, value: str) -> bool:
    if not pattern:
        return not value
    if pattern[0] == "*":
        return any(_slow(pattern[1:], value[k:]) for k in range(len(value) + 1))
    return bool(value) and pattern[0] in ("?", value[0]) and _slow(pattern[1:], value[1:])


@given(st.sampled_from(sorted(RESOURCES)), st.lists(st.tuples(
    st.sampled_from(["PatientName", "StudyDate", "StudyTime", "limit", "StudyInstanceUID", "IS"]),
    st.text(max_size=20)), max_size=4))  # fmt: skip
def test_any_query_is_read_or_refused(resource: str, pairs: list[tuple[str, str]]) -> None:
    """No value makes the parser fail in another way."""
    try:
        parse_query(pairs, resource)
    except Refused as refused:
        assert refused.code in ("bad-query", "unsupported-key")
