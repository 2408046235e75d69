"""What goes with an answer, read from its files and validated: who accompanies a session.

Each is a row per service, so another service gets it by a row and not by a copy. A mistake in a
file stops the start.
"""

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from telemed.core.aftercare_rules import Accompanying, Aftercare

M = TypeVar("M", bound=BaseModel)
_Title = Annotated[str, Field(pattern=r"^\d{3}$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Accompanying(_Row):
    services: list[str]
    titles: list[_Title] = Field(min_length=1)
    stand_ins: list[_Title]
    stand_in_kinds: list[str]


def load_aftercare(configs: Path, services: Collection[str]) -> Aftercare:
    """All of it; ValueError for a service that there is not."""
    return Aftercare(accompanying=_accompanying(configs, services))


def _accompanying(configs: Path, services: Collection[str]) -> Accompanying:
    told = _read(configs / "accompanying.toml", _Accompanying)
    _require_known(told.services, services, "accompanying.toml")
    return Accompanying(
        services=frozenset(told.services),
        titles=frozenset(told.titles),
        stand_ins=frozenset(told.stand_ins),
        stand_in_kinds=tuple(told.stand_in_kinds),
    )


def _read(path: Path, model: type[M]) -> M:
    return model.model_validate(tomllib.loads(path.read_text("utf-8")))


def _require_known(named: Collection[str], services: Collection[str], file: str) -> None:
    if unknown := set(named) - set(services):
        raise ValueError(f"{file}: no service {', '.join(sorted(unknown))}")
