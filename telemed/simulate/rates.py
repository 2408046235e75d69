"""What a simulation is made of: `configs/simulation.toml`, validated, and the working calendar.

Knows shares, hours and texts. Refuses to know institutions, the database and today's date.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

import chinese_calendar
from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Span = tuple[float, float]

SUNDAY, FRIDAY = 6, 4


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Kind(_Row):
    """One kind of case: how frequent, how urgent, how long it waits and takes (minutes)."""

    service: str
    weight: float = Field(gt=0)
    modality: Mapping[str, float]
    urgency: Mapping[str, float]
    reading_minutes: Span
    reaction_minutes: Mapping[str, Span]
    critical: Share
    frozen: bool = False


class Picture(_Row):
    """What is wrong with an invented patient, and what a reader would write."""

    service: str
    modalities: tuple[str, ...]
    weight: float = Field(gt=0)
    complaint: str
    history: str
    diagnosis: tuple[str, str]
    positive: bool
    findings: str
    impression: str
    body_part: str = "other"
    part: str = ""
    critical: tuple[str, ...] = ()
    frozen: bool = False


class People(_Row):
    """How people err, each a share of the cases to which it can happen."""

    incomplete: Share
    known_patient: Share
    minor: Share
    waiver: Share
    late_images: Share
    withdrawn: Share
    withdrawn_after_return: Share
    returned: Share
    never_resubmitted: Share
    declined: Share
    redirected: Share
    released: Share
    lapsed: Share
    taken_over: Share
    sent_back: Share
    addended: Share
    amended: Share
    second_opinion: Share
    acknowledged_late: Share
    confirmed: Share
    adopted: Share
    partly_adopted: Share


class Flow(_Row):
    """Exactly so many cases from one institution to another, spread over the whole time."""

    requester: str
    provider: str
    service: str
    cases: int = Field(ge=0)


class Rates(_Row):
    """Everything of `simulation.toml`. With `flow` rows the plan plays those and nothing else."""

    rate: float = Field(ge=0)
    hours: tuple[float, ...] = Field(min_length=24, max_length=24)
    weekdays: tuple[float, ...] = Field(min_length=7, max_length=7)
    month_end: float
    shift: tuple[int, int]
    night_services: frozenset[str]
    site_weight: Mapping[str, float]
    kind: tuple[Kind, ...]
    people: People
    picture: tuple[Picture, ...]
    flow: tuple[Flow, ...] = ()
    # "from" is a word of the language.
    start: date | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _every_kind_has_a_picture(self) -> "Rates":
        for kind in self.kind:
            for modality in kind.modality or ("",):
                if not self.pictures(kind, modality):
                    raise ValueError(f"no picture for {kind.service} {modality}")
        return self

    def pictures(self, kind: Kind, modality: str) -> list[Picture]:
        """The pictures that a case of this kind and modality may have."""
        return [
            p
            for p in self.picture
            if p.service == kind.service
            and p.frozen == kind.frozen
            and (modality in p.modalities or not p.modalities)
        ]

    def weight_of(self, day: date) -> float:
        """A day's weight beside an ordinary working day."""
        weekday = day.weekday()
        if is_holiday(day):
            weekday = SUNDAY
        elif weekday > FRIDAY and is_workday(day):
            weekday = FRIDAY
        ends = date.fromordinal(day.toordinal() + 2).month != day.month
        return self.weekdays[weekday] * (self.month_end if ends else 1)


def load_rates(configs: Path, scenario: Path | None = None) -> Rates:
    """The rates, with a scenario's keys laid over them."""
    values = tomllib.loads((configs / "simulation.toml").read_text("utf-8"))
    if scenario is not None:
        values |= tomllib.loads(scenario.read_text("utf-8"))
    return Rates.model_validate(values)


@cache
def is_workday(day: date) -> bool:
    """Whether China works that day, swapped days (调休) included.

    The State Council announces a year's holidays in the autumn before; for a year that the
    library does not know yet, Monday to Friday are taken.
    """
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() <= FRIDAY


@cache
def is_holiday(day: date) -> bool:
    """Whether it is a weekday on which China does not work."""
    return day.weekday() <= FRIDAY and not is_workday(day)
