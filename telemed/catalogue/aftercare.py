"""What goes with an answer, read from its files and validated.

Each is a row per service, so another service gets it by a row and not by a copy. A mistake in a
file stops the start.
"""

import tomllib
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from telemed.core.aftercare_rules import (
    Accompanying,
    Aftercare,
    Asked,
    Coded,
    CountsFrom,
    Evaluations,
    Fee,
    Fees,
    FollowUps,
    Plan,
    Surcharge,
    SurchargeKind,
    Unit,
)

M = TypeVar("M", bound=BaseModel)
_Title = Annotated[str, Field(pattern=r"^\d{3}$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Accompanying(_Row):
    services: list[str]
    confirmed: list[str]
    urgent_by_name: list[str]
    titles: list[_Title] = Field(min_length=1)
    stand_ins: list[_Title]
    stand_in_kinds: list[str]


class _Words(_Row):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class _Coded(_Row):
    code: str = Field(pattern="^[a-z-]+$")
    label: _Words

    def core(self) -> Coded:
        return Coded(self.code, self.label.zh, self.label.en)


class _Outcome(_Coded):
    ends: bool = False


class _Plan(_Row):
    services: list[str] = Field(min_length=1)
    counts_from: CountsFrom
    days: list[Annotated[int, Field(ge=1, le=365)]] = Field(min_length=1, max_length=6)


class _FollowUps(_Row):
    early_days: int = Field(ge=0, le=30)
    overdue_days: int = Field(ge=0, le=60)
    lapse_days: int = Field(ge=1, le=120)
    correct_days: int = Field(ge=0, le=60)
    follow_up: list[_Plan]
    outcome: list[_Outcome] = Field(min_length=2)
    advice: list[_Coded] = Field(min_length=2)


class _Asked(_Row):
    services: list[str] = Field(min_length=1)
    requester: list[str] = Field(min_length=1)
    provider: list[str] = Field(min_length=1)


class _Evaluations(_Row):
    wait_days: int = Field(ge=1, le=60)
    item: list[_Coded] = Field(min_length=1)
    evaluation: list[_Asked]


_Fen = Annotated[int, Field(ge=0, le=100_000_000)]


class _Fee(_Coded):
    code: str = Field(pattern="^[a-z0-9-]+$", max_length=40)
    service: str
    live: bool
    unit: Unit
    price: _Fen | None = None


class _Surcharge(_Row):
    kind: SurchargeKind
    label: _Words
    services: list[str] = Field(min_length=1)
    percent: int | None = Field(default=None, ge=0, le=1000)
    price: _Fen | None = None


class _Agreed(_Row):
    agreement: str = Field(min_length=1)
    fee: str
    price: _Fen


class _Fees(_Row):
    fee: list[_Fee]
    surcharge: list[_Surcharge] = []
    agreed: list[_Agreed] = []


def load_aftercare(configs: Path, services: Collection[str]) -> Aftercare:
    """All of it; ValueError for a service that there is not."""
    return Aftercare(
        accompanying=_accompanying(configs, services),
        follow_ups=_follow_ups(configs, services),
        evaluations=_evaluations(configs, services),
        fees=_fees(configs, services),
    )


def _accompanying(configs: Path, services: Collection[str]) -> Accompanying:
    told = _read(configs / "accompanying.toml", _Accompanying)
    _require_known(told.services, services, "accompanying.toml")
    _require_known(told.confirmed, told.services, "accompanying.toml")
    _require_known(told.urgent_by_name, told.confirmed, "accompanying.toml")
    return Accompanying(
        services=frozenset(told.services),
        confirmed=frozenset(told.confirmed),
        urgent_by_name=frozenset(told.urgent_by_name),
        titles=frozenset(told.titles),
        stand_ins=frozenset(told.stand_ins),
        stand_in_kinds=tuple(told.stand_in_kinds),
    )


def _follow_ups(configs: Path, services: Collection[str]) -> FollowUps:
    file = "follow_up.toml"
    told = _read(configs / file, _FollowUps)
    named = [service for plan in told.follow_up for service in plan.services]
    _require_known(named, services, file)
    _require_once(named, file)
    _require_once([row.code for row in told.outcome], file)
    _require_once([row.code for row in told.advice], file)
    if told.overdue_days >= told.lapse_days:
        raise ValueError(f"{file}: what has lapsed is overdue first")
    return FollowUps(
        plans=tuple(
            Plan(frozenset(p.services), p.counts_from, tuple(sorted(set(p.days))))
            for p in told.follow_up
        ),
        early=timedelta(days=told.early_days),
        overdue=timedelta(days=told.overdue_days),
        lapse=timedelta(days=told.lapse_days),
        correct=timedelta(days=told.correct_days),
        outcomes=tuple(row.core() for row in told.outcome),
        ends=frozenset(row.code for row in told.outcome if row.ends),
        advice=tuple(row.core() for row in told.advice),
    )


def _evaluations(configs: Path, services: Collection[str]) -> Evaluations:
    file = "evaluation.toml"
    told = _read(configs / file, _Evaluations)
    named = [service for row in told.evaluation for service in row.services]
    _require_known(named, services, file)
    _require_once(named, file)
    items = [row.code for row in told.item]
    _require_once(items, file)
    used = {code for row in told.evaluation for code in (*row.requester, *row.provider)}
    if used != set(items):
        raise ValueError(
            f"{file}: {', '.join(sorted(used ^ set(items)))} is not both told and used"
        )
    return Evaluations(
        items=tuple(row.core() for row in told.item),
        asked=tuple(
            Asked(frozenset(row.services), tuple(row.requester), tuple(row.provider))
            for row in told.evaluation
        ),
        wait=timedelta(days=told.wait_days),
    )


def _fees(configs: Path, services: Collection[str]) -> Fees:
    file = "fees.toml"
    told = _read(configs / file, _Fees)
    codes = [fee.code for fee in told.fee]
    _require_once(codes, file)
    _require_known([fee.service for fee in told.fee], services, file)
    _require_known([s for row in told.surcharge for s in row.services], services, file)
    _require_once([f"{row.kind} {s}" for row in told.surcharge for s in row.services], file)
    _require_once([f"{row.agreement} {row.fee}" for row in told.agreed], file)
    if unknown := {row.fee for row in told.agreed} - set(codes):
        raise ValueError(f"{file}: no fee {', '.join(sorted(unknown))}")
    if any(row.percent is not None and row.price is not None for row in told.surcharge):
        raise ValueError(f"{file}: a surcharge is a percentage or a price, not both")
    return Fees(
        fees=tuple(
            Fee(f.code, f.label.zh, f.label.en, f.service, f.live, f.unit, f.price)
            for f in told.fee
        ),
        surcharges=tuple(
            Surcharge(s.kind, s.label.zh, s.label.en, frozenset(s.services), s.percent, s.price)
            for s in told.surcharge
        ),
        agreed={(row.agreement, row.fee): row.price for row in told.agreed},
    )


def _read(path: Path, model: type[M]) -> M:
    return model.model_validate(tomllib.loads(path.read_text("utf-8")))


def _require_known(named: Collection[str], services: Collection[str], file: str) -> None:
    if unknown := set(named) - set(services):
        raise ValueError(f"{file}: no service {', '.join(sorted(unknown))}")


def _require_once(codes: Collection[str], file: str) -> None:
    if len(set(codes)) < len(codes):
        raise ValueError(f"{file}: the same code twice")
