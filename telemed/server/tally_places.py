"""Who may be counted by whom, and in which row of a tally an entry belongs.

An institution counts its own facts, supervision those of its region; both in the query itself.
Rows are institutions, counties, cities, alliances or services; every row there should be is named,
so that one that did nothing is shown and not hidden.
"""

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from telemed.actions.act import Act
from telemed.core import tally as core
from telemed.core.indicators import INDICATORS, Measure, Side
from telemed.core.tally import Entry, Summary
from telemed.documents.tally_sheets import side_indicators
from telemed.store import tables as t
from telemed.store import tallies
from telemed.store.tables import tally_entries
from telemed.store.tx import Row

T = tally_entries.c

_PARTS = {
    code
    for row in INDICATORS.values()
    if row.kind is Measure.SHARE
    for code in (row.numerator, row.denominator)
}


class Places:
    """Who may be counted, and which rows an entry belongs to."""

    def __init__(self, act: Act, month: str, by: str, side: str) -> None:
        self._act, self._by, self._side = act, by, side
        self._mine = self._institutions()
        self._begin, self._end = core.month_span(month)
        self._areas = {r["code"]: r["name"] for r in act.tx.all(sa.select(t.area_codes))}
        self._alliances = self._memberships() if by == "alliance" else {}

    def entries(
        self, months: Iterable[str], key: str = "", only: Collection[str] | None = None
    ) -> list[Entry]:
        """The entries of these months on this side that the subject may count.

        `key` narrows to one row and `only` to some indicators, both in the database.
        """
        shown = {row.code for row in side_indicators(Side(self._side))} | _PARTS
        wanted = T.indicator.in_(sorted(shown if only is None else shown & set(only)))
        return tallies.of_months(self._act.tx, months, sa.and_(self._where(key), wanted))

    def first_month(self, key: str) -> str | None:
        """The first month in which anything was counted in a row, or None."""
        return tallies.first_month(self._act.tx, self._where(key))

    def _where(self, key: str) -> sa.ColumnElement[bool]:
        """What the subject may count, of one row or of all."""
        column = T.requester_id if self._side == "requester" else T.provider_id
        if key == "":
            return self._allowed(column)
        if self._by == "service":
            return sa.and_(self._allowed(column), T.service == key)
        members = [place for place in self._mine if key in self._keys_at(place)]
        return sa.and_(self._allowed(column), column.in_(members))

    def keys_of(self, entry: Entry) -> list[str]:
        """The rows an entry counts in: several only for alliances."""
        if self._by == "service":
            return [entry.service]
        return self._keys_at(entry.requester if self._side == "requester" else entry.provider)

    def _keys_at(self, place: str) -> list[str]:
        """The rows an institution counts in."""
        if self._by == "alliance":
            return [a["alliance_id"] for a in self._alliances.get(place, [])]
        if self._by == "institution":
            return [place]
        area = str(self._mine[place]["area_code"]) if place in self._mine else ""
        return [self._area_key(area)]

    def summaries(self, entries: Iterable[Entry]) -> dict[str, Summary]:
        """A summary for each row."""
        groups: dict[str, list[Entry]] = {}
        for entry in entries:
            for key in self.keys_of(entry):
                groups.setdefault(key, []).append(entry)
        return {key: core.summarize(members) for key, members in groups.items()}

    def names(self) -> list[tuple[str, str]]:
        """Every row there should be, with its name: one that did nothing is shown, not hidden."""
        connected = [r for r in self._mine.values() if self._took_part(r)]
        if self._by == "institution":
            return [(r["id"], r["short_name"]) for r in connected]
        if self._by == "service":
            services = self._act.catalogue.services.values()
            return [(c.code, c.label.zh) for c in services if c.live]
        if self._by == "alliance":
            found = (a for r in connected for a in self._alliances.get(r["id"], []))
            return list({a["alliance_id"]: a["name"] for a in found}.items())
        codes = dict.fromkeys(self._area_key(str(r["area_code"])) for r in connected)
        return [(code, self._areas.get(code, code)) for code in codes]

    def _area_key(self, area: str) -> str:
        return area if self._by == "county" else area[:4] + "00"

    def _took_part(self, row: Row) -> bool:
        since = row["connected_since"]
        return bool(row["connected"]) and (since is None or since < self._end.date())

    def _institutions(self) -> dict[str, Row]:
        query = sa.select(t.institutions)
        subject = self._act.subject
        if subject.region is not None:
            place = sa.func.substr(t.institutions.c.area_code, 1, len(subject.region))
            query = query.where(place == subject.region)
        else:
            query = query.where(t.institutions.c.id == subject.own_institution)
        return {row["id"]: row for row in self._act.tx.all(query)}

    def _allowed(self, column: sa.Column[Any]) -> sa.ColumnElement[bool]:
        subject = self._act.subject
        if subject.region is None:
            return column == subject.own_institution
        place = sa.func.substr(t.institutions.c.area_code, 1, len(subject.region))
        return column.in_(sa.select(t.institutions.c.id).where(place == subject.region))

    def _memberships(self) -> dict[str, list[Row]]:
        last = self._end.date()
        rows = self._act.tx.all(
            sa.select(t.memberships, t.alliances.c.name)
            .join(t.alliances, t.alliances.c.id == t.memberships.c.alliance_id)
            .where(
                t.memberships.c.since < last,
                sa.or_(
                    t.memberships.c.until.is_(None), t.memberships.c.until >= self._begin.date()
                ),
            )
        )
        found: dict[str, list[Row]] = {}
        for row in rows:
            if all(
                row["alliance_id"] != r["alliance_id"] for r in found.get(row["institution_id"], [])
            ):
                found.setdefault(row["institution_id"], []).append(row)
        return found
