"""What every JSON contract under /api stands on; the bodies themselves are beside it by subject.

Bodies that come in forbid unknown keys, so nobody can set a column by naming it. Times are ISO
8601 UTC. Ids are opaque. Labels come in both languages.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Short = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
Long = Annotated[str, StringConstraints(max_length=20_000)]
Month = Annotated[str, StringConstraints(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]


class In(BaseModel):
    """A body that comes in."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """A body that goes out."""

    model_config = ConfigDict(from_attributes=True)


class Words(Out):
    """A label in both languages."""

    zh: str
    en: str


class ProblemBody(Out):
    """The one error shape."""

    code: str
    zh: str
    en: str
    facts: dict[str, Any]


class Done(Out):
    """Nothing more to say."""

    ok: Literal[True] = True


class InstitutionRef(Out):
    id: str
    name: str
    short_name: str


class ReasonOut(Out):
    code: str
    step: str
    label: Words
    services: list[str]
