"""Every route there is, as one table: what is not here does not exist.

Each noun keeps its rows beside its handlers; requests and reports, which everything else hangs
on, are here in full. The access matrix test walks this table as every role.
"""

from telemed.core.access import Permission
from telemed.server import (
    accompanying,
    accounts,
    agreements,
    appointments,
    assigning,
    assignment,
    auth,
    availability,
    boards,
    calendar_feeds,
    calendars,
    catalogue,
    conferences,
    dispatch,
    fairness,
    follow_ups,
    forecasts,
    handovers,
    holds,
    minutes,
    network,
    notice_schemas,
    notices,
    opinion_schemas,
    opinions,
    presence,
    quarantine,
    removals,
    reports,
    requests,
    roster,
    studies,
    tally,
    tally_files,
    urgent_calls,
    worklist,
)
from telemed.server import schemas as s
from telemed.server.dicomweb import DICOMWEB_ROUTES
from telemed.server.routing import Route
from telemed.server.uploads import UPLOAD_ROUTES

P = Permission
ONE = "/api/requests/{id}"

CATALOGUE_ROUTES = (
    Route(
        "GET",
        "/api/catalogue",
        catalogue.catalogue,
        P.SIGNED_IN,
        "Services with their forms, reasons, templates",
        returns=s.CatalogueOut,
    ),
    Route(
        "GET",
        "/api/icd10",
        catalogue.icd10,
        P.SIGNED_IN,
        "Diagnoses by code, name or initials",
        query=catalogue.CodeQuery,
        returns=s.Icd10List,
    ),
)


def _step(event: str, handler: object, permission: Permission, what: str) -> Route:
    leaves = event in ("decline", "redirect")
    return Route(
        "POST",
        f"{ONE}/{event}",
        handler,  # type: ignore[arg-type]
        permission,
        what,
        body=s.StepIn,
        returns=s.Done if leaves else s.RequestOut,
    )


REQUEST_ROUTES = (
    Route(
        "GET", "/api/todo", requests.todo, P.WRITE_REQUESTS, "What waits for us", returns=s.TodoOut
    ),
    Route(
        "GET",
        "/api/requests",
        requests.list_requests,
        P.SEE_CASES,
        "Cases one may see",
        query=requests.ListQuery,
        returns=s.RequestPage,
    ),
    Route(
        "POST",
        "/api/requests",
        requests.create,
        P.WRITE_REQUESTS,
        "A new draft",
        body=s.RequestIn,
        returns=s.RequestOut,
        created=True,
    ),
    Route("GET", ONE, requests.show, P.SEE_CASES, "One case in full", returns=s.RequestOut),
    Route(
        "PATCH",
        ONE,
        requests.edit,
        P.WRITE_REQUESTS,
        "Autosave a draft",
        body=s.RequestPatch,
        returns=s.RequestOut,
    ),
    Route(
        "GET",
        f"{ONE}/facts",
        requests.facts,
        P.SEE_CASES,
        "The facts of a case",
        returns=s.FactsOut,
    ),
    _step("submit", requests.submit, P.WRITE_REQUESTS, "Send"),
    _step("resubmit", requests.resubmit, P.WRITE_REQUESTS, "Send again"),
    _step("discard", requests.discard, P.WRITE_REQUESTS, "Throw a draft away"),
    _step("withdraw", requests.withdraw, P.WRITE_REQUESTS, "Take back"),
    _step("return", requests.return_, P.MOVE_REQUESTS, "Return for more material"),
    _step("decline", requests.decline, P.MOVE_REQUESTS, "Decline with a reason"),
    _step("redirect", requests.redirect, P.MOVE_REQUESTS, "Pass on to another institution"),
    _step("release", requests.release, P.READ_QUEUE, "Give back to the queue"),
    _step("takeover", requests.take_over, P.WRITE_REPORTS, "Take over with a reason"),
    Route(
        "POST",
        f"{ONE}/claim",
        requests.claim,
        P.WRITE_REPORTS,
        "Take from the queue",
        returns=s.RequestOut,
    ),
    Route(
        "POST",
        f"{ONE}/heartbeat",
        requests.heartbeat,
        P.WRITE_REPORTS,
        "Still here",
        returns=s.LeaseOut,
    ),
    Route(
        "POST",
        f"{ONE}/confirm",
        requests.confirm,
        P.WRITE_REQUESTS,
        "Read, and decided",
        body=s.ConfirmIn,
        returns=s.RequestOut,
    ),
    Route(
        "POST",
        f"{ONE}/critical/{{notice_id}}/acknowledge",
        requests.acknowledge,
        P.WRITE_REQUESTS,
        "A critical finding was received",
        body=s.AcknowledgeIn,
        returns=s.RequestOut,
    ),
    Route(
        "POST",
        f"{ONE}/critical/{{notice_id}}/acted-on",
        requests.acted_on,
        P.WRITE_REQUESTS,
        "What was done about a critical finding",
        body=notice_schemas.ActedIn,
        returns=s.RequestOut,
    ),
)

REPORT_ROUTES = (
    Route("GET", f"{ONE}/report", reports.show, P.SEE_CASES, "The report", returns=s.ReportOut),
    Route(
        "PUT",
        f"{ONE}/report/draft",
        reports.save_draft,
        P.WRITE_REPORTS,
        "Autosave",
        body=s.DraftIn,
        returns=s.VersionOut,
    ),
    Route(
        "POST",
        f"{ONE}/report/sign",
        reports.sign,
        P.WRITE_REPORTS,
        "Sign",
        body=opinion_schemas.SignReportIn,
        returns=s.ReportOut,
    ),
    Route(
        "POST",
        f"{ONE}/report/verify",
        reports.verify,
        P.VERIFY_REPORTS,
        "Second signature",
        body=s.SignIn2,
        returns=s.ReportOut,
    ),
    Route(
        "POST",
        f"{ONE}/report/send-back",
        reports.send_back,
        P.VERIFY_REPORTS,
        "Ask the author for a change",
        body=s.SendBackIn,
        returns=s.ReportOut,
    ),
    Route(
        "POST",
        f"{ONE}/report/revise",
        reports.revise,
        P.WRITE_REPORTS,
        "Begin an addendum or amendment",
        body=s.RevisionIn,
        returns=s.ReportOut,
    ),
    Route(
        "POST",
        f"{ONE}/report/discard-revision",
        reports.discard_revision,
        P.WRITE_REPORTS,
        "Set an unfinished revision aside",
        returns=s.ReportOut,
    ),
    Route(
        "POST",
        f"{ONE}/report/checked",
        reports.checked,
        P.WRITE_REPORTS,
        "Changed images were looked at, the report stands",
        body=s.CheckIn,
        returns=s.RequestOut,
    ),
    Route(
        "GET",
        f"{ONE}/report.pdf",
        reports.pdf,
        P.SEE_CASES,
        "The printable report",
        query=reports.PdfQuery,
        media="application/pdf",
    ),
    Route(
        "GET",
        "/api/verify/{code}",
        reports.check,
        None,
        "Check a printed report",
        returns=s.VerifyOut,
    ),
)

API_ROUTES: tuple[Route, ...] = (
    *auth.ROUTES,
    *CATALOGUE_ROUTES,
    *network.ROUTES,
    *agreements.ROUTES,
    *studies.ROUTES,
    *removals.ROUTES,
    *holds.ROUTES,
    *quarantine.ROUTES,
    *UPLOAD_ROUTES,
    *REQUEST_ROUTES,
    *opinions.ROUTES,
    *worklist.ROUTES,
    *handovers.ROUTES,
    *roster.ROUTES,
    *calendars.ROUTES,
    *calendar_feeds.ROUTES,
    *availability.ROUTES,
    *appointments.ROUTES,
    *accompanying.ROUTES,
    *urgent_calls.ROUTES,
    *conferences.ROUTES,
    *forecasts.ROUTES,
    *minutes.ROUTES,
    *follow_ups.ROUTES,
    *REPORT_ROUTES,
    *tally.ROUTES,
    *boards.ROUTES,
    *tally_files.ROUTES,
    *accounts.ROUTES,
    *presence.ROUTES,
    *assigning.ROUTES,
    *dispatch.ROUTES,
    *assignment.ROUTES,
    *fairness.ROUTES,
    *notices.ROUTES,
)

ROUTES: tuple[Route, ...] = (*API_ROUTES, *DICOMWEB_ROUTES)
