"""Who may be counted by whom, and in which rows of a tally a place counts.

An institution counts its own facts, supervision those of its region; both in the query itself.
Rows are institutions, counties, cities, alliances or services; every row there should be is named,
so that one that did nothing is shown and not hidden. The database adds up; here sums of places
become summaries of rows.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from telemed.actions.act import Act
from telemed.core import tally as core
from telemed.core.indicators import INDICATORS, Indicator, Measure, Side
from telemed.core.tally import Summary
from telemed.documents.tally_sheets import side_indicators
from telemed.store import tables as t
from telemed.store import tallies
from telemed.store.tallies import Allowed, Page, Wanted
from telemed.store.tx import Row

_PARTS = {
    code
    for row in INDICATORS.values()
    if row.kind is Measure.SHARE
    for code in (row.numerator, row.denominator)
    if code is not None
}


def counted_by(row: Indicator) -> frozenset[str]:
    """The indicators whose entries an indicator is computed from."""
    return frozenset({row.numerator or row.code, row.denominator or row.code})


def _sides() -> Mapping[str, tuple[str, ...]]:
    """Of each indicator with entries the sides with a column computed from it."""
    found: dict[str, list[str]] = defaultdict(list)
    for side in (Side.REQUESTER, Side.PROVIDER):
        needed = frozenset[str]().union(*(counted_by(row) for row in side_indicators(side)))
        for code in needed:
            found[code].append(side.value)
    rows = (row for row in INDICATORS.values() if row.kind is not Measure.SHARE)
    return MappingProxyType({row.code: tuple(found[row.code]) for row in rows})


SIDES = _sides()
_TIMED = {row.code for row in INDICATORS.values() if row.kind is Measure.DURATION}


@dataclass(slots=True)
class Counted:
    """The sums and the measured times of one month by place: an institution, or a service."""

    sums: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    times: dict[str, dict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def summary(self, places: Collection[str] | None = None) -> Summary:
        """The summary of some places together, or of all."""
        totals: Counter[str] = Counter()
        measured: dict[str, list[float]] = defaultdict(list)
        for place in self.sums if places is None else places:
            if place in self.sums:
                totals.update(self.sums[place])
            for code, values in self.times[place].items() if place in self.times else ():
                measured[code] += values
        spreads = {code: core.spread_of(sorted(values)) for code, values in measured.items()}
        return core.summary_of(totals, spreads)


ByMonth = Mapping[str, Counted]
"""A month in which nothing was counted is absent: missing is not zero."""


class Places:
    """Who may be counted, and which rows a place counts in."""

    def __init__(
        self, act: Act, month: str, by: str, side: str, urgency: str | None = None
    ) -> None:
        self._act, self._by, self._side, self._urgency = act, by, side, urgency
        self._mine = self._institutions()
        known = act.tx.scalar(sa.select(sa.func.count()).select_from(t.institutions))
        self._everywhere = act.subject.region is not None and len(self._mine) == known
        self._begin, self._end = core.month_span(month)
        self._areas = {r["code"]: r["name"] for r in act.tx.all(sa.select(t.area_codes))}
        self._alliances = self._memberships() if by == "alliance" else {}

    # --- numbers ---

    def counted(self, months: Iterable[str]) -> ByMonth:
        """What the subject may count of these months, by the places that rows are made of."""
        wanted = self._wanted(months, None, "")
        allowed, by = self._allowed_in(""), "service" if self._by == "service" else "institution_id"
        found: dict[str, Counted] = defaultdict(Counted)
        for month, code, place, weight in tallies.sums(self._act.tx, wanted, allowed, by):
            found[month].sums[place][code] = weight
        if self._urgency is not None:  # none of it in a month that counted others is zero
            for month in tallies.counted_months(self._act.tx, wanted, allowed):
                found[month]
        for month, code, place, value, weight in tallies.times(self._act.tx, wanted, allowed, by):
            found[month].times[place][code] += [value] * weight
        return dict(found)

    def rows_of(self, counted: Counted) -> dict[str, Summary]:
        """A summary for each row in which anything was counted."""
        members: dict[str, list[str]] = defaultdict(list)
        for place in counted.sums:
            for key in self.keys_of(place):
                members[key].append(place)
        return {key: counted.summary(places) for key, places in members.items()}

    def trend(
        self, months: Collection[str], key: str, only: Collection[str]
    ) -> dict[str, Summary | None]:
        """One row, or all, month by month; None before anything was counted in it."""
        wanted, allowed = self._wanted(months, only, key), self._allowed_in(key)
        totals: dict[str, Counter[str]] = defaultdict(Counter)
        for month, code, _, weight in tallies.sums(self._act.tx, wanted, allowed, "side"):
            totals[month][code] = weight
        spreads: dict[str, dict[str, core.Spread]] = defaultdict(dict)
        timed = self._wanted(months, _TIMED & set(wanted.indicators), key)
        for (month, code), spread in tallies.spreads(self._act.tx, timed, allowed).items():
            spreads[month][code] = spread
        first = self.first_month(key) or "9999-99"
        return {
            month: core.summary_of(totals[month], spreads[month]) if month >= first else None
            for month in months
        }

    def first_month(self, key: str = "") -> str | None:
        """The first month in which anything was counted in a row, or None."""
        wanted = self._wanted((), None, key)
        return tallies.first_month(self._act.tx, wanted, self._allowed_in(key))

    def facts(self, month: str, key: str, only: Collection[str], page: Page) -> list[core.Entry]:
        """The counted facts behind a number, in the log's order."""
        wanted = self._wanted([month], only, key)
        return tallies.facts(self._act.tx, wanted, self._allowed_in(key), page)

    def weight(self, month: str, key: str, only: Collection[str]) -> int:
        """What the facts behind a number add up to."""
        wanted = self._wanted([month], only, key)
        found = tallies.sums(self._act.tx, wanted, self._allowed_in(key), "side")
        return sum(weight for *_, weight in found)

    def allowed(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """The rows the subject may count, by the column of the institution on a side."""
        subject = self._act.subject
        if subject.region is None:
            return column == subject.own_institution
        if self._everywhere:
            # The same rows; asking of each whether it is in the list doubles a long count.
            return column != ""
        place = sa.func.substr(t.institutions.c.area_code, 1, len(subject.region))
        return column.in_(sa.select(t.institutions.c.id).where(place == subject.region))

    def _wanted(self, months: Iterable[str], only: Collection[str] | None, key: str) -> Wanted:
        shown = {row.code for row in side_indicators(Side(self._side))} | _PARTS
        codes = shown if only is None else shown & set(only)
        service = key if key and self._by == "service" else None
        return Wanted(self._side, frozenset(months), frozenset(codes), service, self._urgency)

    def _allowed_in(self, key: str) -> Allowed:
        """`allowed`, narrowed to one row's institutions."""
        if key == "" or self._by == "service":
            return self.allowed
        members = [place for place in self._mine if key in self.keys_of(place)]
        return lambda column: sa.and_(self.allowed(column), column.in_(members))

    # --- rows ---

    def keys_of(self, place: str) -> list[str]:
        """The rows a place counts in: several only for alliances."""
        if self._by == "alliance":
            return [a["alliance_id"] for a in self._alliances.get(place, [])]
        if self._by in ("institution", "service"):
            return [place]
        return [self._area_key(self.area_of(place))]

    def names(self) -> list[tuple[str, str]]:
        """Every row there should be, with its name: one that did nothing is shown, not hidden."""
        connected = [r for r in self._mine.values() if self._took_part(r)]
        if self._by == "institution":
            return [(r["id"], r["short_name"]) for r in connected]
        if self._by == "service":
            services = self._act.catalogue.services.values()
            return [(c.code, c.label.zh) for c in services if c.runs]
        if self._by == "alliance":
            found = (a for r in connected for a in self._alliances.get(r["id"], []))
            return list({a["alliance_id"]: a["name"] for a in found}.items())
        codes = dict.fromkeys(self._area_key(str(r["area_code"])) for r in connected)
        return [(code, self._areas.get(code, code)) for code in codes]

    def belongings(self) -> Iterable[tuple[str, str, str, tuple[str, ...]]]:
        """Each institution's name, county, city and, grouped by alliance, its alliances."""
        for row in self._mine.values():
            area = str(row["area_code"])
            city = area[:4] + "00"
            alliances = tuple(a["name"] for a in self._alliances.get(row["id"], []))
            county = self._areas.get(area, area)
            yield row["short_name"], county, self._areas.get(city, city), alliances

    def area_of(self, place: str) -> str:
        """An institution's area code, empty when it is not in sight."""
        return str(self._mine[place]["area_code"]) if place in self._mine else ""

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
