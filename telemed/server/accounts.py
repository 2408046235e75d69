"""The three administrators' pages: accounts and sessions, the audit, the system.

Separate permissions keep them apart (三员分立): who grants roles reads no audit, who reads the
audit grants nothing, and none of them sees a patient here.
"""

import asyncio
from datetime import timedelta
from typing import Annotated

from pydantic import Field

import telemed
from telemed.actions import accounts as acts
from telemed.actions.act import Act
from telemed.actions.audit import audited_once
from telemed.core.access import Permission
from telemed.core.errors import Problem
from telemed.server import account_schemas as acs
from telemed.server import schemas as s
from telemed.server.auth import signed_of
from telemed.server.live import LIVE
from telemed.server.routing import Call, Route
from telemed.store import accounts, audit, network, system
from telemed.store.audit import Event
from telemed.store.tx import Row

AUDIT_PAGE = 100
CHECKED_ROWS = 50_000
"""How much of the chain a page checks (some two seconds); `verify_chain` can check all of it."""

# --- accounts ---------------------------------------------------------------------------------


class AccountQuery(s.In):
    """What the list of accounts is narrowed by: part of a user name or a name."""

    q: s.Short = ""
    offset: Annotated[int, Field(ge=0, le=100_000)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 200


async def account_list(call: Call) -> acs.AccountPage:
    """A page of accounts by user name."""
    query = call.query(AccountQuery)

    def ask(act: Act) -> acs.AccountPage:
        rows, total = accounts.page(act.tx, query.q.lower(), query.offset, query.limit)
        return acs.AccountPage(items=_accounts_out(act, rows), total=total)

    return await call.ask(ask)


async def create_account(call: Call) -> acs.AccountOut:
    """Make an account; whoever gets it should change the password."""
    body = call.body(acs.AccountIn)
    acts.check_strength(body.password, body.username)
    hashed = await asyncio.to_thread(acts.hash_password, body.password)
    new = acts.NewAccount(
        username=body.username,
        password_hash=hashed,
        name=body.name,
        roles=body.roles,
        institution_id=body.institution_id,
        person_id=body.person_id,
        region=body.region,
    )

    def do(act: Act) -> acs.AccountOut:
        return _account_out(act, acts.create_account(act, new))

    return await call.act(do)


async def change_account(call: Call) -> acs.AccountOut:
    """Disable, enable, unlock or re-role somebody else's account."""
    body = call.body(acs.AccountPatch)
    account_id = call.path("id")
    change = acts.AccountChange(body.disabled, body.roles, bool(body.unlock))

    def do(act: Act) -> acs.AccountOut:
        acts.change_account(act, account_id, change)
        return _account_out(act, account_id)

    return await call.act(do)


def _account_out(act: Act, account_id: str) -> acs.AccountOut:
    row = accounts.by_id(act.tx, account_id)
    if row is None:
        raise Problem("not-found")
    return _accounts_out(act, [row])[0]


def _accounts_out(act: Act, rows: list[Row]) -> list[acs.AccountOut]:
    places = network.institution_refs(act.tx, {row["institution_id"] for row in rows})
    return [
        acs.AccountOut(
            id=row["id"],
            username=row["username"],
            name=row["display_name"],
            institution=_ref(places.get(row["institution_id"])),
            region=row["region"],
            roles=row["roles"],
            disabled=row["disabled"],
            locked_until=row["locked_until"],
            created_at=row["created_at"],
        )
        for row in rows
    ]


def _ref(row: Row | None) -> s.InstitutionRef | None:
    return None if row is None else s.InstitutionRef(**row)


# --- sessions ---------------------------------------------------------------------------------


async def session_list(call: Call) -> acs.SessionList:
    """Open sessions: everybody's for who manages them, one's own for everybody else."""
    idle = timedelta(minutes=call.services.settings.idle_minutes)
    rows = await call.ask(lambda act: acts.sessions(act, idle))
    current = signed_of(call).session_id
    return acs.SessionList(
        items=[
            acs.SessionOut(
                id=row["id"],
                account=row["username"],
                name=row["display_name"],
                address=row["address"],
                agent=row["agent"],
                created_at=row["created_at"],
                seen_at=row["seen_at"],
                current=row["id"] == current,
            )
            for row in rows
        ]
    )


async def kill_session(call: Call) -> s.Done:
    """End a session at once."""
    await call.act(lambda act: acts.kill_session(act, call.path("id")))
    return s.Done()


# --- the audit --------------------------------------------------------------------------------


class AuditQuery(s.In):
    """`before` is the last number already seen."""

    before: Annotated[int, Field(ge=1)] | None = None


async def audit_page(call: Call) -> acs.AuditPage:
    """A page of the audit, newest first, with a check of the chain.

    Reading it is audited first (PS3.15 A.5.3.3 Audit Log Used), so the page already shows that.
    """
    before = call.query(AuditQuery).before
    await call.act(lambda act: audited_once(act, Event.AUDIT_LOG_USED, "audit", "audit"))

    def ask(act: Act) -> acs.AuditPage:
        rows = audit.page(act.tx, before, AUDIT_PAGE)
        return acs.AuditPage(
            items=_audit_out(act, rows),
            next=rows[-1]["seq"] if len(rows) == AUDIT_PAGE else None,
            chain_ok=audit.verify_chain(act.tx, newest=CHECKED_ROWS) is None,
        )

    return await call.ask(ask)


def _audit_out(act: Act, rows: list[Row]) -> list[acs.AuditOut]:
    who = accounts.by_ids(act.tx, {row["account_id"] for row in rows})
    places = network.institution_refs(act.tx, {row["institution_id"] for row in rows})
    return [
        acs.AuditOut(
            **{
                **row,
                "account": who.get(row["account_id"], {}).get("username"),
                "institution": places.get(row["institution_id"], {}).get("short_name"),
            }
        )
        for row in rows
    ]


# --- the system -------------------------------------------------------------------------------


async def system_page(call: Call) -> acs.SystemOut:
    """What runs here and how full it is."""
    services = call.services
    known = await call.ask(lambda act: system.overview(act.tx))
    return acs.SystemOut(
        **known,
        version=telemed.__version__,
        database="SQLite" if services.store.sqlite else "PostgreSQL",
        open_sockets=call.request.app[LIVE].open,
        free_bytes=await asyncio.to_thread(services.blobs.free_bytes),
        calendar_known_until=services.catalogue.calendar.days.known_until,
    )


ROUTES = (
    Route(
        "GET",
        "/api/accounts",
        account_list,
        Permission.MANAGE_ACCOUNTS,
        "A page of accounts",
        query=AccountQuery,
        returns=acs.AccountPage,
    ),
    Route(
        "POST",
        "/api/accounts",
        create_account,
        Permission.MANAGE_ACCOUNTS,
        "Make an account",
        body=acs.AccountIn,
        returns=acs.AccountOut,
        created=True,
    ),
    Route(
        "PATCH",
        "/api/accounts/{id}",
        change_account,
        Permission.MANAGE_ACCOUNTS,
        "Change somebody else's account",
        body=acs.AccountPatch,
        returns=acs.AccountOut,
    ),
    Route(
        "GET",
        "/api/sessions",
        session_list,
        Permission.SIGNED_IN,
        "Open sessions",
        returns=acs.SessionList,
    ),
    Route(
        "DELETE",
        "/api/sessions/{id}",
        kill_session,
        Permission.SIGNED_IN,
        "End a session",
        returns=s.Done,
    ),
    Route(
        "GET",
        "/api/audit",
        audit_page,
        Permission.SEE_AUDIT,
        "A page of the audit",
        query=AuditQuery,
        returns=acs.AuditPage,
    ),
    Route(
        "GET",
        "/api/system",
        system_page,
        Permission.SEE_SYSTEM,
        "What runs here and how full it is",
        returns=acs.SystemOut,
    ),
)
