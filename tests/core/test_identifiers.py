"""The law's identifiers: published vectors hold, one wrong digit is found, no input raises."""

from datetime import date
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc  # an independent reading of GB 32100

from telemed.core.identifiers import (
    CREDIT_ALPHABET,
    CreditCode,
    Flaw,
    MedicalInstitutionCode,
    PhysicianLicence,
    ResidentId,
    credit_check,
    organisation_check,
    read_credit_code,
    read_medical_institution_code,
    read_organisation_code,
    read_physician_licence,
    read_resident_id,
    resident_check,
)

TODAY = date(2026, 11, 22)
READERS = (
    lambda text: read_resident_id(text, today=TODAY),
    read_organisation_code,
    read_credit_code,
    read_medical_institution_code,
    read_physician_licence,
)


@st.composite
def resident_ids(draw: st.DrawFn) -> str:
    birth = draw(st.dates(date(1900, 1, 1), TODAY))
    first17 = f"450328{birth:%Y%m%d}{draw(st.integers(0, 999)):03}"
    return first17 + resident_check(first17)


@st.composite
def credit_codes(draw: st.DrawFn) -> str:
    first8 = f"{draw(st.integers(0, 99_999_999)):08}"
    first17 = f"12450328{first8}{organisation_check(first8)}"
    return first17 + credit_check(first17)


def changed(draw: st.DrawFn, number: str) -> str:
    """The number with one digit replaced by another digit."""
    places = [i for i, c in enumerate(number) if c.isdigit()]
    place = draw(st.sampled_from(places))
    digit = draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))
    return number[:place] + digit + number[place + 1 :]


@pytest.mark.parametrize(
    ("number", "birth", "sex"),
    [
        ("11010519491231002X", date(1949, 12, 31), "2"),
        ("440524188001010014", date(1880, 1, 1), "1"),
        ("450102198001010015", date(1980, 1, 1), "1"),
        ("45032819550708002X", date(1955, 7, 8), "2"),
    ],
)
def test_known_resident_numbers_give_birth_and_sex(
    number: str, birth: date, sex: Literal["1", "2"]
) -> None:
    """GB 11643's own examples and two Guangxi-shaped ones are read."""
    assert read_resident_id(number, today=TODAY) == ResidentId(number, number[:6], birth, sex)


def test_fifteen_digits_become_eighteen() -> None:
    """The old form is completed with the century and its check digit, spaces and x tolerated."""
    read = read_resident_id("110105 491231 002", today=TODAY)
    assert isinstance(read, ResidentId)
    assert read.number == "11010519491231002X"
    assert read_resident_id("11010519491231002x", today=TODAY) == read


@pytest.mark.parametrize(
    ("first17", "why"),
    [
        ("45032819990230001", "no 30 February"),
        ("45032820261123001", "born tomorrow"),
        ("45032818000101001", "before 1850"),
    ],
)
def test_impossible_births_are_refused(first17: str, why: str) -> None:
    """A true check digit does not excuse a day that cannot be a birth date."""
    found = read_resident_id(first17 + resident_check(first17), today=TODAY)
    assert isinstance(found, Flaw) and found.code == "resident-id-birth-date", why


@given(st.data())
def test_one_wrong_digit_in_a_resident_number_is_found(data: st.DataObject) -> None:
    """Modulus 11 with unit weights catches every single wrong digit."""
    wrong = data.draw(st.composite(lambda draw: changed(draw, draw(resident_ids())))())
    assert isinstance(read_resident_id(wrong, today=TODAY), Flaw)


@given(resident_ids())
def test_true_resident_numbers_are_accepted(number: str) -> None:
    """Whatever the standard's rule makes is read back unchanged."""
    found = read_resident_id(number, today=TODAY)
    assert isinstance(found, ResidentId) and found.number == number


@pytest.mark.parametrize("number", ["91350100M000100Y43", "1245000049850028X4"])
def test_known_credit_codes_hold(number: str) -> None:
    """The published code and the invented public hospital are taken apart."""
    assert read_credit_code(number) == CreditCode(
        number, number[0], number[1], number[2:8], number[8:17]
    )


@given(credit_codes())
def test_credit_codes_agree_with_an_independent_reading(number: str) -> None:
    """Our check characters are those another implementation of GB 32100 computes."""
    assert isinstance(read_credit_code(number), CreditCode)
    assert uscc.is_valid(number)


@given(st.data())
def test_one_wrong_digit_in_a_credit_code_is_found(data: st.DataObject) -> None:
    """31 is prime and no weight is a multiple of it: no single wrong digit passes."""
    wrong = data.draw(st.composite(lambda draw: changed(draw, draw(credit_codes())))())
    assert isinstance(read_credit_code(wrong), Flaw)


def test_misread_letters_are_no_part_of_a_credit_code() -> None:
    """I, O, S, V and Z are left out of the alphabet because they look like digits or letters."""
    assert not set("IOSVZ") & set(CREDIT_ALPHABET)
    found = read_credit_code("91350100M00O100Y43")
    assert isinstance(found, Flaw) and found.code == "credit-code-shape"


def test_a_credit_code_needs_its_inner_check_too() -> None:
    """A wrong organisation code inside is found even when the outer check was computed over it."""
    inner = "1245000049850028" + "0"
    found = read_credit_code(inner + credit_check(inner))
    assert isinstance(found, Flaw) and found.code == "organisation-code-check-digit"
    assert found.facts == {"expected": "X", "found": "0"}


@pytest.mark.parametrize("text", ["M000100Y-4", "M000100Y4", "49850028-X", "49850028x"])
def test_organisation_codes_are_read_with_or_without_hyphen(text: str) -> None:
    """GB 11714 prints a hyphen, forms leave it out."""
    assert read_organisation_code(text) == text.replace("-", "").upper()


@given(st.data())
def test_one_wrong_digit_in_an_organisation_code_is_found(data: st.DataObject) -> None:
    """Digits differ by less than eleven, so modulus 11 tells them apart."""
    first8 = f"{data.draw(st.integers(0, 99_999_999)):08}"
    number = first8 + organisation_check(first8)
    wrong = data.draw(st.composite(lambda draw: changed(draw, number))())
    assert isinstance(read_organisation_code(wrong), Flaw)


def test_institution_codes_have_a_long_and_a_short_form() -> None:
    """22 characters come apart into five parts; 12 digits only into an area."""
    assert read_medical_institution_code("49850028X45032811A1001") == MedicalInstitutionCode(
        "49850028X45032811A1001", "49850028X", "450328", "11", "A100", "1"
    )
    short = read_medical_institution_code("450328000101")
    assert isinstance(short, MedicalInstitutionCode)
    assert (short.area_code, short.organisation_code) == ("450328", "")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("49850028045032811A1001", "organisation-code-check-digit"),
        ("49850028X45032811A1003", "medical-institution-code-shape"),
        ("4503280001", "medical-institution-code-shape"),
    ],
)
def test_malformed_institution_codes_say_why(text: str, code: str) -> None:
    """A wrong organisation code, management class or length is named."""
    found = read_medical_institution_code(text)
    assert isinstance(found, Flaw) and found.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("310450328000001", "physician-licence-grade"),
        ("199450328000001", "physician-licence-category"),
        ("11045032800001", "physician-licence-shape"),
    ],
)
def test_malformed_physician_licences_say_why(text: str, code: str) -> None:
    """Without a check digit the length, grade and category are all there is to check."""
    found = read_physician_licence(text)
    assert isinstance(found, Flaw) and found.code == code


def test_a_physician_licence_comes_apart() -> None:
    """Grade, category and area are read from their places."""
    assert read_physician_licence("110450328000001") == PhysicianLicence(
        "110450328000001", "1", "10", "450328"
    )


@given(st.text(max_size=30))
def test_no_text_makes_a_reader_raise(text: str) -> None:
    """Whatever somebody types, the answer is a value or a flaw."""
    for read in READERS:
        read(text)
