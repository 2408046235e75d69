"""The servers that carry pictures and voices, for real: coturn with passes of ours, and Janus."""

import asyncio
import base64
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from telemed.core.turn import turn_pass
from telemed.server import janus as janus_line
from telemed.server.janus import Janus
from telemed.server.media import NoMedia, NotSending
from telemed.settings import ROOT
from tests.janus_server import SECRET as JANUS_SECRET
from tests.janus_server import JanusServer, running_janus
from tests.turn_server import SECRET, Turn, own_address, running_turn

PATIENCE = 20.0
OFFER = (ROOT / "tests" / "server" / "offer.sdp").read_text("utf-8").replace("\n", "\r\n")
"""What a Chromium offers to send: a voice, a camera, a screen."""


def uses(turn: Turn, username: str, password: str) -> bool:
    """Whether coturn's own client gets bytes through a relay and back with these."""
    client = shutil.which("turnutils_uclient")
    assert client is not None
    done = subprocess.run(
        [client, "-t", "-y", "-c", "-n", "2", "-m", "1", "-u", username, "-w", password,
         "-p", str(turn.port), "-L", "127.0.0.1", "-e", own_address(), "127.0.0.1"],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    said = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
    return re.search(r"Total lost packets 0 ", said) is not None and "Cannot" not in said


def test_a_turn_server_takes_our_passes_and_no_others(tmp_path: Path) -> None:
    """Not one that has ended, that was made for less time, by another secret, or by nobody."""
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    good = turn_pass(SECRET, "label", now, hour)
    ended = turn_pass(SECRET, "label", now - hour, timedelta(minutes=1))
    foreign = turn_pass("another secret", "label", now, hour)
    later = f"{int((now + 48 * hour).timestamp())}:label"
    nonsense = base64.b64encode(b"x" * 20).decode()
    with running_turn(tmp_path / "turn") as turn:
        assert uses(turn, good.username, good.credential)
        for username, password in (
            (ended.username, ended.credential),
            (foreign.username, foreign.credential),
            (later, good.credential),
            (good.username, nonsense),
        ):
            assert not uses(turn, username, password), username


async def until(ready: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(PATIENCE):
        while not ready():
            await asyncio.sleep(0.05)


async def test_janus_takes_what_a_member_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An offer of three lines is answered; a member is in a room once, over all processes of ours;
    with a wrong key there is no line at all. That it passes pictures on is seen in
    tests/journeys/test_conference.py."""
    monkeypatch.setattr(janus_line, "ANSWER_SECONDS", 5.0)
    with running_janus(tmp_path / "janus") as server:
        here, there = (Janus(server.url, JANUS_SECRET) for _ in range(2))
        stranger = Janus(server.url, "guessed")
        for line in (here, there, stranger):
            await line.start()
        try:
            for line in (here, there):
                await until(lambda line=line: line._session is not None)  # type: ignore[misc]
            with pytest.raises(NotSending):
                await there.subscribe("room", "b", "a")
            answer = await here.publish("room", "a", OFFER)
            assert answer.count("m=") == 3 and "a=recvonly" in answer
            with pytest.raises(NotSending):  # its line is agreed on, and nothing comes yet
                await there.subscribe("room", "b", "a")
            with pytest.raises(NotSending):
                await there.accept("room", "b", "nobody", "v=0")
            with pytest.raises(NotSending):
                await there.pictures("room", "b", "a", False)
            with pytest.raises(NoMedia):
                await there.publish("room", "b", "no description at all")
            await there.leave("room", "b")
            for _ in range(10):  # again, after a lost line
                await here.publish("room", "a", OFFER)
            with pytest.raises(NoMedia):  # whoever is in the room by another process is no other
                await there.publish("room", "a", OFFER)
            await here.leave("room", "a")
            assert "m=audio" in await there.publish("room", "a", OFFER)
            await _moves_and_ends(there, here)
            with pytest.raises(NoMedia):
                await stranger.publish("room", "c", OFFER)
            await _comes_back(server, here)
        finally:
            for line in (here, there, stranger):
                await line.stop()


async def _moves_and_ends(here: Janus, there: Janus) -> None:
    """A member goes from one process to the other and back, at once; the last takes the room."""
    for _ in range(5):
        for one, next_one in ((here, there), (there, here)):
            await one.leave("room", "a")
            assert "m=audio" in await next_one.publish("room", "a", OFFER)
    await here.leave("room", "a")
    handle = await here._attach()
    told = await here._ask(handle, {"request": "create", "room": "room"})
    assert told["plugindata"]["data"]["videoroom"] == "created"


async def _comes_back(server: JanusServer, line: Janus) -> None:
    """While Janus is away every call is refused; when it is back they work again."""
    server.stop()
    await until(lambda: line._session is None)
    with pytest.raises(NoMedia):
        await line.publish("room", "a", OFFER)
    server.start()
    await until(lambda: line._session is not None)
    assert "m=audio" in await line.publish("room", "a", OFFER)
