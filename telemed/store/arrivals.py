"""What arrives, what becomes of it, and whose it is: the shelf's words (`store/studies.py`)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from telemed.store.tx import Row


@dataclass(frozen=True, slots=True)
class Arrival:
    """One instance as rows without ids and counts. `patient["patient_id"]` may be empty."""

    patient: Row
    study: Row
    series: Row
    instance: Row


class Fate(StrEnum):
    """What became of an arrival."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Kept:
    """The fate of one arrival; `repeated` tells a conflict that was already known."""

    fate: Fate
    study_id: str | None
    reason: str | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Growth:
    """A study that gained `added` instances; `fresh` when it was not there before, else it had
    last grown at `before`."""

    study_id: str
    fresh: bool
    added: int
    before: datetime


class Whose(Protocol):
    """What is done with instances that name another patient than the study they belong to."""

    decided: bool
    """Whether a person has decided: nothing is a conflict then, nor was it removed."""

    def adopted(self, arrival: Arrival, study: Row) -> Arrival:
        """The arrival as its study's patient's."""
        ...

    def corrected(self, study: Row, patient: Row) -> Row:
        """A new study of somebody who was registered twice, as the patient's who stands for it."""
        ...


def first_wins(row: dict[str, Any], told: Row) -> None:
    """Fill what is still empty; JSON attributes key by key, an element without Value is empty."""
    for key, value in told.items():
        if key == "attributes":
            old = row[key]
            if all(
                tag in old and ("Value" in old[tag] or "Value" not in value[tag]) for tag in value
            ):
                continue  # nothing is new in nearly all slices of a series
            row[key] = {
                tag: old[tag] if "Value" in old.get(tag, {}) else value.get(tag, old.get(tag))
                for tag in sorted({*old, *value})
            }
        elif row.get(key) in (None, "") and value not in (None, ""):
            row[key] = value


def new_in(row: Row, was: Row) -> dict[str, Any]:
    """The columns that are not as they were."""
    return {name: value for name, value in row.items() if value != was[name]}
