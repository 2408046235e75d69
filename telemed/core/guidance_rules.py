"""What may be entered while an operation is guided, and the note before it, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class EntryKind:
    """A kind of what is entered; whether the operating side says that it was taken."""

    code: str
    label: tuple[str, str]
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Guidance:
    """The note and the kinds, as the alliance agreed on them."""

    version: str = ""
    zh: str = ""
    en: str = ""
    late: timedelta = timedelta()
    kinds: Mapping[str, EntryKind] = field(default_factory=dict)


NO_GUIDANCE: Final = Guidance()
