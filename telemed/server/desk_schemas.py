"""The JSON contract of a reader's desk: conditions, saved filters, settings, hand-over."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from telemed.core.worklist import Audience, Tab, Unit, parse_sort
from telemed.server.case_schemas import RequestRow
from telemed.server.schemas import Code, In, InstitutionRef, Out, Words

Sorting = Annotated[str, StringConstraints(max_length=80, pattern=r"^[a-z_,-]*$")]
Few: Any = Field(default=[], max_length=20)
Text = Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)]
Note = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]


def _checked(text: str) -> str:
    parse_sort(text)
    return text


class Period(In):
    """A stretch of time that ends now: so many hours or days (today is the first), or the shift."""

    unit: Unit
    count: int = Field(default=1, ge=1, le=400)


class Conditions(In):
    """What a filter asks for; an empty list and null ask for nothing."""

    services: list[Code] = Few
    urgencies: list[Literal["routine", "urgent", "stat"]] = Few
    requesters: list[Code] = Few
    modalities: list[Code] = Few
    body_parts: list[Text] = Few
    submitted: Period | None = None
    due_within_minutes: int | None = Field(default=None, ge=1, le=20_160)
    overdue: bool = False
    critical: bool = False
    text: Text = ""


class SearchIn(In):
    """A list by conditions that are being tried: in a body, because they may name a patient.

    `person` asks for what somebody has only: claimed by them, or kept for them.
    """

    tab: Tab = "pool"
    service: Code | None = None
    conditions: Conditions = Conditions()
    sort: Sorting = ""
    person: Code | None = None
    cursor: Code | None = None
    limit: int = Field(default=100, ge=1, le=500)

    _sort = field_validator("sort")(_checked)


class FilterIn(In):
    """A filter to be kept. `audience` shares it within one's own institution."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=30, strip_whitespace=True)]
    tab: Tab = "pool"
    conditions: Conditions = Conditions()
    sort: Sorting = ""
    audience: Audience = ""

    _sort = field_validator("sort")(_checked)


class FilterOut(Out):
    """A saved filter with how many cases fit it now."""

    id: str
    name: str
    tab: str
    conditions: dict[str, Any]
    sort: str
    audience: str
    mine: bool
    owner: str
    total: int
    pressing: int
    stat: int


class FilterList(Out):
    seq: int
    items: list[FilterOut]


class DeskSettings(In):
    """How somebody likes their lists; what is absent is as it comes."""

    columns: list[Code] | None = Field(default=None, max_length=20)
    sort: Sorting = ""
    filter_order: list[Code] = Field(default=[], max_length=200)
    auto_next: dict[Code, bool] = Field(default={}, max_length=30)

    _sort = field_validator("sort")(_checked)


class ServiceChip(Out):
    """A service of the desk: how many wait, and why one may not take any."""

    code: str
    total: int
    pressing: int
    why_not: Words | None


class WorklistOut(Out):
    """The queue of one reader: `seq` is the log position it shows.

    `counts.pool` is what is free to take, `counts.kept` what stands in the pool for somebody else.
    """

    seq: int
    items: list[RequestRow]
    counts: dict[str, int]
    services: list[ServiceChip]
    next: str | None


Uid = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9.]*$")]


class PlaceIn(In):
    """Where somebody was in a case: the picture, and the place in the report."""

    study: Uid = ""
    series: Uid = ""
    image: Uid = ""
    frame: int = Field(default=0, ge=0, le=1_000_000)
    priors: list[Uid] = Field(default=[], max_length=20)
    field: Code | None = None
    caret: int = Field(default=0, ge=0, le=100_000)
    scroll: int = Field(default=0, ge=0, le=1_000_000)


class HolderOut(Out):
    """Who holds a case now, and when they were last seen."""

    request_id: str
    person_id: str
    name: str
    since: datetime
    seen_at: datetime | None
    lease_until: datetime | None
    aside_at: datetime | None


class HolderList(Out):
    items: list[HolderOut]


# --- hand-over ----------------------------------------------------------------------------------

Deed = Literal["pass", "keep", "release"]


class HandedIn(In):
    """What becomes of a case: the next reader takes it, I finish it, or it goes back."""

    request_id: Code
    deed: Deed
    note: Note = ""


class HandoverIn(In):
    """A sheet to be signed; the password says who is signing."""

    to_id: Code
    remark: Note = ""
    cases: list[HandedIn] = Field(default=[], max_length=200)
    password: Annotated[str, StringConstraints(max_length=200)]


class AcceptIn(In):
    password: Annotated[str, StringConstraints(max_length=200)]


class PersonRef(Out):
    id: str
    name: str


class HandedOut(Out):
    """A case of a sheet as it stood when the sheet was signed."""

    request_id: str
    number: str
    service: str
    urgency: str
    patient: str
    exam: str
    requester: str
    due_at: datetime | None
    state: Literal["reading", "aside", "preliminary", "critical"]
    deed: Deed
    note: str
    outcome: str | None = None
    """Known once the sheet is accepted: taken, or the code of the reason why not."""


class QueueFigures(Out):
    """The institution's queue at one moment."""

    waiting: int
    pressing: int
    overdue: int
    held: int


class HandoverDraft(Out):
    """What a sheet would say if it were signed now, and who may be handed to."""

    cases: list[HandedOut]
    queue: QueueFigures
    colleagues: list[PersonRef]


class HandoverOut(Out):
    id: str
    state: Literal["signed", "accepted"]
    outgoing: PersonRef
    incoming: PersonRef
    institution: InstitutionRef
    signed_at: datetime
    accepted_at: datetime | None
    remark: str
    cases: list[HandedOut]
    queue: QueueFigures
    genuine: bool
    """Whether the kept bytes are those that were signed."""
    may_accept: bool


class HandoverList(Out):
    items: list[HandoverOut]
