"""Where a search begins: at UIDs it names, at a key of its index, or at every study in order.

The starts are tried from the narrowest on; the last one always serves. A start settles the keys
it stands for; the others are asked of each row it leads to.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from telemed.dicom.criteria import AnyOf, Criteria, Exact, Key, NameLike, Wildcard
from telemed.store.study_keys import (
    ACCESSION,
    BEGINNING,
    EVERY,
    MODALITY,
    NAME,
    PATIENT,
    REFERRING,
    beginning,
)

# Study, Series and SOP Instance UID.
_BY_UID: Final = ((0x0020000D,), (0x0020000E,), (0x00080018,))
_MODALITIES: Final = (0x00080061,)
_BY_KEY: Final = (
    ((0x00080050,), ACCESSION),
    ((0x00100020,), PATIENT),
    ((0x00100010,), NAME),
    ((0x00080090,), REFERRING),
    (_MODALITIES, MODALITY),
    # A series' own: its study has the key, and may have series of other modalities.
    ((0x00080060,), MODALITY),
)
_PAST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Start:
    """A way in. `kind` is 'few' (UIDs), 'keys' (one key, in order) or 'range' (to be put in order).

    `settled` are the criteria it leaves nothing of.
    """

    kind: str
    values: Mapping[str, str] = field(default_factory=dict)
    settled: tuple[Key, ...] = ()
    rank: int = 0


def starts(criteria: Criteria) -> Iterator[Start]:
    """The ways into a search that is not under one study, the narrowest first."""
    keys = {key.path: key for key in criteria.keys}
    if any(path in keys and isinstance(keys[path].test, Exact | AnyOf) for path in _BY_UID):
        yield Start("few")
        return
    found = [start for path, kind in _BY_KEY if path in keys for start in _by_key(keys[path], kind)]
    yield from sorted(found, key=lambda start: start.rank)
    yield Start("keys", {"key": EVERY})


def _by_key(key: Key, kind: str) -> Iterator[Start]:
    match key.test:
        case Exact() if kind == MODALITY:
            settled = (key,) if key.path == _MODALITIES else ()
            yield Start("keys", {"key": kind + key.test.value}, settled, rank=3)
        case Exact():
            # Keys are in lower case: the row is looked at once more.
            yield Start("keys", {"key": kind + key.test.value.lower()})
        case Wildcard() if kind != MODALITY:
            yield from _range(kind, key.test.pattern.lower())
        case NameLike():
            settled = (key,) if len(key.test.patterns) == 1 else ()
            for pattern in sorted(key.test.patterns, key=len, reverse=True):
                if "*" in pattern or "?" in pattern:
                    yield from _range(kind, pattern, settled)
                else:
                    yield Start("keys", {"key": kind + pattern}, settled)


def _range(kind: str, pattern: str, settled: tuple[Key, ...] = ()) -> Iterator[Start]:
    """The keys that begin with what a pattern begins with, if that is anything.

    Of a name what it begins with is a key itself, under which the studies are in order.
    """
    head = pattern.replace("?", "*").partition("*")[0]
    if not head:
        return
    settled = settled if pattern == head + "*" else ()
    begins = beginning(head) if kind == NAME else ""
    if begins != head:
        ends = {"low": kind + head, "high": kind + head + _PAST}
        yield Start("range", ends, settled, rank=1)
    if begins:
        yield Start("keys", {"key": BEGINNING + begins}, settled if begins == head else (), rank=2)
