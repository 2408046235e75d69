"""The JSON contract of minutes: notes and their changes, closing, signatures, consents, archive."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StrictInt, StringConstraints, model_validator

from telemed.core.minutes import MOST, MOST_CHANGES, Answer, Purpose, Stance, State
from telemed.core.notes import MOST_PARTS
from telemed.server.requests import Query
from telemed.server.schemas import Code, In, Out, Words

_PLAIN = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
Line = Annotated[str, StringConstraints(max_length=120, strip_whitespace=True, pattern=_PLAIN)]
Said = Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True, pattern=_PLAIN)]
Why = Annotated[
    str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True, pattern=_PLAIN)
]
Signer = Annotated[
    str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True, pattern=_PLAIN)
]
Written = Annotated[str, StringConstraints(max_length=max(MOST.values()))]
Head = Annotated[int, Field(ge=0, le=MOST_CHANGES)]
Relation = Literal["self", "guardian", "agent"]


class NoteIn(In):
    """A change of one section of the notes: parts kept (a number), written (words) and struck out
    (a negative number), in units of UTF-16. `base` is the last change that was seen; `key` is the
    page's own name for it, so that one sent twice is made once."""

    section: Code
    base: Head
    change: list[StrictInt | Written] = Field(min_length=1, max_length=MOST_PARTS)
    key: Code


class AfterQuery(Query):
    after: Head = 0


class NoteOut(Out):
    """A change as it was made."""

    n: int
    section: str
    change: list[int | str]
    key: str
    person_id: str | None
    account_id: str
    at: datetime


class NotesOut(Out):
    """What was changed since: the first of it when there is more."""

    head: int
    version: int
    state: State
    changes: list[NoteOut]
    more: bool


class HeadIn(In):
    """Where it was held, who was absent, who came besides; of the version that was seen."""

    version: int
    place: Line = ""
    absent: list[Code] = Field(default=[], max_length=60)
    also: list[Code] = Field(default=[], max_length=20)


class CloseIn(In):
    """The version and the last change of the text that is closed."""

    version: int
    head: Head


class ReopenIn(In):
    """Why the closed text of a round is taken back."""

    round: int
    reason: Why


class SignMinutesIn(In):
    """The hash of the text that was seen, and how one signs it; a reservation has words."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    stance: Stance
    words: Said = ""
    password: Annotated[str, StringConstraints(max_length=200)]

    @model_validator(mode="after")
    def _reservation_in_words(self) -> "SignMinutesIn":
        if (self.stance is Stance.RESERVE) != bool(self.words):
            raise ValueError("a reservation has words, agreement has none")
        return self


class ConsentIn(In):
    """What the patient, or who speaks for them, said, and the version of the text."""

    purpose: Purpose
    answer: Answer
    signer: Signer
    relation: Relation
    version: Code


class TakerOut(Out):
    """Somebody who took part, or was to."""

    person_id: str
    name: str
    title: Words
    institution_id: str
    institution: str
    role: str
    role_words: Words
    chair: bool
    present: bool
    side: Literal["requester", "provider", "third"]
    also: bool
    """Whether somebody entered that they came, though they were not invited."""
    joined: datetime | None
    left: datetime | None


class SectionOut(Out):
    """A section of the notes; an opinion names whose it is."""

    section: str
    person_id: str | None
    text: str
    most: int
    writable: bool


class MinutesSignatureOut(Out):
    """Whose signature it is; `at` is None while it is waited for."""

    person_id: str
    name: str
    stance: Stance | None
    words: str
    at: datetime | None
    genuine: bool


class MinutesClosingOut(Out):
    """The text that is signed."""

    round: int
    sha256: str
    closed_at: datetime
    closed_by: str
    signatures: list[MinutesSignatureOut]


class MinutesVoidOut(Out):
    """A closing that was taken back."""

    round: int
    closed_at: datetime
    void_at: datetime
    reason: str


class AskedConsentOut(Out):
    """What the patient is asked for separately, the text, and the last answer if there is one."""

    purpose: Purpose
    version: str
    text: Words
    answer: Answer | None
    signer: str
    relation: str
    answered_version: str
    at: datetime | None


class MinutesArchiveOut(Out):
    """An institution's record; the code only of one's own."""

    institution: str
    sha256: str
    at: datetime
    own: bool
    verification_code: str


class MinutesOut(Out):
    """The minutes of an appointment. `request_id` only for whom the case is to be seen."""

    appointment_id: str
    number: str
    service: str
    request_id: str | None
    has_case: bool
    requester_name: str
    provider_name: str
    since: datetime
    until: datetime
    state: State
    state_words: Words
    version: int
    head: int
    place: str
    led: bool
    people: list[TakerOut]
    sections: list[SectionOut]
    closing: MinutesClosingOut | None
    void: list[MinutesVoidOut]
    consents: list[AskedConsentOut]
    archives: list[MinutesArchiveOut]
    allowed: list[str]


class ToSignOut(Out):
    appointment_id: str
    number: str
    service: str
    since: datetime
    requester_name: str
    closed_at: datetime


class ToSignList(Out):
    items: list[ToSignOut]
