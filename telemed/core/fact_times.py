"""Times that facts carry, as the tally's folds measure by them."""

from datetime import datetime

from telemed.core.activity import Activity


def moment_of(activity: Activity, name: str) -> datetime | None:
    """An aware time; None where the fact has none. ValueError for anything else."""
    value = activity.data.get(name)
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError(f"activity {activity.seq}: {name} is not an aware time")
    return moment


def seconds_since(activity: Activity, name: str) -> float | None:
    """Seconds from a time that the fact carries to the fact; None where it carries none."""
    start = moment_of(activity, name)
    return None if start is None else (activity.at - start).total_seconds()


def spent_since(activity: Activity, name: str) -> float | None:
    """Seconds since; None when it is not known or the clocks contradict each other."""
    spent = seconds_since(activity, name)
    return spent if spent is None or spent >= 0 else None
