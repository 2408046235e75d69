"""Error code to HTTP status, in one table, and the one error shape on every route."""

import logging
import secrets
from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from telemed.core.errors import Problem
from telemed.store.engine import is_unheld, problem_of

log = logging.getLogger(__name__)

STATUS: dict[str, int] = {
    "not-signed-in": 401,
    "wrong-credentials": 401,
    "sign-again": 403,
    "locked-out": 429,
    "too-many": 429,
    "bad-origin": 403,
    "forbidden": 403,
    "four-eyes": 403,
    "not-qualified": 403,
    "own-account": 403,
    "wrong-password": 403,
    "not-found": 404,
    "method-not-allowed": 405,
    "not-acceptable": 406,
    "stale": 409,
    "not-to-take-on": 409,
    "already-acted": 409,
    "opinion-asked": 409,
    "own-approval": 403,
    "approval-needed": 409,
    "chair-taken": 409,
    "opinions-open": 409,
    "opinion-empty": 422,
    "unsigned": 403,
    "illegal-transition": 409,
    "already-claimed": 409,
    "set-aside": 409,
    "not-claim-holder": 409,
    "study-conflict": 409,
    "upload-offset": 409,
    "not-asked": 409,
    "no-agreement": 409,
    "consent-receiver": 409,
    "pixels-unchecked": 422,
    "names-patient": 422,
    "uploads-running": 409,
    "named-only": 403,
    "only-watches": 403,
    "not-the-guide": 403,
    "not-the-operator": 403,
    "listed-to-watch": 409,
    "note-unacknowledged": 409,
    "not-operating": 409,
    "already-marked": 409,
    "out-of-scope": 409,
    "service-not-live": 409,
    "username-taken": 409,
    "too-large": 413,
    "not-supported-media": 415,
    "invalid": 400,
    "incomplete": 422,
    "roles-separate": 422,
    "weak-password": 422,
    "reason-required": 422,
    "deadline-refused": 422,
    "rank-refused": 422,
    "agreement-side": 403,
    "agreement-over": 409,
    "report-empty": 422,
    "report-incomplete": 422,
    "cannot-render": 422,
    "signature-invalid": 500,
    "gone": 410,
    "undo-elsewhere": 409,
    "not-two-patients": 409,
    "nothing-to-check": 409,
    "study-in-use": 409,
    "on-hold": 409,
    "retention": 409,
    "second-person": 409,
    "another-copy": 409,
    "ups-state": 409,
    "ups-tuid-missing": 400,
    "ups-tuid-wrong": 409,
    "ups-unmet": 409,
    "ups-exists": 409,
    "aet-taken": 403,
    "list-moved": 409,
    "too-many-filters": 409,
    "shift-overlap": 409,
    "minutes-empty": 422,
    "minutes-full": 409,
    "signed-already": 409,
    "shift-over": 409,
    "too-many-shifts": 422,
    "roster-line": 422,
    "impossible-time": 422,
    "time-past": 409,
    "time-refused": 409,
    "slot-taken": 409,
    "hold-over": 409,
    "leave-overlap": 409,
    "in-use": 409,
    "too-many-waiting": 422,
    "nobody-bookable": 422,
    "offered": 409,
    "too-many-links": 422,
    "too-early": 409,
    "nobody-accompanies": 409,
    "accompanying-unconfirmed": 409,
    "not-a-physician": 409,
    "conference-closed": 409,
    "answer-stands": 409,
    "no-place": 409,
    "not-enrolled": 409,
    "enrolment-over": 409,
    "lecture-over": 409,
    "check-in-closed": 409,
    "check-in-early": 409,
    "own-check-in": 409,
    "own-code": 409,
    "code-to-come": 409,
    "no-place-held": 409,
    "wrong-code": 409,
    "own-course": 409,
    "not-attended": 409,
    "feedback-given": 409,
    "no-sittings": 409,
    "quiz-unsound": 422,
    "answers-kept": 409,
    "course-reviewed": 409,
    "course-incomplete": 422,
    "quota-below": 409,
    "own-review": 403,
    "lectures-open": 409,
    "payer-required": 422,
    "not-to-evaluate": 409,
    "internal": 500,
    "unavailable": 503,
    "no-space": 507,
}

_HTTP_CODES = {
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "not-supported-media",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def shape(problem: Problem) -> dict[str, object]:
    """The error shape: the code, a sentence in each language, and what it was built from."""
    return {
        "code": problem.code,
        "zh": problem.sentence("zh"),
        "en": problem.sentence("en"),
        "facts": problem.facts,
    }


def problem_response(problem: Problem) -> web.Response:
    """The error shape with the status of its code."""
    response = web.Response(
        status=STATUS[problem.code],
        body=orjson.dumps(shape(problem), default=str),
        content_type="application/json",
    )
    if problem.code == "not-signed-in":
        response.headers["WWW-Authenticate"] = 'Bearer realm="telemed"'
    if problem.code in ("locked-out", "too-many", "unavailable"):
        response.headers["Retry-After"] = str(problem.facts.get("seconds", 60))
    return response


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever was raised into the one error shape. Library faults never look like ours."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem_response(problem)
    except ValidationError as fault:
        return problem_response(Problem("invalid", detail=_first_fault(fault)))
    except web.HTTPException as fault:
        if fault.status < 400:
            raise
        code = _HTTP_CODES.get(fault.status, "invalid" if fault.status < 500 else "internal")
        facts = {"detail": fault.reason, "limit": "", "incident": ""}
        response = problem_response(Problem(code, **facts))
        if "Allow" in fault.headers:
            response.headers["Allow"] = fault.headers["Allow"]
        return response
    except (ConnectionResetError, TimeoutError):
        raise
    except Exception as fault:
        away = problem_of(fault) if isinstance(fault, SQLAlchemyError) else None
        if away is not None and request.writer.output_size == 0:
            # One line: everybody meets it at once, and the place in our code explains nothing.
            why = getattr(fault, "orig", None) or fault
            log.error("the database is away or full (%s): %s", away, type(why).__name__)
            return problem_response(Problem(away))
        if isinstance(fault, SQLAlchemyError) and is_unheld(fault):
            log.warning("a value that no column holds: %s", type(fault).__name__)
            return problem_response(Problem("invalid", detail="a value out of range"))
        incident = secrets.token_hex(4)
        log.exception("incident %s", incident, extra={"incident": incident})
        if request.writer.output_size > 0:
            # A second answer would be read as the rest of the first: only hanging up is honest.
            raise ConnectionResetError("the answer broke off") from fault
        return problem_response(Problem("internal", incident=incident))


def _first_fault(fault: ValidationError) -> str:
    """Which field and why, without echoing the value."""
    first = fault.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'body'}: {first['msg']}"
