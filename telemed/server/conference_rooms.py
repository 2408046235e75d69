"""Conferences on the live sockets of this process: who is in which, and what they say there.

A page enters by its socket and is asked for a sign of life every few seconds; whoever does not
answer has lost their line, since a pulled cable hangs up nowhere. What a member says goes to
members of the same conference and to nobody else, with the sender's name set here. Members are
rows of the database; after each fact about a conference they are read again, and so is who may
still be in it. Carries ids and codes; what is relayed is the members' own and is kept nowhere.
"""

import asyncio
import logging
from collections import Counter as Tally
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy.exc import SQLAlchemyError

from telemed.actions import conferences as acts
from telemed.actions.act import Act
from telemed.actions.conferences import FLAGS, Place
from telemed.actions.worklist import SYSTEM
from telemed.core.access import Subject
from telemed.core.activity import Activity
from telemed.core.conference import OF_WATCHERS, RELAYED, Pace, State
from telemed.core.conference_rules import Mode
from telemed.core.errors import Problem
from telemed.server.media import NoMedia, NotSending
from telemed.server.problems import shape
from telemed.server.readers import Reader, frame
from telemed.server.services import Services
from telemed.store import conferences
from telemed.store.tx import Row

log = logging.getLogger(__name__)
BEAT_SECONDS: Final = 3.0
SILENT_SECONDS: Final = 8.0
"""Without a sign of life for so long a line is lost: two beats and a slow answer."""
KEEP_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 1.0
ABOUT: Final = ("conference", "appointment")
"""First words of the kinds of facts after which members are read again."""
_LONGEST_ID: Final = 64
_OUT: Final = {"conference-closed": "closed", "only-watches": "other-standing"}
"""Why somebody is shown out, by the code of what they would be refused with."""
_SHOWN: Final = ("id", "person_id", "institution_id", "state", "mode", "page", "watches")


@dataclass(slots=True, eq=False)
class Seat:
    """A socket in a conference."""

    reader: Reader
    place: Place
    subject: Subject
    """Whose right to be here was checked last."""
    heard: float
    heard_at: datetime
    pace: Pace = field(default_factory=Pace)
    state_pace: Pace = field(default_factory=lambda: Pace(burst=20, rate=2, left=20))
    lost: bool = False
    on_media: bool = False
    """Whether the media server was asked for anything."""
    media_turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    media_pace: Pace = field(default_factory=lambda: Pace(burst=80, rate=4, left=80))


@dataclass(slots=True)
class Room:
    """A conference of which this process has members."""

    seats: dict[str, Seat] = field(default_factory=dict)
    """By member."""
    members: frozenset[str] = frozenset()
    """Everybody who is in it or has a place kept, at whichever server."""
    looking: bool = False
    again: bool = False


def told(row: Row) -> dict[str, Any]:
    """A member as members are told: ids and codes."""
    flags = row["flags"]
    told = {**{key: flags.get(key) for key in FLAGS}, "streams": flags.get("streams", {})}
    return {**{key: row[key] for key in _SHOWN}, **told}


def way_of(services: Services, members: int) -> str:
    """How pictures and voices travel in a conference of which so many have been members.

    Those who left count, so that it never goes back and forth.
    """
    few = members <= services.catalogue.conference.peers_up_to
    return "peers" if services.media is None or few else "server"


class Rooms:
    """All conferences of this process's sockets."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._seats: dict[Reader, Seat] = {}
        self._rooms: dict[str, Room] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._kept = self._asked = 0.0
        self.refused: Callable[[str], None] = lambda what: None
        self.counted: Tally[str] = Tally()
        """What an operator is told of: how often, by a code of `measures`."""
        services.relay.heard = self._overheard

    # --- what a page says ---------------------------------------------------------------------

    async def hear(self, reader: Reader, body: dict[str, Any]) -> None:
        """Do what a page asks of its conference; a refusal is answered in the one error shape."""
        try:
            do = body.get("do")
            if do == "enter":
                await self._enter(reader, body)
            elif do == "here":
                await self._here(await self._seat(reader))
            elif do == "leave":
                await self._leave(await self._seat(reader))
            elif do == "state":
                await self._state(await self._seat(reader), body.get("state"))
            elif do == "media":
                self._begin(self._media(await self._seat(reader), body))
            elif do == "send":
                self._send(await self._seat(reader), body)
            else:
                raise Problem("invalid", detail="do")
        except Problem as problem:
            if problem.code == "too-many":
                self.refused("messages-of-conference")
            _say(reader, {"type": "error", "of": "conference", **shape(problem)})

    async def _seat(self, reader: Reader) -> Seat:
        """The socket's place; looked at again if its rights are not those it was let in by."""
        seat = self._seats.get(reader)
        if seat is not None and seat.subject != reader.subject:
            await self._see(seat.place.appointment_id)
            seat = self._seats.get(reader)
        if seat is None or reader.gone:
            raise Problem("not-found")
        return seat

    async def _enter(self, reader: Reader, body: dict[str, Any]) -> None:
        key, page = _text(body, "id"), _text(body, "page")
        mode = _mode(body.get("mode", Mode.VIDEO.value))
        if reader in self._seats:
            await self._leave(self._seats[reader])
        line, subject = self._services.new_id(), reader.subject
        place = await self._services.act(
            subject, lambda act: acts.enter(act, key, page, line, mode)
        )
        if reader.gone or reader.socket.closed:  # went while the place was being made
            await self._services.act(subject, lambda act: acts.drop(act, place, act.now))
            return
        now = asyncio.get_running_loop().time()
        seat = Seat(reader, place, subject, now, self._services.clock())
        self._take(seat)
        _say(reader, {**_event("entered", key), "me": place.member_id, "page": page})
        await self._look(key)

    def _take(self, seat: Seat) -> None:
        room = self._rooms.setdefault(seat.place.appointment_id, Room())
        before = room.seats.get(seat.place.member_id)
        if before is not None and before is not seat:
            self._seats.pop(before.reader, None)
            _say(
                before.reader, {**_event("closed", seat.place.appointment_id), "why": "other-page"}
            )
        room.seats[seat.place.member_id] = seat
        room.members |= {seat.place.member_id}
        self._seats[seat.reader] = seat

    async def _here(self, seat: Seat) -> None:
        seat.heard = asyncio.get_running_loop().time()
        seat.heard_at = self._services.clock()
        if seat.lost:
            seat.lost = False
            await self._services.act(seat.subject, lambda act: acts.come_back(act, seat.place))

    async def _leave(self, seat: Seat) -> None:
        self._forget(seat)
        _say(seat.reader, {**_event("closed", seat.place.appointment_id), "why": "left"})
        await self._services.act(seat.subject, lambda act: acts.leave(act, seat.place))

    async def _state(self, seat: Seat, state: object) -> None:
        if not isinstance(state, dict):
            raise Problem("invalid", detail="state")
        flags = {key: state[key] for key in FLAGS if key in state}
        streams = state.get("streams")
        if not (all(isinstance(value, bool) for value in flags.values()) and _is_streams(streams)):
            raise Problem("invalid", detail="state")
        if not seat.state_pace.take(asyncio.get_running_loop().time()):
            raise Problem("too-many", seconds=1)
        mode = _mode(state["mode"]) if "mode" in state else None
        key = seat.place.appointment_id
        await self._services.act(
            seat.subject,
            lambda act: acts.set_state(act, seat.place, flags, mode, streams),
            quiet=True,
        )
        self._services.relay.post(orjson.dumps({"room": key}))
        await self._look(key)

    def _send(self, seat: Seat, body: dict[str, Any]) -> None:
        kind, to, data = body.get("kind"), body.get("to"), body.get("data")
        if not isinstance(kind, str) or kind not in RELAYED:
            raise Problem("invalid", detail="kind")
        if seat.place.watches and kind not in OF_WATCHERS:
            raise Problem("only-watches")
        if not isinstance(data, dict) or len(raw := orjson.dumps(data)) > RELAYED[kind]:
            raise Problem("invalid", detail="data")
        room = self._rooms[seat.place.appointment_id]
        others = room.members - {seat.place.member_id}
        if to is not None and not (isinstance(to, str) and to in others):
            raise Problem("not-found")
        if not seat.pace.take(asyncio.get_running_loop().time()):
            raise Problem("too-many", seconds=1)
        said = {"from": seat.place.member_id, "to": to, "kind": kind, "data": orjson.Fragment(raw)}
        self.tell(seat.place.appointment_id, said)

    async def _media(self, seat: Seat, body: dict[str, Any]) -> None:
        """What a page asks of the media server; it answers when that has."""
        answer = {"op": body.get("op"), "member": body.get("member")}
        try:
            async with seat.media_turn:
                answer |= await self._asked_of_media(seat, body)
        except NotSending:
            answer["absent"] = True
        except NoMedia as fault:
            log.warning("the media server refuses: %s", fault)
            self.counted["media-failed"] += 1
            answer["failed"] = True
        except Problem as problem:
            _say(seat.reader, {"type": "error", "of": "conference", **shape(problem)})
            return
        _say(seat.reader, {**_event("media", seat.place.appointment_id), **answer})

    async def _asked_of_media(self, seat: Seat, body: dict[str, Any]) -> dict[str, str]:
        media, key, me = self._services.media, seat.place.appointment_id, seat.place.member_id
        if seat.place.watches and body.get("op") == "publish":
            raise Problem("only-watches")
        if not seat.media_pace.take(asyncio.get_running_loop().time()):
            raise Problem("too-many", seconds=1)
        if media is None:
            raise Problem("invalid", detail="op")
        op = body.get("op")
        if op == "publish":
            seat.on_media = True
            return {"answer": await media.publish(key, me, _sdp(body, "offer"))}
        room = self._rooms.get(key)
        other = body.get("member")
        if room is None or not isinstance(other, str) or other not in room.members - {me}:
            raise Problem("not-found")
        if op == "subscribe":
            seat.on_media = True
            return {"offer": await media.subscribe(key, me, other)}
        if op == "pictures":
            await media.pictures(key, me, other, _flag(body, "on"))
            return {}
        if op != "accept":
            raise Problem("invalid", detail="op")
        await media.accept(key, me, other, _sdp(body, "answer"))
        return {}

    # --- what members are told ----------------------------------------------------------------

    def tell(self, appointment_id: str, said: dict[str, Any]) -> None:
        """A message to the members of a conference, here and at the other servers."""
        self._tell_here(appointment_id, said)
        self._services.relay.post(orjson.dumps({"room": appointment_id, "said": said}))

    def _tell_here(self, appointment_id: str, said: dict[str, Any]) -> None:
        room = self._rooms.get(appointment_id)
        if room is None:
            return
        sender, to = said["from"], said["to"]
        raw = frame(orjson.dumps({**_event("message", appointment_id), **said}))
        for member, seat in room.seats.items():
            free = not (seat.reader.gone or seat.reader.full)
            if free and member != sender and to in (None, member):
                seat.reader.write(raw)

    def _overheard(self, raw: bytes) -> None:
        """Another server's members said something, or changed."""
        heard = orjson.loads(raw)
        if heard["room"] not in self._rooms:
            return
        if "said" in heard:
            self._tell_here(heard["room"], heard["said"])
        else:
            self._begin(self._look(heard["room"]))

    def facts(self, facts: Iterable[Activity]) -> None:
        """What the log says happened; read again whom it concerns."""
        keys = {
            str(fact.data["appointment"])
            for fact in facts
            if fact.kind.partition(".")[0] in ABOUT and "appointment" in fact.data
        }
        for key in keys & self._rooms.keys():
            self._begin(self._look(key))

    async def _look(self, key: str) -> None:
        """Read a conference's members again and tell those who are here: one look at a time, and
        one more for all that happened meanwhile."""
        room = self._rooms.get(key)
        if room is None:
            return
        room.again = True
        if room.looking:
            return
        room.looking = True
        try:
            while room.again:
                room.again = False
                await self._see(key)
        finally:
            room.looking = False

    async def _see(self, key: str) -> None:
        """Read a conference's members, show out who may not be in it, tell the others."""
        room = self._rooms.get(key)
        if room is None:
            return
        # Only those who are here by now can be judged by what is read after it.
        seats = dict(room.seats)
        subjects = {member: seat.reader.subject for member, seat in seats.items()}

        def ask(act: Act) -> tuple[list[Row], dict[str, Problem]]:
            refused = {}
            for member, subject in subjects.items():
                one = Act(act.tx, subject, act.now, act.new_id, act.catalogue)
                try:
                    if acts.admitted(one, key)[1] is not seats[member].place.watches:
                        refused[member] = Problem("only-watches")
                except Problem as problem:
                    refused[member] = problem
            return conferences.members(act.tx, key), refused

        rows, refused = await self._services.ask(SYSTEM, ask)
        for row in rows:
            seat = seats.get(row["id"])
            if seat is None or room.seats.get(row["id"]) is not seat:
                continue
            if row["line"] != seat.place.line:
                self._show_out(seat, "other-page" if row["line"] else "closed")
            elif row["id"] in refused:
                why = _OUT.get(refused[row["id"]].code, "not-invited")
                self._show_out(seat, why)
                self._begin(self._put_out(seat, why))
            else:
                seat.subject = subjects[row["id"]]
        here = [row for row in rows if row["state"] != State.AWAY]
        room.members = frozenset(row["id"] for row in here)
        way = way_of(self._services, len(rows))
        body = {**_event("members", key), "media": way, "members": [told(row) for row in here]}
        raw = frame(orjson.dumps(body))
        for seat in room.seats.values():
            seat.reader.write(raw)

    def _show_out(self, seat: Seat, why: str) -> None:
        self._forget(seat)
        _say(seat.reader, {**_event("closed", seat.place.appointment_id), "why": why})

    async def _put_out(self, seat: Seat, why: str) -> None:
        await self._services.act(SYSTEM, lambda act: acts.leave(act, seat.place, why), quiet=True)

    # --- lines --------------------------------------------------------------------------------

    def gone(self, reader: Reader) -> None:
        """A socket ended without a goodbye."""
        seat = self._seats.get(reader)
        if seat is not None:
            self._forget(seat)
            self._begin(self._lost(seat))

    async def _lost(self, seat: Seat) -> None:
        at = seat.heard_at
        if await self._services.act(SYSTEM, lambda act: acts.drop(act, seat.place, at), quiet=True):
            self.counted["dropped"] += 1

    def _forget(self, seat: Seat) -> None:
        self._seats.pop(seat.reader, None)
        if seat.on_media:
            self._begin(self._off_media(seat))
        room = self._rooms.get(seat.place.appointment_id)
        if room is not None and room.seats.get(seat.place.member_id) is seat:
            del room.seats[seat.place.member_id]
            if not room.seats:
                del self._rooms[seat.place.appointment_id]

    async def _off_media(self, seat: Seat) -> None:
        """What they sent ends, unless they are back by another socket and send anew."""
        room = self._rooms.get(seat.place.appointment_id)
        back = room is not None and seat.place.member_id in room.seats
        if self._services.media is None or back:
            return
        async with seat.media_turn:
            with suppress(NoMedia):  # it ends with the line to the media server
                await self._services.media.leave(seat.place.appointment_id, seat.place.member_id)

    async def run(self) -> None:
        """Ask for signs of life, notice who gives none, vouch for the others; until canceled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._round(asyncio.get_running_loop().time())
            except SQLAlchemyError as fault:
                log.warning("conferences: no database: %s", type(fault).__name__)
            except Exception:
                log.exception("the look after conferences stumbled")

    async def _round(self, now: float) -> None:
        if now - self._asked >= BEAT_SECONDS:
            self._asked = now
            for seat in self._seats.values():
                _say(seat.reader, _event("beat", seat.place.appointment_id))
        silent = [s for s in self._seats.values() if not s.lost and now - s.heard > SILENT_SECONDS]
        for seat in silent:
            seat.lost = True
            await self._lost(seat)
        if now - self._kept >= KEEP_SECONDS:
            self._kept = now
            lines = [seat.place.line for seat in self._seats.values() if not seat.lost]
            if lines:
                at = self._services.clock()
                await self._services.store.write(lambda tx: conferences.keep(tx, lines, at))

    async def close(self) -> None:
        """The server stops: what was begun is written."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(_tried(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _tried(work: Coroutine[Any, Any, None]) -> None:
    """Work that nobody waits for; a fault of it is said. What it would have written the lease of
    the member's line makes good."""
    try:
        await work
    except SQLAlchemyError as fault:
        log.warning("conferences: no database: %s", type(fault).__name__)
    except Exception:
        log.exception("a conference stumbled")


def _event(event: str, key: str) -> dict[str, Any]:
    return {"type": "conference", "event": event, "id": key}


def _say(reader: Reader, body: dict[str, Any]) -> None:
    if not reader.full:
        reader.write(frame(orjson.dumps(body, option=orjson.OPT_UTC_Z, default=str)))


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
        raise Problem("not-found") if key == "id" else Problem("invalid", detail=key)
    return value


def _sdp(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= RELAYED["media"]:
        raise Problem("invalid", detail=key)
    return value


def _flag(body: dict[str, Any], key: str) -> bool:
    value = body.get(key)
    if not isinstance(value, bool):
        raise Problem("invalid", detail=key)
    return value


def _is_streams(value: object) -> bool:
    """Whether it says of pictures by their codes how they are sent, or nothing of them."""
    return value is None or (
        isinstance(value, dict) and all(isinstance(state, str) for state in value.values())
    )


def _mode(value: object) -> Mode:
    if value not in [mode.value for mode in Mode]:
        raise Problem("invalid", detail="mode")
    return Mode(str(value))
