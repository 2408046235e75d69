"""The doctor asks a real coturn and a real Janus, and tells their faults apart."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from telemed.operations import conference_checks
from telemed.operations.checkup import Finding, Verdict
from telemed.operations.conference_checks import Way, is_hidden, way_of
from tests.janus_server import SECRET as JANUS_SECRET
from tests.janus_server import JanusServer, running_janus
from tests.operations.patient import Patient, healthy
from tests.services import free_port, wait_until
from tests.turn_server import SECRET, Turn, running_turn

OK, INFO, WARN, FAIL = Verdict


@pytest.fixture(scope="module")
def model(world_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Patient:
    """In good health, and not to be changed."""
    return healthy(world_template, tmp_path_factory.mktemp("conference"))


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Turn]:
    """A TURN server by UDP and TCP."""
    with running_turn(tmp_path_factory.mktemp("turn")) as running:
        yield running


def both(port: int) -> list[str]:
    """The addresses of a server on this machine."""
    return [f"turn:127.0.0.1:{port}?transport={by}" for by in ("udp", "tcp")]


def test_a_turn_server_gives_a_relay_and_gets_it_back(model: Patient, turn: Turn) -> None:
    """By UDP and by TCP, with a pass as pages are given; none is left behind."""
    found = model.look("turn", turn_urls=both(turn.port), turn_secret=SECRET)
    assert found.verdict is OK, found
    assert all(url in found.fact.en for url in both(turn.port))
    for done in ("ALLOCATE", "REFRESH"):
        wait_until(lambda d=done: turn.said().count(f"{d} processed, success") == 2, done)  # type: ignore[misc]


def test_a_pass_that_is_refused_is_told_apart_from_silence(
    model: Patient, turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another secret is refused, a closed port does not answer, and one way of several that is
    shut is a warning."""
    other = model.look("turn", turn_urls=both(turn.port), turn_secret="another secret")
    assert other.verdict is FAIL and "refuses our pass" in other.fact.en, other
    assert other.do and other.do.en.count("static-auth-secret") == 1
    urls = [both(turn.port)[0], both(free_port())[1]]
    some = model.look("turn", turn_urls=urls, turn_secret=SECRET)
    assert some.verdict is WARN and urls[0] not in some.fact.en and urls[1] in some.fact.en, some
    monkeypatch.setattr(conference_checks, "PATIENCE", 1.0)  # for who says nothing at all
    away = model.look("turn", turn_urls=both(free_port()), turn_secret=SECRET)
    assert away.verdict is FAIL and away.fact.en.count("does not answer") == 2, away
    by_tls = [f"turns:127.0.0.1:{turn.port}"]
    plain = model.look("turn", turn_urls=by_tls, turn_secret=SECRET)
    assert plain.verdict is FAIL, plain


def test_a_pass_by_a_wrong_clock_is_refused(model: Patient, turn: Turn) -> None:
    """A pass that has ended when it is made: the clocks differ by more than turn_minutes."""
    at = model.deployment(turn_urls=both(turn.port)[:1], turn_secret=SECRET)
    at.clock = lambda: datetime.now(UTC) - timedelta(days=2)
    found = conference_checks.relays(at)
    assert found.verdict is FAIL and "refuses our pass" in found.fact.en
    assert found.do and "clocks" in found.do.en


@pytest.mark.parametrize(
    ("settings", "verdict", "word"),
    [
        ({}, INFO, "no TURN server"),
        ({"turn_only": True}, FAIL, "turn_only"),
        ({"turn_urls": ["turn:turn.example.cn"]}, FAIL, "no turn_secret"),
        ({"turn_urls": ["https://turn.example.cn"], "turn_secret": "s"}, FAIL, "no address"),
        ({"turn_urls": ["stun:turn.example.cn"], "turn_secret": "s"}, FAIL, "only stun:"),
        ({"turn_urls": ["turn:turn.invalid:3478"], "turn_secret": "s"}, FAIL, "name is unknown"),
    ],
)
def test_settings_that_give_no_relay(
    model: Patient, settings: dict[str, object], verdict: Verdict, word: str
) -> None:
    """Each is named without anybody being asked."""
    found = model.look("turn", **settings)
    assert found.verdict is verdict and word in found.fact.en, found


def test_addresses_are_read_as_browsers_read_them() -> None:
    """RFC 7065: the port and the way have defaults, by whether it is secure."""

    def read(url: str) -> tuple[str, int, str, bool] | None:
        way = way_of(url)
        return None if way is None else (way.host, way.port, way.by, way.tls)

    assert read("turn:t.example.cn") == ("t.example.cn", 3478, "udp", False)
    assert read("turn:t.example.cn:443?transport=tcp") == ("t.example.cn", 443, "tcp", False)
    assert read("turns:t.example.cn") == ("t.example.cn", 5349, "tcp", True)
    assert read("turns:[2001:db8::1]:443?transport=tcp") == ("2001:db8::1", 443, "tcp", True)
    for url in ("turn:", "turn://t.example.cn", "turn:t.example.cn?transport=sctp", "stun:t",
                "turn:t.example.cn:", "turns:t.example.cn?transport=udp", "turn:a b"):  # fmt: skip
        assert read(url) is None, url


def test_a_relay_that_only_the_inner_network_reaches_is_a_warning() -> None:
    """A server reached by an outer address that gives out an inner one lacks external-ip."""
    assert is_hidden("203.0.113.7", "10.1.2.3") is False, "a documentation address is not outer"
    assert is_hidden("8.8.8.8", "10.1.2.3") is True
    assert is_hidden("8.8.8.8", "8.8.8.8") is False
    assert is_hidden("10.1.2.3", "10.1.2.3") is False, "all of it is within one network"
    way = Way("turn:8.8.8.8", "8.8.8.8", 3478, "udp", False)
    found = conference_checks._of_relays([conference_checks.Tried(way, ("10.1.2.3", 50000))])
    assert found.verdict is WARN and found.do and "external-ip" in found.do.en


# --- Janus ------------------------------------------------------------------------------------


def told(server: JanusServer, model: Patient, secret: str = JANUS_SECRET) -> Finding:
    """What is found of it."""
    return model.look("media-server", janus_url=server.url, janus_secret=secret)


def test_janus_is_asked_and_its_faults_are_told_apart(model: Patient, tmp_path: Path) -> None:
    """Well as it is shipped; a wrong secret, none at all, no VideoRoom, rooms by numbers, away."""
    with running_janus(tmp_path / "janus") as server:
        well = told(server, model)
        assert well.verdict is OK and "answers to the secret" in well.fact.en, well
        other = told(server, model, "guessed")
        assert other.verdict is FAIL and "refuses janus_secret" in other.fact.en, other
        config = tmp_path / "janus" / "janus"
        for name, written, instead, word in (
            ("janus.plugin.videoroom.jcfg", "string_ids = true", "string_ids = false", "words"),
            ("janus.jcfg", f'api_secret = "{JANUS_SECRET}"', "", "asks for no secret"),
            ("janus.jcfg", 'disable = "', 'disable = "libjanus_videoroom.so,', "no VideoRoom"),
        ):
            text = (config / name).read_text("utf-8")
            assert written in text
            server.stop()
            (config / name).write_text(text.replace(written, instead, 1), "utf-8")
            server.restart()
            found = told(server, model)
            assert found.verdict is FAIL and word in found.fact.en, (word, found)
            (config / name).write_text(text, "utf-8")
    away = told(server, model)
    assert away.verdict is FAIL and "does not answer" in away.fact.en, away


def test_settings_of_the_media_server(model: Patient) -> None:
    """None is worth knowing; half of them is a fault."""
    none = model.look("media-server")
    assert none.verdict is INFO and "above 4 members" in none.fact.en
    for half in ({"janus_url": "ws://127.0.0.1:9"},
                 {"janus_url": "http://127.0.0.1:9", "janus_secret": "s"}):  # fmt: skip
        assert model.look("media-server", **half).verdict is FAIL
