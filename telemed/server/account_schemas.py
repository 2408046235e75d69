"""The JSON contract of sessions and administration: who signs in, accounts, audit, the system."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from telemed.server.schemas import Code, In, InstitutionRef, Out, Short, Words

# --- session --------------------------------------------------------------------------------------


class SignIn(In):
    username: Short
    password: Annotated[str, StringConstraints(max_length=200)]


class PasswordChange(In):
    current: Annotated[str, StringConstraints(max_length=200)]
    new: Annotated[str, StringConstraints(min_length=10, max_length=200)]


class Me(Out):
    account_id: str
    username: str
    name: str
    person_id: str | None
    title: Words | None
    institution: InstitutionRef | None
    region: str | None
    roles: list[str]
    permissions: list[str]
    csrf: str
    idle_minutes: int
    demo: bool
    seq: int
    """The log's head: what is fetched after this answer shows at least so much, so the live line of
    a page begins here and misses nothing in between."""


class DemoAccount(Out):
    username: str
    password: str
    name: str
    role: str
    institution: str
    story: Words


class Hello(Out):
    """What the sign-in page may know before anybody signs in."""

    product: str
    version: str
    demo: bool
    demo_accounts: list[DemoAccount]


# --- administration -------------------------------------------------------------------------------


class AccountOut(Out):
    id: str
    username: str
    name: str
    institution: InstitutionRef | None
    region: str | None
    roles: list[str]
    disabled: bool
    locked_until: datetime | None
    created_at: datetime


class AccountPage(Out):
    items: list[AccountOut]
    total: int


class AccountIn(In):
    username: Annotated[str, StringConstraints(pattern=r"^[a-z0-9._-]{3,40}$")]
    name: Short
    password: Annotated[str, StringConstraints(min_length=10, max_length=200)]
    institution_id: Code | None = None
    person_id: Code | None = None
    region: Annotated[str, StringConstraints(pattern=r"^45\d{0,4}$")] | None = None
    roles: Annotated[list[Code], Field(min_length=1, max_length=6)]


class AccountPatch(In):
    disabled: bool | None = None
    roles: Annotated[list[Code], Field(min_length=1, max_length=6)] | None = None
    unlock: bool | None = None


class SessionOut(Out):
    id: str
    account: str
    name: str
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime
    current: bool


class SessionList(Out):
    items: list[SessionOut]


class AuditOut(Out):
    seq: int
    at: datetime
    event: str
    outcome: str
    account: str | None
    institution: str | None
    address: str
    object_kind: str
    object_id: str
    detail: dict[str, Any]


class AuditPage(Out):
    items: list[AuditOut]
    next: int | None
    chain_ok: bool


class SystemOut(Out):
    version: str
    database: str
    revision: str
    log_seq: int
    bookmarks: dict[str, int]
    open_sockets: int
    studies: int
    instances: int
    blob_bytes: int
    free_bytes: int
    calendar_known_until: date
