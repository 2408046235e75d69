"""What goes with an answer, as data: who accompanies a session.

The shapes of what `aftercare_files` reads. Each names the services that it is for, so that another
service gets it by a row; what they mean is in the module of each. Labels are Chinese and English.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accompanying:
    """Which services ask for an accompanying doctor, and which titles qualify where."""

    services: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    stand_ins: frozenset[str] = frozenset()
    stand_in_kinds: tuple[str, ...] = ()

    def asks(self, service: str) -> bool:
        """Whether a session of this service does not begin without one."""
        return service in self.services


NOBODY_ACCOMPANIES = Accompanying()


@dataclass(frozen=True, slots=True)
class Aftercare:
    """All of it."""

    accompanying: Accompanying = NOBODY_ACCOMPANIES


NO_AFTERCARE = Aftercare()
