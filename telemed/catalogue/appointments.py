"""How long what lasts in booking, from `configs/appointments.toml`.

A mistake in it stops the start.
"""

import tomllib
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from telemed.core.booking_terms import TERMS, Booking, Terms
from telemed.core.schedule import WIDEST


class _Terms(BaseModel):
    """What is left out is as it was."""

    model_config = ConfigDict(extra="forbid")

    hold_minutes: int | None = Field(default=None, ge=1, le=24 * 60)
    offer_minutes: int | None = Field(default=None, ge=1, le=7 * 24 * 60)
    notice_minutes: int | None = Field(default=None, ge=0, le=30 * 24 * 60)
    horizon_days: int | None = Field(default=None, ge=1, le=WIDEST)

    def over(self, terms: Terms) -> Terms:
        spans = {
            "hold": _minutes(self.hold_minutes),
            "offer": _minutes(self.offer_minutes),
            "notice": _minutes(self.notice_minutes),
            "horizon": None if self.horizon_days is None else timedelta(days=self.horizon_days),
        }
        return replace(terms, **{key: span for key, span in spans.items() if span is not None})


class _Service(_Terms):
    code: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    terms: _Terms
    service: list[_Service] = []


def load_appointment_terms(configs: Path, services: Collection[str]) -> Booking:
    """The network's, and by service. A service that is not there, or named twice, is a mistake."""
    file = configs / "appointments.toml"
    read = _File.model_validate(tomllib.loads(file.read_text("utf-8")))
    common = read.terms.over(TERMS)
    found: dict[str, Terms] = {}
    for row in read.service:
        if row.code not in services or row.code in found:
            raise ValueError(f"{file.name}: {row.code} is no service, or named twice")
        found[row.code] = row.over(common)
    return Booking(common, found)


def _minutes(value: int | None) -> timedelta | None:
    return None if value is None else timedelta(minutes=value)
