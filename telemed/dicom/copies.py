"""What a copy that tells nobody whose it is, is asked for by; how it is made, the worker knows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeidentifySpec:
    """Who the copy is said to be of, and by what secret its UIDs are made."""

    seed: str
    patient_name: str
    patient_id: str
    birth_year: str
    shift_days: int
