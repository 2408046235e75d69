"""The JSON contract of images that are not shown: quarantine, removals, patients merged."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import StringConstraints

from telemed.actions.patients import Effect
from telemed.core.quarantine import Resolution
from telemed.core.removal import Level, State
from telemed.server import case_schemas as rs
from telemed.server import schemas as s

Note = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]
Words1 = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Uid = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9.]*$")]


# --- quarantine -------------------------------------------------------------------------------


class ConflictQuery(s.In):
    """Which conflicts: waiting or resolved, of one reason, by patient or study."""

    state: Literal["open", "resolved", "all"] = "open"
    reason: Literal["", "other-content", "other-patient"] = ""
    q: s.Short = ""


class PictureQuery(s.In):
    """Which side of a conflict: the copy that came, or what was there."""

    side: Literal["new", "kept"] = "new"


class ConflictGroup(s.Out):
    """Copies that are judged as one; `id` is one of them."""

    id: str
    study_uid: str
    reason: str
    patient_id: str
    patient_name: str
    resolution: str | None
    count: int
    first: datetime
    last: datetime
    resolved_at: datetime | None


class ConflictList(s.Out):
    items: list[ConflictGroup]
    waiting: int
    """Copies that wait in all, whatever the filter."""


class SideOut(s.Out):
    """One side of a conflict, for people to compare."""

    patient_id: str
    patient_name: str
    patient_sex: str
    birth_date: str
    study_date: str
    description: str
    modality: str
    accession_number: str
    instances: int
    arrived_at: datetime
    picture: str | None


class DifferenceOut(s.Out):
    tag: str
    keyword: str
    kept: str
    new: str


class ConflictDetail(s.Out):
    conflict: ConflictGroup
    kept: SideOut | None
    new: SideOut
    differences: list[DifferenceOut]
    pixels_differ: bool | None
    """None where one of them has no pixels."""
    may: list[Resolution]
    resolved_by: str | None
    note: str
    flags: int
    """Signed reports that a change would flag."""


class ResolveIn(s.In):
    resolution: Resolution
    reason: s.Code
    note: Note = ""


class Resolved(s.Out):
    instances: int


# --- removals ---------------------------------------------------------------------------------


class HideIn(s.In):
    level: Level
    uid: Uid = ""
    """The Series or SOP Instance UID; for a study none is needed."""
    reason: s.Code
    note: Note = ""


class RemovalRef(s.Out):
    id: str


class RemovalQuery(s.In):
    state: Literal["", "out", "restored", "deleted"] = "out"


class RecordKind(s.Out):
    kind: str
    label: s.Words
    years: int
    until: date
    """The first day on which images of such a record may be deleted."""


class KeepingOut(s.Out):
    """How long images are kept, and from which day that counts."""

    since: date
    from_arrival: bool
    """The study tells no day that can be, so the day it came counts."""
    until: date
    """Where nobody says the kind of record: the longest."""
    kinds: list[RecordKind]


class RemovalOut(s.Out):
    id: str
    study_id: str
    study_uid: str
    patient_name: str
    patient_id: str
    study_date: str
    description: str
    modalities: str
    kind: str
    state: State
    level: Level
    instances: int
    reason: str
    note: str
    at: datetime
    ended_at: datetime | None
    kept_until: date
    """The first day on which it may be deleted, where nobody says the kind of record."""
    keeping: KeepingOut
    on_hold: bool
    in_use: bool
    """Whether a case that may be read shows the study."""
    mine: bool


class RemovalList(s.Out):
    items: list[RemovalOut]


class SignedImage(s.Out):
    """An image that a signed report was made on and that is no longer shown."""

    id: str
    kind: str
    number: int | None
    at: datetime
    picture: str


class SignedImageList(s.Out):
    items: list[SignedImage]


class DeleteIn(s.In):
    record: s.Code | None = None
    """The kind of record that retention counts by; nobody says it: the longest."""


class HoldIn(s.In):
    reason: Words1
    asked_by: Words1
    """Who wants the images kept: a court, the patient, the health authority."""
    until: date | None = None
    """When somebody is to look again; a hold never ends by itself."""


class HoldEndIn(s.In):
    reason: Words1


class HoldQuery(s.In):
    """Which holds, of which patient or for which reason."""

    state: Literal["in-force", "ended", "all"] = "in-force"
    q: s.Short = ""


class HoldOut(s.Out):
    """A legal hold on a study."""

    id: str
    study_id: str
    reason: str
    asked_by: str
    until: date | None
    due: bool
    """Whether its day has come and it is still on."""
    held_by: str
    at: datetime
    ended_by: str | None
    ended_at: datetime | None
    end_reason: str


class HoldRow(HoldOut):
    """A hold in a list, with its study. Of a hidden study no images are shown."""

    study_uid: str
    patient_name: str
    patient_id: str
    study_date: str
    description: str
    modalities: str
    instance_count: int


class HoldList(s.Out):
    items: list[HoldRow]


class StudyDetail(s.Out):
    """A study, and for its own institution what is known of its keeping."""

    study: rs.StudyOut
    series: list[rs.SeriesOut]
    requests: list[str]
    conflicts: int
    holds: list[HoldOut]
    keeping: KeepingOut | None


# --- patients ---------------------------------------------------------------------------------


class DoubleList(s.Out):
    groups: list[list[rs.PatientOut]]


class SentTwiceList(s.Out):
    groups: list[list[rs.StudyOut]]
    """Studies of one patient and accession number, in the order of arrival."""


class PatientChangeOut(s.Out):
    id: str
    kind: Literal["merge", "move"]
    other: rs.PatientOut
    """The patient on the other side."""
    incoming: bool
    """Whether this patient received."""
    studies: int
    reason: str
    at: datetime
    undone_at: datetime | None


class PatientDetail(s.Out):
    patient: rs.PatientOut
    merged_into: str | None
    studies: list[rs.StudyOut]
    history: list[PatientChangeOut]


class MergeIn(s.In):
    into: s.Code
    reason: Words1


class CandidateQuery(s.In):
    """Name, pinyin, initials or number."""

    q: s.Short = ""


class MovedCase(s.Out):
    """A case that shows a study, and what moving the study does to it."""

    id: str
    number: str | None
    effect: Effect


class MoveOutlook(s.Out):
    patient: rs.PatientOut
    cases: list[MovedCase]
    blocked: bool
    """Whether one of them stands in the way."""


class MoveIn(s.In):
    to: s.Code
    reason: Words1


class ChangeRef(s.Out):
    id: str
