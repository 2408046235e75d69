"""Finding a time: every beginning at which all seats can be filled, and why there is none.

Peers show an empty calendar and leave people to guess. Here an empty answer names, for each
person, room and device, at how many beginnings it could be had and what closes it where that is
none; which of the roles one could do without; and the beginning that came nearest.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from telemed.core.intervals import Spans, aligned, fitting, intersection, normal
from telemed.core.schedule import Almanac, Diary, Resource, open_of
from telemed.core.slot_board import Board, candidates_of
from telemed.core.slots import Closing, Found, Nearest, Need, Reason, Seat, Slot, WhyNone, Wish

T = TypeVar("T")


def find(
    wish: Wish,
    people: Mapping[str, Diary],
    resources: Mapping[str, Resource],
    almanac: Almanac,
    most: int = 1000,
) -> Found:
    """The slots of a wish. Whom or what the mappings lack cannot be had."""
    board = Board(wish, people, resources, almanac)
    if not board.starts:
        return Found((), why=WhyNone(_no_start(wish)))
    slots: list[Slot] = []
    for start in board.starts:
        slot = board.slot(start)
        if slot is None:
            continue
        if len(slots) == most:
            return Found(tuple(slots), more=True)
        slots.append(slot)
    return Found(tuple(slots), why=None if slots else _why(board))


def _no_start(wish: Wish) -> Reason:
    """Why nothing at all may begin: the first bound that leaves no beginning on the grid."""
    fits = fitting((wish.window,), wish.minutes)
    if not _some(fits, wish):
        return Reason.WINDOW
    late = intersection(fits, ((wish.not_before, 1 << 60),))
    if not _some(late, wish):
        return Reason.NOTICE
    if not _some(intersection(late, normal(((0, wish.not_after - wish.minutes + 1),))), wish):
        return Reason.HORIZON
    return Reason.CLOSED


def _some(spans: Spans, wish: Wish) -> bool:
    return next(aligned(spans, wish.step, wish.origin), None) is not None


# --- why there is none ----------------------------------------------------------------------------


def _why(board: Board) -> WhyNone:
    """What closes it, and how near it came."""
    people = tuple(_closing(board, key) for key in _asked(board))
    wanted = dict.fromkeys((key, r.units) for r in board.wish.needs for key in r.candidates)
    rooms = tuple(_closed_place(board, key, units) for key, units in wanted)
    nearest = _nearest(board)
    return WhyNone(
        Reason.TOGETHER if _each_alone(board) else _worst((*people, *rooms)),
        people,
        rooms,
        _blocking(board) or tuple(dict.fromkeys(_names(board))),
        nearest,
    )


def _asked(board: Board) -> list[str]:
    """The candidates and whoever could stand in for them, each once."""
    asked = list(candidates_of(board.wish.seats))
    for key in asked:  # it grows while it is walked: those of stand-ins come too
        diary = board.people.get(key)
        for leave in diary.away if diary is not None else ():
            if leave.cover is not None and leave.cover not in asked:
                asked.append(leave.cover)
    return asked


def _closing(board: Board, key: str) -> Closing:
    steps = board.steps(key)
    for reason, spans in steps:
        # Hours are minutes and not yet beginnings: any of them counts.
        if not (spans if reason is Reason.NO_HOURS else _some(spans, board.wish)):
            return Closing(key, 0, reason)
    return Closing(key, sum(1 for _ in board.grid(steps[-1][1])), None)


def _closed_place(board: Board, key: str, units: int) -> Closing:
    resource = board.resources.get(key)
    if resource is None or resource.capacity < units:
        return Closing(key, 0, Reason.UNKNOWN)
    starts = sum((key, units) in rooms for rooms in board.rooms.values())
    if starts:
        return Closing(key, starts, None)
    fits = fitting(open_of(resource, board.almanac), board.wish.minutes)
    opened = _some(intersection(fits, board.allowed), board.wish)
    return Closing(key, 0, Reason.BUSY if opened else Reason.AWAY)


def _each_alone(board: Board) -> bool:
    """Whether every seat and need by itself could be filled at some time."""
    wish = board.wish
    return all(_ever(board, (seat,), ()) for seat in set(wish.seats)) and all(
        _ever(board, (), (need,)) for need in set(wish.needs)
    )


def _blocking(board: Board) -> tuple[str, ...]:
    """The roles and kinds of which one less would leave some slots."""
    seats, needs = board.wish.seats, board.wish.needs
    fewer = [(s.role, _without(seats, n), needs) for n, s in enumerate(seats)]
    fewer += [(r.kind, seats, _without(needs, n)) for n, r in enumerate(needs)]
    # Of the same seat twice only one is tried.
    tried = dict.fromkeys((name, tuple(s), tuple(r)) for name, s, r in fewer)
    return tuple(dict.fromkeys(name for name, s, r in tried if _ever(board, s, r)))


def _ever(board: Board, seats: Sequence[Seat], needs: Sequence[Need]) -> bool:
    return any(_lack(board, start, seats, needs) == 0 for start in board.starts)


def _lack(board: Board, start: int, seats: Sequence[Seat], needs: Sequence[Need]) -> int:
    lacking = len(seats) - len(board.seat_all(start, seats)[0])
    return lacking + len(needs) - len(board.place_all(start, needs))


def _names(board: Board) -> list[str]:
    return [seat.role for seat in board.wish.seats] + [need.kind for need in board.wish.needs]


def _nearest(board: Board) -> Nearest | None:
    """The first beginning at which least lacks; None where nothing at all can be had."""
    seats, needs = board.wish.seats, board.wish.needs
    start = min(board.starts, key=lambda at: (_lack(board, at, seats, needs), at))
    if _lack(board, start, seats, needs) == len(seats) + len(needs):
        return None
    taken, rooms = board.seat_all(start, seats)[0], board.place_all(start, needs)
    missing = [seat.role for n, seat in enumerate(seats) if n not in taken]
    missing += [need.kind for n, need in enumerate(needs) if n not in rooms]
    return Nearest(start, tuple(dict.fromkeys(missing)))


def _without(things: tuple[T, ...], n: int) -> tuple[T, ...]:
    return things[:n] + things[n + 1 :]


def _worst(closings: Iterable[Closing]) -> Reason:
    """What closes most; of equals the one that is found first."""
    counts: dict[Reason, int] = {}
    for closing in closings:
        if closing.reason is not None:
            counts[closing.reason] = counts.get(closing.reason, 0) + 1
    return max(counts, key=lambda reason: counts[reason], default=Reason.TOGETHER)
