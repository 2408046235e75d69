"""Who agrees in house before a request is sent, from `configs/approvals.toml`.

A mistake in it stops the start; it knows nobody who holds a role.
"""

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from telemed.core.access import PERMISSIONS, Permission, Role
from telemed.core.approval import Chain, Step


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Words(_Row):
    zh: str
    en: str


class _Step(_Row):
    key: str = Field(pattern="^[a-z-]+$")
    label: _Words
    role: Role

    @field_validator("role")
    @classmethod
    def _may_approve(cls, role: Role) -> Role:
        if Permission.APPROVE_REQUESTS not in PERMISSIONS[role]:
            raise ValueError(f"{role.value} may not approve requests")
        return role

    def core(self) -> Step:
        return Step(self.key, self.label.model_dump(), self.role.value)


class _Chain(_Row):
    service: str
    bypass: list[Literal["routine", "urgent", "stat"]] = []
    steps: list[_Step] = Field(min_length=1, max_length=5)

    @model_validator(mode="after")
    def _keys_differ(self) -> "_Chain":
        if len({step.key for step in self.steps}) < len(self.steps):
            raise ValueError(f"two steps of {self.service} have one key")
        return self

    def core(self) -> Chain:
        return Chain(self.service, tuple(s.core() for s in self.steps), tuple(self.bypass))


class _Approvals(_Row):
    chain: list[_Chain] = []


def load_approvals(configs: Path, services: Collection[str]) -> dict[str, Chain]:
    """By service. A chain of a service that is not there, or a second one, is a mistake."""
    file = configs / "approvals.toml"
    found: dict[str, Chain] = {}
    for chain in _Approvals.model_validate(tomllib.loads(file.read_text("utf-8"))).chain:
        if chain.service not in services or chain.service in found:
            raise ValueError(f"{file.name}: {chain.service} is no service, or named twice")
        found[chain.service] = chain.core()
    return found
