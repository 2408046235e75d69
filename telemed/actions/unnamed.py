"""Texts about a case that is told under a pseudonym: none of them may name whom it stands for.

What is written during and after a discussion is read by people who were told no name. It is looked
through as the form was before it was sent, for the same things, and refused where the patient
stands in it: whoever wrote it is told where, and nothing was kept.
"""

from collections.abc import Mapping
from typing import Any, Final

from telemed.actions.act import Act
from telemed.core import material as rule
from telemed.core.catalogue import Words
from telemed.core.errors import Problem
from telemed.core.material import Identity
from telemed.store import pseudonyms, requests, studies
from telemed.store.tx import Row


def identity_of(patient: Row) -> Identity:
    """What would tell that it is this patient."""
    return Identity(
        *(str(patient.get(key, "")) for key in ("name", "id_number", "phone", "patient_id"))
    )


def is_pseudonymous(act: Act, request_id: str | None) -> bool:
    """Whether a case is told without its patient."""
    return _behind(act, request_id) is not None


def require(
    act: Act,
    request_id: str | None,
    texts: Mapping[str, Any],
    labels: Mapping[str, Words],
    before: Mapping[str, Any] | None = None,
) -> None:
    """Problem("names-patient") with each place that names the patient of a pseudonymous case.

    What stood there `before` and named them already is not refused again: whoever writes behind it
    did not do it, and whoever strikes it out must be able to.
    """
    identity = _behind(act, request_id)
    if identity is None:
        return
    known = set(rule.places(identity, before or {}, before or {}))
    found = [key for key in rule.places(identity, texts, texts) if key not in known]
    if found:
        told = [{"zh": labels[key].zh, "en": labels[key].en} for key in found]
        raise Problem("names-patient", places=told)


def require_note(act: Act, request_id: str, note: str) -> None:
    """The same of words beside a step, which the other side reads."""
    require(act, request_id, {"note": note}, _NOTE)


_NOTE: Final = {"note": Words("说明", "remark")}


def _behind(act: Act, request_id: str | None) -> Identity | None:
    case = None if request_id is None else requests.get(act.tx, request_id)
    row = None if case is None else pseudonyms.of_patient(act.tx, case["patient_ref"])
    patient = None if row is None else studies.patient(act.tx, row["original_ref"])
    return None if patient is None else identity_of(patient)
