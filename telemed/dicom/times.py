"""DA and TM values of a search: what a value covers, and what it is in another timezone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

HOME_OFFSET: Final = 8 * 60
"""Minutes east of UTC of the network, at which stored dates and times are searched."""

_DATE: Final = re.compile(r"(\d{4})(\d\d)?(\d\d)?\Z", re.ASCII)
_TIME: Final = re.compile(r"(\d\d):?(\d\d)?:?(\d\d)?(?:\.(\d{1,6}))?\Z", re.ASCII)
_MOMENT: Final = re.compile(r"(\d{4,14})(?:\.(\d{1,6}))?([+-]\d{4})?\Z", re.ASCII)
_OFFSET: Final = re.compile(r"([+-])(\d\d)(\d\d)\Z", re.ASCII)


def covers_date(text: str) -> tuple[str, str] | None:
    """The first and the last day of a date that may lack its day and month."""
    match = _DATE.match(text)
    if not match:
        return None
    year, month, day = match.groups()
    low, high = year + (month or "01") + (day or "01"), year + (month or "12") + (day or "31")
    return (low, high) if "01" <= low[4:6] <= "12" and "01" <= low[6:] <= "31" else None


def covers_time(text: str) -> tuple[str, str] | None:
    """The first and the last moment of a time that may lack its lower parts."""
    match = _TIME.match(text)
    if not match:
        return None
    hour, minute, second, fraction = match.groups()
    if hour > "23" or (minute or "00") > "59" or (second or "00") > "60":
        return None
    low = hour + (minute or "00") + (second or "00")
    high = hour + (minute or "59") + (second or "59")
    if fraction:
        return f"{low}.{fraction}", f"{high}.{fraction.ljust(6, '9')}"
    return low, f"{high}.999999"


def covers_moment(text: str) -> tuple[str, str] | None:
    """The first and the last moment of a DT, YYYYMMDDHHMMSS.FFFFFF of UTC.

    It may lack its lower parts; without an offset it is of the network's zone.
    """
    match = _MOMENT.match(text)
    if not match or len(match.group(1)) % 2:
        return None
    digits, fraction, offset = match.groups()
    day = covers_date(digits[:8])
    time = covers_time(digits[8:]) if digits[8:] else ("000000", "235959.999999")
    minutes = HOME_OFFSET if offset is None else offset_minutes(offset)
    if day is None or time is None or minutes is None or (fraction and len(digits) < 14):
        return None
    if fraction:
        time = (f"{digits[8:]}.{fraction.ljust(6, '0')}", f"{digits[8:]}.{fraction.ljust(6, '9')}")
    first, last = (shifted(at, -minutes) for at in (day[0] + time[0], day[1] + time[1]))
    return (_whole(first), _whole(last)) if first and last else None


def _whole(moment: str) -> str:
    seconds, _, fraction = moment.partition(".")
    return f"{seconds}.{fraction.ljust(6, '0')}"


def offset_minutes(text: str) -> int | None:
    """Minutes east of UTC of a Timezone Offset From UTC, -1200 to +1400 (PS3.3 C.12.1.1.8)."""
    match = _OFFSET.match(text)
    if not match or match.group(3) > "59":
        return None
    minutes = int(match.group(2)) * 60 + int(match.group(3))
    minutes = -minutes if match.group(1) == "-" else minutes
    return minutes if -720 <= minutes <= 840 else None


def shifted(moment: str, minutes: int) -> str:
    """YYYYMMDDHHMMSS[.F] some minutes later; '' stays open, as does what no calendar has."""
    if not moment or not minutes:
        return moment
    head, tail = moment[:14], moment[14:]
    day = min(int(head[6:8]), _days(int(head[:4]), int(head[4:6])))
    try:
        at = datetime(int(head[:4]), int(head[4:6]), day)  # noqa: DTZ001 - a wall clock
        at += timedelta(hours=int(head[8:10]), minutes=int(head[10:12]) + minutes)
    except (ValueError, OverflowError):
        return ""
    # A leap second has no place in datetime and stays what it was.
    return f"{at.year:04d}{at:%m%d%H%M}{head[12:]}{tail}"


def at_home(date: str, time: str, offset: str) -> tuple[str, str]:
    """A DA and a TM of an object with this Timezone Offset From UTC, in the network's zone.

    As they are where one of the three is absent or none: a day without a time is that day.
    """
    minutes = offset_minutes(offset)
    day, moment = covers_date(date), covers_time(time)
    if minutes is None or minutes == HOME_OFFSET or day is None or moment is None or len(date) != 8:
        return date, time
    found = shifted(day[0] + moment[0], HOME_OFFSET - minutes)
    return (found[:8], found[8:]) if found else (date, time)


def shifted_time(time: str, minutes: int) -> str:
    """HHMMSS[.F] some minutes later, over midnight where need be; '' stays open."""
    if not time:
        return ""
    total = (int(time[:2]) * 60 + int(time[2:4]) + minutes) % 1440
    return f"{total // 60:02d}{total % 60:02d}{time[4:]}"


def _days(year: int, month: int) -> int:
    following = (year + month // 12, month % 12 + 1)
    if not 0 < year < 9999:
        return 31
    return (datetime(*following, 1) - timedelta(days=1)).day  # noqa: DTZ001 - a calendar
