"""The JSON contract of guided operations and of the forms that name people."""

from typing import Literal

from pydantic import Field

from telemed.server.calendar_schemas import NamedPerson
from telemed.server.schemas import Code, In, Out


class StaffList(Out):
    """People of the own institution."""

    items: list[NamedPerson]


class VersionIn(In):
    """The version that was seen."""

    version: int


class DeidentifyIn(In):
    """`looked_at`: studies at risk whose pixels the sender has looked at and seen no name in."""

    version: int
    looked_at: list[Code] = Field(default=[], max_length=50)


class DeidentificationOut(Out):
    """How far the copies of a draft are: `shown` once the draft is told by them."""

    version: int
    state: Literal["none", "begun", "shown"]
    name: str | None
    shift_days: int | None
    total: int
    done: int
    left_out: int
    at_risk: list[str]
    looked_at: list[str]
    original_id: str | None
