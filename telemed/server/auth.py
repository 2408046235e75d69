"""Who is calling: session cookies, machine tokens, the caller's origin, and signing in.

Sessions are opaque and live in the database: ending one takes effect at the next call. The cookie
is HttpOnly and SameSite=Strict, an unsafe call must also come from our own origin and carry the
session's CSRF value. A machine token replaces all of that and may only narrow what its account
may do. Refuses to know what anybody may do with a case.
"""

import asyncio
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from aiohttp import hdrs, web
from pydantic import TypeAdapter

import telemed
from telemed.actions import accounts as acts
from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.core.access import Permission, Subject
from telemed.core.errors import Problem
from telemed.server import account_schemas as acs
from telemed.server import schemas as s
from telemed.server.budgets import SignInGuard
from telemed.server.known import Known
from telemed.server.looks import Looks
from telemed.server.origins import own_origins
from telemed.server.routing import SERVICES, Call, Route, client_address, to_json
from telemed.server.services import Services
from telemed.settings import Settings
from telemed.store import accounts, log, network, people
from telemed.store.audit import Event
from telemed.store.tx import Row, Tx

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "X-CSRF-Token"
SEEN_EVERY = timedelta(minutes=1)
_ME = TypeAdapter(acs.Me)
_LONGEST_TOKEN = 200
_DEVICE_SECONDS = 180 * 86400
_LANGUAGE_SECONDS = 365 * 86400


@dataclass(frozen=True, slots=True)
class Signed:
    """A caller who proved who they are. `session_id` and `csrf` are None for a machine token."""

    subject: Subject
    session_id: str | None
    csrf: str | None
    account: Row
    via: Literal["cookie", "bearer"]
    until: datetime | None = None
    """When it ends unless it is used before; None when it was only just opened."""


SIGNED = web.RequestKey("signed", Signed)
"""Where `authenticate` leaves the caller for the handlers of this module."""
GUARD = web.AppKey("guard", SignInGuard)
LOOKS = web.AppKey("looks", Looks)
KNOWN: web.AppKey[Known[Signed]] = web.AppKey("known")
DEMO_ACCOUNTS = web.AppKey("demo_accounts", list[acs.DemoAccount])
"""What the sign-in page of a demo offers; ignored unless `settings.demo`."""


def begin(app: web.Application) -> None:
    """Give an application what signing in needs."""
    app[KNOWN] = Known[Signed]()
    app[GUARD] = SignInGuard(app[SERVICES].settings, app[SERVICES].counts)
    app[LOOKS] = Looks()


# --- who is calling ---------------------------------------------------------------------------


async def authenticate(
    request: web.Request, services: Services, touch: bool = True
) -> Signed | None:
    """The caller with the rights of this moment, or None. A bad bearer token never falls back to a
    cookie. `touch` notes the use, at most once a minute, so that the session does not idle out."""
    now = services.clock()
    given = credential(request, services.settings)
    if given is None:
        return None
    kind, secret = given
    known, key = request.app[KNOWN], (kind, accounts.token_hash(secret))
    version = services.store.version()
    signed = known.find(key, version, now)
    if signed is None:
        if kind == "bearer":
            found = await services.store.glance(lambda tx: _by_token(tx, secret, now))
        else:
            found = await _by_cookie(services, secret, now, touch)
        if found is not None:
            signed, until = found
            known.keep(key, version, signed, until)
    if signed is not None:
        request[SIGNED] = signed
    return signed


def credential(request: web.Request, settings: Settings) -> tuple[str, str] | None:
    """What a caller proves themselves with: "bearer" or "cookie", and the secret; None without."""
    bearer = _bearer(request)
    kind, secret = "bearer", bearer
    if secret is None:
        kind, secret = "cookie", request.cookies.get(cookie_name(settings), "")
    return (kind, secret) if 0 < len(secret) <= _LONGEST_TOKEN else None


async def standing(
    services: Services, credentials: Sequence[tuple[str, str]]
) -> list[Signed | None]:
    """Many callers with the rights of this moment, in the order given; None who has none any more.

    One transaction for all: for those who stay connected and are asked about again and again.
    """
    now, settings = services.clock(), services.settings

    def look(tx: Tx) -> list[Signed | None]:
        found: list[Signed | None] = []
        for kind, secret in credentials:
            if kind == "bearer":
                by_token = _by_token(tx, secret, now)
                found.append(by_token and by_token[0])
            else:
                by_session = _by_session(tx, secret, settings, now)
                found.append(by_session and by_session[0])
        return found

    return await services.store.read(look)


async def _by_cookie(
    services: Services, token: str, now: datetime, touch: bool
) -> tuple[Signed, datetime] | None:
    settings = services.settings
    found = await services.store.glance(lambda tx: _by_session(tx, token, settings, now))
    if found is None:
        return None
    signed, seen_at, until = found
    if touch and signed.session_id is not None and now - seen_at >= SEEN_EVERY:
        session_id = signed.session_id
        await services.store.write(lambda tx: accounts.touch_session(tx, session_id, now))
    return signed, min(until, seen_at + SEEN_EVERY)


def _bearer(request: web.Request) -> str | None:
    kind, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip()[:_LONGEST_TOKEN] if kind.lower() == "bearer" else None


def _by_token(tx: Tx, bearer: str, now: datetime) -> tuple[Signed, datetime] | None:
    token = accounts.live_token(tx, bearer, now)
    account = accounts.by_id(tx, token["account_id"]) if token else None
    if token is None or account is None or account["disabled"]:
        return None
    subject = acts.subject_of(account, _scopes(token["scopes"]))
    until: datetime = token["expires_at"]
    return Signed(subject, None, None, account, "bearer", until), until


def _scopes(names: list[str] | None) -> frozenset[Permission] | None:
    """A token's scopes; a name that no longer means anything allows nothing."""
    if names is None:
        return None
    known = {permission.value for permission in Permission}
    return frozenset(Permission(name) for name in names if name in known)


def _by_session(
    tx: Tx, token: str, settings: Settings, now: datetime
) -> tuple[Signed, datetime, datetime] | None:
    """The caller, when the session was last seen, and until when it lasts unless seen again."""
    if (session := accounts.session(tx, token)) is None:
        return None
    idle = session["seen_at"] + timedelta(minutes=settings.idle_minutes)
    until: datetime = min(session["expires_at"], idle)
    if now >= until:
        return None
    account = accounts.by_id(tx, session["account_id"])
    if account is None or account["disabled"]:
        return None
    subject = acts.subject_of(account)
    signed = Signed(subject, session["id"], session["csrf"], account, "cookie", until)
    return signed, session["seen_at"], until


# --- where the call comes from ----------------------------------------------------------------


def check_origin(request: web.Request, services: Services) -> None:
    """Problem("bad-origin") for an unsafe call or a socket that a foreign page may have sent.

    An Origin must be ours. Without one the browser's Sec-Fetch-Site decides; with neither, a call
    that carries a session cookie is refused, while a bearer token needs no origin (AU-06, WS-01).
    """
    if request.method in SAFE_METHODS and not _is_socket(request):
        return
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None:
        if origin not in own_origins(services.settings):
            raise Problem("bad-origin")
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise Problem("bad-origin")
        return
    if _bearer(request) is None and cookie_name(services.settings) in request.cookies:
        raise Problem("bad-origin")


def _is_socket(request: web.Request) -> bool:
    return request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"


def check_csrf(request: web.Request, signed: Signed) -> None:
    """Problem("bad-origin") when an unsafe call by cookie lacks the session's CSRF value."""
    if signed.csrf is None or request.method in SAFE_METHODS:
        return
    given = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(), signed.csrf.encode()):
        raise Problem("bad-origin")


def cookie_name(settings: Settings) -> str:
    """The session cookie's name; with https the prefix that no other host can forge."""
    return "__Host-telemed" if _https(settings) else "telemed"


def _device_cookie(settings: Settings) -> str:
    return f"{cookie_name(settings)}-device"


def _https(settings: Settings) -> bool:
    return settings.origin.startswith("https://")


# --- signing in and out -----------------------------------------------------------------------


async def hello(call: Call) -> acs.Hello:
    """What the sign-in page may know."""
    demo = call.services.settings.demo
    return acs.Hello(
        product="telemed",
        version=telemed.__version__,
        demo=demo,
        demo_accounts=call.request.config_dict.get(DEMO_ACCOUNTS, []) if demo else [],
    )


async def sign_in(call: Call) -> web.StreamResponse:
    """Open a session. Every failure has the same body, whether or not the name exists (AU-03)."""
    body = call.body(acs.SignIn)
    guard = call.request.config_dict[GUARD]
    async with guard.turn():
        account = await _proved(call, guard, body.username.lower(), body.password)
    subject = acts.subject_of(account)
    rehashed = None
    if acts.needs_rehash(account["password_hash"]):
        rehashed = await asyncio.to_thread(acts.hash_password, body.password)
    before = await authenticate(call.request, call.services, touch=False)
    new = acts.NewSession(
        token=secrets.token_urlsafe(32),
        csrf=secrets.token_urlsafe(32),
        agent=call.request.headers.get(hdrs.USER_AGENT, ""),
        hours=call.services.settings.session_hours,
        replaces=before.session_id if before else None,
        rehashed=rehashed,
    )
    session_id = await call.services.act(
        subject, lambda act: acts.open_session(act, new), call.address
    )
    signed = Signed(subject, session_id, new.csrf, account, "cookie")
    shown = await call.services.ask(subject, lambda act: _me(act.tx, signed, call.services))
    response = web.Response(body=to_json(shown, _ME), content_type="application/json")
    _set_cookies(call, guard, response, new.token, account["id"])
    return response


async def _proved(call: Call, guard: SignInGuard, username: str, password: str) -> Row:
    """The account whose password this is; otherwise count the failure and say no."""
    now = call.services.clock()
    account = await call.services.store.read(lambda tx: accounts.by_username(tx, username))
    device = _known_device(call, guard, account)
    if device is not None:
        guard.check_lock(await guard.devices.until(device, now), now)
    else:
        await guard.admit(call.address, now)
        phantom = await guard.phantom_lock(username, now)
        guard.check_lock(account["locked_until"] if account else phantom, now)
    stored = account["password_hash"] if account else acts.dummy_hash()
    right = await asyncio.to_thread(acts.check_password, stored, password)
    if right and account is not None and not account["disabled"]:
        if device is not None:
            await guard.devices.forget(device)
        return account
    await _count_failure(call, guard, username, account, device)
    raise Problem("wrong-credentials")


def _known_device(call: Call, guard: SignInGuard, account: Row | None) -> str | None:
    cookie = call.request.cookies.get(_device_cookie(call.services.settings), "")
    return guard.device_of(cookie[:500], account["id"]) if account and cookie else None


async def _count_failure(
    call: Call, guard: SignInGuard, username: str, account: Row | None, device: str | None
) -> None:
    """Count and audit; Problem("locked-out") when this failure was the last one allowed."""
    now = call.services.clock()
    account_id = account["id"] if account else None
    note = partial(acts.note_failure, account_id=account_id, rule=guard.rule, what="sign-in")
    until = await call.services.act(acts.NOBODY, note, call.address)
    if account is None:
        until = await guard.phantom_failed(username, now)
    if device is not None:
        await guard.devices.spend(device, now)
        until = await guard.devices.until(device, now)
    elif await guard.failed(call.address, now):
        await call.services.act(acts.NOBODY, _raise_alarm, call.address)
    guard.check_lock(until, now)


def _raise_alarm(act: Act) -> None:
    audited(act, Event.SECURITY_ALERT, "server", "", what="sign-in-failures")


def _set_cookies(
    call: Call, guard: SignInGuard, response: web.Response, token: str, account_id: str
) -> None:
    settings = call.services.settings
    secure = _https(settings)
    name, device = cookie_name(settings), _device_cookie(settings)
    response.set_cookie(name, token, path="/", httponly=True, secure=secure, samesite="Strict")
    response.set_cookie(
        device,
        guard.remember(call.request.cookies.get(device, "")[:500], account_id),
        max_age=_DEVICE_SECONDS,
        path="/",
        httponly=True,
        secure=secure,
        samesite="Strict",
    )
    if "i18next" not in call.request.cookies:  # the viewer's language; the page may change it
        response.set_cookie(
            "i18next", "zh", max_age=_LANGUAGE_SECONDS, path="/", secure=secure, samesite="Lax"
        )


async def me(call: Call) -> acs.Me:
    """Who I am and what I may do."""
    signed = signed_of(call)
    return await call.ask(lambda act: _me(act.tx, signed, call.services))


def signed_of(call: Call) -> Signed:
    """The caller of this call; Problem("not-signed-in") when there is none."""
    signed: Signed | None = call.request.get(SIGNED)
    if signed is None:
        raise Problem("not-signed-in")
    return signed


def _me(tx: Tx, signed: Signed, services: Services) -> acs.Me:
    account, subject = signed.account, signed.subject
    person = people.person(tx, account["person_id"]) if account["person_id"] else None
    refs = network.institution_refs(tx, [account["institution_id"]])
    place = refs.get(account["institution_id"])
    return acs.Me(
        account_id=account["id"],
        username=account["username"],
        name=account["display_name"],
        person_id=account["person_id"],
        title=_title(person),
        institution=s.InstitutionRef(**place) if place else None,
        region=account["region"],
        roles=sorted(subject.roles),
        permissions=sorted(subject.permissions),
        csrf=signed.csrf or "",
        idle_minutes=services.settings.idle_minutes,
        demo=account["demo"],
        seq=log.head(tx),
    )


def _title(person: Row | None) -> s.Words | None:
    if person is None:
        return None
    zh, en = people.title_words(person["title"])
    return s.Words(zh=zh, en=en)


async def sign_out(call: Call) -> web.StreamResponse:
    """End this session and let the browser forget what it holds (VW-05)."""
    session_id = signed_of(call).session_id
    if session_id is not None:
        await call.act(lambda act: acts.close_session(act, session_id))
    response = web.json_response({"ok": True})
    settings = call.services.settings
    response.del_cookie(
        cookie_name(settings), path="/", secure=_https(settings), httponly=True, samesite="Strict"
    )
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


async def change_password(call: Call) -> s.Done:
    """Take a new password; every other session of the account ends."""
    body = call.body(acs.PasswordChange)
    signed = signed_of(call)
    await confirm_password(call, body.current)
    acts.check_strength(body.new, signed.account["username"])
    hashed = await asyncio.to_thread(acts.hash_password, body.new)
    await call.act(lambda act: acts.change_password(act, hashed, signed.session_id))
    return s.Done()


async def confirm_password(call: Call, password: str) -> None:
    """Ask who they are again, before a signature or another password (RP-05).

    Problem("sign-again") without a password, "wrong-password" with a wrong one, "locked-out" after
    as many of these as at signing in. A machine token cannot confirm anything.
    """
    signed = signed_of(call)
    if not password or signed.via != "cookie":
        raise Problem("sign-again")
    guard = call.request.config_dict[GUARD]
    account_id, now = signed.subject.account_id, call.services.clock()
    async with guard.turn():
        guard.check_lock(await guard.devices.until(account_id, now), now)
        stored = signed.account["password_hash"]
        if await asyncio.to_thread(acts.check_password, stored, password):
            await guard.devices.forget(account_id)
            return
        await guard.devices.spend(account_id, now)
    await call.act(partial(acts.note_failure, account_id=None, rule=guard.rule, what="confirm"))
    guard.check_lock(await guard.devices.until(account_id, now), now)
    raise Problem("wrong-password")


async def note_denied(
    request: web.Request, services: Services, subject: Subject, permission: Permission
) -> None:
    """Audit that somebody asked for what their role does not allow."""

    def note(act: Act) -> None:
        audited(act, Event.ACCESS_DENIED, "permission", permission.value, "failure")

    await services.act(subject, note, client_address(request))


async def note_look(
    request: web.Request, services: Services, subject: Subject, study_id: str, owner: str
) -> None:
    """Audit that a study of another institution is looked at, once per session in ten minutes.

    `owner` is the institution that stored it. If the audit fails, so does the look (LG-03).
    """
    if subject.institution_id == owner:
        return
    signed = request.get(SIGNED)
    viewer = (signed.session_id if signed else None) or subject.account_id
    looks = request.config_dict[LOOKS]
    if not looks.is_new(viewer, study_id, services.clock()):
        return

    def note(act: Act) -> None:
        audited(act, Event.INSTANCES_ACCESSED, "study", study_id, owner=owner)

    try:
        await services.act(subject, note, client_address(request))
    except BaseException:
        looks.forget(viewer, study_id)
        raise


ROUTES = (
    Route("GET", "/api/hello", hello, None, "What the sign-in page may know", returns=acs.Hello),
    Route("POST", "/api/session", sign_in, None, "Sign in", body=acs.SignIn, returns=acs.Me),
    Route("GET", "/api/session", me, Permission.SIGNED_IN, "Who I am", returns=acs.Me),
    Route("DELETE", "/api/session", sign_out, Permission.SIGNED_IN, "Sign out", returns=s.Done),
    Route(
        "POST",
        "/api/session/password",
        change_password,
        Permission.SIGNED_IN,
        "Change my password",
        body=acs.PasswordChange,
        returns=s.Done,
    ),
)
