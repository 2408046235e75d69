"""Routes of what people do in a course: material, quiz, feedback, credit and its certificate."""

from contextlib import closing
from typing import Any
from urllib.parse import quote

from aiohttp import web
from pydantic import Field

from telemed.actions import attendance, materials, quizzes
from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.core import coursework, quiz
from telemed.core.access import Permission as P
from telemed.core.errors import Problem
from telemed.documents.certificate_pdf import Certificate, render_certificate
from telemed.server import training_schemas as s
from telemed.server.calendar_schemas import Made
from telemed.server.imaging import send_span
from telemed.server.requests import Query
from telemed.server.routing import Call, Route
from telemed.server.schemas import Done
from telemed.server.stow import body_pieces
from telemed.server.training_told import credits_told
from telemed.store import learning, network
from telemed.store.audit import Event
from telemed.store.blobs import Blob, words_of_size


class NameQuery(Query):
    """What a file is called on its owner's computer."""

    name: str = Field(default="", max_length=255)


# --- material -------------------------------------------------------------------------------------


async def upload(call: Call) -> Any:
    """Take a file, if its first bytes are of a kind that may be shown."""
    key, name = call.path("id"), call.query(NameQuery).name
    await call.ask(lambda act: materials.require_may_add(act, key))
    call.services.blobs.check_space(call.request.content_length or 0)
    media, blob = await _keep(call)
    return {"id": await call.act(lambda act: materials.add(act, key, name, media, blob))}


async def _keep(call: Call) -> tuple[str, Blob]:
    """The body as a durable file, and what it is."""
    loop_does = call.services.in_far_thread
    pieces = body_pieces(call)
    head, first = b"", list[bytes]()
    async for piece in pieces:
        head, first = head + piece, [*first, piece]
        if len(head) >= coursework.HEAD:
            break
    media = coursework.media_of(head)
    if media is None:
        raise Problem("not-supported-media", detail="PDF, PNG, JPEG, MP4")
    most = coursework.MEDIA[media].most
    if (call.request.content_length or 0) > most:
        raise Problem("too-large", limit=words_of_size(most))
    with closing(call.services.blobs.writer(most)) as writer:
        for piece in first:
            await loop_does(writer.write, piece)
        async for piece in pieces:
            await loop_does(writer.write, piece)
        await loop_does(lambda _: writer.seal(), None)
        await call.services.put(writer.path, writer.key)
        return media, Blob(writer.key, writer.size)


async def open_file(call: Call) -> web.StreamResponse:
    """A material's file, or the part of it that a Range header asks for."""
    row = await call.ask(lambda act: materials.file(act, call.path("id")))
    with await call.services.at_hand(row["blob"]) as path:
        response = await send_span(
            call, row["media"], row["blob"][:32], path, (0, row["size"]), _named(row["name"])
        )
    return response


def _named(name: str) -> dict[str, str]:
    """Shown in the page under its name; and whatever it holds, nothing of it runs."""
    return {
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline';"
        " object-src 'self'; frame-ancestors 'self'",
    }


async def remove(call: Call) -> Any:
    """Take a material out of its course."""
    await call.act(lambda act: materials.remove(act, call.path("id")))
    return {}


async def play(call: Call) -> Any:
    """A page plays a film, or opened a paper."""
    body = call.body(s.PlayIn)
    at = materials.Playing(body.position, body.begins)
    key = call.path("id")
    return {"seconds": await call.act(lambda act: materials.play(act, key, at), quiet=True)}


# --- quiz -----------------------------------------------------------------------------------------


async def show_quiz(call: Call) -> Any:
    """A course's questions without the answers, and one's own sittings."""
    return await call.ask(lambda act: _paper(act, call.path("id")))


async def sit(call: Call) -> Any:
    """Answer the quiz."""
    body = call.body(s.AnswersIn)
    return await call.step(
        lambda act, key: quizzes.sit(act, key, body.answers, body.sitting), _paper
    )


def _paper(act: Act, key: str) -> dict[str, Any]:
    found = quizzes.paper(act, key)
    course = found.course
    return {
        "course_id": course["id"],
        "title": course["title"],
        "questions": [quiz.asked(question) for question in found.questions],
        "pass_mark": course["pass_mark"],
        "most_sittings": course["most_sittings"],
        "sittings": [
            {**row, "right": quiz.grade(found.questions, row["answers"], course["pass_mark"]).right}
            for row in found.sittings
        ],
        "may_sit": found.may_sit,
        "answers": [sorted(q.right) for q in found.questions] if found.shows_answers else None,
    }


# --- feedback -------------------------------------------------------------------------------------


async def give_feedback(call: Call) -> Any:
    """Say what one thinks of a lecture, once."""
    body, key = call.body(s.FeedbackIn), call.path("id")
    await call.act(lambda act: quizzes.give_feedback(act, key, body.marks, body.words))
    return {}


async def feedback(call: Call) -> Any:
    """What was said of a lecture, all together."""
    found = await call.ask(lambda act: quizzes.feedback(act, call.path("id")))
    means = found["means"]
    items = [
        {"item": code, "words": {"zh": zh, "en": en}, "mean": means[code] if means else None}
        for code, (zh, en) in quizzes.ITEMS.items()
    ]
    return {**found, "items": items}


# --- credit ---------------------------------------------------------------------------------------


async def credits(call: Call) -> Any:
    """One's own credits."""

    def ask(act: Act) -> dict[str, Any]:
        found = learning.credits_of(act.tx, act.subject.account_id)
        total = sum(row["tenths"] for row in found)
        return {"credits": credits_told(act, found), "total_tenths": total}

    return await call.ask(ask)


async def certificate(call: Call) -> web.StreamResponse:
    """The certificate of one's own credit."""
    key, origin = call.path("id"), call.services.settings.origin

    def ask(act: Act) -> Certificate:
        row = learning.credit_by(act.tx, id=key)
        if row is None or row["account_id"] != act.subject.account_id:
            raise Problem("not-found")
        audited(act, Event.EXPORT, "certificate", key)
        told = credits_told(act, [row])[0]
        return Certificate(
            name=row["name"],
            institution=row["institution_name"],
            offerer=told["offerer_name"],
            title=row["title"],
            number=row["number"],
            lecturers=tuple(one["name"] for one in row["lecturers"]),
            credit=attendance.credit_words(row["tenths"], row["credit_class"]),
            minutes=row["seconds"] // 60,
            score=row["score"],
            given_at=row["given_at"],
            code=row["code"],
            address=f"{origin}/certificates/{row['code']}",
        )

    printed = await call.services.in_thread(render_certificate, await call.act(ask))
    return web.Response(
        body=printed,
        content_type="application/pdf",
        headers={
            "Content-Disposition": "inline; filename*=UTF-8''certificate.pdf",
            "Cache-Control": "private, no-store",
        },
    )


async def check_certificate(call: Call) -> Any:
    """Whether a printed certificate is genuine. Shows no more than the paper."""
    code = call.path("code").replace("-", "").upper()

    def ask(act: Act) -> dict[str, Any]:
        row = learning.credit_by(act.tx, code=code)
        if row is None:
            raise Problem("not-found")
        offerer = network.institution(act.tx, row["offerer_id"])
        return {
            **row,
            "institution": row["institution_name"],
            "offerer": "" if offerer is None else offerer["name"],
        }

    return await call.ask(ask)


COURSE, LECTURE = "/api/courses/{id}", "/api/lectures/{id}"
MATERIAL = "/api/materials/{id}"
ROUTES = (
    Route("POST", f"{COURSE}/materials", upload, P.GIVE_TRAINING, "Add a file to a course",
          query=NameQuery, returns=Made, created=True, takes=tuple(coursework.MEDIA)),
    Route("GET", f"{MATERIAL}/file", open_file, P.SEE_TRAINING, "A course's file, or a part of it",
          media="application/octet-stream", gives=tuple(coursework.MEDIA)),
    Route("POST", f"{MATERIAL}/remove", remove, P.GIVE_TRAINING, "Take a file out of a course",
          returns=Done),
    Route("POST", f"{MATERIAL}/play", play, P.SEE_TRAINING, "A film is being watched",
          body=s.PlayIn, returns=s.HereOut),
    Route("GET", f"{COURSE}/quiz", show_quiz, P.SEE_TRAINING, "A course's questions",
          returns=s.QuizOut),
    Route("POST", f"{COURSE}/quiz", sit, P.SEE_TRAINING, "Answer a course's questions",
          body=s.AnswersIn, returns=s.QuizOut),
    Route("POST", f"{LECTURE}/feedback", give_feedback, P.SEE_TRAINING, "Feedback, once",
          body=s.FeedbackIn, returns=Done),
    Route("GET", f"{LECTURE}/feedback", feedback, P.GIVE_TRAINING, "Everybody's feedback together",
          returns=s.FeedbackOut),
    Route("GET", "/api/credits", credits, P.SEE_TRAINING, "Own credits", returns=s.CreditList),
    Route("GET", "/api/credits/{id}/certificate.pdf", certificate, P.SEE_TRAINING,
          "The certificate of a credit", media="application/pdf"),
    Route("GET", "/api/certificates/{code}", check_certificate, None,
          "Check a printed certificate", returns=s.CertificateOut),
)  # fmt: skip
