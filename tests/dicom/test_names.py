"""Search keys: a person is found by hanzi, pinyin, initials and latin name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.dicom.criteria import accepts
from telemed.dicom.matching import parse_query
from telemed.dicom.names import normalise, search_keys


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("王^小明", ["王小明", "小明", "wangxiaoming", "wxm", "xiaoming", "WANG XIAOMING", "王*"]),
        ("Wang^Xiaoming=王^小明", ["Wang^Xiaoming", "wang", "xiaomingwang", "王小明", "wxm"]),
        ("Wang^XiaoMing", ["wangxiaoming", "wxm", "wx", "xiaoming", "wang*"]),
        ("王小明", ["王小明", "wxm", "*小明", "wangxiao*", "*ming*"]),
        ("单^雄信", ["shanxiongxin", "sxx", "单雄信"]),
        ("查^良镛", ["zhaliangyong", "zly", "chaliangyong"]),
        ("仇^英", ["qiuying", "qy"]),
        ("曾^国藩", ["zengguofan", "zgf"]),
        ("覃^玉梅", ["qinyumei", "tanyumei", "qym"]),
        ("欧阳^修", ["ouyangxiu", "oyx"]),
        ("吕^布", ["lvbu", "lb"]),
        ("José^Müller", ["jose", "muller", "JOSÉ MÜLLER"]),
        ("O'Neil^Shaun", ["oneil", "o'neil", "o'neil*"]),
    ],
)
def test_found_by(name: str, asked: list[str]) -> None:
    """Every way of asking for a person finds the keys of that person."""
    keys = search_keys(name)
    for question in asked:
        test = parse_query([("PatientName", question)], "studies").keys[0].test
        assert accepts(test, keys.split()), (question, keys)


@pytest.mark.parametrize("question", ["李", "li*", "xm", "wangxiaomin", "小", "王小"])
def test_not_found_by(question: str) -> None:
    """A literal question is a whole key, not a piece of one."""
    test = parse_query([("PatientName", question)], "studies").keys[0].test
    assert not accepts(test, search_keys("Wang^Xiaoming=王^小明").split())


def test_fuzzy_matching_takes_beginnings() -> None:
    """With fuzzymatching each word only has to begin some key."""
    pairs = [("PatientName", "xiao wa"), ("fuzzymatching", "true")]
    test = parse_query(pairs, "studies").keys[0].test
    assert accepts(test, search_keys("Wang^Xiaoming").split())
    assert not accepts(test, search_keys("Wang^Daming").split())


@given(st.text(max_size=80))
def test_any_text_has_keys(text: str) -> None:
    """Keys never fail, are folded, and hold no pattern marks."""
    keys = search_keys(text)
    assert "*" not in keys and "?" not in keys
    assert all(normalise(key) == key for key in keys.split())
