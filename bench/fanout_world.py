"""The worlds of `fanout.py` and `fanout_mix.py`: hospitals with thousands of accounts, and cases
that come and go."""

import http.client
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import orjson

from telemed.store.engine import Store
from telemed.store.tx import Tx
from tests import world
from tests.crash.rig import own_study

EVENT_READER = "hub-reader"
_FAN = "fan-{}"
_CALLED_AWAY = {"reason": "called-away"}


def cookie_of(number: int) -> str:
    """The session of the account behind a socket."""
    return f"telemed={world.session_of(_FAN.format(number))}"


def build(folder: Path, accounts: int) -> "Case":
    """The small world of the tests with so many more accounts at the hospital that is asked."""
    _build(folder)
    for first in range(0, accounts, 1000):
        some = range(first, min(first + 1000, accounts))

        def add(tx: Tx, numbers: range = some) -> None:
            for number in numbers:
                world.add_account(tx, _FAN.format(number), ["reader"], "hub", None)

        _write(folder, add)
    return Case(folder)


def build_many(folder: Path, providers: int, readers: int, requesters: int) -> list["Case"]:
    """Hospitals with readers, all asked by one with requesters; a case each."""
    _build(folder)

    def add(tx: Tx) -> None:
        for number in range(providers):
            place = f"p{number}"
            world.add_place(tx, place, 100 + number, "450302", ["31", "32"])
            world.agree(tx, f"county-{place}", world.START + timedelta(days=900))
            for who in (f"{place}-{n}" for n in range(readers)):
                world.add_person(tx, who, place, ["32"], date(2010, 7, 1))
                world.add_account(tx, who, ["reader"], place, who)
        for number in range(requesters):
            world.add_account(tx, f"county-{number}", ["requester"], "county", None)

    _write(folder, add)
    return [Case(folder, f"p{number}", f"p{number}-0") for number in range(providers)]


def _build(folder: Path) -> None:
    folder.mkdir()
    world.build(folder)


def _write(folder: Path, do: Callable[[Tx], None]) -> None:
    store = Store(f"sqlite:///{folder / 'telemed.sqlite3'}")
    try:
        store.write_now(do)
    finally:
        store.close()


def headers_of(who: str, port: int) -> dict[str, str]:
    """Who is calling, and from which page."""
    return {
        "Origin": f"http://127.0.0.1:{port}",
        "Cookie": f"telemed={world.session_of(who)}",
        "X-CSRF-Token": world.csrf_of(who),
        "Content-Type": "application/json",
    }


class Case:
    """A case that one reader takes and gives back: each turn is one fact for both hospitals."""

    def __init__(self, folder: Path, provider: str = "hub", reader: str = EVENT_READER) -> None:
        self._folder = folder
        self._provider = provider
        self.reader = reader
        self.id = ""
        self._taken = False
        self._line: http.client.HTTPConnection | None = None

    def open(self, port: int) -> None:
        """Send it as the county does."""
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        study, patient = own_study(self._folder)
        asked = {"service": "imaging", "urgency": "routine"}
        made = self._call("county-requester", "POST", "/api/requests", asked)
        self.id = str(made["id"])
        path = f"/api/requests/{self.id}"
        body = {
            "version": made["version"],
            "provider_id": self._provider,
            "patient_ref": patient,
            "content": world.CONTENT["imaging"],
            "consent": world.consent(self._provider),
            "study_ids": [study],
        }
        self._call("county-requester", "PATCH", path, body)
        self._call("county-requester", "POST", f"{path}/submit", {})

    def turn(self) -> tuple[bytes, Callable[[], object]]:
        """Ask to take it or to give it back; what the message of it has in it, and how to wait for
        the answer."""
        path, body, kind = self.next_turn()
        self._ask(self.reader, "POST", path, body)
        return kind, self._answer

    @property
    def taken(self) -> bool:
        """Whether its reader has it after the turns so far."""
        return self._taken

    def give_back(self) -> None:
        """Give back what somebody who took turns elsewhere left taken."""
        assert self._line is not None
        self._line.close()  # a server has given it up by now; the next call connects anew
        self._call(self.reader, "POST", f"/api/requests/{self.id}/release", _CALLED_AWAY)

    def next_turn(self) -> tuple[str, dict[str, str], bytes]:
        """Path and body of the next turn, and the kind of its fact."""
        self._taken = not self._taken
        path = f"/api/requests/{self.id}"
        if self._taken:
            return f"{path}/claim", {}, b"workitem.claimed"
        return f"{path}/release", _CALLED_AWAY, b"workitem.released"

    def _call(self, who: str, method: str, path: str, body: object) -> dict[str, object]:
        self._ask(who, method, path, body)
        return self._answer()

    def _ask(self, who: str, method: str, path: str, body: object) -> None:
        assert self._line is not None
        self._line.request(method, path, orjson.dumps(body), headers_of(who, self._line.port))

    def _answer(self) -> dict[str, object]:
        assert self._line is not None
        answer = self._line.getresponse()
        told = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{answer.status} {told[:300]!r}")
        found: dict[str, object] = orjson.loads(told)
        return found
