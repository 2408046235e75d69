"""The world of `fanout.py`: a hospital with thousands of accounts, a case that comes and goes."""

import http.client
from collections.abc import Callable
from pathlib import Path

import orjson

from telemed.store.engine import Store
from tests import world
from tests.crash.rig import own_study

EVENT_READER = "hub-reader"
_FAN = "fan-{}"


def cookie_of(number: int) -> str:
    """The session of the account behind a socket."""
    return f"telemed={world.session_of(_FAN.format(number))}"


def build(folder: Path, accounts: int) -> "Case":
    """The small world of the tests with so many more accounts at the hospital that is asked."""
    folder.mkdir()
    world.build(folder)
    store = Store(f"sqlite:///{folder / 'telemed.sqlite3'}")
    try:
        for first in range(0, accounts, 1000):
            some = range(first, min(first + 1000, accounts))
            store.write_now(
                lambda tx, numbers=some: [
                    world.add_account(tx, _FAN.format(n), ["reader"], "hub", None) for n in numbers
                ]
            )
    finally:
        store.close()
    return Case(folder)


class Case:
    """A case that one reader takes and gives back: each turn is one fact for both hospitals."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._id = ""
        self._taken = False
        self._line: http.client.HTTPConnection | None = None

    def open(self, port: int) -> None:
        """Send it as the county does."""
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        study, patient = own_study(self._folder)
        asked = {"service": "imaging", "urgency": "routine"}
        made = self._call("county-requester", "POST", "/api/requests", asked)
        self._id = str(made["id"])
        path = f"/api/requests/{self._id}"
        body = {
            "version": made["version"],
            "provider_id": "hub",
            "patient_ref": patient,
            "content": world.CONTENT["imaging"],
            "consent": world.consent("hub"),
            "study_ids": [study],
        }
        self._call("county-requester", "PATCH", path, body)
        self._call("county-requester", "POST", f"{path}/submit", {})

    def turn(self) -> tuple[bytes, Callable[[], object]]:
        """Ask to take it or to give it back; what the message of it has in it, and how to wait for
        the answer."""
        verb, kind = ("release", b"workitem.released") if self._taken else (
            "claim", b"workitem.claimed")  # fmt: skip
        body = {"reason": "called-away"} if self._taken else {}
        self._taken = not self._taken
        self._ask(EVENT_READER, "POST", f"/api/requests/{self._id}/{verb}", body)
        return kind, self._answer

    def _call(self, who: str, method: str, path: str, body: object) -> dict[str, object]:
        self._ask(who, method, path, body)
        return self._answer()

    def _ask(self, who: str, method: str, path: str, body: object) -> None:
        assert self._line is not None
        headers = {
            "Origin": f"http://127.0.0.1:{self._line.port}",
            "Cookie": f"telemed={world.session_of(who)}",
            "X-CSRF-Token": world.csrf_of(who),
            "Content-Type": "application/json",
        }
        self._line.request(method, path, orjson.dumps(body), headers)

    def _answer(self) -> dict[str, object]:
        assert self._line is not None
        answer = self._line.getresponse()
        told = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{answer.status} {told[:300]!r}")
        found: dict[str, object] = orjson.loads(told)
        return found
