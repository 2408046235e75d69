"""The roster goes out as a table and comes back from one.

A line names a person by code, or by a name that only one of the staff has; a duty and services by
code or by label. A file comes in whole or not at all; what stands already and what is over is
passed over, so that a file that went out may come in again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NoReturn

from telemed.actions import roster as acts
from telemed.actions.act import Act
from telemed.actions.roster import Done
from telemed.core.access import Permission
from telemed.core.catalogue import Words
from telemed.core.errors import Problem
from telemed.core.roster import Shift, Stretch, span_of
from telemed.core.workdays import ZONE
from telemed.documents.roster_sheet import COLUMNS, Line, Unreadable, read, sheet
from telemed.documents.sheets import Table
from telemed.store import roster


def told(act: Act, span: Stretch) -> Table:
    """The own institution's shifts that begin in a stretch of time."""
    rows = [row for row in acts.shifts(act, span) if row["since"] >= span[0]]
    return sheet(
        [
            row["person_id"],
            row["person_name"],
            row["kind"],
            " ".join(row["services"]),
            f"{row['since'].astimezone(ZONE):%Y-%m-%d}",
            f"{row['since'].astimezone(ZONE):%H:%M}",
            f"{row['until'].astimezone(ZONE):%H:%M}",
        ]
        for row in rows
    )


def load(act: Act, text: str) -> Done:
    """Put on the roster what a table says."""
    act.subject.require(Permission.KEEP_ROSTER)
    try:
        lines = read(text)
    except Unreadable as fault:
        _refuse(fault.line, fault.column)
    if len(lines) > acts.MOST:
        raise Problem("too-many-shifts", most=acts.MOST)
    staff = roster.staff(act.tx, act.subject.own_institution)
    people = _names((row["id"], [row["name"]]) for row in staff)
    kinds = _labels({code: kind.label for code, kind in act.catalogue.duties.items()})
    services = _labels({code: s.label for code, s in act.catalogue.services.items()})
    return acts.add_all(act, [_shift(line, people, kinds, services) for line in lines])


def _shift(
    line: Line, people: Mapping[str, str], kinds: Mapping[str, str], services: Mapping[str, str]
) -> Shift:
    person, kind = people.get(line.person), kinds.get(line.kind)
    if person is None:
        _refuse(line.number, COLUMNS["person"])
    if kind is None:
        _refuse(line.number, COLUMNS["kind"])
    chosen = [services.get(name) for name in line.services]
    if None in chosen:
        _refuse(line.number, COLUMNS["services"])
    kept = tuple(dict.fromkeys(code for code in chosen if code is not None))
    return Shift(person, kind, kept, *span_of(line.day, line.begins, line.ends))


def _labels(rows: Mapping[str, Words]) -> dict[str, str]:
    return _names((code, [label.zh, label.en]) for code, label in rows.items())


def _names(rows: Iterable[tuple[str, list[str]]]) -> dict[str, str]:
    """Ids by everything that names one of them and no other."""
    pairs = [(name, key) for key, names in rows for name in {key, *names}]
    seen = Counter(name for name, _ in pairs)
    return {name: key for name, key in pairs if seen[name] == 1 or name == key}


def _refuse(line: int, column: str) -> NoReturn:
    raise Problem("roster-line", line=line, column=column)
