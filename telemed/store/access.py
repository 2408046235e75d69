"""The access ladder as SQL: which requests and which studies a subject may see.

`visible_requests` is `core.access.case_relation` in another notation, and a test compares the two
over every combination of role, institution, state and agreement. `visible_studies` follows from
it: one's own, and what a visible request that one is asked to answer, or to give an opinion on,
shows of its patient, priors included. Every query of cases or images carries one of these
predicates; nothing is filtered afterwards, so counts and pages cannot tell what is hidden.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa

from telemed.core import opinion, request
from telemed.core.access import Permission, Relation, Subject
from telemed.store.columns import FoundIn, UtcTime
from telemed.store.opinion_tables import opinions
from telemed.store.tables import (
    agreements,
    institutions,
    request_studies,
    requests,
    studies,
    workitems,
)

T = TypeVar("T")
Predicate = sa.ColumnElement[bool]
Given: TypeAlias = T | sa.ColumnElement[T]
"""A value, or a parameter of a statement that is built once."""

# Aliases cost a copy of every column, so they are made once.
_linked = studies.alias("linked")
_other = studies.alias("other")
_place = institutions.alias("place")
_asked_about = requests.alias("asked_about")
_lent = agreements.alias("lent")

# Parameters of their own: a list in one would be spelled out anew at each execution.
_ANSWERED = [sa.literal(state.value) for state in sorted(request.ANSWERED)]
_UNSENT = [sa.literal(state.value) for state in sorted(request.UNSENT)]
_STANDING = [sa.literal(state.value) for state in sorted(opinion.STANDING)]
_WITH_PROVIDER = [sa.literal(state.value) for state in sorted(request.WITH_PROVIDER)]


def visible_requests(subject: Subject, now: datetime) -> Predicate:
    """The rows of `requests` with any relation but none."""
    return sa.or_(*(rung for _, rung in _ladder(subject, now)))


@dataclass(frozen=True, slots=True)
class Sight:
    """What the access rule depends on besides values, for statements that are built once for each.

    The values are the parameters `viewer`, `expert`, `region` and `now`.
    """

    sees_cases: bool
    placed: bool
    personal: bool
    regional: bool

    @classmethod
    def of(cls, subject: Subject) -> "Sight":
        """A subject's."""
        return cls(
            Permission.SEE_CASES in subject.permissions,
            subject.institution_id is not None,
            subject.person_id is not None,
            subject.region is not None,
        )

    def requests(self, named: bool = False) -> Predicate:
        """`visible_requests` of whoever sees so; `named` where the cases are named beside it."""
        return sa.or_(*(rung for _, rung in self._rungs(named)))

    def answering(self, named: bool = False) -> Predicate:
        """`requests` of a list of cases asked of the viewer's own institution: who is asked for
        an opinion on one of those is on the rung of whoever answers."""
        rungs = self._rungs(named)
        return sa.or_(*(rung for relation, rung in rungs if relation is not Relation.EXPERT))

    def _rungs(self, named: bool) -> list[tuple[Relation, Predicate]]:
        if not self.sees_cases:
            return [(Relation.NONE, sa.false())]
        viewer = sa.bindparam("viewer", type_=sa.Text()) if self.placed else None
        expert = sa.bindparam("expert", type_=sa.Text()) if self.personal else None
        region = sa.bindparam("region", type_=sa.Text()) if self.regional else None
        return _rungs(viewer, expert, region, sa.bindparam("now", type_=UtcTime()), named)

    @staticmethod
    def values(subject: Subject, now: datetime) -> dict[str, Any]:
        """A subject's parameters."""
        return {
            "viewer": subject.institution_id,
            "expert": subject.person_id,
            "region": subject.region,
            "now": now,
        }


def request_relation(subject: Subject, now: datetime) -> sa.ColumnElement[str]:
    """How the subject stands to a row of `requests`, as the value of a `Relation`."""
    rungs = [(rung, relation.value) for relation, rung in _ladder(subject, now)]
    return sa.case(*rungs, else_=Relation.NONE.value)


def visible_workitems(subject: Subject, now: datetime) -> Predicate:
    """The rows of `workitems` joined with their `requests` that the subject may see.

    Whoever was asked sees the attempts that were asked of them, not those of others before. An
    expert performs none.
    """
    return sa.or_(*_workitem_rungs(subject, now))


def workitem_parts(subject: Subject, now: datetime) -> list[Predicate]:
    """`visible_workitems` as conditions of which no row passes two: each goes by an index of its
    own, where the whole would walk every attempt there ever was."""
    rungs = _workitem_rungs(subject, now)
    return [
        sa.and_(rung, *(sa.not_(before) for before in rungs[:number]))
        for number, rung in enumerate(rungs)
    ]


def _workitem_rungs(subject: Subject, now: datetime) -> list[Predicate]:
    mine = workitems.c.provider_id == subject.institution_id
    return [
        sa.and_(rung, mine) if relation is Relation.PROVIDER else rung
        for relation, rung in _ladder(subject, now)
        if relation is not Relation.EXPERT
    ]


def visible_studies(subject: Subject, now: datetime, table: sa.FromClause = studies) -> Predicate:
    """The rows of `studies` (or an alias of it) the subject may see, images included.

    A party that was asked sees the linked studies and the other studies of the same platform
    patient (one institution's PatientID), never another institution's patient of equal name or
    number. Supervision sees no images. Of a study that was hidden or deleted whole nothing is left
    to see.
    """
    if not may_see_studies(subject):
        return sa.false()
    sees_cases = Permission.SEE_CASES in subject.permissions
    return studies_for(_eyes(subject), now, sees_cases, table)


@dataclass(frozen=True, slots=True)
class Eyes:
    """Whose studies are looked for: an institution's, and what a person is asked about ('' where
    nobody is one); parameters or values."""

    viewer: Given[str]
    expert: Given[str]

    @staticmethod
    def values(subject: Subject) -> dict[str, Any]:
        """A subject's parameters."""
        return {"viewer": subject.institution_id, "expert": subject.person_id or ""}


EYES = Eyes(sa.bindparam("viewer", type_=sa.Text()), sa.bindparam("expert", type_=sa.Text()))
"""The parameters of statements that are built once."""


def _eyes(subject: Subject) -> Eyes:
    return Eyes(str(subject.institution_id), subject.person_id or "")


def studies_for(
    eyes: Eyes, now: Given[datetime], sees_cases: bool, table: sa.FromClause = studies
) -> Predicate:
    """`visible_studies` of whoever may see studies at all; the values may be parameters."""
    return sa.and_(table.c.instance_count > 0, _granted(eyes, now, sees_cases, table))


def granted_studies(subject: Subject, now: datetime, table: sa.FromClause = studies) -> Predicate:
    """`visible_studies`, and those of which nothing is left to see."""
    if not may_see_studies(subject):
        return sa.false()
    sees_cases = Permission.SEE_CASES in subject.permissions
    return _granted(_eyes(subject), now, sees_cases, table)


def _granted(eyes: Eyes, now: Given[datetime], sees_cases: bool, table: sa.FromClause) -> Predicate:
    own = table.c.institution_id == eyes.viewer
    return sa.or_(own, shown_studies(eyes, now, table)) if sees_cases else own


def may_see_studies(subject: Subject) -> bool:
    """Whether there can be any study that the subject sees."""
    return Permission.SEE_STUDIES in subject.permissions and subject.institution_id is not None


def shown_studies(eyes: Eyes, now: Given[datetime], table: sa.FromClause) -> Predicate:
    """The rows of `studies` (or an alias of it) that others show an institution, or one of its
    people, by their cases.

    The values may be parameters of a statement that is built once.
    """
    return (
        sa.select(sa.literal(1))
        .select_from(
            request_studies.join(requests, requests.c.id == request_studies.c.request_id).join(
                _linked, _linked.c.id == request_studies.c.study_id
            )
        )
        .where(
            _linked.c.patient_ref == table.c.patient_ref,
            # A request shows its requester's images; a link to another's is not believed.
            _linked.c.institution_id == unindexed(requests.c.requester_id),
            unindexed(requests.c.requester_id) == table.c.institution_id,
            sa.or_(
                _asked(eyes.viewer, now, unindexed(requests.c.provider_id)),
                FoundIn(unindexed(requests.c.id), _lent_to(eyes.expert, now)),
            ),
        )
        .correlate(table)
        .exists()
    )


def reachable_studies(subject: Subject, now: datetime) -> Predicate:
    """The visible studies by which a StudyInstanceUID names one study and no other.

    Two institutions may hold the same UID. DICOMweb has no other name for a study, so one of
    them is reached: one's own before others', then the one that came first.
    """
    if not may_see_studies(subject):
        return sa.false()
    own = own_studies(str(subject.institution_id))
    if Permission.SEE_CASES not in subject.permissions:
        return own
    return sa.or_(own, named_studies(_eyes(subject), now))


def own_studies(viewer: Given[str]) -> Predicate:
    """The institution's own studies of which anything is left to see."""
    return sa.and_(studies.c.institution_id == viewer, studies.c.instance_count > 0)


def named_studies(eyes: Eyes, now: Given[datetime]) -> Predicate:
    """The shown studies of other institutions that no reachable study of the same UID hides."""
    hidden = (
        sa.select(sa.literal(1))
        .where(
            _other.c.study_uid == studies.c.study_uid,
            _other.c.id != studies.c.id,
            _other.c.instance_count > 0,
            sa.or_(
                _other.c.institution_id == eyes.viewer,
                sa.and_(_other.c.id < studies.c.id, shown_studies(eyes, now, _other)),
            ),
        )
        .correlate(studies)
        .exists()
    )
    foreign = sa.and_(studies.c.institution_id != eyes.viewer, studies.c.instance_count > 0)
    return sa.and_(foreign, shown_studies(eyes, now, studies), ~hidden)


def _ladder(subject: Subject, now: datetime) -> list[tuple[Relation, Predicate]]:
    """The rungs in order; the first that holds is the relation."""
    if Permission.SEE_CASES not in subject.permissions:
        return [(Relation.NONE, sa.false())]
    return _rungs(subject.institution_id, subject.person_id, subject.region, now)


def _rungs(
    viewer: Given[str] | None,
    expert: Given[str] | None,
    region: Given[str] | None,
    now: Given[datetime],
    named: bool = False,
) -> list[tuple[Relation, Predicate]]:
    sides = (requests.c.requester_id, requests.c.provider_id)
    asks, answers = (unindexed(side) for side in sides) if named else sides
    rungs: list[tuple[Relation, Predicate]] = []
    if viewer is not None:
        rungs.append((Relation.OWN, asks == viewer))
        rungs.append((Relation.PROVIDER, _asked(viewer, now, answers)))
    if expert is not None:
        case = unindexed(requests.c.id) if named else requests.c.id
        rungs.append((Relation.EXPERT, FoundIn(case, _lent_to(expert, now))))
    if region is not None:
        rungs.append((Relation.SUPERVISOR, _supervised(region)))
    return rungs or [(Relation.NONE, sa.false())]


def unindexed(column: sa.Column[str]) -> sa.ColumnElement[str]:
    """A column that no index is looked up for.

    From a patient there are few links and few cases, and few cases are named at once. SQLite, which
    counts nothing, would begin at all cases of an institution instead, once for every study.
    """
    return column.concat(sa.literal_column("''"))


def _asked(
    institution_id: Given[str],
    now: Given[datetime],
    provider: sa.ColumnElement[Any] = requests.c.provider_id,
) -> Predicate:
    in_force = (
        sa.select(sa.literal(1))
        .where(agreements.c.id == requests.c.agreement_id, agreements.c.until > now)
        .correlate(requests)
        .exists()
    )
    return sa.and_(
        provider == institution_id,
        sa.or_(
            requests.c.state.in_(_ANSWERED),
            sa.and_(requests.c.state.in_(_WITH_PROVIDER), in_force),
        ),
    )


def _lent_to(expert: Given[str], now: Given[datetime]) -> sa.Select[Any]:
    """The cases that somebody is asked for an opinion on and sees: they stand alone, so a query
    looks them up once, by the person, and not at every case."""
    case = _asked_about.c
    ours = (
        sa.select(sa.literal(1))
        .where(agreements.c.id == case.agreement_id, agreements.c.until > now)
        .correlate(_asked_about)
        .exists()
    )
    lent = sa.or_(opinions.c.agreement_id.is_(None), _lent.c.until > now)
    return (
        sa.select(opinions.c.request_id)
        .join(_asked_about, case.id == opinions.c.request_id)
        .outerjoin(_lent, _lent.c.id == opinions.c.agreement_id)
        .where(
            opinions.c.person_id == expert,
            opinions.c.state.in_(_STANDING),
            opinions.c.provider_id == case.provider_id,
            sa.or_(
                case.state.in_(_ANSWERED),
                sa.and_(case.state.in_(_WITH_PROVIDER), ours, lent),
            ),
        )
        .correlate(None)
    )


def _supervised(region: Given[str]) -> Predicate:
    """Requests between institutions of which one lies in the region (area-code prefix)."""
    inside = (
        sa.select(_place.c.id)
        .where(sa.func.substr(_place.c.area_code, 1, sa.func.length(region)) == region)
        .correlate(None)
    )
    return sa.and_(
        requests.c.state.not_in(_UNSENT),
        sa.or_(requests.c.requester_id.in_(inside), requests.c.provider_id.in_(inside)),
    )
