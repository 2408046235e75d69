"""A case as it is shown whole: its row with all that there is once of it, and its studies.

Everybody who opens a case asks this, so the statements are few and built once. It knows no rules:
who asks sees from the row whether it may be shown, and says whether they may see images at all.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from telemed.core.access import Permission, Subject
from telemed.store import holds, network
from telemed.store import requests as lists
from telemed.store.access import EYES, Eyes, may_see_studies, studies_for
from telemed.store.columns import UtcTime
from telemed.store.removal_tables import image_changes, legal_holds
from telemed.store.tables import (
    accounts,
    agreements,
    critical_notices,
    institutions,
    patients,
    request_studies,
    requests,
    studies,
)
from telemed.store.tx import Row, Tx, given

MOST_PRIORS: Final = 20

# --- the row ------------------------------------------------------------------------------------


def case(tx: Tx, request_id: str) -> Row | None:
    """A case's row in a list with what the access rule and the whole case need beside it.

    The patient's other columns are `patient_…`; `has_notices`, `has_image_changes` and
    `uploads_running` say whether there is more to ask for.
    """
    return tx.one(_case(), id=request_id)


_MORE_OF_PATIENT: Final = ("patient_id", "id_number", "phone", "merged_into")


@cache
def _case() -> sa.Select[Any]:
    asked, answers, by = institutions.alias(), institutions.alias(), accounts.alias()
    return (
        lists.dressing()
        .add_columns(
            *(patients.c[name].label(f"patient_{name}") for name in _MORE_OF_PATIENT),
            asked.c.area_code.label("requester_area"),
            answers.c.area_code.label("provider_area"),
            agreements.c.until.label("agreement_until"),
            agreements.c.liability,
            by.c.display_name.label("created_by_name"),
            _is_there(critical_notices).label("has_notices"),
            _is_there(image_changes).label("has_image_changes"),
            lists.upload_of(requests.c.id).correlate(requests).exists().label("uploads_running"),
        )
        .join(asked, asked.c.id == requests.c.requester_id)
        .outerjoin(answers, answers.c.id == requests.c.provider_id)
        .outerjoin(agreements, agreements.c.id == requests.c.agreement_id)
        .outerjoin(by, by.c.id == requests.c.created_by)
        .where(requests.c.id == given(requests.c.id))
    )


def _is_there(table: sa.Table) -> sa.Exists:
    of_case: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
        table.c.request_id == requests.c.id
    )
    return of_case.correlate(requests).exists()


def patient(row: Row) -> Row | None:
    """The patient in a case's row, as a row of `patients` has them; None while it names none."""
    if row["patient_ref"] is None:
        return None
    told = ("name", "sex", "birth_date", *_MORE_OF_PATIENT)
    return {"id": row["patient_ref"], **{name: row[f"patient_{name}"] for name in told}}


# --- its studies --------------------------------------------------------------------------------


def attached(tx: Tx, request_id: str) -> list[Row]:
    """The studies attached to a case of which anything is shown, in the order received.

    With whose they are: the patient's columns are `patient__…`, the institution's
    `institution__…`; `on_hold` says whether a legal hold is in force.
    """
    return _in_order(tx.all(_attached(), request_id=request_id))[0]


def attached_and_prior(
    tx: Tx, subject: Subject, now: datetime, request_id: str
) -> tuple[list[Row], list[Row]]:
    """`attached`, and the newest other studies of the same platform patients that the subject may
    see, newest first: by our identity, not by PatientID."""
    if not may_see_studies(subject):
        return attached(tx, request_id), []
    statement = _with_priors(Permission.SEE_CASES in subject.permissions)
    values = {"request_id": request_id, "now": now, **Eyes.values(subject)}
    return _in_order(tx.all(statement, **values))


def dress(tx: Tx, rows: Sequence[Row]) -> list[Row]:
    """Rows of `studies` with whose they are, as `attached` has them: three look-ups for all."""
    refs = {row["patient_ref"] for row in rows}
    whose = {row["id"]: row for row in tx.find_each(patients.c.id, refs)}
    places = network.institution_refs(tx, {row["institution_id"] for row in rows})
    held = holds.in_force(tx, [row["id"] for row in rows])
    return [
        {
            **row,
            **{f"patient__{name}": whose[row["patient_ref"]][name] for name in OF_PATIENT},
            **{f"institution__{name}": places[row["institution_id"]][name] for name in OF_PLACE},
            "on_hold": row["id"] in held,
        }
        for row in rows
    ]


def _in_order(found: list[Row]) -> tuple[list[Row], list[Row]]:
    now = sorted((row for row in found if not row["prior"]), key=lambda row: row["received_at"])
    before = sorted(
        (row for row in found if row["prior"]), key=lambda row: row["study_date"], reverse=True
    )
    return now, before


_STUDY: Final = (
    "id", "study_uid", "institution_id", "accession_number", "description", "body_part",
    "series_count", "instance_count", "bytes", "received_at", "updated_at", "study_date",
    "study_time", "modalities", "attributes",
)  # fmt: skip
OF_PATIENT: Final = ("id", "patient_id", "name", "sex", "birth_date", "phone", "id_number")
OF_PLACE: Final = ("id", "name", "short_name")


def _studies(prior: bool) -> sa.Select[Any]:
    held: sa.Select[Any] = (
        sa.select(sa.literal_column("1"))
        .where(legal_holds.c.study_id == studies.c.id, legal_holds.c.ended_at.is_(None))
        .correlate(studies)
    )
    return (
        sa.select(
            *(studies.c[name] for name in _STUDY),
            *(patients.c[name].label(f"patient__{name}") for name in OF_PATIENT),
            *(institutions.c[name].label(f"institution__{name}") for name in OF_PLACE),
            held.exists().label("on_hold"),
            sa.literal_column("1" if prior else "0", sa.Integer).label("prior"),
        )
        .join(patients, patients.c.id == studies.c.patient_ref)
        .join(institutions, institutions.c.id == studies.c.institution_id)
    )


@cache
def _attached() -> sa.Select[Any]:
    mine = request_studies.c.request_id == given(request_studies.c.request_id)
    of_case = sa.select(request_studies.c.study_id).where(mine)
    return _studies(prior=False).where(studies.c.id.in_(of_case), studies.c.instance_count > 0)


@cache
def _with_priors(sees_cases: bool) -> sa.CompoundSelect[Any]:
    linked, mine = (
        studies.alias(),
        request_studies.c.request_id == given(request_studies.c.request_id),
    )
    whose = (
        sa.select(linked.c.patient_ref)
        .join(request_studies, request_studies.c.study_id == linked.c.id)
        .where(mine, linked.c.instance_count > 0)
    )
    now = sa.bindparam("now", type_=UtcTime())
    newest = (
        _studies(prior=True)
        .where(
            studies.c.patient_ref.in_(whose),
            studies.c.id.not_in(sa.select(request_studies.c.study_id).where(mine)),
            studies_for(EYES, now, sees_cases),
        )
        .order_by(studies.c.study_date.desc())
        .limit(sa.literal_column(str(MOST_PRIORS)))
        .subquery()
    )
    return sa.union_all(_attached(), sa.select(newest))
