"""Past sessions of a demonstration, played through the actions of people, each at its own time.

A demand forecast reads weeks of sessions that were sat in; a demo that begins today has none
without this. How many there are on each weekday is data, and whom they are with is drawn.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Final

from telemed.actions import accounts as account_acts
from telemed.actions import appointments
from telemed.actions.act import Act
from telemed.actions.appointments import Plan
from telemed.actions.booking import Invited, Used
from telemed.core.appointment import times
from telemed.core.errors import Problem
from telemed.core.workdays import ZONE
from telemed.server.services import Services
from telemed.store import accounts

_STARTS: Final = ("08:40", "09:20", "10:10", "10:50", "14:40", "15:20", "16:10")
_MINUTES: Final = (20, 25, 30, 40)
_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class Told:
    """Which sessions: on each weekday so many of each group, asked for by some accounts."""

    seed: int
    service: str
    by: Sequence[str]
    keeper: str
    groups: Sequence[Mapping[str, Any]]


class _Booker:
    """Books sessions of the past and holds them."""

    def __init__(self, services: Services, told: Told, rooms: Sequence[str]) -> None:
        self._services, self._told, self._rooms = services, told, rooms
        self._rng = random.Random(told.seed)

    def play(self, days: int) -> int:
        """The working days up to yesterday; how many sessions were held."""
        today = self._services.clock().astimezone(ZONE).date()
        held = 0
        for ago in range(days, 0, -1):
            day = today - timedelta(days=ago)
            held += sum(self._hold(day, person) for person in self._seats(day))
        return held

    def _seats(self, day: date) -> Iterator[str]:
        for group in self._told.groups:
            for _ in range(int(group["weekdays"][day.weekday()])):
                yield self._rng.choice(group["people"])

    def _hold(self, day: date, person: str) -> bool:
        """One session at a time that is free; a day that is full has one less."""
        for _ in range(_TRIES):
            since = datetime.combine(day, time.fromisoformat(self._rng.choice(_STARTS)), ZONE)
            try:
                self._sit(since, self._rng.choice(_MINUTES), person)
            except Problem as problem:
                if problem.code != "slot-taken":
                    raise
                continue
            return True
        return False

    def _sit(self, since: datetime, minutes: int, person: str) -> None:
        """Held, proposed and confirmed two days before, then sat in."""
        before, by = since - timedelta(days=2), self._rng.choice(self._told.by)
        keeper, room = self._told.keeper, self._rng.choice(self._rooms)
        own = self._subject(keeper).own_institution
        plan = Plan(
            service=self._told.service,
            requester_id=self._subject(by).own_institution,
            provider_id=own,
            times=times(since, minutes, 0, 0),
            invited=(Invited("expert", person),),
            used=(Used(room),),
        )
        booked = self._do(by, before, lambda act: appointments.hold(act, plan))
        over = since + timedelta(minutes=minutes - self._rng.randint(0, 5))
        steps = (
            (by, before, appointments.propose),
            (keeper, before + timedelta(hours=1), appointments.confirm),
            (keeper, since, appointments.begin),
            (keeper, over, appointments.end),
        )
        for version, (who, at, step) in enumerate(steps, 1):
            self._do(who, at, partial(_take, step, booked.id, version))

    def _subject(self, username: str) -> Any:
        row = self._services.store.read_now(lambda tx: accounts.by_username(tx, username))
        assert row is not None  # one of the demo's accounts
        return account_acts.subject_of(row)

    def _do(self, username: str, at: datetime, do: Callable[[Act], Any]) -> Any:
        services, who = self._services, self._subject(username)
        return services.store.write_now(
            lambda tx: do(Act(tx, who, at, services.new_id, services.catalogue, "demo"))
        )


def _take(step: Callable[[Act, str, int], None], key: str, version: int, act: Act) -> None:
    step(act, key, version)


def play_sessions(services: Services, told: Told, rooms: Sequence[str], days: int) -> str:
    """Play the sessions of so many days before today."""
    return f"过去的会诊 past sessions: {_Booker(services, told, rooms).play(days)}"
