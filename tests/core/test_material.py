"""What to look at before pixels go out, and where a text still names its patient."""

from itertools import product

import pytest

from telemed.catalogue.services import load_material
from telemed.core.material import Identity, MaterialRules, Told, is_at_risk, places, shift
from telemed.settings import CONFIGS

RULES = load_material(CONFIGS)
WHO = Identity("Wei^Guihua=韦^桂花", "450328195803071228", "13877312345", "GL100382")


@pytest.mark.parametrize(
    ("modality", "sop", "burned", "conversion"),
    list(product(("CT", "US"), ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7.4"),
            ("", "NO", "YES"), ("", "WSD"))),
)  # fmt: skip
def test_every_sign_alone_is_enough(modality: str, sop: str, burned: str, conversion: str) -> None:
    """By its own word, its kind, its class or because somebody converted it; a NO undoes none."""
    expected = modality == "US" or sop.endswith("7.4") or burned == "YES" or conversion == "WSD"
    assert is_at_risk(RULES, Told(modality, sop, burned, conversion)) is expected


def test_a_class_is_no_prefix_of_another_number() -> None:
    """...1.7 is not ...1.77."""
    assert not is_at_risk(RULES, Told("SM", "1.2.840.10008.5.1.4.1.1.77.1.6"))


@pytest.mark.parametrize(
    "text",
    ["患者韦桂花，女", "韦 桂花入院", "韦·桂花", "Wei Guihua was seen", "guihua wei", "WEI^GUIHUA",
     "身份证450328195803071228", "450328 19580307 1228", "电话138-7731-2345", "住院号GL100382",
     "住院号 gl-100382"],
)  # fmt: skip
def test_a_text_that_names_the_patient_is_found(text: str) -> None:
    """However it is written; by the key of the field, wherever in its value."""
    content = {"a": "咳嗽三月", "b": text, "c": [{"name": text, "code": ""}], "d": [text], "e": 3}
    assert places(WHO, content, ["d", "a", "b", "c", "e", "f"]) == ["d", "b", "c"]


@pytest.mark.parametrize(
    "text", ["韦某，女", "1388888", "体重 45 kg", "the weight", "GL", "", "花"]
)
def test_what_does_not_name_them_is_not_found(text: str) -> None:
    """Parts that many share."""
    assert places(WHO, {"a": text}, ["a"]) == []


def test_nothing_known_names_nobody() -> None:
    """An identity without name and numbers is in no text."""
    assert places(Identity(""), {"a": "韦桂花 13877312345"}, ["a"]) == []


def test_days_are_shifted_within_what_is_said() -> None:
    """Every number drawn falls between, both ends among them."""
    rules = MaterialRules(least_shift_days=28, most_shift_days=30)
    assert {shift(rules, n) for n in range(100)} == {28, 29, 30}
