"""The month as a file: the form that is handed in, the table on the screen, every request or
every counted fact.

The book is written by a process of its own, because a workbook of tens of thousands of cases is
seconds of work that would hold up every other answer here. Its sheets of requests and of counted
facts have a stated end; beyond it there is the list of all of them, sent as it is read. Whose
facts may be counted is `tally_places`' business, and what is counted is `tally`'s.
"""

import asyncio
import os
import pickle
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Literal

import sqlalchemy as sa
from aiohttp import web

from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.core import request
from telemed.core.access import Permission
from telemed.core.completeness import URGENCY_WORDS
from telemed.core.indicators import INDICATORS
from telemed.documents.sheets import Table, Workbook, csv_head, csv_lines, write_csv
from telemed.documents.tally_listing import entries_table
from telemed.documents.tally_sheets import (
    CaseRow,
    MonthlyTally,
    TallyPart,
    cases_table,
    part_table,
    tally_workbook,
)
from telemed.server import boards
from telemed.server import tally_listing as listing
from telemed.server.routing import Call, Route
from telemed.server.tally import TallyQuery, compared, part, requests_of
from telemed.server.tally_places import Places
from telemed.store import network
from telemed.store import tables as t
from telemed.store.access import visible_requests
from telemed.store.audit import Event
from telemed.store.tables import tally_entries
from telemed.store.tx import Row

MOST_CASES = 10_000
"""Requests of the book's sheet: two seconds of writing. All of them are in their own list."""

MOST_ENTRIES = 50_000
"""Counted facts of the book's sheet: four seconds of writing. All of them are in their own list."""

AT_ONCE = 2_000
"""Lines of one read while a list of all of them is sent."""

_BYS = ("institution", "county", "city", "alliance", "service")
_ADOPTION = {"adopted": "采纳", "partly": "部分采纳", "not_adopted": "未采纳"}


class ExportQuery(TallyQuery):
    format: Literal["xlsx", "csv", "cases", "entries"] = "xlsx"


# --- what the files hold ------------------------------------------------------------------------


def book(act: Act, month: str, urgency: str | None = None) -> MonthlyTally:
    """The form as it is handed in: every dimension and side, supervision's boards, the
    requests and what stands behind every number.

    Of one urgency it has no boards: they rank what was done in all.
    """
    parts: list[TallyPart] = []
    for side in ("requester", "provider"):
        of_places = compared(Places(act, month, "institution", side, urgency), month)
        of_services = compared(Places(act, month, "service", side, urgency), month)
        counted = {by: of_services if by == "service" else of_places for by in _BYS}
        parts += [part(act, month, by, side, urgency, counted[by]) for by in _BYS]
    ids = counted_cases(act, month, urgency)
    first = listing.begin(act, month, urgency)
    entries = tuple(listing.entries(act, first, MOST_ENTRIES, AT_ONCE))
    whole = len(entries) < MOST_ENTRIES
    return MonthlyTally(
        title=TITLE,
        month=month,
        reported_by=_reported_by(act),
        made_at=act.now,
        parts=tuple(parts),
        cases=tuple(case_rows(act, ids[:MOST_CASES])),
        cases_in_all=len(ids),
        entries=entries,
        entries_in_all=len(entries) if whole else listing.in_all(act, first),
        as_of=first.until,
        places=listing.places_of(act, month),
        boards=() if urgency else boards.sheets(act, month),
        urgency=_words(urgency),
    )


def sheet(act: Act, q: TallyQuery) -> MonthlyTally:
    """The form with one table only: the one on the screen."""
    parts = (part(act, q.month, q.by, q.side, q.urgency),)
    of = _words(q.urgency)
    return MonthlyTally(TITLE, q.month, _reported_by(act), act.now, parts, (), urgency=of)


def _words(urgency: str | None) -> str:
    return URGENCY_WORDS[urgency].zh if urgency else ""


TITLE = "远程医疗服务工作量统计表"


def _reported_by(act: Act) -> str:
    own = act.subject.institution_id
    place = network.institution(act.tx, own) if own else None
    return str(place["name"]) if place else "卫生健康行政部门"


def counted_cases(act: Act, month: str, urgency: str | None = None) -> list[str]:
    """The requests counted in a month on either side that the subject may see, by number."""
    requester = Places(act, month, "service", "requester")
    e = tally_entries.c
    counted = sa.select(e.request_id).where(
        e.month == month,
        e.indicator.in_(sorted(INDICATORS)),
        sa.or_(requester.allowed(e.requester_id), requester.allowed(e.provider_id)),
    )
    if urgency is not None:
        counted = counted.where(e.urgency == urgency)
    c = t.requests.c
    query = sa.select(c.id).where(c.id.in_(counted), visible_requests(act.subject, act.now))
    return [str(row[0]) for row in act.tx.rows(query.order_by(c.number))]


def case_rows(act: Act, ids: Sequence[str]) -> Iterable[CaseRow]:
    """What the form says of these requests, in the given order."""
    known = requests_of(act, set(ids))
    return (_case_row(act, known[each]) for each in ids if each in known)


def _case_row(act: Act, row: Row) -> CaseRow:
    issued, due = row["issued_at"], row["due_at"]
    spent = None
    if issued is not None and row["submitted_at"] is not None:
        spent = (issued - row["submitted_at"]).total_seconds() - row["waited_seconds"]
    return CaseRow(
        number=row["number"],
        service=act.catalogue.services[row["service"]].label.zh,
        urgency=URGENCY_WORDS[row["urgency"]].zh,
        requester=row["requester"],
        provider=row["provider"] or "",
        submitted_at=row["submitted_at"],
        issued_at=issued,
        turnaround_seconds=spent,
        on_time=None if issued is None or due is None else issued <= due,
        positive=row["positive"],
        critical=row["critical"] if issued is not None else None,
        adoption=_ADOPTION.get(row["adoption"] or "", ""),
        state=request.MACHINE.word(request.State(row["state"]))["zh"],
    )


# --- sending them -------------------------------------------------------------------------------


async def export(call: Call) -> web.StreamResponse:
    """The month as a file: the form, the screen's table, every request or fact (TL-07)."""
    q = call.query(ExportQuery)

    def note(act: Act) -> None:
        of = {"urgency": q.urgency} if q.urgency else {}
        audited(act, Event.EXPORT, "tally", q.month, by=q.by, side=q.side, format=q.format, **of)

    # Audited first and apart: nobody's writing waits while a month is counted.
    await call.act(note)
    if q.format == "cases":
        return await _send(call, f"telemed-{_named(q)}-cases.csv", _case_tables(call, q))
    if q.format == "entries":
        return await _send(call, f"telemed-{_named(q)}-entries.csv", _entry_tables(call, q))
    if q.format == "xlsx":
        made = await call.ask(lambda act: tally_workbook(book(act, q.month, q.urgency)))
        return file_of(await written_apart(made), f"telemed-{_named(q)}.xlsx")
    tally = await call.ask(lambda act: sheet(act, q))
    body = await call.services.in_thread(write_csv, part_table(tally, tally.parts[0]))
    return file_of(body, f"telemed-{_named(q)}-{q.side}-{q.by}.csv")


def _named(q: TallyQuery) -> str:
    """The month, and the urgency: files of both lie in one folder."""
    return f"{q.month}-{q.urgency}" if q.urgency else q.month


def file_of(body: bytes, name: str) -> web.Response:
    """A file to keep, by its name."""
    return web.Response(body=body, headers=_headers(name))


def _headers(name: str) -> dict[str, str]:
    kind = _MEDIA[name.rpartition(".")[2]]
    return {"Content-Type": kind, "Content-Disposition": f'attachment; filename="{name}"'}


_MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


async def _send(call: Call, name: str, tables: AsyncIterator[Table]) -> web.StreamResponse:
    """A list as CSV, some thousands of lines at a time; the first table is its head alone."""
    response = web.StreamResponse(headers=_headers(name))
    await response.prepare(call.request)
    await response.write(csv_head(await anext(tables)))
    async for some in tables:
        await response.write(await call.services.in_thread(csv_lines, some))
    await response.write_eof()
    return response


async def _case_tables(call: Call, q: TallyQuery) -> AsyncIterator[Table]:
    """Every request of the month: memory holds their ids only."""
    ids = await call.ask(lambda act: counted_cases(act, q.month, q.urgency))
    yield cases_table(())
    for begin in range(0, len(ids), AT_ONCE):
        some = partial(_some_cases, ids=ids[begin : begin + AT_ONCE])
        yield cases_table(await call.ask(some))


def _some_cases(act: Act, ids: Sequence[str]) -> list[CaseRow]:
    return list(case_rows(act, ids))


async def _entry_tables(call: Call, q: TallyQuery) -> AsyncIterator[Table]:
    """Every counted fact of the month."""
    place: listing.Cursor | None
    place = await call.ask(lambda act: listing.begin(act, q.month, q.urgency))
    yield entries_table(())
    while place is not None:
        some = partial(listing.page, at=place, size=AT_ONCE)
        rows, place = await call.ask(some)
        yield entries_table(rows)


# --- a process of its own -----------------------------------------------------------------------

_LATE: Final = 120.0
_BOOT: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from telemed.documents.sheets import write_from_stdin; write_from_stdin()"
)


async def written_apart(made: Workbook) -> bytes:
    """`write_xlsx` in a fresh process that ends with it; RuntimeError when it fails or is late.

    What is pickled goes one way, to a child of ours; what comes back is the file and nothing else.
    """
    told = await asyncio.to_thread(pickle.dumps, made)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-c", _BOOT, str(Path(__file__).parents[2])),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.defpath, "TMPDIR": os.environ.get("TMPDIR", "/tmp")},
    )
    try:
        async with asyncio.timeout(_LATE):
            body, _ = await process.communicate(told)
    except BaseException:
        process.kill()
        await asyncio.shield(process.wait())
        raise
    if process.returncode:
        raise RuntimeError(f"the workbook was not written: exit {process.returncode}")
    return body


ROUTES = (
    Route(
        "GET",
        "/api/tally/export",
        export,
        Permission.EXPORT_TALLY,
        "A month as a file",
        query=ExportQuery,
        media="application/octet-stream",
    ),
)
