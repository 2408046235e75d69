"""The rules of assignment: `configs/assignment.toml`, validated and given a name.

Every decision is stored with that name, the hash of what the file says: who asks later by which
rule a case was given finds it in the file's history.
"""

import tomllib
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from telemed.core.assignment_rules import RULE, Cap, Complexity, Rules

_Points = Annotated[float, Field(gt=0, le=1000)]
_Urgency = Annotated[str, Field(pattern="^(routine|urgent|stat)$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Complexity(_Row):
    service: str
    points: _Points
    modality: str | None = None


class _Cap(_Row):
    in_hand: _Points | None = None
    in_shift: _Points | None = None
    service: str | None = None
    institution: str | None = None


class _Rule(_Row):
    momentary: list[_Urgency]
    uncapped: list[_Urgency]
    same_reader_days: int = Field(ge=0, le=3650)
    same_reader_slack: float = Field(ge=0, le=1000)


class _Minutes(_Row):
    stat: int = Field(ge=1, le=10_080)
    urgent: int = Field(ge=1, le=10_080)
    routine: int = Field(ge=1, le=10_080)


class _Seconds(_Row):
    stat: int = Field(ge=1, le=600)
    urgent: int = Field(ge=1, le=600)
    routine: int = Field(ge=1, le=600)


class _Overflow(_Row):
    margin: float = Field(gt=0, lt=1)


class _File(_Row):
    complexity: list[_Complexity] = Field(min_length=1)
    cap: list[_Cap] = []
    rule: _Rule
    keep_minutes: _Minutes
    again_seconds: _Seconds
    overflow: _Overflow

    @model_validator(mode="after")
    def _says_nothing_twice(self) -> "_File":
        weights = [(row.service, row.modality) for row in self.complexity]
        caps = [(row.institution, row.service) for row in self.cap]
        if len(set(weights)) < len(weights) or len(set(caps)) < len(caps):
            raise ValueError("a weight or a cap is given twice")
        return self

    def core(self) -> Rules:
        """The rules under the name of what the file says."""
        said = f"{RULE}\n{self.model_dump_json()}"
        keeps, again = self.keep_minutes.model_dump(), self.again_seconds.model_dump()
        return Rules(
            complexity=tuple(Complexity(c.service, c.points, c.modality) for c in self.complexity),
            caps=tuple(Cap(c.in_hand, c.in_shift, c.service, c.institution) for c in self.cap),
            uncapped=frozenset(self.rule.uncapped),
            momentary=frozenset(self.rule.momentary),
            same_reader=timedelta(days=self.rule.same_reader_days),
            same_reader_slack=self.rule.same_reader_slack,
            keeps={urgency: timedelta(minutes=n) for urgency, n in keeps.items()},
            again={urgency: timedelta(seconds=n) for urgency, n in again.items()},
            margin=self.overflow.margin,
            version=f"{RULE}-{sha256(said.encode()).hexdigest()[:12]}",
        )


def load_rules(configs: Path) -> Rules:
    """The rules of assignment. A mistake in the file stops the start."""
    return _File.model_validate(
        tomllib.loads((configs / "assignment.toml").read_text("utf-8"))
    ).core()
