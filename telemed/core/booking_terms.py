"""How long what lasts in booking: holds, offers, notice; the network's, and a service's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Terms:
    """How long what lasts."""

    hold: timedelta = timedelta(minutes=10)
    offer: timedelta = timedelta(hours=2)
    """How long a time is kept for whoever waited for it."""
    notice: timedelta = timedelta(minutes=30)
    """How far ahead what is not urgent begins, at least."""
    horizon: timedelta = timedelta(days=92)
    early: timedelta = timedelta(minutes=30)
    """How long before its time a session may begin."""


TERMS: Final = Terms()


@dataclass(frozen=True, slots=True)
class Booking:
    """The terms of the network, and those that are others' for a service."""

    common: Terms = TERMS
    services: Mapping[str, Terms] = field(default_factory=dict)

    def of(self, service: str) -> Terms:
        """The terms that a service is booked by."""
        return self.services.get(service, self.common)


DEFAULT_BOOKING: Final = Booking()
