"""Material 资料 told without its patient: what to look at first, and where a name still stands.

Whether pixels carry a name nobody can tell by rule; which images are at risk one can. Free text is
searched for what is known of the patient. Knows rules as data, and no case.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class MaterialRules:
    """Which images are at risk, and how far days are shifted."""

    modalities: frozenset[str] = frozenset()
    sop_classes: tuple[str, ...] = ()
    least_shift_days: int = 28
    most_shift_days: int = 364


NO_MATERIAL: Final = MaterialRules()


@dataclass(frozen=True, slots=True)
class Told:
    """What an image says of where its pixels come from."""

    modality: str
    sop_class: str
    burned_in: str = ""
    conversion: str = ""


def is_at_risk(rules: MaterialRules, image: Told) -> bool:
    """Whether a person must look at it: it says so itself, or comes from where names are drawn.

    A device's own NO counts where its kind is not listed; an image that somebody converted from
    paper, film or a screen says so by its conversion (PS3.3 C.8.6.1).
    """
    if image.burned_in == "YES" or image.conversion:
        return True
    listed = any(
        image.sop_class == each or image.sop_class.startswith(f"{each}.")
        for each in rules.sop_classes
    )
    return listed or image.modality in rules.modalities


def shift(rules: MaterialRules, chance: int) -> int:
    """Days to shift by, of a number drawn by chance."""
    span = rules.most_shift_days - rules.least_shift_days + 1
    return rules.least_shift_days + chance % span


@dataclass(frozen=True, slots=True)
class Identity:
    """What would tell whose case it is."""

    name: str
    id_number: str = ""
    phone: str = ""
    patient_id: str = ""


_LEAST_DIGITS: Final = 7
_LEAST_ID: Final = 4


def places(identity: Identity, content: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    """The keys of a form in whose values the patient is named, in their order."""
    return [key for key in keys if any(_names(identity, text) for text in _texts(content.get(key)))]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list | tuple):
        return [text for each in value for text in _texts(each)]
    return []


def _names(identity: Identity, text: str) -> bool:
    plain = _plain(text)
    # A name may be told in several scripts, "Wei^Guihua=韦^桂花"; each is one to look for.
    for one in re.split(r"[=/]", identity.name):
        parts = [p for p in re.split(r"[\^\s·・]+", one.casefold()) if p]
        spoken = {"".join(parts), "".join(reversed(parts))} - {""}
        if any(len(name) >= _shortest(name) and name in plain for name in spoken):
            return True
    digits = re.sub(r"[^0-9xX]", "", text).casefold()
    for number in (identity.id_number, identity.phone):
        wanted = re.sub(r"[^0-9xX]", "", number).casefold()
        if len(wanted) >= _LEAST_DIGITS and wanted in digits:
            return True
    own = _plain(identity.patient_id)
    return len(own) >= _LEAST_ID and own in plain


def _shortest(name: str) -> int:
    """Two Chinese characters are a name; two letters are many words."""
    return 2 if not name.isascii() else 4


def _plain(text: str) -> str:
    return re.sub(r"[\s\^·・,，.。-]+", "", text).casefold()
