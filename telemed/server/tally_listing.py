"""Every counted fact of a month that a reader's form adds up, a page at a time, for its files.

An entry is listed where the form has a column that is computed from it: on the requesting side, on
the providing side, or on both. What a column of the other side alone counts is the other side's
business and is not listed. Names are those of the form's rows, so the lines add up to them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from telemed.actions.act import Act
from telemed.core.completeness import URGENCY_WORDS
from telemed.core.indicators import INDICATORS, Side
from telemed.core.tally import Entry
from telemed.documents.tally_listing import EntryRow, PlaceRow
from telemed.server.tally import things_of
from telemed.server.tally_places import SIDES, Places
from telemed.store import log, network, tallies
from telemed.store.tallies import Listed, Page
from telemed.store.tx import Row

_CODES = tuple(SIDES)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A month's entries after one of them: by indicator, in each in the log's order.

    `until` is the last fact that was counted when the listing began: what is counted while it is
    sent is not in it.
    """

    month: str
    urgency: str | None
    until: int
    indicator: int = 0
    after: tuple[int, int] = (0, 0)


def begin(act: Act, month: str, urgency: str | None) -> Cursor:
    """The listing of a month, from its first entry to the last that is counted now."""
    return Cursor(month, urgency, log.bookmark(act.tx, tallies.FOLLOWER))


def page(
    act: Act, at: Cursor, size: int, known: dict[str, Row] | None = None
) -> tuple[list[EntryRow], Cursor | None]:
    """So many entries from a place on, and the next place; None after the last.

    `known` spares asking again for what entries of other indicators were of.
    """
    known = {} if known is None else known
    allowed = Places(act, at.month, "service", "provider").allowed
    found: list[tuple[Entry, frozenset[str]]] = []
    while at.indicator < len(_CODES):
        rest = size - len(found)
        wanted = _wanted(at, _CODES[at.indicator])
        some = tallies.listed(act.tx, wanted, allowed, Page(at.after, rest)) if rest else []
        found += some
        if rest == len(some):
            last = (some[-1][0].seq, some[-1][0].part) if some else at.after
            return _rows(act, found, known), replace(at, after=last)
        at = replace(at, indicator=at.indicator + 1, after=(0, 0))
    return _rows(act, found, known), None


def entries(act: Act, at: Cursor, most: int, at_once: int) -> Iterator[EntryRow]:
    """The first entries of a listing, read some thousands at a time."""
    place: Cursor | None = at
    known: dict[str, Row] = {}
    while place is not None and most > 0:
        rows, place = page(act, place, min(at_once, most), known)
        most -= len(rows)
        yield from rows


def in_all(act: Act, at: Cursor) -> int:
    """How many entries the listing has."""
    allowed = Places(act, at.month, "service", "provider").allowed
    return sum(tallies.how_many(act.tx, _wanted(at, code), allowed) for code in _CODES)


def _wanted(at: Cursor, code: str) -> Listed:
    return Listed(at.month, code, SIDES[code], at.until, at.urgency)


def _rows(
    act: Act, found: Sequence[tuple[Entry, frozenset[str]]], known: dict[str, Row]
) -> list[EntryRow]:
    services = act.catalogue.services
    known |= things_of(act, [entry for entry, _ in found if entry.request_id not in known])
    ids = {each for entry, _ in found for each in (entry.requester, entry.provider)}
    places = {k: str(row["short_name"]) for k, row in network.institution_refs(act.tx, ids).items()}
    lines = []
    for entry, on in found:
        row = known.get(entry.request_id, {})
        service = services.get(entry.service)
        lines.append(
            EntryRow(
                indicator=INDICATORS[entry.indicator],
                on=frozenset(Side(side) for side in on),
                weight=entry.weight,
                seconds=entry.value,
                thing=row.get("page", "request"),
                # A call and an entry of the wait list have no number but their id.
                number=row.get("number") or entry.request_id,
                service=service.label.zh if service else entry.service,
                urgency=URGENCY_WORDS[entry.urgency].zh,
                requester=places.get(entry.requester, entry.requester),
                provider=places.get(entry.provider, entry.provider),
                at=entry.at,
                seq=entry.seq,
                part=entry.part,
            )
        )
    return lines


def places_of(act: Act, month: str) -> tuple[PlaceRow, ...]:
    """Where each institution that the reader counts belongs in a month."""
    return tuple(PlaceRow(*row) for row in Places(act, month, "alliance", "provider").belongings())
