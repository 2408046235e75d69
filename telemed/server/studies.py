"""The JSON routes of images and patients: lists, one study, conflicts."""

from typing import Annotated

from pydantic import Field

from telemed.actions import studies as acts
from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.server import case_schemas as rs
from telemed.server import schemas as s
from telemed.server.cases import patient_out, studies_out
from telemed.server.holds import care_of
from telemed.server.image_schemas import StudyDetail
from telemed.server.routing import Call, Route

P = Permission
Day = Annotated[str, Field(pattern=r"^(\d{4}-?\d\d-?\d\d)?$")]


class StudyQuery(s.In):
    """Words, modality, days and the cursor of a page."""

    q: s.Short = ""
    modality: Annotated[str, Field(pattern=r"^[A-Z0-9_]{0,16}$")] = ""
    from_: Annotated[Day, Field(alias="from")] = ""
    to: Day = ""
    cursor: Annotated[str, Field(max_length=200)] = ""


class PatientQuery(s.In):
    """Words to look for."""

    q: s.Short = ""


async def list_studies(call: Call) -> dict[str, object]:
    """The institution's own studies, newest arrivals first."""
    asked = call.query(StudyQuery)
    first, last = (day.replace("-", "") for day in (asked.from_, asked.to))

    def ask(act: Act) -> dict[str, object]:
        found, following = acts.listed(act, asked.q, asked.modality, first, last, asked.cursor)
        return {"items": studies_out(act, found), "next": following}

    return await call.ask(ask)


async def show(call: Call) -> dict[str, object]:
    """One study one may see, with its series."""

    def ask(act: Act) -> dict[str, object]:
        study, series, cases, conflicts = acts.detail(act, call.path("id"))
        return {
            "study": studies_out(act, [study])[0],
            "series": series,
            "requests": cases,
            "conflicts": conflicts,
            **care_of(act, study),
        }

    return await call.ask(ask)


async def list_patients(call: Call) -> dict[str, object]:
    """The institution's own patients."""
    words = call.query(PatientQuery).q

    def ask(act: Act) -> dict[str, object]:
        found = acts.search_patients(act, words)
        return {"items": [patient_out(row, act.now) for row in found]}

    return await call.ask(ask)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/patients", list_patients, P.SEE_PATIENTS, "Patients by name or number",
          query=PatientQuery, returns=rs.PatientList),
    Route("GET", "/api/studies", list_studies, P.SEE_STUDIES, "Own studies",
          query=StudyQuery, returns=rs.StudyPage),
    Route("GET", "/api/studies/{id}", show, P.SEE_STUDIES, "One study",
          returns=StudyDetail),
)  # fmt: skip
