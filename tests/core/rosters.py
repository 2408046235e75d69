"""Random rosters, and the answer to them found minute by minute without any algebra.

The oracle shares nothing with the rules but their nouns: it looks at the wall clock of each
minute, counts each minute's bookings, and tries every way of seating people.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import product
from zoneinfo import ZoneInfo

from telemed.core.intervals import Span, normal
from telemed.core.schedule import Diary, Leave, Resource, Weekly
from telemed.core.slots import Need, Seat, Wish, group
from telemed.core.workdays import HOLIDAY, SWAPPED, Days

SHANGHAI = ZoneInfo("Asia/Shanghai")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Whole weeks around the National Day of 2026 with its swapped week-end days, and a plain one.
BASES = [
    int((datetime(2026, m, d, tzinfo=SHANGHAI) - EPOCH).total_seconds()) // 60
    for m, d in ((9, 20), (10, 1), (10, 10), (5, 8), (3, 9))
]
LETTERS = "abcdef"


@dataclass(frozen=True)
class Case:
    """A question with the calendars it is asked of."""

    wish: Wish
    people: dict[str, Diary]
    resources: dict[str, Resource]


# --- random rosters -------------------------------------------------------------------------------


def roster(chance: random.Random) -> Case:
    """A question to up to six people and three rooms or devices: of some hours, or now and then of
    a day and a half."""
    hour = chance.randrange(24) if chance.random() < 0.3 else chance.randrange(6, 16)
    since = chance.choice(BASES) + hour * 60 + chance.randrange(0, 60, 5)
    most = 36 * 60 if chance.random() < 0.25 else 12 * 60
    window = (since, since + chance.randrange(60, most))
    names = LETTERS[: chance.randint(1, 6)]
    people = {key: _diary(chance, window, names) for key in names if chance.random() < 0.97}
    rooms = [f"r{n}" for n in range(chance.randint(0, 3))]
    resources = {key: _resource(chance, window) for key in rooms}
    return Case(_wish(chance, window, names, rooms), people, resources)


def _diary(chance: random.Random, window: Span, names: str) -> Diary:
    return Diary(
        weekly=tuple(_weekly(chance) for _ in range(chance.randint(1, 3))),
        extra=normal(_some(chance, window, 0.2)),
        on_call=normal(_some(chance, window, 0.2)),
        away=tuple(
            Leave(span, chance.choice([None, *names])) for span in _some(chance, window, 0.4)
        ),
        busy=normal(_some(chance, window, 0.5)),
    )


def _resource(chance: random.Random, window: Span) -> Resource:
    uses = [span for _ in range(3) for span in _some(chance, window, 0.5)]
    return Resource(
        capacity=chance.randint(1, 3),
        weekly=tuple(_weekly(chance) for _ in range(chance.randint(0, 2))),
        extra=normal(_some(chance, window, 0.2)),
        closed=normal(_some(chance, window, 0.2)),
        uses=tuple((span, chance.randint(1, 2)) for span in uses),
    )


def _weekly(chance: random.Random) -> Weekly:
    begins = chance.choice([0, 7 * 60, 8 * 60, 8 * 60 + 10, 14 * 60 + 30, 22 * 60])
    days = chance.choice(
        [range(5), range(5), range(7), range(7), (5, 6), chance.sample(range(7), 3)]
    )
    return Weekly(
        weekdays=frozenset(days),
        begins=begins,
        ends=(begins + chance.choice([60, 240, 600, 24 * 60])) % (24 * 60),
        first=chance.choice([*[date(2026, 1, 1)] * 4, date(2026, 10, 2), date(2026, 9, 23)]),
        last=chance.choice([None, None, None, date(2026, 10, 4)]),
        every=chance.choice([1, 1, 1, 1, 2, 3]),
        calendar=chance.random() < 0.6,
    )


def _some(chance: random.Random, window: Span, likely: float) -> list[Span]:
    """A few stretches in the window or over its edges."""
    found = []
    while chance.random() < likely:
        since = chance.randrange(window[0] - 120, window[1] + 60)
        found.append((since, since + chance.choice([1, 15, 30, 120, 600])))
    return found


def _wish(chance: random.Random, window: Span, names: str, rooms: Sequence[str]) -> Wish:
    asked = chance.sample(names, chance.randint(1, len(names)))
    count = chance.choice([1, 1, len(asked), chance.randint(1, len(asked))])
    chairs = chance.sample(asked, chance.randint(0, len(asked)) if chance.random() < 0.5 else 0)
    seats = group("expert", asked, count, chairs)
    if chance.random() < 0.3:
        seats += (Seat("attending", tuple(chance.sample(names, 1))),)
    needs = []
    while rooms and chance.random() < 0.3:
        some = chance.sample(rooms, chance.randint(1, len(rooms)))
        needs.append(Need("room", tuple(some), chance.choice([1, 1, 2])))
    opened = normal(_some(chance, window, 0.9)) if chance.random() < 0.1 else None
    return Wish(
        window=window,
        minutes=chance.choice([8, 15, 20, 20, 30, 30, 45, 60, 90, 240]),
        seats=seats,
        needs=tuple(needs),
        before=chance.choice([0, 0, 5, 10]),
        after=chance.choice([0, 0, 5, 15]),
        step=chance.choice([8, 15, 20, 30]),
        origin=window[0] + chance.randrange(60),
        not_before=window[0] + chance.choice([0, 0, 0, 40, 400]),
        not_after=window[1] - chance.choice([0, 0, 0, 40, 400]),
        within=opened,
        urgent=chance.random() < 0.3,
    )


# --- the oracle -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clock:
    """What a wall clock in Guangxi shows."""

    day: date
    minute: int


@lru_cache(maxsize=200_000)
def clock(minute: int) -> Clock:
    """The wall clock at a minute of UTC."""
    there = (EPOCH + timedelta(minutes=minute)).astimezone(SHANGHAI)
    return Clock(there.date(), there.hour * 60 + there.minute)


def has_hours(rows: Sequence[Weekly], minute: int, days: Days) -> bool:
    """Whether some weekly row is of this very minute."""
    now = clock(minute)
    for row in rows:
        if row.ends > row.begins:
            if row.begins <= now.minute < row.ends and works(row, now.day, days):
                return True
        elif (now.minute >= row.begins and works(row, now.day, days)) or (
            now.minute < row.ends and works(row, now.day - timedelta(days=1), days)
        ):
            return True
    return False


@lru_cache(maxsize=200_000)
def works(row: Weekly, day: date, days: Days) -> bool:
    """Whether a row is of a day."""
    if not row.first <= day <= (row.last or date.max):
        return False
    if (day.toordinal() - 1) // 7 % row.every != (row.first.toordinal() - 1) // 7 % row.every:
        return False
    if row.calendar and days.kind_of(day) == SWAPPED and set(range(5)) <= row.weekdays:
        return True
    if row.calendar and days.kind_of(day) == HOLIDAY and day.weekday() < 5:
        return False
    return day.weekday() in row.weekdays


def runs(spans: Sequence[Span], minute: int) -> bool:
    """Whether a minute lies in one of the stretches."""
    return any(since <= minute < until for since, until in spans)


class Oracle:
    """The answer to a case, looked for at every beginning in every way."""

    def __init__(self, case: Case, days: Days) -> None:
        self.case, self.days = case, days
        self.open: dict[tuple[str, int], bool] = {}
        self.taken: dict[tuple[str, int], bool] = {}

    def starts(self) -> list[int]:
        """Every beginning on the grid that the wish itself allows."""
        wish = self.case.wish
        first = wish.origin + (wish.window[0] - wish.origin) // wish.step * wish.step
        return [
            at
            for at in range(first, wish.window[1], wish.step)
            if at >= max(wish.window[0], wish.not_before)
            and at + wish.minutes <= min(wish.window[1], wish.not_after)
            and (
                wish.within is None or all(runs(wish.within, minute) for minute in self.session(at))
            )
        ]

    def session(self, at: int) -> range:
        """The minutes of the session itself."""
        return range(at, at + self.case.wish.minutes)

    def kept(self, at: int) -> range:
        """Those that it keeps, with its time before and after."""
        wish = self.case.wish
        return range(at - wish.before, at + wish.minutes + wish.after)

    def is_open(self, key: str, minute: int) -> bool:
        if (key, minute) not in self.open:
            diary = self.case.people[key]
            self.open[key, minute] = (
                has_hours(diary.weekly, minute, self.days)
                or runs(diary.extra, minute)
                or (self.case.wish.urgent and runs(diary.on_call, minute))
            )
        return self.open[key, minute]

    def is_taken(self, key: str, minute: int) -> bool:
        if (key, minute) not in self.taken:
            diary = self.case.people[key]
            spans = [*diary.busy, *(leave.span for leave in diary.away)]
            self.taken[key, minute] = runs(spans, minute)
        return self.taken[key, minute]

    def can_sit(self, key: str, at: int) -> bool:
        """Whether a person can be there themselves."""
        return (
            key in self.case.people
            and all(self.is_open(key, minute) for minute in self.session(at))
            and not any(self.is_taken(key, minute) for minute in self.kept(at))
        )

    def sitters(self, key: str, at: int, asked: tuple[str, ...] = ()) -> list[str]:
        """Who can come for a candidate: themselves, else whoever stands in, the nearest first."""
        if not asked and self.can_sit(key, at):
            return [key]
        found = []
        if key in self.case.people and len(asked) < 3:
            for leave in self.case.people[key].away:
                cover = leave.cover
                if cover is None or cover in (key, *asked):
                    continue
                if any(leave.span[0] <= m < leave.span[1] for m in self.kept(at)):
                    if self.can_sit(cover, at):
                        found.append(cover)
                    found += self.sitters(cover, at, (*asked, key))
        return found

    def has_room(self, key: str, units: int, at: int) -> bool:
        """Whether a room or device has so much left and is open."""
        resource = self.case.resources.get(key)
        return (
            resource is not None
            and all(
                (not resource.weekly or has_hours(resource.weekly, m, self.days)
                 or runs(resource.extra, m))
                and not runs(resource.closed, m)
                for m in self.session(at)
            )
            and all(
                sum(n for (a, b), n in resource.uses if a <= m < b) + units <= resource.capacity
                for m in self.kept(at)
            )
        )  # fmt: skip

    def is_slot(self, at: int) -> bool:
        """Whether everybody and everything can be had, nobody and nothing twice."""
        wish = self.case.wish
        comes = {
            key: next(iter(self.sitters(key, at)), None)
            for seat in wish.seats
            for key in seat.candidates
        }
        people = [
            [who for key in seat.candidates if (who := comes[key]) is not None]
            for seat in wish.seats
        ]
        rooms = [
            [key for key in need.candidates if self.has_room(key, need.units, at)]
            for need in wish.needs
        ]
        return can_be_seated(people) and can_be_seated(rooms)

    def slots(self) -> list[int]:
        """The beginnings of all slots."""
        return [at for at in self.starts() if self.is_slot(at)]


def can_be_seated(options: Sequence[Sequence[str]]) -> bool:
    """Whether some way gives each place somebody of its own, tried one by one."""
    return any(len(set(way)) == len(way) for way in product(*(set(some) for some in options)))
