"""The board that a time is found on: who and what can be had at each beginning on the grid.

Knows hours, leave and its cover, bookings and their buffers, and how seats are filled without
anybody in two. Everything is worked out once for all beginnings, as sets of minutes, not again at
each of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class Board:
    """At each beginning of a wish: who could sit, and which rooms and devices are left."""

    wish: Wish
    people: Mapping[str, Diary]
    resources: Mapping[str, Resource]
    almanac: Almanac
    allowed: Spans = field(init=False)
    starts: list[int] = field(init=False)
    sitters: dict[int, dict[str, str]] = field(init=False)
    """By beginning: who sits for a candidate then, themselves or whoever stands in; in order."""
    rooms: dict[int, set[tuple[str, int]]] = field(init=False)
    """By beginning: which resources have so many units left then."""
    everybody: tuple[str, ...] = field(init=False)
    """The candidates of all seats, each once."""
    _ready: dict[str, Spans] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.allowed = allowed_of(self.wish)
        self.starts = list(aligned(self.allowed, self.wish.step, self.wish.origin))
        self.sitters = {start: {} for start in self.starts}
        self.rooms = {start: set() for start in self.starts}
        self.everybody = candidates_of(self.wish.seats)
        if not self.starts:
            return
        for key in self.everybody:
            self._seat(key)
        for need in self.wish.needs:
            for key in need.candidates:
                self._place(key, need.units)

    # --- who and what can be had, and when ---

    def _seat(self, key: str) -> None:
        for start in self.grid(self.ready(key)):
            self.sitters[start][key] = key
        for spans, stands_in in self._covers(key, self.allowed, {key}):
            for start in self.grid(spans):
                self.sitters[start].setdefault(key, stands_in)

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
        fits = intersection(fitting(hours, self.wish.minutes), self.allowed)
        return difference(fits, self._meets(union(diary.absent(), diary.busy)))

    def steps(self, key: str) -> list[tuple[Reason, Spans]]:
        """What is left of the beginnings after each thing that closes some."""
        diary = self.people.get(key)
        if diary is None:
            return [(Reason.UNKNOWN, ())]
        hours = hours_of(diary, self.almanac, self.wish.urgent)
        fits = intersection(fitting(hours, self.wish.minutes), self.allowed)
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
        """Beginnings on the grid; `spans` may reach over what is allowed."""
        return aligned(intersection(spans, self.allowed), self.wish.step, self.wish.origin)

    # --- a slot ---

    def slot(self, start: int) -> Slot | None:
        """The slot that begins then, if everything can be had."""
        if len(self.sitters[start]) < len(self.wish.seats):
            return None
        taken, seated = self.seat_all(start, self.wish.seats)
        if len(taken) < len(self.wish.seats):
            return None
        rooms = self.place_all(start, self.wish.needs)
        if len(rooms) < len(self.wish.needs):
            return None
        sitters = self.sitters[start]
        sitting = tuple(
            Sitting(seat.role, taken[n], _instead(seat, taken[n], sitters))
            for n, seat in enumerate(self.wish.seats)
        )
        where = tuple(rooms[n] for n in range(len(self.wish.needs)))
        return Slot(start, start + self.wish.minutes, sitting, where, seated - len(taken))

    def seat_all(self, start: int, seats: Sequence[Seat]) -> tuple[dict[int, str], int]:
        """Who takes which seat, as many seats as can be filled; and how many could sit at all."""
        sitters = self.sitters[start]
        options: dict[tuple[str, ...], list[str]] = {}
        for seat in seats:
            if seat.candidates not in options:
                # Those of all candidates are in their order already.
                some = sitters if seat.candidates == self.everybody else seat.candidates
                options[seat.candidates] = _present_first(some, sitters)
        everybody = {who for some in options.values() for who in some}
        return matched([options[seat.candidates] for seat in seats]), len(everybody)

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


def _present_first(candidates: Iterable[str], sitters: Mapping[str, str]) -> list[str]:
    """Those who sit themselves, then those who stand in for others."""
    if candidates is sitters:
        found = list(sitters.items())
    else:
        found = [(key, sitters[key]) for key in candidates if key in sitters]
    stand_ins = [who for key, who in found if key != who]
    if not stand_ins:
        return [key for key, _ in found]
    return list(dict.fromkeys([*(key for key, who in found if key == who), *stand_ins]))


def _instead(seat: Seat, person: str, sitters: Mapping[str, str]) -> str | None:
    """Whom somebody stands in for; None for whoever is a candidate of the seat themselves."""
    if person in seat.candidates and sitters.get(person) == person:
        return None
    return next(key for key in seat.candidates if sitters.get(key) == person)


def candidates_of(seats: Iterable[Seat]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for seat in seats for key in seat.candidates))
