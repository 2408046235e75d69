"""Signing in, sessions, tokens and administrators, through the real application over HTTP."""

import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import ClientResponse, ClientSession, CookieJar, WSServerHandshakeError
from aiohttp.test_utils import TestServer, make_mocked_request
from argon2 import PasswordHasher
from yarl import URL

from telemed.actions import accounts as acts
from telemed.bus import InProcessBell
from telemed.core.access import SEPARATE, Permission, Role
from telemed.core.errors import ERRORS, Problem
from telemed.dicom.worker import RenderPool
from telemed.server import auth, origins
from telemed.server.app import make_app
from telemed.server.budgets import Budget, SignInGuard, source
from telemed.server.looks import Looks
from telemed.server.problems import STATUS
from telemed.server.services import Services
from telemed.settings import CONFIGS, Settings, load_catalogue
from telemed.store import accounts, audit
from telemed.store import tables as t
from telemed.store.blobs import FileBlobs
from telemed.store.engine import Store
from telemed.store.migrate import migrate
from telemed.store.signer import SoftwareSigner
from telemed.store.tx import Row, Tx
from tests.services import free_port

PASSWORD = "shan-shui-jia-tianxia"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""These tests are about who gets in, and guess some hundred times."""
HASH = QUICK.hash(PASSWORD)
PEOPLE: dict[str, tuple[str, ...]] = {
    "requester": ("requester", "technician"),
    "reader": ("reader", "verifier"),
    "rival": ("requester",),
    "regulator": ("regulator",),
    "system": ("system_admin",),
    "security": ("security_admin",),
    "security2": ("security_admin",),
    "auditor": ("audit_admin",),
}
HOMES = {"requester": "LS", "reader": "HUB", "rival": "GL"}


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        """Let time go by."""
        self.now += timedelta(**span)


@dataclass
class Browser:
    """One browser: its cookies, and the CSRF value its page would hold."""

    base: str
    http: ClientSession
    csrf: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, **more: Any) -> ClientResponse:
        """A call as the platform's page makes it."""
        ours = {"Origin": self.base, auth.CSRF_HEADER: self.csrf, **self.headers}
        return await self.raw(method, path, **{"headers": ours, **more})

    async def raw(self, method: str, path: str, **more: Any) -> ClientResponse:
        """A call with exactly these headers and the browser's cookies."""
        response = await self.http.request(method, self.base + path, **more)
        await response.read()
        return response

    async def sign_in(self, username: str, password: str = PASSWORD) -> ClientResponse:
        """Fill in the sign-in page."""
        body = {"username": username, "password": password}
        response = await self.call("POST", "/api/session", json=body)
        if response.status == 200:
            self.csrf = (await response.json())["csrf"]
        return response

    def cookie(self, name: str = "telemed") -> str | None:
        """A cookie's value."""
        return next((c.value for c in self.http.cookie_jar if c.key == name), None)


@dataclass
class House:
    """A running server and what a test may look at behind it."""

    services: Services
    clock: Clock
    base: str
    open: list[ClientSession] = field(default_factory=list)

    def browser(self, cookies: dict[str, str] | None = None) -> Browser:
        """A new browser without a past."""
        http = ClientSession(cookie_jar=CookieJar(unsafe=True))
        http.cookie_jar.update_cookies(cookies or {}, URL(self.base))
        self.open.append(http)
        return Browser(self.base, http)

    async def signed_in(self, username: str) -> Browser:
        """A browser in which somebody has signed in."""
        browser = self.browser()
        assert (await browser.sign_in(username)).status == 200
        return browser

    def rows(self, query: sa.Select[Any]) -> list[Row]:
        """What the database holds."""
        return self.services.store.read_now(lambda tx: tx.all(query))

    def events(self, event: audit.Event) -> list[Row]:
        """Audited events of a kind, oldest first."""
        chosen = sa.select(t.audit).where(t.audit.c.event == event.value)
        return self.rows(chosen.order_by(t.audit.c.seq))

    async def token(self, username: str, scopes: frozenset[Permission] | None = None) -> str:
        """A machine token of an account, good for a day."""
        plain = f"machine-{username}-{len(self.rows(sa.select(t.tokens)))}"
        new = acts.NewToken(plain, username, "test", scopes, timedelta(days=1))
        await self.services.act(acts.NOBODY, lambda act: acts.make_token(act, new))
        return plain


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the small network in it; copy it, never open it."""
    folder = tmp_path_factory.mktemp("filled")
    store = Store(Settings(data_dir=folder, configs=CONFIGS).database)
    fill(store)
    store.close()
    return folder


@pytest.fixture
async def house(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    """A server on the loopback with one account for each kind of person."""
    monkeypatch.setattr(acts, "_HASHER", QUICK)
    acts.dummy_hash.cache_clear()
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    settings = Settings(port=free_port(), data_dir=tmp_path, configs=CONFIGS)
    clock, ids = Clock(), count(1)
    services = Services(
        settings=settings,
        store=Store(settings.database),
        bell=InProcessBell(),
        blobs=FileBlobs(tmp_path / "blobs", 0),
        catalogue=load_catalogue(CONFIGS),
        signer=SoftwareSigner.load(tmp_path / "key"),
        renderer=RenderPool(1),
        clock=clock,
        new_id=lambda: f"id-{next(ids):06}",
        threads=ThreadPoolExecutor(1),
    )
    server = TestServer(make_app(services), port=settings.port)
    await server.start_server()
    made = House(services, clock, f"http://127.0.0.1:{settings.port}")
    yield made
    for session in made.open:
        await session.close()
    await server.close()
    services.threads.shutdown()
    services.store.close()
    acts.dummy_hash.cache_clear()


def fill(store: Store) -> None:
    """The schema, three institutions, one account for each kind of person."""
    migrate(store)

    def insert(tx: Tx) -> None:
        for table, row in _rows():
            tx.insert(table, row)

    store.write_now(insert)


def _rows() -> list[tuple[sa.Table, Row]]:
    area = {
        "code": "450100",
        "name": "南宁市",
        "kind": "city",
        "parent": "450000",
        "former_poverty": False,
    }
    rows: list[tuple[sa.Table, Row]] = [(t.area_codes, area)]
    rows += [(t.institutions, _institution(key)) for key in ("HUB", "LS", "GL")]
    person = {
        "id": "P1",
        "institution_id": "HUB",
        "department": "RAD",
        "name": "陆远",
        "sex": "1",
        "title": "231",
        "licence_no": "110",
        "specialty": "",
        "scopes": [],
        "active": True,
    }
    rows.append((t.people, person))
    rows += [(t.accounts, _account(name, roles)) for name, roles in PEOPLE.items()]
    year = {"since": datetime(2026, 1, 1, tzinfo=UTC), "until": datetime(2027, 1, 1, tzinfo=UTC)}
    agreement = {
        "id": "LS-HUB",
        "requester_id": "LS",
        "provider_id": "HUB",
        "rank": 1,
        "services": ["imaging"],
        "liability": "各自",
        "document_no": "1",
        **year,
    }
    return [*rows, (t.agreements, agreement)]


def _institution(key: str) -> Row:
    return {
        "id": key,
        "name": f"{key}医院",
        "short_name": key,
        "search": key.lower(),
        "kind": "A100",
        "level": "3",
        "grade": "甲",
        "uscc": key,
        "licence_no": key,
        "area_code": "450100",
        "scopes": ["32"],
        "former_poverty_county": False,
        "connected": True,
    }


def _account(name: str, roles: tuple[str, ...]) -> Row:
    return {
        "id": name,
        "username": name,
        "password_hash": HASH,
        "display_name": name.upper(),
        "person_id": "P1" if name == "reader" else None,
        "institution_id": HOMES.get(name),
        "region": "4501" if name == "regulator" else None,
        "roles": list(roles),
        "demo": False,
        "disabled": False,
        "failures": 0,
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }


# --- signing in -------------------------------------------------------------------------------


def test_passwords_are_kept_as_slow_hashes() -> None:
    """argon2id with the low-memory parameters of RFC 9106, which the other tests do without."""
    kept = acts.hash_password(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert acts.check_password(kept, PASSWORD) and not acts.check_password(kept, PASSWORD + " ")


async def test_signing_in_says_who_i_am_and_sets_a_guarded_cookie(house: House) -> None:
    """Me in full; HttpOnly and SameSite=Strict; only the token's hash is stored (AU-05, AU-15)."""
    browser = house.browser()
    response = await browser.sign_in("reader")
    me = await response.json()
    assert me["title"] == {"zh": "主任医师", "en": "Chief physician"}
    assert me["institution"] == {"id": "HUB", "name": "HUB医院", "short_name": "HUB"}
    assert me["roles"] == ["reader", "verifier"]
    assert "verify-reports" in me["permissions"] and "see-audit" not in me["permissions"]
    flags = next(h for h in response.headers.getall("Set-Cookie") if h.startswith("telemed="))
    assert "HttpOnly" in flags and "SameSite=Strict" in flags and "Path=/" in flags
    assert browser.cookie("i18next") == "zh"
    token = browser.cookie()
    assert token is not None and len(token) >= 43
    assert token not in str(house.rows(sa.select(t.sessions)))
    again = await (await browser.call("GET", "/api/session")).json()
    assert again == me


async def test_a_chosen_language_is_left_alone(house: House) -> None:
    """The language cookie is only set where there is none."""
    browser = house.browser({"i18next": "en"})
    response = await browser.sign_in("reader")
    assert not any(h.startswith("i18next") for h in response.headers.getall("Set-Cookie"))


async def test_every_sign_in_has_a_new_session_and_ends_the_old(house: House) -> None:
    """A cookie planted or kept from before never becomes a signed-in session (AU-04)."""
    planted = "A" * 43
    browser = house.browser({"telemed": planted})
    assert (await browser.call("GET", "/api/session")).status == 401
    assert (await browser.sign_in("reader")).status == 200
    first = browser.cookie()
    assert first != planted
    assert (await browser.sign_in("reader")).status == 200
    assert first is not None and browser.cookie() != first
    for old in (planted, first):
        assert (await house.browser({"telemed": old}).call("GET", "/api/session")).status == 401


async def test_a_session_is_dead_after_signing_out(house: House) -> None:
    """Replaying the cookie fails at once, and the browser is told to forget."""
    browser = await house.signed_in("reader")
    kept = browser.cookie()
    response = await browser.call("DELETE", "/api/session")
    assert response.status == 200
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert browser.cookie() in (None, "")
    assert kept is not None
    assert (await house.browser({"telemed": kept}).call("GET", "/api/session")).status == 401


async def test_every_failure_looks_the_same(house: House) -> None:
    """Unknown name, wrong password, disabled account: one status, one body; and another for a name
    that nobody can have, whether what precedes its NUL is somebody's or not (AU-03)."""
    house.services.store.write_now(lambda tx: accounts.change(tx, "rival", disabled=True))
    tried = (
        ("reader", "wrong-password"),
        ("nobody", "wrong-password"),
        ("rival", PASSWORD),
        ("", ""),
        ("READER' --", PASSWORD),
    )
    for status, pairs in (401, tried), (400, (("reader\0", PASSWORD), ("nobody\0", PASSWORD))):
        seen = set()
        for username, password in pairs:
            response = await house.browser().sign_in(username, password)
            headers = {k for k in response.headers if k not in ("Date",)}
            seen.add((response.status, await response.text(), frozenset(headers)))
        assert len(seen) == 1
        assert next(iter(seen))[0] == status


async def test_a_name_that_does_not_exist_locks_like_one_that_does(house: House) -> None:
    """Lock-out does not tell names apart either, and says how long it lasts (AU-03)."""
    limit = house.services.settings.lockout_failures
    for username in ("reader", "nobody"):
        answers = [await house.browser().sign_in(username, "wrong") for _ in range(limit + 1)]
        assert [a.status for a in answers] == [401] * (limit - 1) + [429, 429]
        body = await answers[-1].json()
        assert body["code"] == "locked-out"
        assert body["facts"]["minutes"] == 15
        assert "15 分钟" in body["zh"]
        assert int(answers[-1].headers["Retry-After"]) <= 900
    assert (await house.browser().sign_in("reader")).status == 429
    alerts = house.events(audit.Event.SECURITY_ALERT)
    assert [a["object_id"] for a in alerts] == ["reader"]


async def test_a_lock_ends_by_time_or_by_the_administrator(house: House) -> None:
    """After the minutes it opens; a success forgets failures; an administrator opens it at once."""
    for _ in range(5):
        await house.browser().sign_in("reader", "wrong")
    house.clock.pass_(minutes=14, seconds=59)
    assert (await house.browser().sign_in("reader")).status == 429
    house.clock.pass_(seconds=1)
    assert (await house.browser().sign_in("reader")).status == 200
    for _ in range(5):
        await house.browser().sign_in("reader", "wrong")
    admin = await house.signed_in("security")
    opened = await admin.call("PATCH", "/api/accounts/reader", json={"unlock": True})
    assert (await opened.json())["locked_until"] is None
    assert (await house.browser().sign_in("reader")).status == 200


async def test_failures_only_count_in_a_row(house: House) -> None:
    """Signing in resets the count."""
    for _ in range(3):
        for _ in range(4):
            assert (await house.browser().sign_in("reader", "wrong")).status == 401
        assert (await house.browser().sign_in("reader")).status == 200


async def test_a_stranger_cannot_lock_the_owner_out_of_a_known_device(house: House) -> None:
    """Failing on purpose elsewhere leaves the browser alone that signed in before (AU-02)."""
    known = await house.signed_in("reader")
    await known.call("DELETE", "/api/session")
    for _ in range(40):
        await house.browser().sign_in("reader", "wrong")
    assert (await house.browser().sign_in("reader")).status == 429
    assert (await known.sign_in("reader")).status == 200


async def test_a_known_device_has_a_budget_of_its_own(house: House) -> None:
    """Whoever sits at it cannot guess for ever, and it vouches for its own account only."""
    known = await house.signed_in("reader")
    statuses = [(await known.sign_in("reader", "wrong")).status for _ in range(6)]
    assert statuses == [401, 401, 401, 401, 429, 429]
    device = known.cookie("telemed-device") or ""
    guard = SignInGuard(Settings(secret="x" * 32))
    assert guard.device_of(device, "reader") is None
    vouched = guard.remember(guard.remember("", "reader"), "rival")
    assert guard.device_of(vouched, "reader") == guard.device_of(vouched, "rival") is not None
    assert guard.device_of(vouched, "security") is None


async def test_spraying_runs_out_of_budget_and_raises_one_alarm(house: House) -> None:
    """One password over many names: refused per source, then in all, with an alarm (AU-01)."""
    now = house.clock()
    guard = SignInGuard(house.services.settings)
    await guard.admit("10.0.0.1", now)
    alarms = [await guard.failed(f"10.0.{n // 200}.{n % 200}", now) for n in range(150)]
    assert alarms.count(True) == 1
    with pytest.raises(Problem, match="too-many"):
        await guard.admit("192.0.2.1", now)
    await guard.admit("192.0.2.1", now + timedelta(minutes=1))
    statuses = [(await house.browser().sign_in(f"user{n}", "wrong")).status for n in range(32)]
    assert statuses == [401] * 30 + [429] * 2
    assert (await house.browser().sign_in("nobody-new", "wrong")).status == 429


def test_a_budget_forgets_by_time_and_by_size() -> None:
    """A window ends, and a source with many addresses is one source."""
    now = datetime(2026, 3, 5, tzinfo=UTC)
    budget = Budget(2, timedelta(minutes=1))
    assert [budget.spend("a", now) for _ in range(3)] == [False, True, False]
    assert budget.until("a", now) == now + timedelta(minutes=1)
    assert budget.until("a", now + timedelta(minutes=1)) is None
    assert budget.until("b", now) is None
    assert source("2001:db8:1:2::5") == source("2001:db8:1:2:ffff::9") != source("2001:db8:1:3::5")
    assert source("192.0.2.1") != source("192.0.2.2")


async def test_old_hashes_are_made_anew_at_signing_in(house: House) -> None:
    """When the parameters have grown, the stored hash follows at the next sign-in."""
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    house.services.store.write_now(lambda tx: accounts.change(tx, "reader", password_hash=weak))
    await house.signed_in("reader")
    stored = house.rows(sa.select(t.accounts).where(t.accounts.c.id == "reader"))[0]
    assert not acts.needs_rehash(stored["password_hash"])
    assert (await house.browser().sign_in("reader")).status == 200


# --- sessions ---------------------------------------------------------------------------------


async def test_a_session_idles_out_and_use_keeps_it_alive(house: House) -> None:
    """Half an hour without a call ends it; a call begins the half hour again (AU-11)."""
    browser = await house.signed_in("reader")
    for _ in range(3):
        house.clock.pass_(minutes=29)
        assert (await browser.call("GET", "/api/session")).status == 200
    house.clock.pass_(minutes=30)
    assert (await browser.call("GET", "/api/session")).status == 401


async def test_a_session_ends_after_its_hours_however_busy(house: House) -> None:
    """The absolute end comes even to who never pauses."""
    browser = await house.signed_in("reader")
    for _ in range(71):
        house.clock.pass_(minutes=10)
        assert (await browser.call("GET", "/api/session")).status == 200
    house.clock.pass_(minutes=10)
    assert (await browser.call("GET", "/api/session")).status == 401


async def test_use_is_written_at_most_once_a_minute(house: House) -> None:
    """Reading a page does not write the database."""
    browser = await house.signed_in("reader")
    began = house.clock()
    house.clock.pass_(seconds=59)
    await browser.call("GET", "/api/session")
    assert house.rows(sa.select(t.sessions))[0]["seen_at"] == began
    house.clock.pass_(seconds=1)
    await browser.call("GET", "/api/session")
    assert house.rows(sa.select(t.sessions))[0]["seen_at"] == house.clock()


async def test_sessions_are_listed_and_killed_by_their_owner_and_by_security(house: House) -> None:
    """Everybody sees their own, security sees all; a killed one is dead at the next call."""
    first, second = await house.signed_in("reader"), await house.signed_in("reader")
    rival, admin = await house.signed_in("rival"), await house.signed_in("security")
    mine = (await (await first.call("GET", "/api/sessions")).json())["items"]
    assert [s["account"] for s in mine] == ["reader", "reader"]
    assert [s["current"] for s in mine].count(True) == 1
    everybody = (await (await admin.call("GET", "/api/sessions")).json())["items"]
    assert {s["account"] for s in everybody} == {"reader", "rival", "security"}
    other = next(s["id"] for s in mine if not s["current"])
    assert (await rival.call("DELETE", f"/api/sessions/{other}")).status == 404
    assert (await second.call("GET", "/api/session")).status == 200
    assert (await first.call("DELETE", f"/api/sessions/{other}")).status == 200
    assert (await second.call("GET", "/api/session")).status == 401
    current = next(s["id"] for s in mine if s["current"])
    assert (await admin.call("DELETE", f"/api/sessions/{current}")).status == 200
    assert (await first.call("GET", "/api/session")).status == 401


@pytest.mark.parametrize(
    "change",
    [{"disabled": True}, {"roles": ["reader"]}],
    ids=["disabled", "re-roled"],
)
async def test_rights_end_with_the_change_not_with_the_session(
    house: House, change: dict[str, Any]
) -> None:
    """Disabling or re-roling an account ends its sessions and tokens at once (AU-04, AU-08)."""
    browser, token = await house.signed_in("reader"), await house.token("reader")
    admin = await house.signed_in("security")
    assert (await admin.call("PATCH", "/api/accounts/reader", json=change)).status == 200
    assert (await browser.call("GET", "/api/session")).status == 401
    bearer = await house.browser().raw(
        "GET", "/api/session", headers={"Authorization": f"Bearer {token}"}
    )
    assert bearer.status == (401 if "disabled" in change else 200)
    if "roles" in change:
        assert (await bearer.json())["roles"] == ["reader"]


async def test_a_right_taken_in_the_database_is_gone_at_the_next_call(house: House) -> None:
    """Nothing about rights is remembered between calls (AU-08)."""
    browser = await house.signed_in("auditor")
    assert (await browser.call("GET", "/api/audit")).status == 200
    house.services.store.write_now(lambda tx: accounts.change(tx, "auditor", roles=["requester"]))
    assert (await browser.call("GET", "/api/audit")).status == 403


# --- where calls come from --------------------------------------------------------------------

FOREIGN = ("https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.net", "")


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_page_changes_nothing(house: House, origin: str) -> None:
    """A foreign Origin is refused even with cookie and CSRF value (AU-06)."""
    browser = await house.signed_in("reader")
    headers = {"Origin": origin, auth.CSRF_HEADER: browser.csrf}
    for method, path in (("DELETE", "/api/session"), ("POST", "/api/session")):
        body = {"username": "reader", "password": PASSWORD} if method == "POST" else None
        response = await browser.raw(method, path, headers=headers, json=body)
        assert (response.status, (await response.json())["code"]) == (403, "bad-origin")
    assert (await browser.call("GET", "/api/session")).status == 200


async def test_the_matrix_of_origins(house: House) -> None:
    """Origin decides; without it Sec-Fetch-Site; with neither a cookie is not enough."""
    browser = await house.signed_in("reader")
    port = house.services.settings.port
    good, bad = 404, 403
    origins = {
        None: None,
        house.base: good,
        f"http://localhost:{port}": good,
        f"https://127.0.0.1:{port}": bad,
        "https://evil.example": bad,
    }
    sites = {None: bad, "same-origin": good, "none": good, "same-site": bad, "cross-site": bad}
    for (origin, by_origin), (site, by_site) in product(origins.items(), sites.items()):
        headers = {auth.CSRF_HEADER: browser.csrf}
        headers |= {"Origin": origin} if origin is not None else {}
        headers |= {"Sec-Fetch-Site": site} if site is not None else {}
        response = await browser.raw("DELETE", "/api/sessions/none", headers=headers)
        assert response.status == (by_origin or by_site), (origin, site)


@pytest.mark.parametrize("csrf", [None, "", "x", "0" * 43])
async def test_an_unsafe_call_needs_the_sessions_csrf_value(house: House, csrf: str | None) -> None:
    """Without it, or with a wrong one, nothing is done."""
    browser = await house.signed_in("reader")
    headers = {"Origin": house.base} | ({auth.CSRF_HEADER: csrf} if csrf is not None else {})
    response = await browser.raw("DELETE", "/api/session", headers=headers)
    assert (response.status, (await response.json())["code"]) == (403, "bad-origin")
    assert (await browser.call("GET", "/api/session")).status == 200


async def test_another_sessions_csrf_value_is_worthless(house: House) -> None:
    """The value belongs to one session."""
    one, other = await house.signed_in("reader"), await house.signed_in("reader")
    headers = {"Origin": house.base, auth.CSRF_HEADER: other.csrf}
    assert (await one.raw("DELETE", "/api/session", headers=headers)).status == 403


async def test_a_form_of_another_page_is_no_json(house: House) -> None:
    """What an HTML form can send without asking first is refused by its content type (AU-06)."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        response = await house.browser().raw(
            "POST",
            "/api/session",
            data=b'{"username":"reader","password":"' + PASSWORD.encode() + b'"}',
            headers={"Content-Type": kind},
        )
        assert response.status == 415


# --- machine tokens ---------------------------------------------------------------------------


async def bearer(house: House, token: str, path: str, method: str = "GET") -> int:
    """The status of a call by token, without cookie, Origin or CSRF value."""
    headers = {"Authorization": f"Bearer {token}"}
    return (await house.browser().raw(method, path, headers=headers)).status


async def test_a_token_narrows_expires_and_can_be_revoked(house: House) -> None:
    """Scope within the roles, an end by time, an end at once; it needs no Origin."""
    whole = await house.token("auditor")
    narrow = await house.token("auditor", frozenset({Permission.SIGNED_IN}))
    beyond = await house.token("requester", frozenset({Permission.SEE_AUDIT}))
    assert await bearer(house, whole, "/api/audit") == 200
    assert await bearer(house, narrow, "/api/session") == 200
    assert await bearer(house, narrow, "/api/audit") == 403
    assert await bearer(house, beyond, "/api/audit") == 403
    assert await bearer(house, whole, "/api/sessions/none", "DELETE") == 404
    token_id = house.rows(sa.select(t.tokens.c.id).order_by(t.tokens.c.id))[0]["id"]
    await house.services.act(acts.NOBODY, lambda act: acts.revoke_token(act, token_id))
    assert await bearer(house, whole, "/api/audit") == 401
    house.clock.pass_(days=1)
    assert await bearer(house, narrow, "/api/session") == 401
    assert whole not in str(house.rows(sa.select(t.tokens)))


FORGED = (
    "",
    "x",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzZWN1cml0eSJ9.",
    "eyJhbGciOiJIUzI1NiIsImtpZCI6Ii4uLy4uL2Rldi9udWxsIn0.e30.AAAA",
    "' OR 1=1 --",
    "%00",
    "A" * 5000,
)


@pytest.mark.parametrize("token", FORGED, ids=range(len(FORGED)))
async def test_a_forged_token_is_nobody_and_hides_the_cookie(house: House, token: str) -> None:
    """No format is parsed, so none can be confused; a bad token never falls back (AU-07)."""
    browser = await house.signed_in("auditor")
    headers = {"Authorization": f"Bearer {token}"}
    assert (await browser.raw("GET", "/api/audit", headers=headers)).status == 401
    stored = house.rows(sa.select(t.sessions))[0]["token_hash"]
    assert await bearer(house, stored, "/api/audit") == 401


# --- passwords --------------------------------------------------------------------------------


async def test_a_changed_password_ends_every_other_session(house: House) -> None:
    """The old one is dead everywhere, this browser stays."""
    here, there = await house.signed_in("reader"), await house.signed_in("reader")
    body = {"current": PASSWORD, "new": "li-jiang-shan-shui"}
    assert (await here.call("POST", "/api/session/password", json=body)).status == 200
    assert (await here.call("GET", "/api/session")).status == 200
    assert (await there.call("GET", "/api/session")).status == 401
    assert (await house.browser().sign_in("reader")).status == 401
    assert (await house.browser().sign_in("reader", "li-jiang-shan-shui")).status == 200


async def test_guessing_the_current_password_runs_out(house: House) -> None:
    """An open session lets nobody guess its password (RP-05)."""
    browser = await house.signed_in("reader")
    body = {"current": "wrong", "new": "li-jiang-shan-shui"}
    answers = [await browser.call("POST", "/api/session/password", json=body) for _ in range(6)]
    codes = [(await a.json())["code"] for a in answers]
    assert codes == ["wrong-password"] * 4 + ["locked-out"] * 2


@pytest.mark.parametrize("password", ["1234567890", "reader-2026!", "aaaaaaaaaab", "Password123"])
async def test_an_easy_password_is_refused(house: House, password: str) -> None:
    """Common, repetitive, digits only, or with the user name in it."""
    browser = await house.signed_in("reader")
    body = {"current": PASSWORD, "new": password}
    response = await browser.call("POST", "/api/session/password", json=body)
    assert (response.status, (await response.json())["code"]) == (422, "weak-password")


# --- the three administrators -----------------------------------------------------------------

PAGES = {
    "/api/accounts": {"security", "security2"},
    "/api/audit": {"auditor"},
    "/api/system": {"system"},
    "/api/network/summary": {
        *("requester", "reader", "rival", "regulator", "system", "security", "security2")
    },
}


@pytest.mark.parametrize("path", PAGES)
async def test_each_page_opens_to_its_role_and_denials_are_audited(house: House, path: str) -> None:
    """Security reads no audit, the auditor grants nothing, the operator does neither (AU-12)."""
    for username in PEOPLE:
        browser = await house.signed_in(username)
        allowed = username in PAGES[path]
        assert (await browser.call("GET", path)).status == (200 if allowed else 403), username
    denied = [event["account_id"] for event in house.events(audit.Event.ACCESS_DENIED)]
    assert denied == [username for username in PEOPLE if username not in PAGES[path]]


def new_account(**more: Any) -> dict[str, Any]:
    """The body of a new account."""
    return {
        "username": "wei",
        "name": "韦",
        "password": "li-jiang-shan-shui",
        "institution_id": "LS",
        "roles": ["requester"],
        **more,
    }


async def test_security_makes_an_account_that_can_sign_in(house: House) -> None:
    """Made, listed, audited; the user name is taken from then on."""
    admin = await house.signed_in("security")
    response = await admin.call("POST", "/api/accounts", json=new_account())
    assert response.status == 201
    made = await response.json()
    assert made["institution"]["id"] == "LS" and made["roles"] == ["requester"]
    assert (await house.browser().sign_in("wei", "li-jiang-shan-shui")).status == 200
    listed = await (await admin.call("GET", "/api/accounts?q=WEI")).json()
    assert ([a["username"] for a in listed["items"]], listed["total"]) == (["wei"], 1)
    again = await admin.call("POST", "/api/accounts", json=new_account())
    assert (again.status, (await again.json())["code"]) == (409, "username-taken")
    assert house.events(audit.Event.USER_ATTRIBUTES)[-1]["object_id"] == made["id"]
    # Every role of an institution can be had alone, without a person of the register but to sign.
    for role in sorted(set(Role) - SEPARATE - {Role.REGULATOR, Role.READER, Role.VERIFIER}):
        body = new_account(username=f"only-{role.replace('_', '-')}", roles=[role.value])
        made = await (await admin.call("POST", "/api/accounts", json=body)).json()
        assert made.get("roles") == [role.value], (role, made)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"roles": ["system_admin", "security_admin"], "institution_id": None}, "roles-separate"),
        ({"roles": ["audit_admin", "requester"]}, "roles-separate"),
        ({"roles": ["root"]}, "invalid"),
        ({"roles": []}, "invalid"),
        ({"institution_id": None}, "invalid"),
        ({"institution_id": "NOWHERE"}, "invalid"),
        ({"roles": ["reader"]}, "invalid"),
        ({"roles": ["reader"], "person_id": "P1"}, "invalid"),
        ({"roles": ["regulator"], "institution_id": None}, "invalid"),
        ({"region": "45"}, "invalid"),
        ({"password": "1234567890"}, "weak-password"),
        ({"demo": True}, "invalid"),
        ({"disabled": False}, "invalid"),
        ({"username": "Ünïcode"}, "invalid"),
    ],
    ids=str,
)
async def test_an_account_that_makes_no_sense_is_not_made(
    house: House, more: dict[str, Any], code: str
) -> None:
    """Roles keep apart, institution roles name one, who signs is a person of it."""
    admin = await house.signed_in("security")
    response = await admin.call("POST", "/api/accounts", json=new_account(**more))
    assert (await response.json())["code"] == code
    assert len(house.rows(sa.select(t.accounts))) == len(PEOPLE)


@pytest.mark.parametrize("change", [{"roles": ["audit_admin"]}, {"disabled": True}], ids=str)
async def test_nobody_changes_their_own_rights(house: House, change: dict[str, Any]) -> None:
    """Not even who may change everybody else's; a colleague can."""
    admin = await house.signed_in("security")
    own = await admin.call("PATCH", "/api/accounts/security", json=change)
    assert (own.status, (await own.json())["code"]) == (403, "own-account")
    other = await house.signed_in("security2")
    assert (await other.call("PATCH", "/api/accounts/security", json=change)).status == 200


async def test_no_way_leads_to_two_administrators_in_one(house: House) -> None:
    """Every pair with one of the three in it is refused by the API as by the rule (AU-12)."""
    admin = await house.signed_in("security")
    for one, other in product(sorted(SEPARATE), Role):
        if one == other:
            continue
        roles = {"roles": [one.value, other.value]}
        response = await admin.call("PATCH", "/api/accounts/reader", json=roles)
        assert (await response.json())["code"] == "roles-separate"


async def test_only_security_changes_accounts(house: House) -> None:
    """Everybody else is refused, whatever the change."""
    for username in set(PEOPLE) - {"security", "security2"}:
        browser = await house.signed_in(username)
        for body in ({"roles": ["security_admin"]}, {"unlock": True}, {"disabled": True}):
            response = await browser.call("PATCH", "/api/accounts/rival", json=body)
            assert response.status == 403
    assert house.rows(sa.select(t.accounts).where(t.accounts.c.id == "rival"))[0]["roles"] == [
        "requester"
    ]


# --- the audit --------------------------------------------------------------------------------


async def test_what_people_do_to_accounts_is_in_the_audit_without_secrets(house: House) -> None:
    """Sign-in good and bad, sign-out, changes, kills; no password, token or typed name in it."""
    await house.browser().sign_in("my-password-by-mistake", "wrong-password-typed")
    browser = await house.signed_in("rival")
    kept = browser.cookie() or "-"
    await browser.call("DELETE", "/api/session")
    admin = await house.signed_in("security")
    await admin.call("PATCH", "/api/accounts/rival", json={"roles": ["technician"]})
    auditor = await house.signed_in("auditor")
    page = await (await auditor.call("GET", "/api/audit")).json()
    assert page["chain_ok"] is True
    told = [(e["event"], e["outcome"], e["detail"].get("what")) for e in page["items"]]
    assert told[::-1] == [
        ("user-authentication", "failure", "sign-in"),
        ("user-authentication", "success", "sign-in"),
        ("user-authentication", "success", "sign-out"),
        ("user-authentication", "success", "sign-in"),
        ("security-roles-changed", "success", None),
        ("user-authentication", "success", "sign-in"),
        ("audit-log-used", "success", None),
    ]
    text = str(page)
    assert not any(s in text for s in ("by-mistake", "wrong-password-typed", PASSWORD, kept))


async def test_reading_the_audit_is_audited_once_in_ten_minutes(house: House) -> None:
    """The reader is seen (PS3.15 A.5.3.3), turning pages is one look (LG-07)."""
    auditor = await house.signed_in("auditor")
    for minutes in (0, 5, 5, 5):
        house.clock.pass_(minutes=minutes)
        await auditor.call("GET", "/api/audit")
    assert len(house.events(audit.Event.AUDIT_LOG_USED)) == 2


async def test_a_damaged_chain_is_shown(house: House) -> None:
    """The page says so when somebody edited what was recorded (LG-02)."""
    auditor = await house.signed_in("auditor")
    with house.services.store.writer.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_no_update")
        connection.exec_driver_sql("UPDATE audit SET address = '10.0.0.9' WHERE seq = 1")
    assert (await (await auditor.call("GET", "/api/audit")).json())["chain_ok"] is False


async def test_what_cannot_be_audited_is_not_done(house: House) -> None:
    """A failing audit fails the action with it (LG-03)."""
    admin = await house.signed_in("security")
    with house.services.store.writer.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    response = await admin.call("PATCH", "/api/accounts/rival", json={"disabled": True})
    assert response.status == 500
    assert not house.rows(sa.select(t.accounts).where(t.accounts.c.disabled))
    assert (await house.browser().sign_in("reader")).status == 500
    assert len(house.rows(sa.select(t.sessions))) == 1


# --- the network's pages ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "agreements"),
    [("requester", 1), ("reader", 1), ("rival", 0), ("regulator", 1), ("system", 1)],
)
async def test_terms_are_for_the_parties_and_supervision(
    house: House, username: str, agreements: int
) -> None:
    """An outsider sees the institution and its people, not what it agreed or their papers."""
    browser = await house.signed_in(username)
    response = await browser.call("GET", "/api/institutions/HUB")
    detail = await response.json()
    assert len(detail["agreements"]) == agreements
    assert detail["people"][0]["title"]["zh"] == "主任医师"
    assert set(detail["people"][0]) == {"id", "name", "title", "specialty", "department", "active"}
    assert (await browser.call("GET", "/api/institutions/NOWHERE")).status == 404


async def test_destinations_are_ones_own(house: House) -> None:
    """Whoever has no agreement is offered nobody; the promise is the catalogue's deadline."""
    asked = "/api/destinations?service=imaging"
    mine = await (await (await house.signed_in("requester")).call("GET", asked)).json()
    assert [d["institution"]["id"] for d in mine["items"]] == ["HUB"]
    minutes = mine["items"][0]["typical_minutes"]
    assert minutes["stat"] < minutes["urgent"] < minutes["routine"]
    theirs = await (await (await house.signed_in("rival")).call("GET", asked)).json()
    assert theirs["items"] == []
    assert (await (await house.signed_in("regulator")).call("GET", asked)).status == 403


# --- starting ---------------------------------------------------------------------------------

OPEN = {"host": "0.0.0.0", "secret": "s" * 32, "public_url": "https://telemed.example"}


@pytest.mark.parametrize(
    ("changed", "demo", "word"),
    [
        ({}, False, None),
        ({}, True, "demo"),
        ({"demo": True}, False, "demo"),
        ({"secret": ""}, False, "secret"),
        ({"secret": "s" * 31}, False, "secret"),
        ({"public_url": ""}, False, "https"),
        ({"public_url": "http://telemed.example"}, False, "https"),
        ({"public_url": "https://"}, False, "https"),
        ({"host": "192.0.2.1", "public_url": ""}, False, "https"),
        ({"host": "::", "secret": ""}, False, "secret"),
        ({"host": "127.0.0.1", "secret": ""}, False, "secret"),
        ({"host": "127.0.0.1"}, True, "demo"),
        ({"host": "127.0.0.1", "secret": "", "public_url": ""}, True, None),
        ({"host": "::1", "secret": "", "public_url": "http://localhost:8042"}, True, None),
        ({"host": "localhost", "secret": "", "public_url": ""}, True, None),
        ({"host": "::1", "public_url": "", "redis_url": "redis://h", "secret": ""}, False, "Redis"),
        (
            {"host": "::1", "public_url": "", "redis_url": "redis://h", "secret": "s" * 31},
            False,
            "Redis",
        ),
        ({"host": "::1", "public_url": "", "redis_url": "redis://h"}, False, None),
        ({"host": "127.0.0.1.evil.example", "secret": ""}, False, "secret"),
    ],
    ids=str,
)
def test_an_insecure_start_is_refused_with_a_reason(
    changed: dict[str, Any], demo: bool, word: str | None
) -> None:
    """Beyond this machine: no published password, a real secret, https; a secret also where a
    Redis holds what is keyed with it (AU-14)."""
    why = origins.refuse_to_start(Settings(**{**OPEN, **changed}), demo)
    assert (why is None) if word is None else (why is not None and word in why)


def test_a_public_server_has_host_bound_cookies_and_one_origin() -> None:
    """With https the cookie's name forbids another host to set it; loopback names are no origin."""
    public = Settings(host="0.0.0.0", secret="s" * 32, public_url="https://telemed.example")
    assert auth.cookie_name(public) == "__Host-telemed"
    assert origins.own_origins(public) == {"https://telemed.example"}
    assert auth.cookie_name(Settings()) == "telemed"


def test_every_error_has_a_status() -> None:
    """The two tables name the same codes."""
    assert set(ERRORS) == set(STATUS)


def test_a_look_at_a_study_is_one_look_for_ten_minutes() -> None:
    """Hundreds of calls are one audited look; another session, study or time is another."""
    now = datetime(2026, 3, 5, tzinfo=UTC)
    looks = Looks()
    assert [looks.is_new("s1", "st1", now) for _ in range(3)] == [True, False, False]
    assert looks.is_new("s2", "st1", now) and looks.is_new("s1", "st2", now)
    assert not looks.is_new("s1", "st1", now + timedelta(minutes=9, seconds=59))
    assert looks.is_new("s1", "st1", now + timedelta(minutes=10))
    looks.forget("s1", "st1")
    assert looks.is_new("s1", "st1", now + timedelta(minutes=11))


@pytest.mark.parametrize(("username", "lines"), [("requester", 0), ("reader", 1)])
async def test_looking_at_anothers_study_is_audited(
    house: House, username: str, lines: int
) -> None:
    """The owner's own looks are not news; another institution's are, with the study and owner."""
    subject = acts.subject_of({**_account(username, PEOPLE[username])})
    app = make_app(house.services)
    request = make_mocked_request("GET", "/", app=app)
    for _ in range(3):
        await auth.note_look(request, house.services, subject, "study-1", "LS")
    events = house.events(audit.Event.INSTANCES_ACCESSED)
    assert [(e["account_id"], e["object_id"], e["detail"]) for e in events] == [
        (username, "study-1", {"owner": "LS"})
    ] * lines


@pytest.mark.parametrize(
    ("origin", "status"),
    [("own", 101), ("localhost", 101), (None, 403), ("https://evil.example", 403), ("null", 403)],
)
async def test_a_socket_needs_our_origin(house: House, origin: str | None, status: int) -> None:
    """A foreign page with the person's cookie gets no socket (WS-01)."""
    browser = await house.signed_in("reader")
    local = f"http://localhost:{house.services.settings.port}"
    known = {"own": house.base, "localhost": local}
    headers = {} if origin is None else {"Origin": known.get(origin, origin)}
    try:
        socket = await browser.http.ws_connect(f"{house.base}/live?since=0", headers=headers)
    except WSServerHandshakeError as refused:
        assert refused.status == status
    else:
        assert status == 101
        await socket.close()


# --- remembered callers -----------------------------------------------------------------------


async def test_a_caller_is_looked_up_once_until_anybody_commits(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls in a row read no account; a right that was taken by another process is gone at once."""
    browser = await house.signed_in("reader")
    lookups: list[str] = []
    by_id = accounts.by_id

    def counted(tx: Tx, account_id: str) -> Row | None:
        lookups.append(account_id)
        return by_id(tx, account_id)

    await browser.call("GET", "/api/catalogue")
    monkeypatch.setattr(accounts, "by_id", counted)
    for _ in range(3):
        assert (await browser.call("GET", "/api/catalogue")).status == 200
    assert lookups == []
    elsewhere = Store(house.services.settings.database)
    disabled = sa.update(t.accounts).where(t.accounts.c.username == "reader").values(disabled=True)
    elsewhere.write_now(lambda tx: tx.execute(disabled))
    elsewhere.close()
    assert (await browser.call("GET", "/api/catalogue")).status == 401


async def test_a_remembered_caller_still_runs_out_of_time(house: House) -> None:
    """Neither the idle time nor a token's end is stretched by what is remembered."""
    browser = await house.signed_in("reader")
    plain = await house.token("reader")
    bearer = {"Authorization": f"Bearer {plain}"}
    stranger = house.browser()
    assert (await browser.call("GET", "/api/catalogue")).status == 200
    assert (await stranger.raw("GET", "/api/catalogue", headers=bearer)).status == 200
    house.clock.pass_(days=1)
    assert (await browser.call("GET", "/api/catalogue")).status == 401
    assert (await stranger.raw("GET", "/api/catalogue", headers=bearer)).status == 401
    both = {**bearer, "Cookie": f"telemed={(await house.signed_in('reader')).cookie()}"}
    assert (await stranger.raw("GET", "/api/catalogue", headers=both)).status == 401
