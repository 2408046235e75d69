"""The JSON contract of guided operations and of the forms that name people."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from telemed.core.guidance import Side
from telemed.server.calendar_schemas import Moment, NamedPerson
from telemed.server.network_schemas import Option
from telemed.server.schemas import Code, In, Out, Words


class StaffPerson(NamedPerson):
    institution_name: str


class StaffList(Out):
    """People whom a form may name."""

    items: list[StaffPerson]


class SeenVersionIn(In):
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


class TakeNoteIn(In):
    """The version of the note that was read."""

    version: Code


class AdviceEntryIn(In):
    """`at`: when it was said, now unless told; `corrects`: an earlier entry of one's own side."""

    kind: Code
    text: str = Field(min_length=1, max_length=1000)
    at: Moment | None = None
    corrects: Code | None = None


class AdviceMarkIn(In):
    """What became of an advice; not taken needs a word."""

    taken: bool
    note: str = Field(default="", max_length=500)


class OperationOutcomeIn(In):
    """By the service's own form."""

    content: dict[str, Any]


class SourceIn(In):
    """The number of an earlier case; empty for none."""

    number: str = Field(max_length=40)


class BegunFromIn(In):
    """The service of the request that is begun from a case."""

    service: str = Field(max_length=40)


class ResponsibilityNoteOut(Out):
    version: str
    zh: str
    en: str


class EntryKindOut(Out):
    code: str
    label: Words
    marked: bool


class AcknowledgedOut(Out):
    side: Side
    version: str
    person: NamedPerson
    at: datetime


class AdviceEntryOut(Out):
    """`taken` is None while nothing was said of it."""

    id: str
    n: int
    kind: str
    side: Side
    text: str
    at: datetime
    entered_at: datetime
    entered_by: str
    corrects: str | None
    taken: bool | None
    note: str
    marked_by: str | None
    marked_at: datetime | None


class OperationOutcomeOut(Out):
    n: int
    content: dict[str, Any]
    entered_by: str
    entered_at: datetime


class GuidanceOut(Out):
    """A guided operation as it goes; the last outcome is what stands."""

    note: ResponsibilityNoteOut
    kinds: list[EntryKindOut]
    streams: list[Option]
    side: Side | None
    acknowledged: list[AcknowledgedOut]
    entries: list[AdviceEntryOut]
    outcomes: list[OperationOutcomeOut]
    allowed: list[str]


class LinkedOut(Out):
    id: str
    number: str


class LinksOut(Out):
    source: LinkedOut | None
    continued: list[LinkedOut]
