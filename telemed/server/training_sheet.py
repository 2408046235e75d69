"""The list of a lecture's people as a file, for those who run it: what a hospital files with its
continuing education, and prints to be signed."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from telemed.actions import courses, lectures
from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.core.access import Permission as P
from telemed.core.training import ENROLMENTS, TERMS, EnrolmentState
from telemed.core.workdays import ZONE
from telemed.documents.learners_sheet import About, Learner, learners_book
from telemed.documents.sheets import Workbook
from telemed.server.routing import Call, Route
from telemed.server.tally_files import file_of, written_apart
from telemed.store import enrolments as rows
from telemed.store import learning, network
from telemed.store.audit import Event

MOST: Final = TERMS.most_places + TERMS.most_waiting


async def sheet(call: Call) -> web.Response:
    """The sign-in sheet of a lecture."""
    key = call.path("id")
    book, number = await call.act(lambda act: _book(act, key), quiet=True)
    return file_of(await written_apart(book), f"{number}.xlsx")


def _book(act: Act, key: str) -> tuple[Workbook, str]:
    held = lectures.load(act, key)
    courses.require_staff(act, held.course)
    found, total = rows.page(act.tx, held.id, None, 0, MOST)
    audited(act, Event.EXPORT, "lecture", held.id, rows=total)
    credit = learning.tenths_of(act.tx, held.course["id"])
    offerer = network.institution(act.tx, held.course["offerer_id"])
    title, part = held.course["title"], held.row["title"]
    about = About(
        title=f"{title} {part}".strip(),
        number=held.row["number"],
        when=held.row["since"].astimezone(ZONE).strftime("%Y-%m-%d"),
        offerer="" if offerer is None else offerer["name"],
        lecturers="、".join(one["name"] for one in held.course["lecturers"]),
    )
    lines = [_line(row, credit) for row in found]
    return learners_book(about, lines, act.now), held.row["number"]


def _line(row: Mapping[str, Any], credit: Mapping[str, int]) -> Learner:
    came = row["checked_in_at"] is not None
    how = "" if not came else "代签" if row["checked_in_by"] is not None else "签到码"
    if row["state"] == EnrolmentState.STUDIED:
        how = "点播"
    tenths = credit.get(row["account_id"])
    return Learner(
        name=row["name"],
        institution=row["institution_name"],
        state=ENROLMENTS.word(EnrolmentState(row["state"]))["zh"],
        checked_in_at=row["checked_in_at"],
        how=f"{how}（现场）" if came and row["on_the_spot"] else how,
        minutes=row["seconds"] // 60 if came or row["seconds"] else None,
        credit=None if tenths is None else tenths / 10,
    )


ROUTES = (
    Route("GET", "/api/lectures/{id}/people.xlsx", sheet, P.GIVE_TRAINING,
          "Who took part in a lecture, as a workbook", media="application/octet-stream"),
)  # fmt: skip
