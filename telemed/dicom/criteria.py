"""What a search asks of attributes, and what each test means in plain Python.

`accepts` is the meaning: whoever has an index answers the same, and is held against it. Knows
nothing of query strings (`matching` reads them) and nothing of how a store looks things up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate

Path = tuple[int, ...]
"""Tags from the data set down; more than one inside sequences."""


@dataclass(frozen=True, slots=True)
class Exact:
    """The attribute has this value."""

    value: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """The attribute fits a pattern of `*` and `?`, in any case of letters."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Between:
    """The attribute lies in a closed range; '' leaves an end open.

    A range whose ends are in the wrong order goes over midnight.
    """

    low: str
    high: str

    @property
    def wraps(self) -> bool:
        """Whether it is made of two stretches, from the low end and up to the high one."""
        return bool(self.low and self.high) and self.low > self.high


@dataclass(frozen=True, slots=True)
class NameLike:
    """Every pattern fits one of the search keys of a person name (`names.search_keys`)."""

    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    """The attribute has no value (PS3.4 C.2.2.2.7)."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of several tests holds: a list of UIDs, or multiple value matching (C.2.2.2.8)."""

    tests: tuple[Test, ...]


Test = Exact | Wildcard | Between | NameLike | Empty | AnyOf


@dataclass(frozen=True, slots=True)
class Key:
    """A test of one attribute."""

    path: Path
    test: Test


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and a time that are tested as one, YYYYMMDDHHMMSS[.F] (C.2.2.2.5)."""

    date: int
    time: int
    test: Between


@dataclass(frozen=True, slots=True)
class Criteria:
    """A whole search. `private` are private attributes to include, each with its creator."""

    levels: tuple[str, ...]
    keys: tuple[Key, ...] = ()
    moments: tuple[Moment, ...] = ()
    include: frozenset[int] = frozenset()
    private: tuple[tuple[int, str], ...] = ()
    include_all: bool = False
    limit: int = 0
    offset: int = 0
    ignored: tuple[str, ...] = ()


def accepts(test: Test, values: Iterable[str]) -> bool:
    """Whether an attribute with these values passes, of several if any of them does.

    For `NameLike` the values are the search keys of the name.
    """
    told = [value for value in values if value]
    match test:
        case Empty():
            return not told
        case AnyOf():
            return any(accepts(one, told) for one in test.tests)
        case NameLike():
            return all(any(fits(pattern, key) for key in told) for pattern in test.patterns)
        case _:
            return any(_accepts(test, value) for value in told)


def _accepts(test: Exact | Wildcard | Between, value: str) -> bool:
    match test:
        case Exact():
            return value == test.value
        case Wildcard():
            return fits(test.pattern.lower(), value.lower())
        case Between():
            above, below = test.low <= value, not test.high or value <= test.high
            return (above or below) if test.wraps else (above and below)


def fits(pattern: str, value: str) -> bool:
    """Whether a value fits a pattern of `*` and `?`; brackets mean themselves."""
    return re.match(translate(pattern.replace("[", "[[]")), value) is not None


def to_like(pattern: str, escape: str = "\\") -> str:
    """A pattern of `*` and `?` as the pattern of SQL's LIKE, with its own marks escaped."""
    marks = str.maketrans(
        {"*": "%", "?": "_", "%": f"{escape}%", "_": f"{escape}_", escape: escape * 2}
    )
    return pattern.translate(marks)
