"""The doctor asks real mail servers and gateways, tells their faults apart, writes to nobody."""

import shutil
import sqlite3
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from telemed.core.signed_call import HEADER, is_signed
from telemed.operations.checkup import Verdict
from telemed.store import push_key
from tests.operations.patient import Patient, healthy
from tests.operations.test_doctor import self_signed
from tests.services import free_port

OK, INFO, WARN, FAIL = Verdict
SECRET = "a-secret-of-both-sides"


@pytest.fixture(scope="module")
def model(world_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Patient:
    """In good health, and not to be changed."""
    return healthy(world_template, tmp_path_factory.mktemp("channels"))


class Post:
    """A mail server that keeps what it was told, and takes one sender."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        self.said.append(f"MAIL {address} {'TLS' if session.ssl else 'plain'}")
        if not address.startswith("notice@"):
            return "553 5.7.1 not your address"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        self.said.append("RCPT")
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.said.append("DATA")
        return "250 OK"


@contextmanager
def post_office(certificate: Path | None) -> Iterator[tuple[Post, dict[str, Any]]]:
    """A mail server that asks for a sign-in, by STARTTLS if it has a certificate; the settings."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    def signs_in(server: Any, session: Any, envelope: Any, way: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data.password == b"right", handled=False)

    handler = Post()
    controller = Controller(
        handler, hostname="127.0.0.1", port=free_port(), tls_context=context,
        require_starttls=context is not None, authenticator=signs_in,
        auth_required=context is not None, auth_require_tls=context is not None,
    )  # fmt: skip
    controller.start()
    try:
        yield (
            handler,
            {
                "smtp_host": "localhost",
                "smtp_port": controller.port,
                "smtp_security": "starttls" if context else "none",
                "smtp_user": "notice",
                "smtp_password": "right",
                "mail_from": "notice@telemed.example",
            },
        )
    finally:
        controller.stop()


def test_a_mail_server_is_signed_in_to_and_nothing_is_sent(
    model: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By TLS with a certificate that is trusted: the sender is named, and no recipient."""
    certificate = self_signed(tmp_path, "localhost", 30)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with post_office(certificate) as (post, settings):
        assert model.look("mail", **settings).verdict is OK
        assert post.said == ["MAIL notice@telemed.example TLS"]
        wrong = model.look("mail", **{**settings, "smtp_password": "wrong"})
        assert wrong.verdict is FAIL and "refuses the sign-in" in wrong.fact.en
        other = model.look("mail", **{**settings, "mail_from": "boss@telemed.example"})
        assert other.verdict is FAIL and "does not take our sender" in other.fact.en
        assert "RCPT" not in post.said and "DATA" not in post.said


@pytest.mark.parametrize(
    ("security", "word"), [("starttls", "TLS"), ("tls", "TLS"), ("none", "in the clear")]
)
def test_a_mail_server_without_tls_is_told_apart(model: Patient, security: str, word: str) -> None:
    """One that has none fails what asks for it; a password in the clear is a warning."""
    with post_office(None) as (_, settings):
        found = model.look("mail", **{**settings, "smtp_security": security})
    assert found.verdict is (WARN if security == "none" else FAIL)
    assert word in found.fact.en, found


def test_a_certificate_that_is_not_trusted_and_a_server_that_is_away(
    model: Patient, tmp_path: Path
) -> None:
    """Both fail, and their words differ."""
    with post_office(self_signed(tmp_path, "localhost", 30)) as (post, settings):
        found = model.look("mail", **settings)
        assert found.verdict is FAIL and "by TLS" in found.fact.en, found
        assert post.said == []
    away = model.look("mail", **settings)
    assert away.verdict is FAIL and "cannot be used" in away.fact.en, away


class _Answers(BaseHTTPRequestHandler):
    """A gateway that knows pings and signatures, or answers as told."""

    status = 0
    bodies: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.append(body)
        ours = is_signed(SECRET, "1", self.headers[HEADER], body, datetime.now(UTC).timestamp())
        self.send_response(self.status or (204 if ours else 401))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@contextmanager
def gateway(status: int = 0) -> Iterator[tuple[list[bytes], dict[str, Any]]]:
    """A gateway, what it was sent, and the settings."""
    handler = type("Answers", (_Answers,), {"status": status, "bodies": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield (
            handler.bodies,
            {  # type: ignore[attr-defined]
                "webhook_url": f"http://localhost:{server.server_port}/notices",
                "webhook_secret": SECRET,
                "outbound_networks": ["127.0.0.0/8", "::1/128"],
            },
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_gateway_is_pinged_with_a_signature_and_nobody_s_number(model: Patient) -> None:
    """It answers; it refuses another secret; without a network of one's own it is not called."""
    with gateway() as (bodies, settings):
        assert model.look("webhook", **settings).verdict is OK
        assert bodies == [b'{"ping":true}']
        found = model.look("webhook", **{**settings, "webhook_secret": "another"})
        assert found.verdict is FAIL and "signature" in found.fact.en
        found = model.look("webhook", **{**settings, "outbound_networks": ["10.0.0.0/8"]})
        assert found.verdict is FAIL and "must not be called: address" in found.fact.en
        assert len(bodies) == 2
    away = model.look("webhook", **settings)
    assert away.verdict is FAIL and "cannot be reached" in away.fact.en


@pytest.mark.parametrize(
    ("status", "expected"), [(422, INFO), (404, INFO), (302, FAIL), (500, FAIL)]
)
def test_a_gateway_that_knows_no_ping_is_reached_all_the_same(
    model: Patient, status: int, expected: Verdict
) -> None:
    """What it says decides: unproven is not well, and not ill."""
    with gateway(status) as (_, settings):
        assert model.look("webhook", **settings).verdict is expected


def test_the_key_of_pushes(model: Patient, tmp_path: Path) -> None:
    """Made at the first start; a browser that subscribed to one that is gone hears nothing."""
    patient = Patient(shutil.copytree(model.data, tmp_path / "data"), model.settings)
    on = {"push_contact": "mailto:admin@telemed.example"}
    assert patient.look("push-key").verdict is OK
    assert patient.look("push-key", **on).verdict is INFO
    patient.sql(
        "INSERT INTO push_subscriptions (id, account_id, endpoint, p256dh, auth, created_at)"
        " SELECT 'p', min(id), 'https://push.example/1', 'k', 'a', '2026-03-01 00:00:00'"
        " FROM accounts"
    )
    gone = patient.look("push-key", **on)
    assert gone.verdict is FAIL and "1 browsers" in gone.fact.en
    file = patient.data / "push.key"
    push_key.load(file)
    assert patient.look("push-key", **on).verdict is OK
    file.chmod(0o644)
    assert patient.look("push-key", **on).verdict is WARN
    file.write_text("not a key")
    assert patient.look("push-key", **on).verdict is FAIL


def test_what_waits_and_what_was_given_up(model: Patient, tmp_path: Path) -> None:
    """A notice that does not go out is a failure, one that was given up today a warning."""
    patient = Patient(shutil.copytree(model.data, tmp_path / "data"), model.settings)
    assert patient.look("notices").verdict is INFO
    assert patient.look("notices", **{"push_contact": "mailto:a@b.example"}).verdict is INFO
    assert patient.look("notices-out").verdict is OK
    now = datetime.now(UTC)

    def delivery(key: str, state: str, minutes: float, after: float) -> str:
        made, then = now - timedelta(minutes=minutes), now + timedelta(minutes=after)
        due = f"'{then:%Y-%m-%d %H:%M:%S.%f}'" if state == "waiting" else "NULL"
        return (
            "INSERT INTO deliveries (id, notice_id, channel, state, attempts, next_at, created_at,"
            f" changed_at, why) VALUES ('{key}', '{key}', 'sms', '{state}', 0, {due},"
            f" '{made:%Y-%m-%d %H:%M:%S.%f}', '{made:%Y-%m-%d %H:%M:%S.%f}', '')"
        )

    def put(*deliveries: str) -> None:
        # Without their notices, which nothing here looks at.
        with sqlite3.connect(patient.data / "telemed.sqlite3") as line:
            for each in deliveries:
                line.execute(each)
        line.close()

    put(delivery("quiet", "waiting", 300, 60), delivery("old", "failed", 3000, 0))
    assert patient.look("notices-out").verdict is OK, "held back, and long ago"
    put(delivery("lost", "failed", 60, 0))
    lost = patient.look("notices-out")
    assert lost.verdict is WARN and "sms 1" in lost.fact.en
    put(delivery("stuck", "waiting", 30, -20))
    stuck = patient.look("notices-out")
    assert stuck.verdict is FAIL and "sms 20 min" in stuck.fact.en
