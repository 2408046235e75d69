"""How a notice leaves the house: by which channels, from when on, and when it is tried again.

What is here knows what matters how much and what a person chose. It knows no ladder, no address
and no clock.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from telemed.core.escalation import PIERCES, Channel, Weight


def ways(
    step: Iterable[Channel], chosen: Iterable[Channel] | None, weight: Weight
) -> tuple[Channel, ...]:
    """The channels of a step that a person wants; in-app is always one of them.

    A critical notice goes by every channel of the step, whatever was chosen: a preference must
    not end a ladder silently.
    """
    asked = tuple(step)
    if weight is Weight.CRITICAL or chosen is None:
        wanted = asked
    else:
        keep = frozenset(chosen)
        wanted = tuple(c for c in asked if c in keep)
    return (Channel.IN_APP, *(c for c in dict.fromkeys(wanted) if c is not Channel.IN_APP))


def not_before(
    weight: Weight, local: datetime, quiet_from: int | None, quiet_until: int | None, on_call: bool
) -> datetime:
    """When a notice may ring: now, or at the end of the person's quiet hours.

    `local` is now in the person's zone; `quiet_from` and `quiet_until` are minutes of the day,
    over midnight too. What pierces, and whoever is on call, is told at once.
    """
    if on_call or weight in PIERCES or quiet_from is None or quiet_until is None:
        return local
    minute = local.hour * 60 + local.minute
    over_midnight = quiet_from > quiet_until
    if over_midnight:
        quiet = minute >= quiet_from or minute < quiet_until
    else:
        quiet = quiet_from <= minute < quiet_until
    if not quiet:
        return local
    wait = (quiet_until - minute) % (24 * 60)
    return local.replace(second=0, microsecond=0) + timedelta(minutes=wait)


def backoff(attempts: int, chance: float) -> timedelta:
    """How long to wait after so many failed attempts: doubling from 5 s to 10 min.

    `chance` in [0, 1) spreads it over the second half, so that a receiver that comes back is not
    hit by everybody at once.
    """
    full = min(5.0 * 2 ** max(0, attempts - 1), 600.0)
    return timedelta(seconds=full * (0.5 + chance / 2))
