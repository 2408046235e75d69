"""The JSON contract of assignment: a case's ranking and decisions, what a coordinator sets."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from telemed.actions.assigning import MOST_RESERVED
from telemed.server import case_schemas as rs
from telemed.server import schemas as s

CaseId = Annotated[str, Field(min_length=1, max_length=64)]
Light_ = Literal["green", "amber", "red"]
Mode_ = Literal["off", "suggest", "auto"]
PointsIn = Annotated[float, Field(gt=0, le=1000)]


class AssignIn(s.In):
    """Who is to read it."""

    person_id: str = Field(min_length=1, max_length=64)


class ReserveIn(s.In):
    """Cases to set aside for oneself: all of them or none."""

    requests: list[CaseId] = Field(min_length=1, max_length=MOST_RESERVED)


class ReasonOut(s.Out):
    """One reason of a place in the ranking."""

    code: str
    label: s.Words


class CandidateOut(s.Out):
    """Somebody who might read a case, in their place of the ranking.

    `light` is green when the rule would give it to them, amber when a person may, red when nobody
    may; `why_not` is the reason of a red one. `measure` is the load that was compared. `on_duty` is
    null where no roster is kept, `online` where nobody knows.

    `open` claims, `waiting` cases assigned or reserved, `done` reports issued today; `in_hand` the
    points of the first two, `in_shift` with what was completed since the shift began, each with
    the most there may be, null where there is no cap. `share` is the part of a full one's work.
    """

    person_id: str
    name: str
    title: s.Words
    department: str
    light: Light_
    why_not: s.Words | None
    reasons: list[ReasonOut]
    measure: float
    on_duty: bool | None
    online: bool | None
    open: int
    waiting: int
    done: int
    in_hand: float
    in_hand_cap: float | None
    in_shift: float
    in_shift_cap: float | None
    share: float


class CandidateList(s.Out):
    """The ranking, what the case weighs, the name of the rule, and how the service is given out.

    `suggested` is the first green one where the mode is not off.
    """

    rule: str
    points: float
    mode: Mode_
    suggested: str | None
    items: list[CandidateOut]


# --- decisions ------------------------------------------------------------------------------------


class RankedOut(s.Out):
    """A reader as a decision saw them, with the figures of that moment."""

    person_id: str
    name: str
    light: Light_
    reasons: list[ReasonOut]
    measure: float
    in_hand: float
    in_shift: float
    share: float
    on_duty: bool | None
    online: bool | None
    same_patient: datetime | None
    last_given: datetime | None
    lapsed: int


class OthersOut(s.Out):
    """How many more readers there were for one reason."""

    code: str
    label: s.Words
    people: int


class DecisionOut(s.Out):
    """What was decided about an attempt, by whom or which rule, and what was known then.

    `seq` is the log's last fact at that moment; `provider` is where the case was passed on to.
    """

    id: str
    at: datetime
    seq: int
    attempt: int
    outcome: Literal["given", "nobody", "passed-on", "asked"]
    label: s.Words
    decided_by: Literal["rule", "coordinator"]
    account: str | None
    rule: str
    mode: Mode_
    points: float
    person_id: str | None
    person: str | None
    provider: s.InstitutionRef | None
    ranking: list[RankedOut]
    others: list[OthersOut]


class DecisionList(s.Out):
    """The own institution's decisions about a case, oldest first."""

    items: list[DecisionOut]


class GoneOut(s.Out):
    """A case that nobody here could take and is no longer here, by its last decision here.

    `provider` is where that decision let it go, not where it is now.
    """

    request_id: str
    number: str
    service: str
    urgency: str
    at: datetime
    outcome: Literal["nobody", "passed-on", "asked"]
    label: s.Words
    provider: s.InstitutionRef | None


class GoneList(s.Out):
    """Of the last 90 days, newest first, at most 100."""

    items: list[GoneOut]


class PassOnIn(s.In):
    """Where the requester lets a case go, with the consent that names it."""

    provider_id: str = Field(min_length=1, max_length=64)
    consent: rs.Consent


class AskedOut(s.Out):
    """To whom the requester is asked to let a case go on; null: nobody asks."""

    provider: s.InstitutionRef | None


# --- what a coordinator sets ----------------------------------------------------------------------


class ModeIn(s.In):
    """How the cases of a service are given out; `overflow` passes on what nobody can take."""

    mode: Mode_
    overflow: bool = False


class TermsIn(s.In):
    """What is agreed with a reader; a cap that is null is the file's."""

    in_hand: PointsIn | None = None
    in_shift: PointsIn | None = None
    share: float = Field(default=1, ge=0.05, le=1)


class ServiceModeOut(s.Out):
    """A service of the own institution; `waiting` is what the rule could give to nobody."""

    service: str
    label: s.Words
    mode: Mode_
    overflow: bool
    waiting: int
    changed_by: str | None
    changed_at: datetime | None


class ReaderTermsOut(s.Out):
    """A reader's own terms; `set` says whether there are any."""

    person_id: str
    name: str
    title: s.Words
    set: bool
    in_hand: float | None
    in_shift: float | None
    share: float


class WeightOut(s.Out):
    """Points of a case."""

    service: str
    modality: str | None
    points: float


class AssignmentOut(s.Out):
    """How the own institution gives out its cases, and by which rule."""

    seq: int
    rule: str
    modes: list[ReasonOut]
    services: list[ServiceModeOut]
    readers: list[ReaderTermsOut]
    weights: list[WeightOut]


class ModeChangeOut(s.Out):
    """A mode that was set."""

    at: datetime
    by: str
    service: str
    mode: Mode_
    overflow: bool


class TermsChangeOut(s.Out):
    """Terms that were set."""

    at: datetime
    by: str
    person_id: str
    person: str
    in_hand: float | None
    in_shift: float | None
    share: float


class AssignmentHistoryOut(s.Out):
    """What was set, the newest first."""

    modes: list[ModeChangeOut]
    terms: list[TermsChangeOut]
