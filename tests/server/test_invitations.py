"""An appointment by e-mail, from a real mail server to parsers that are not its writer's."""

import email
import email.policy
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import vobject
from aiosmtpd.controller import Controller

from telemed.followers import escalations
from telemed.followers.sender import Sender
from tests.server.booking import (
    APPOINTMENTS,
    ASKER,
    BECAUSE,
    KEEPER,
    at,
    confirmed,
    has_hours,
    held,
    proposed,
    step,
)
from tests.server.guidance_house import opened
from tests.server.notice_links import every_notice_opens
from tests.server.test_calendar_feeds import calcurse, events, link
from tests.server.test_channels import Gateway, Post, prefer, reaching
from tests.server.test_escalations import climb
from tests.server.test_guidance import ASKED
from tests.server.test_watchers_told import (
    LOOKS,
    LOOKS2,
    MOVED,
    feed,
    listed_anew,
    listing,
    watching,
)
from tests.services import absent, free_port
from tests.world import World

READER, DOCTOR = "reader@hub.example", "doctor@county.example"


class Mailbox:
    """A world, its sender, and what came to the mail server since one last looked."""

    def __init__(self, world: World, sender: Sender, post: Post) -> None:
        self.world, self.sender, self.post = world, sender, post

    async def came(self, minutes: float = 0) -> list[EmailMessage]:
        """The letters that follow from what happened."""
        await climb(self.world, minutes)
        while await self.sender.send_due():
            pass
        found = self.post.letters[:]
        self.post.letters.clear()
        return [self._parsed(envelope) for envelope in found]

    async def one(self, to: str, minutes: float = 0) -> EmailMessage:
        """The one letter that came to an address."""
        (letter,) = [one for one in await self.came(minutes) if one["To"] == to]
        return letter

    def _parsed(self, envelope: Any) -> EmailMessage:
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(letter, EmailMessage) and envelope.rcpt_tos == [letter["To"]]
        return letter


@pytest.fixture
def post() -> Iterator[tuple[Post, int]]:
    """A mail server and its port."""
    handler = Post()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, controller.port
    controller.stop()


@pytest.fixture
async def box(
    world_folder: Path, post: tuple[Post, int], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Mailbox]:
    """An expert and a county doctor with addresses. The server's own clocks rest."""

    async def rest(*parts: object) -> None:
        return None

    monkeypatch.setattr(Sender, "watch", rest)
    monkeypatch.setattr(escalations, "watch", rest)
    nowhere = Gateway(url="http://127.0.0.1:9/notices")
    async with reaching(world_folder, post[1], nowhere) as (world, sender):
        await prefer(world, "hub-reader", email=READER)
        await prefer(world, ASKER, email=DOCTOR, language="en")
        await has_hours(world, "hub-reader", "hub-reader2")
        yield Mailbox(world, sender, post[0])


def text(letter: EmailMessage) -> str:
    """What a person reads."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def event(letter: EmailMessage) -> tuple[str, Any]:
    """The method and the event that a calendar takes in, as an independent parser has them; the
    method is named in the part's header too (RFC 6047 2.4)."""
    (part,) = [p for p in letter.walk() if p.get_content_type() == "text/calendar"]
    assert part.get_param("charset") == "utf-8"
    calendar = vobject.readOne(part.get_content())
    assert part.get_param("method") == calendar.method.value
    (found,) = calendar.contents["vevent"]
    assert found.organizer.value == "mailto:notice@telemed.example"
    (guest,) = found.contents["attendee"]
    assert guest.value == f"mailto:{letter['To']}" and guest.params["RSVP"] == ["FALSE"]
    return calendar.method.value, found


def is_bare(letter: EmailMessage) -> bool:
    """Whether nothing in it is for a calendar."""
    return letter.get_content_type() == "text/plain"


async def test_an_invitation_is_taken_in_moved_and_taken_away_by_a_calendar(box: Mailbox) -> None:
    """Requested tentative, confirmed, another time with a higher sequence, canceled: one event,
    the feed's own; each letter says service, time and where to answer, and no patient or person."""
    world = box.world
    case = await world.sent()
    await box.came()
    one = await proposed(world, "09:00", request_id=case)
    letter = await box.one(READER)
    words = text(letter)
    assert "有预约邀请您参加" in words and "远程影像诊断" in words
    assert "2026年3月6日（周五）09:00–09:30（北京时间）" in words
    assert f"https://t/appointments?open={one['id']}" in words.splitlines()
    method, first = event(letter)
    assert (method, first.status.value) == ("REQUEST", "TENTATIVE")
    assert first.dtstart.value == datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
    assert first.dtend.value == datetime(2026, 3, 6, 1, 30, tzinfo=UTC)
    assert first.attendee.params["PARTSTAT"] == ["NEEDS-ACTION"]
    assert first.uid.value == f"{one['id']}@telemed"
    _, feed = await link(world)
    (known,) = await events(world, feed)
    assert (known.uid.value, known.sequence.value) == (first.uid.value, first.sequence.value)
    await world.client("hub-reader").ok(
        "POST", f"{APPOINTMENTS}/{one['id']}/answer", {"accepts": True}
    )
    one = await step(world, one, "confirm", KEEPER)
    set_ = await box.came()
    assert sorted(str(each["To"]) for each in set_) == [DOCTOR, READER]
    for each in set_:
        method, now = event(each)
        assert (method, now.status.value) == ("REQUEST", "CONFIRMED")
        role = "REQ-PARTICIPANT" if each["To"] == READER else "NON-PARTICIPANT"
        assert now.attendee.params["ROLE"] == [role]
        assert now.attendee.params["PARTSTAT"] == ["ACCEPTED"]
    english = text(next(each for each in set_ if each["To"] == DOCTOR))
    assert "Friday, 6 March 2026, 09:00–09:30 (Beijing time)" in english
    new = {"since": at("10:30"), "reason": "expert-time"}
    one = await step(world, one, "reschedule", KEEPER, **new)
    method, moved = event(await box.one(READER))
    assert (method, moved.status.value) == ("REQUEST", "TENTATIVE")
    assert moved.dtstart.value == datetime(2026, 3, 6, 2, 30, tzinfo=UTC)
    await step(world, one, "cancel", **BECAUSE)
    last = await box.one(READER)
    method, gone = event(last)
    assert (method, gone.status.value) == ("CANCEL", "CANCELLED")
    sequence = [int(each.sequence.value) for each in (first, now, moved, gone)]
    assert sequence == sorted(set(sequence))
    assert {each.uid.value for each in (first, now, moved, gone)} == {known.uid.value}
    names = [one["requester_name"], case, *(seat["person"]["name"] for seat in one["seats"])]
    for each in (letter, *set_, last):
        whole = "".join(str(part.get_content()) for part in each.walk() if not part.is_multipart())
        assert "zq" not in whole.lower() and not [name for name in names if name in whole]


async def test_reminders_ask_no_calendar_and_a_seat_given_away_is_taken_out_of_it(
    box: Mailbox,
) -> None:
    """A day before a sentence with the time; whoever declines has it taken out of their calendar
    while the appointment goes on, and not again when another has the seat; whoever is replaced
    without having declined has it taken out then; the coordinators' letters hold no event."""
    world = box.world
    await prefer(world, KEEPER, email="keeper@hub.example")
    tuesday = at("09:00", "2026-03-10")
    one = await confirmed(world, since=tuesday)
    await box.came()
    near = await box.one(READER, 60 * 24 * 4 - 60 * 7)
    assert is_bare(near) and "2026年3月10日（周二）09:00–09:30" in text(near)
    no = {"accepts": False, "reason": "time"}
    await world.client("hub-reader").ok("POST", f"{APPOINTMENTS}/{one['id']}/answer", no)
    method, left = event(await box.one(READER))
    assert (method, left.uid.value) == ("CANCEL", f"{one['id']}@telemed")
    assert left.attendee.params["PARTSTAT"] == ["DECLINED"]
    assert not hasattr(left, "status"), "it goes on without them (RFC 5546 3.2.5)"
    assert is_bare(await box.one("keeper@hub.example", 240))
    one = await world.client(KEEPER).ok("GET", f"{APPOINTMENTS}/{one['id']}")
    await prefer(world, "hub-reader2", email="reader2@hub.example")
    one = await step(world, one, "swap", KEEPER, seat=1, person_id="hub-reader2")
    came = {str(each["To"]): each for each in await box.came()}
    assert READER not in came, "it has left their calendar already"
    assert event(came["reader2@hub.example"])[0] == "REQUEST"
    await has_hours(world, "hub-verifier")
    await step(world, one, "swap", KEEPER, seat=2, person_id="hub-verifier")
    method, gone = event(await box.one("reader2@hub.example"))
    assert method == "CANCEL" and gone.uid.value == f"{one['id']}@telemed"
    assert gone.dtstart.value == datetime(2026, 3, 10, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize("told_before", [True, False])
async def test_whoever_declines_and_is_replaced_is_taken_out_once(
    box: Mailbox, told_before: bool
) -> None:
    """Whichever is followed first: one CANCEL of one sequence, and none more when it is off."""
    world = box.world
    one = await confirmed(world)
    await box.came()
    no = {"accepts": False, "reason": "time"}
    await world.client("hub-reader").ok("POST", f"{APPOINTMENTS}/{one['id']}/answer", no)
    letters = await box.came() if told_before else []
    one = await world.client(KEEPER).ok("GET", f"{APPOINTMENTS}/{one['id']}")
    one = await step(world, one, "swap", KEEPER, seat=1, person_id="hub-reader2")
    letters += await box.came()
    await step(world, one, "cancel", KEEPER, **BECAUSE)
    letters += await box.came()
    assert [event(each)[0] for each in letters if each["To"] == READER] == ["CANCEL"]


async def test_a_letter_that_comes_late_asks_for_nothing_that_is_off(box: Mailbox) -> None:
    """The mail server was away over the proposal and the cancellation: one letter, of the end."""
    world, post = box.world, box.post
    post.refusals = 1
    one = await proposed(world)
    assert await box.came() == []
    await step(world, one, "cancel", KEEPER, **BECAUSE)
    came = await box.came(1)
    assert [(str(each["To"]), event(each)[0]) for each in came if each["To"] == READER] == [
        (READER, "CANCEL"),
    ]  # fmt: skip
    await held(world, "10:00")
    assert await box.came(15) == [], "a time that is merely held is nobody's business"


async def test_who_is_taken_off_the_list_is_told_and_it_leaves_their_calendar(
    box: Mailbox,
) -> None:
    """Once, by mail a CANCEL of the event that they were sent, although it goes on; it opens for
    them, and the door is shut; of what becomes of it they hear nothing; listed again they hear
    that they may. Off before the form came back: they hear that, too."""
    house = box.world
    await opened(house)
    await prefer(house, LOOKS, email="looks@hub.example")
    case = await house.sent(**ASKED, content=listing(LOOKS, LOOKS2))
    one = await confirmed(house, service="surgery_guidance", request_id=case)
    method, asked = event(await box.one("looks@hub.example"))
    assert method == "REQUEST"
    await listed_anew(house, case, LOOKS2)
    letter = await box.one("looks@hub.example")
    method, gone = event(letter)
    assert (method, gone.uid.value) == ("CANCEL", asked.uid.value)
    assert not hasattr(gone, "status") and gone.dtstamp.value >= asked.dtstamp.value
    assert "您已不在一场预约的观摩名单中" in text(letter)
    assert await watching(house, LOOKS) == ["watch-set", "watch-unlisted"]
    assert await watching(house, LOOKS2) == ["watch-set"]
    door = f"{APPOINTMENTS}/{one['id']}/conference"
    await house.client(LOOKS).refused("not-found", "GET", door)
    assert await feed(house, LOOKS) == []
    await listed_anew(house, case, LOOKS2)
    one = await house.client(KEEPER).get(f"{APPOINTMENTS}/{one['id']}")
    one = await step(house, one, "reschedule", KEEPER, **MOVED)
    assert not [one for one in await box.came() if one["To"] == "looks@hub.example"]
    one = await step(house, one, "confirm", KEEPER)
    await listed_anew(house, case, LOOKS, LOOKS2)
    assert event(await box.one("looks@hub.example"))[0] == "REQUEST"
    await listed_anew(house, case, LOOKS2, comes=False)
    await step(house, one, "cancel", KEEPER, **BECAUSE)
    assert event(await box.one("looks@hub.example"))[0] == "CANCEL"
    assert (await watching(house, LOOKS))[1:] == ["watch-unlisted", "watch-set", "watch-off"]
    await every_notice_opens(house)


@pytest.mark.services
async def test_a_calendar_program_takes_the_letter_in(box: Mailbox, tmp_path: Path) -> None:
    """calcurse shows the session by the clocks of Guangxi."""
    if shutil.which("calcurse") is None:
        absent("calcurse")
    await confirmed(box.world)
    letter = next(each for each in await box.came() if each["To"] == READER)
    (part,) = [p for p in letter.walk() if p.get_content_type() == "text/calendar"]
    file = tmp_path / "invitation.ics"
    file.write_bytes(part.get_payload(decode=True))
    told = await calcurse(tmp_path, "-i", str(file))
    assert "1 app / 0 events / 0 todos / 0 skipped" in told
    shown = await calcurse(tmp_path, "-d", "03/06/2026")
    assert "09:00 -> 09:30" in shown and "远程影像诊断（已确认）" in shown
