"""Checking in by a code, and how long somebody was there.

The lecturer's page shows six digits; a code that changes every so many seconds is of no use to
whoever is told of it by telephone a little later. The one before is still taken, since somebody is
typing it. Guesses are bounded: a million codes, five guesses in ten minutes. The secret and the
moment are arguments.
"""

import hashlib
import hmac
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

DIGITS: Final = 6
MOST_WRONG: Final = 5
WRONG_FORGOTTEN: Final = timedelta(minutes=10)
SHOWN_BEFORE: Final = timedelta(hours=1)
"""So long before a code is taken it may be shown: to try the projector."""
BEAT: Final = 60
"""Seconds after which a page says again that it is open."""
LONGEST_GAP: Final = 150
"""Seconds between two beats from which on somebody was away: two beats lost, and some grace."""


@dataclass(frozen=True, slots=True)
class Window:
    """When a lecture's code is taken."""

    opens: datetime
    closes: datetime

    @property
    def shown_from(self) -> datetime:
        """From when on a code may be seen that is taken in it."""
        return self.opens - SHOWN_BEFORE

    def has(self, now: datetime) -> bool:
        """Whether it is open."""
        return self.opens <= now < self.closes


def window(since: datetime, before: int, after: int) -> Window:
    """From so many minutes before the beginning to so many after it."""
    return Window(since - timedelta(minutes=before), since + timedelta(minutes=after))


def code_at(secret: str, rotate: int, now: datetime) -> str:
    """The code that is shown now; `rotate` 0 is one that stays."""
    return _code(secret, _turn(rotate, now))


def changes_at(rotate: int, now: datetime) -> datetime | None:
    """When the code changes next; None for one that stays."""
    if not rotate:
        return None
    return datetime.fromtimestamp((_turn(rotate, now) + 1) * rotate, UTC)


def is_code(given: str, secret: str, rotate: int, now: datetime) -> bool:
    """Whether a code is the one shown now, or the one that was shown before it."""
    turn = _turn(rotate, now)
    turns = (turn, turn - 1) if rotate else (turn,)
    taken = given.encode("utf-8", "replace")
    # All are compared, so that an answer's time tells nothing.
    return any([hmac.compare_digest(taken, _code(secret, one).encode()) for one in turns])


def _turn(rotate: int, now: datetime) -> int:
    return math.floor(now.timestamp() / rotate) if rotate else 0


def _code(secret: str, turn: int) -> str:
    digest = hmac.new(secret.encode(), str(turn).encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 10**DIGITS:0{DIGITS}d}"


# --- guesses --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Guesses:
    """How many wrong codes somebody has given for a lecture, and since when."""

    wrong: int = 0
    first_at: datetime | None = None


def fresh(guesses: Guesses, now: datetime) -> Guesses:
    """What still counts of them."""
    old = guesses.first_at is None or now - guesses.first_at >= WRONG_FORGOTTEN
    return Guesses() if old else guesses


def is_barred(guesses: Guesses, now: datetime) -> bool:
    """Whether no further code is looked at for now."""
    return fresh(guesses, now).wrong >= MOST_WRONG


def one_more(guesses: Guesses, now: datetime) -> Guesses:
    """After one more wrong code."""
    so_far = fresh(guesses, now)
    return Guesses(so_far.wrong + 1, so_far.first_at or now)


def barred_seconds(guesses: Guesses, now: datetime) -> int:
    """How long until codes are looked at again."""
    if guesses.first_at is None:
        return 0
    return max(1, math.ceil((guesses.first_at + WRONG_FORGOTTEN - now).total_seconds()))


# --- how long somebody was there ------------------------------------------------------------------


_SECOND: Final = timedelta(seconds=1)
_MICROS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Presence:
    """Whole seconds so far, when they were last heard of, and how often they had been away.

    `micros` is what has been counted beyond the whole seconds, in microseconds.
    """

    seconds: int = 0
    beat_at: datetime | None = None
    pauses: int = 0
    micros: int = 0


def heard(so_far: Presence, now: datetime, since: datetime, until: datetime | None) -> Presence:
    """After a page said that it is open. What is before the lecture's beginning or after its end
    does not count, and a gap too long for an open page is a pause. A word that comes from a clock
    behind, or after a later one, says nothing new."""
    last = so_far.beat_at
    if last is None:
        return replace(so_far, beat_at=now)
    if now <= last:
        return so_far
    if is_away(now - last):
        return replace(so_far, beat_at=now, pauses=so_far.pauses + 1)
    seconds, micros = longer(so_far.seconds, so_far.micros, within(last, now, since, until))
    return Presence(seconds, now, so_far.pauses, micros)


def is_away(gap: timedelta) -> bool:
    """Whether a page that said nothing for so long was not open."""
    return gap > timedelta(seconds=LONGEST_GAP)


def longer(seconds: int, micros: int, by: timedelta) -> tuple[int, int]:
    """So much longer: seconds, and the microseconds beyond them, which are kept for the next time.
    A page that says every half second that it is open loses nothing by it."""
    carried, left = divmod(micros + by // timedelta(microseconds=1), _MICROS)
    return seconds + carried, left


def within(since: datetime, until: datetime, begins: datetime, ends: datetime | None) -> timedelta:
    """How much of a stretch lies within a lecture."""
    last = until if ends is None else min(until, ends)
    return max(timedelta(), last - max(since, begins))


def between(since: datetime, until: datetime, begins: datetime, ends: datetime | None) -> int:
    """Whole seconds of a stretch that lie within a lecture."""
    return within(since, until, begins, ends) // _SECOND
