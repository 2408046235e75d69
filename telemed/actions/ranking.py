"""Who could read a case, in the order of the rules: gathers what is known and asks `core`.

Presence is told by the caller: it lives in the servers' memory and in no table.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from telemed.actions import worklist
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.actions.loads import Load, loads
from telemed.bus.presence import Presence
from telemed.core.activity import Activity, Kind
from telemed.core.ranking import Asked, Candidate, Ranked, rank
from telemed.core.roster import readers as covered_by
from telemed.store import assignments, log, people, roster, rulings
from telemed.store.tx import Row


@dataclass(frozen=True, slots=True)
class Online:
    """The people who are connected; `whole`: who is not among them is not."""

    people: frozenset[str] = frozenset()
    whole: bool = False

    def of(self, person_id: str) -> bool | None:
        """Whether somebody is connected; None when nobody knows."""
        return True if person_id in self.people else False if self.whole else None


NOBODY_KNOWS = Online()


def online_at(presence: Presence, institution_id: str | None) -> Online:
    """Who of an institution is connected; to be asked on the loop, where presence lives."""
    return Online(presence.people_at(institution_id), presence.whole)


@dataclass(frozen=True, slots=True)
class Place:
    """A reader in the ranking with their row of the register and the counts behind the points."""

    ranked: Ranked
    person: Row
    load: Load


def ranking(act: Act, case: Case, online: Online) -> list[Place]:
    """Everybody of the asked institution who reads, in order."""
    institution = case.row["provider_id"]
    rows = {row["id"]: row for row in readers(act, institution)}
    have = loads(act, institution, rows)
    known, duty = _Known.of(act, case), on_duty(act, case)
    given = rulings.last_given(act.tx, institution)
    asked = Asked(case.row["service"], case.row["urgency"], institution, case.row["modality"])
    candidates = (
        Candidate(
            person_id=person_id,
            why_not=worklist.why_not(worklist.taker_of(row), case.service, case.row, act.now),
            burden=have[person_id].burden,
            on_duty=None if duty is None else person_id in duty,
            online=online.of(person_id),
            same_patient=known.read_patient.get(person_id),
            last_given=given.get(person_id),
            lapsed=known.lapsed.get(person_id, 0),
            gave_back=person_id in known.gave_back,
        )
        for person_id, row in rows.items()
    )
    places = rank(act.catalogue.assignment, asked, candidates)
    return [Place(p, rows[p.person_id], have[p.person_id]) for p in places]


def on_duty(act: Act, case: Case) -> frozenset[str] | None:
    """Whose shift runs and is for such a case; None where no roster is kept."""
    shifts = roster.on_duty_if_kept(act.tx, case.row["provider_id"], act.now)
    if shifts is None:
        return None
    frozen = bool(case.row["content"].get("frozen"))
    return frozenset(covered_by(shifts, act.catalogue.duties, case.row["service"], frozen))


def readers(act: Act, institution_id: str) -> list[Row]:
    """The people of an institution with an account that may write reports."""
    reading = assignments.reading(act.tx, institution_id)
    return [row for row in people.people_of(act.tx, institution_id) if row["id"] in reading]


@dataclass(frozen=True, slots=True)
class _Known:
    """What a case's past says of readers."""

    read_patient: Mapping[str, datetime]
    lapsed: Mapping[str, int]
    gave_back: frozenset[str]

    @staticmethod
    def of(act: Act, case: Case) -> "_Known":
        facts = log.of_request(act.tx, case.id)
        lapsed = Counter(str(f.data["person"]) for f in facts if _let_lie(f))
        gave_back = frozenset(str(f.data["person"]) for f in facts if _was_given_back(f))
        since = act.now - act.catalogue.assignment.same_reader
        read = assignments.read_patient(
            act.tx, case.row["provider_id"], case.row["patient_ref"], since
        )
        return _Known(read, lapsed, gave_back)


def _let_lie(fact: Activity) -> bool:
    """Whether somebody did not begin in time, or went away with the claim."""
    return fact.kind == Kind.WORKITEM_EXPIRED or fact.data.get("why") == "lapsed"


def _was_given_back(fact: Activity) -> bool:
    """Whether a person's claim or assignment was ended by hand: theirs or a coordinator's."""
    by_hand = fact.kind == Kind.WORKITEM_UNASSIGNED and fact.actor_id is not None
    return by_hand or fact.kind == Kind.WORKITEM_RELEASED
