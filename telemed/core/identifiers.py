"""The numbers Chinese law gives to people and institutions, and whether one is well formed.

Knows the structure and check digits of the resident identity number (GB 11643-1999), the
organisation code (GB 11714), the unified social credit code (GB 32100-2015), the medical
institution registration number and the physician practice certificate number.  A function takes
what somebody typed and returns either the parsed value or a ``Flaw``; it never raises on input.
Refuses to know whether a number was ever issued, and which area codes exist: that is a register's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a value was not accepted: a stable code and the facts a sentence is built from."""

    code: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResidentId:
    """A resident identity number; ``number`` has 18 characters even if 15 were given."""

    number: str
    area_code: str
    birth_date: date
    sex: Literal["1", "2"]
    """GB/T 2261.1: 1 male, 2 female."""


@dataclass(frozen=True, slots=True)
class CreditCode:
    """A unified social credit code taken apart (GB 32100-2015, 5.1)."""

    number: str
    registrar: str
    category: str
    area_code: str
    organisation_code: str


@dataclass(frozen=True, slots=True)
class MedicalInstitutionCode:
    """A registration number of 22 characters, or the 12 of a clinic or village room.

    The short form has neither an organisation code nor a class; those fields are then empty.
    """

    number: str
    organisation_code: str
    area_code: str
    economic_type: str
    institution_class: str
    """WS 218, for example A100 general hospital or C220 township hospital."""
    management_class: str
    """1 non-profit, 2 for profit, 9 other."""


@dataclass(frozen=True, slots=True)
class PhysicianLicence:
    """A practice certificate number: it has no check digit, so only its structure is known."""

    number: str
    grade: Literal["1", "2"]
    """1 licensed physician, 2 licensed assistant physician."""
    category: str
    area_code: str


# GB 32100-2015, 5.2: no I, O, S, V, Z, which are misread as digits or letters.
CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CREDIT_WEIGHTS: Final = tuple(pow(3, i, 31) for i in range(17))
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS: Final = "10X98765432"

LICENCE_CATEGORIES: Final[Mapping[str, str]] = {
    "10": "临床",
    "20": "口腔",
    "30": "公共卫生",
    "41": "中医",
    "42": "中西医结合",
    "43": "民族医",
}


def resident_check(first17: str) -> str:
    """Return the 18th character for the first 17 digits (GB 11643-1999, ISO 7064 MOD 11-2)."""
    total = sum(int(d) * w for d, w in zip(first17, _RESIDENT_WEIGHTS, strict=True))
    return _RESIDENT_CHECKS[total % 11]


def organisation_check(first8: str) -> str:
    """Return the check character of an organisation code's eight characters (GB 11714)."""
    total = sum(
        ORGANISATION_ALPHABET.index(c) * w
        for c, w in zip(first8, _ORGANISATION_WEIGHTS, strict=True)
    )
    rest = 11 - total % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def credit_check(first17: str) -> str:
    """Return the check character of a unified social credit code's first 17 characters."""
    total = sum(CREDIT_ALPHABET.index(c) * w for c, w in zip(first17, _CREDIT_WEIGHTS, strict=True))
    return CREDIT_ALPHABET[(31 - total % 31) % 31]


def read_resident_id(text: str, *, today: date) -> ResidentId | Flaw:
    """Parse an 18- or 15-character resident number; ``today`` bounds the birth date.

    The 15-character form ended in 1999 and always means a birth year of 19xx.
    """
    number = _tidy(text)
    if re.fullmatch(r"[0-9]{15}", number):
        longer = f"{number[:6]}19{number[6:]}"
        number = longer + resident_check(longer)
    elif not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        return _shape("resident-id", text, "18 or 15 characters")
    if (expected := resident_check(number[:17])) != number[17]:
        return _check("resident-id", expected, number[17])
    birth = _birth_date(number[6:14])
    if birth is None or not date(1850, 1, 1) <= birth <= today:
        return Flaw("resident-id-birth-date", {"birth_date": number[6:14]})
    sex: Literal["1", "2"] = "1" if int(number[16]) % 2 else "2"
    return ResidentId(number, number[:6], birth, sex)


def read_organisation_code(text: str) -> str | Flaw:
    """Parse an organisation code, with or without its hyphen; return its nine characters."""
    number = _tidy(text).replace("-", "")
    if not re.fullmatch(r"[0-9A-Z]{8}[0-9X]", number):
        return _shape("organisation-code", text, "9 characters")
    if (expected := organisation_check(number[:8])) != number[8]:
        return _check("organisation-code", expected, number[8])
    return number


def read_credit_code(text: str) -> CreditCode | Flaw:
    """Parse a unified social credit code; both of its check characters must hold."""
    number = _tidy(text)
    if not re.fullmatch(rf"[{CREDIT_ALPHABET}]{{2}}[0-9]{{6}}[{CREDIT_ALPHABET}]{{10}}", number):
        return _shape("credit-code", text, "18 characters")
    if (expected := credit_check(number[:17])) != number[17]:
        return _check("credit-code", expected, number[17])
    organisation = read_organisation_code(number[8:17])
    if isinstance(organisation, Flaw):
        return organisation
    return CreditCode(number, number[0], number[1], number[2:8], organisation)


def read_medical_institution_code(text: str) -> MedicalInstitutionCode | Flaw:
    """Parse a registration number: 9 organisation, 6 area, 2 economy, 4 class, 1 management."""
    number = _tidy(text).replace("-", "")
    if re.fullmatch(r"[0-9]{12}", number):
        return MedicalInstitutionCode(number, "", number[:6], "", "", "")
    if not re.fullmatch(r"[0-9A-Z]{8}[0-9X][0-9]{6}[0-9]{2}[A-Z][0-9]{3}[129]", number):
        return _shape("medical-institution-code", text, "22 or 12 characters")
    organisation = read_organisation_code(number[:9])
    if isinstance(organisation, Flaw):
        return organisation
    return MedicalInstitutionCode(
        number, organisation, number[9:15], number[15:17], number[17:21], number[21]
    )


def read_physician_licence(text: str) -> PhysicianLicence | Flaw:
    """Parse a practice certificate number: 1 grade, 2 category, 6 area, 6 serial."""
    number = _tidy(text)
    if not re.fullmatch(r"[0-9]{15}", number):
        return _shape("physician-licence", text, "15 digits")
    if number[0] not in "12":
        return Flaw("physician-licence-grade", {"grade": number[0]})
    if number[1:3] not in LICENCE_CATEGORIES:
        return Flaw("physician-licence-category", {"category": number[1:3]})
    grade: Literal["1", "2"] = "1" if number[0] == "1" else "2"
    return PhysicianLicence(number, grade, number[1:3], number[3:9])


def _tidy(text: str) -> str:
    # Numbers copied from forms carry spaces, and an x where the standard prints X.
    return re.sub(r"\s", "", text).upper()


def _birth_date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _shape(kind: str, text: str, wanted: str) -> Flaw:
    return Flaw(f"{kind}-shape", {"wanted": wanted, "length": str(len(_tidy(text)))})


def _check(kind: str, expected: str, found: str) -> Flaw:
    return Flaw(f"{kind}-check-digit", {"expected": expected, "found": found})
