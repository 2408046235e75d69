"""The board that a time is found on: who and what can be had at each beginning on the grid.

Knows hours, leave and its cover, bookings and their buffers, and how seats are filled without
anybody in two. Everything is worked out once for all beginnings, as sets of minutes, not again at
each of them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, islice

from telemed.core.intervals import (
    Spans,
    aligned,
    difference,
    fitting,
    intersection,
    meeting,
    normal,
    union,
)
from telemed.core.schedule import Almanac, Diary, Resource, hours_of, open_of
from telemed.core.slots import Need, Reason, Seat, Sitting, Slot, Wish

_MOST_COVERS = 3
"""The cover of a cover's cover is asked; no further, or nobody knows any more who will come."""


def allowed_of(wish: Wish) -> Spans:
    """The beginnings that the wish itself leaves, whoever is asked."""
    fits = fitting((wish.window,), wish.minutes)
    fits = intersection(fits, normal(((wish.not_before, wish.not_after - wish.minutes + 1),)))
    return fits if wish.within is None else intersection(fits, fitting(wish.within, wish.minutes))


@dataclass(frozen=True, slots=True)
class Sitters:
    """Who of the candidates sits themselves at a beginning, and who stands in for others."""

    own: Mapping[str, object]
    covered: Mapping[str, str]

    def of(self, candidates: Sequence[str] | None) -> list[str]:
        """Who could sit for some of the candidates (for any, without them): themselves first."""
        if candidates is None:
            own, stand_ins = list(self.own), list(self.covered.values())
        else:
            own = [key for key in candidates if key in self.own]
            stand_ins = [self.covered[key] for key in candidates if key in self.covered]
        return list(dict.fromkeys([*own, *stand_ins])) if stand_ins else own


_NOBODY = Sitters({}, {})


@dataclass(slots=True)
class Board:
    """At each beginning of a wish: who could sit, and which rooms and devices are left."""

    wish: Wish
    people: Mapping[str, Diary]
    resources: Mapping[str, Resource]
    almanac: Almanac
    allowed: Spans = field(init=False)
    starts: list[int] = field(init=False)
    rooms: dict[int, set[tuple[str, int]]] = field(init=False)
    """By beginning: which resources have so many units left then."""
    everybody: tuple[str, ...] = field(init=False)
    """The candidates of all seats, each once."""
    _alike: bool = field(init=False)
    _ready: dict[str, Spans] = field(init=False, default_factory=dict)
    _fitting: dict[Spans, Spans] = field(init=False, default_factory=dict)
    _rows: dict[Spans, bytes] = field(init=False, default_factory=dict)
    _places: dict[int, int] = field(init=False)
    """By beginning: which of them it is."""
    _own: bytearray = field(init=False, default_factory=bytearray)
    """A row for each of everybody with a byte for each beginning: 1 where they sit themselves.
    Rows of bytes and not sets: a stretch is written, and a column read, in one step each."""
    _covered: dict[int, dict[str, str]] = field(init=False)
    """By beginning: who stands in for a candidate then; in order."""
    _known: dict[int, "Sitters"] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.allowed = allowed_of(self.wish)
        self.starts = list(aligned(self.allowed, self.wish.step, self.wish.origin))
        self._places = {start: n for n, start in enumerate(self.starts)}
        self._covered = {}
        self.rooms = {start: set() for start in self.starts}
        self.everybody = candidates_of(self.wish.seats)
        self._alike = all(seat.candidates == self.everybody for seat in self.wish.seats)
        if not self.starts:
            return
        for key in self.everybody:
            self._seat(key)
        for need in self.wish.needs:
            for key in need.candidates:
                self._place(key, need.units)

    # --- who and what can be had, and when ---

    def _seat(self, key: str) -> None:
        row = self._row(key)
        for spans, stands_in in self._covers(key, self.allowed, {key}):
            for start in self.grid(spans):
                if not row[self._places[start]]:
                    self._covered.setdefault(start, {}).setdefault(key, stands_in)
        self._own += row

    def _row(self, key: str) -> bytearray:
        """The beginnings on the grid that are `ready`: those of the hours, which colleagues often
        share, and in them what is taken struck out, without a set of minutes in between."""
        diary = self.people.get(key)
        if diary is None:
            return bytearray(len(self.starts))
        hours = hours_of(diary, self.almanac, self.wish.urgent)
        if hours not in self._rows:
            self._rows[hours] = self._marked(self._fits(hours))
        row = bytearray(self._rows[hours])
        ahead, behind = self.wish.minutes + self.wish.after - 1, self.wish.before
        for since, until in (*diary.absent(), *diary.busy):
            first = bisect_left(self.starts, since - ahead)
            last = bisect_left(self.starts, until + behind, first)
            row[first:last] = bytes(last - first)
        return row

    def _marked(self, spans: Spans) -> bytes:
        row = bytearray(len(self.starts))
        for since, until in spans:
            first, last = bisect_left(self.starts, since), bisect_left(self.starts, until)
            row[first:last] = b"\1" * (last - first)
        return bytes(row)

    def _place(self, key: str, units: int) -> None:
        resource = self.resources.get(key)
        if resource is None or resource.capacity < units:
            return
        fits = fitting(open_of(resource, self.almanac), self.wish.minutes)
        taken = self._meets(resource.full(units))
        for start in self.grid(difference(intersection(fits, self.allowed), taken)):
            self.rooms[start].add((key, units))

    def ready(self, key: str) -> Spans:
        """The beginnings at which a person can sit themselves."""
        if key not in self._ready:
            diary = self.people.get(key)
            self._ready[key] = () if diary is None else self._left(diary)
        return self._ready[key]

    def _left(self, diary: Diary) -> Spans:
        hours = hours_of(diary, self.almanac, self.wish.urgent)
        taken = union(diary.absent(), diary.busy) if diary.away else diary.busy
        return difference(self._fits(hours), self._meets(taken))

    def _fits(self, hours: Spans) -> Spans:
        """The beginnings that hours leave; colleagues often have the same."""
        if hours not in self._fitting:
            fits = fitting(hours, self.wish.minutes)
            self._fitting[hours] = intersection(fits, self.allowed)
        return self._fitting[hours]

    def steps(self, key: str) -> list[tuple[Reason, Spans]]:
        """What is left of the beginnings after each thing that closes some."""
        diary = self.people.get(key)
        if diary is None:
            return [(Reason.UNKNOWN, ())]
        hours = hours_of(diary, self.almanac, self.wish.urgent)
        fits = self._fits(hours)
        here = difference(fits, self._meets(diary.absent()))
        return [
            (Reason.NO_HOURS, intersection(hours, self._sessions())),
            (Reason.NO_FIT, fits),
            (Reason.AWAY, here),
            (Reason.BUSY, difference(here, self._meets(diary.busy))),
        ]

    def _covers(self, key: str, spans: Spans, asked: set[str]) -> Iterator[tuple[Spans, str]]:
        """Who stands in for somebody's leave, and when; for them too, if they are on leave."""
        diary = self.people.get(key)
        if diary is None or len(asked) > _MOST_COVERS:
            return
        for leave in diary.away:
            if leave.cover is None or leave.cover in asked:
                continue
            during = intersection(spans, self._meets((leave.span,)))
            if during:
                yield intersection(during, self.ready(leave.cover)), leave.cover
                yield from self._covers(leave.cover, during, asked | {leave.cover})

    def _meets(self, spans: Spans) -> Spans:
        return meeting(spans, self.wish.before, self.wish.minutes + self.wish.after)

    def _sessions(self) -> Spans:
        """Every minute that a session could lie in."""
        return normal((since, until - 1 + self.wish.minutes) for since, until in self.allowed)

    def grid(self, spans: Spans) -> Iterator[int]:
        """Beginnings on the grid; `spans` are within what is allowed."""
        return aligned(spans, self.wish.step, self.wish.origin)

    def _column(self, start: int) -> bytearray:
        """A byte for each of everybody: 1 for who could sit themselves at a beginning."""
        return self._own[self._places[start] :: len(self.starts)]

    def sitters(self, start: int) -> Sitters:
        """Who could sit at a beginning."""
        if start not in self._known:
            column = self._column(start)
            covered = self._covered.get(start, {})
            if covered or column.count(1):
                own = dict.fromkeys(compress(self.everybody, column))
                self._known[start] = Sitters(own, covered)
            else:
                self._known[start] = _NOBODY
        return self._known[start]

    # --- a slot ---

    def slot(self, start: int) -> Slot | None:
        """The slot that begins then, if everything can be had."""
        taken, seated = self.seat_all(start, self.wish.seats)
        if len(taken) < len(self.wish.seats):
            return None
        rooms = self.place_all(start, self.wish.needs)
        if len(rooms) < len(self.wish.needs):
            return None
        covers = self.sitters(start) if start in self._covered else None
        sitting = tuple(
            Sitting(seat.role, taken[n], _instead(seat, taken[n], covers))
            for n, seat in enumerate(self.wish.seats)
        )
        where = tuple(rooms[n] for n in range(len(self.wish.needs)))
        return Slot(start, start + self.wish.minutes, sitting, where, seated - len(taken))

    def seat_all(self, start: int, seats: Sequence[Seat]) -> tuple[dict[int, str], int]:
        """Who takes which seat, as many seats as can be filled; and how many could sit at all."""
        if self._alike and start not in self._covered:
            # Anybody may take any seat: whoever comes first does, and nobody else is looked at.
            column = self._column(start)
            first = islice(compress(self.everybody, column), len(seats))
            return dict(enumerate(first)), column.count(1)
        sitters = self.sitters(start)
        if len(sitters.own) + len(sitters.covered) == 0:
            return {}, 0
        options: dict[tuple[str, ...], list[str]] = {}
        for seat in seats:
            if seat.candidates not in options:
                everybody = seat.candidates == self.everybody
                options[seat.candidates] = sitters.of(None if everybody else seat.candidates)
        taken = matched([options[seat.candidates] for seat in seats])
        if len(options) == 1:
            return taken, len(next(iter(options.values())))
        return taken, len({who for some in options.values() for who in some})

    def place_all(self, start: int, needs: Sequence[Need]) -> dict[int, str]:
        rooms = self.rooms[start]
        return matched(
            [[key for key in need.candidates if (key, need.units) in rooms] for need in needs]
        )


def matched(options: Sequence[Sequence[str]]) -> dict[int, str]:
    """As many places as can be filled from their options, nobody in two; earlier options first.

    Each place that finds its options taken asks whoever took them to move on (augmenting paths).
    """
    taken: dict[str, int] = {}

    def place(n: int, tried: set[str]) -> bool:
        for who in options[n]:
            if who not in taken:
                taken[who] = n
                return True
        for who in options[n]:
            if who not in tried:
                tried.add(who)
                if place(taken[who], tried):
                    taken[who] = n
                    return True
        return False

    for n in range(len(options)):
        place(n, set())
    return {n: who for who, n in taken.items()}


def _instead(seat: Seat, person: str, sitters: Sitters | None) -> str | None:
    """Whom somebody stands in for; None for whoever is a candidate of the seat themselves, and
    where nobody stands in for anybody."""
    if sitters is None:
        return None
    if person in sitters.own and person in seat.candidates:
        return None
    return next(key for key in seat.candidates if sitters.covered.get(key) == person)


def candidates_of(seats: Iterable[Seat]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for seat in seats for key in seat.candidates))
