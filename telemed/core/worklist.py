"""A reader's lists: which there are, what they are sorted by, what a saved filter may say.

Vocabulary and arithmetic of periods only. How a list is found is `store/worklist.py`; who may see
a case is the access rule's.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Asia/Shanghai")

Tab = Literal[
    "pool", "assigned", "reserved", "mine", "aside", "held", "verify", "check", "returned", "done",
    "archive", "open", "free", "danger",
]  # fmt: skip
TABS: Final[tuple[Tab, ...]] = Tab.__args__  # type: ignore[attr-defined]
OVERVIEW: Final = frozenset({"open", "free", "danger"})
"""Lists of who moves work: all that is open, what nobody has, what will be late first."""
DANGER: Final = timedelta(minutes=30)
"""An open case is in danger when less than this is left of its time."""
ISSUED: Final = frozenset({"done", "archive"})
"""Lists of what was answered, newest first; the others are ordered by deadline."""

SortKey = Literal[
    "due", "urgency", "submitted", "issued", "patient", "requester", "service", "modality",
    "body_part",
]  # fmt: skip
MOST_KEYS: Final = 4

Audience = Literal["", "everyone", "reader", "verifier", "coordinator"]
"""With whom of the owner's institution a filter is shared: nobody, everybody, or a role."""

Unit = Literal["hours", "days", "shift"]


def period_begin(unit: Unit, count: int, now: datetime, shifts: Sequence[time]) -> datetime:
    """When a relative period began that ends now.

    `hours` roll; `days` are calendar days of the network's zone, today being the first; `shift`
    is the one that runs (`count` does not matter), by the hours of the day at which shifts begin.
    """
    if unit == "hours":
        return now - timedelta(hours=count)
    here = now.astimezone(ZONE)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "days":
        return midnight - timedelta(days=count - 1)
    begun = [at for at in shifts if at <= here.time()]
    if begun:
        return _at(midnight, max(begun))
    return _at(midnight - timedelta(days=1), max(shifts))


def _at(midnight: datetime, hour: time) -> datetime:
    return midnight.replace(hour=hour.hour, minute=hour.minute)


def parse_sort(text: str) -> tuple[tuple[str, bool], ...]:
    """`urgency,-submitted` as keys with whether each descends. ValueError when it is no sort."""
    keys = [(part.removeprefix("-"), part.startswith("-")) for part in text.split(",") if part]
    known = set(SortKey.__args__)  # type: ignore[attr-defined]
    names = [key for key, _ in keys]
    if len(keys) > MOST_KEYS or len(set(names)) < len(names) or not known.issuperset(names):
        raise ValueError(text)
    return tuple(keys)
