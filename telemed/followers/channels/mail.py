"""Notices by e-mail: one line and a link, over SMTP with TLS and a sign-in.

Of an appointment also service and time, and what a calendar takes in as it is (RFC 6047).
Built with the library's own message class, which refuses lines in a header (OB-02).
"""

from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP

import aiosmtplib

from telemed.core.workdays import ZONE
from telemed.documents.calendar_file import Guest, write_message
from telemed.followers.channels import Meeting, Message, Outcome, Sent, sentence

PATIENCE = 15.0
_FOOT = {
    "zh": "请登录平台查看。本邮件由系统发出，请勿回复。",
    "en": "Sign in to see it. This message was sent by a machine; do not reply.",
}
_DAYS = (
    ("周一", "Monday"), ("周二", "Tuesday"), ("周三", "Wednesday"), ("周四", "Thursday"),
    ("周五", "Friday"), ("周六", "Saturday"), ("周日", "Sunday"),
)  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_SUBJECT = {"zh": "远程医疗平台提醒", "en": "Telemedicine notice"}


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server and the sender. `security` is starttls, tls or none."""

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    sender: str = ""

    async def send(self, message: Message) -> Sent:
        """Hand it to the mail server; an address it refuses for good is not tried again."""
        try:
            letter = self._letter(message)
        except (ValueError, IndexError):
            return Sent(Outcome.NEVER, "address")
        try:
            async with self._server() as server:
                await server.send_message(letter, sender=self.sender, recipients=[message.to])
        except aiosmtplib.SMTPAuthenticationError:
            return Sent(Outcome.LATER, "sign-in")
        except aiosmtplib.SMTPRecipientsRefused as fault:
            lasting = all(each.code >= 500 for each in fault.recipients)
            return Sent(Outcome.NEVER if lasting else Outcome.LATER, "recipient")
        except aiosmtplib.SMTPResponseException as fault:
            return Sent(Outcome.NEVER if fault.code >= 550 else Outcome.LATER, f"smtp-{fault.code}")
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            return Sent(Outcome.LATER, "unreachable")
        return Sent(Outcome.ACCEPTED)

    async def probe(self) -> None:
        """Connect, sign in, and name our sender without a recipient; aiosmtplib's errors."""
        async with self._server() as server:
            await server.mail(self.sender)
            await server.rset()

    def _server(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            use_tls=self.security == "tls",
            start_tls=self.security == "starttls",
            username=self.user or None,
            password=self.password or None,
            timeout=PATIENCE,
        )

    def _letter(self, message: Message) -> EmailMessage:
        letter = EmailMessage(policy=SMTP)
        language = "en" if message.language == "en" else "zh"
        letter["From"] = self.sender
        letter["To"] = message.to
        letter["Subject"] = f"{_SUBJECT[language]}: {sentence(message)}"
        letter["Message-ID"] = f"<{message.id}@{self.sender.rpartition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"
        lines = [sentence(message), *_details(message), message.link, "", _FOOT[language], ""]
        letter.set_content("\n".join(lines))
        if message.meeting is not None and message.meeting.method:
            self._add_event(letter, message, message.meeting)
        return letter

    def _add_event(self, letter: EmailMessage, message: Message, meeting: Meeting) -> None:
        """The other way to read the same letter: RFC 6047 2.4 wants the method named twice."""
        guest = Guest(message.to, meeting.takes_part, meeting.answer)
        event = write_message(
            meeting.method, meeting.entry, self.sender, guest, message.link, meeting.told_at
        )
        letter.add_alternative(
            event.decode(),
            subtype="calendar",
            cte="base64",
            params={"method": meeting.method, "component": "VEVENT"},
        )

    async def close(self) -> None:
        """Each letter has a connection of its own."""


def _details(message: Message) -> list[str]:
    """What an appointment is of and when, by the clocks of Guangxi, whatever zone reads it."""
    if message.meeting is None:
        return []
    entry = message.meeting.entry
    since, until = entry.since.astimezone(ZONE), entry.until.astimezone(ZONE)
    over = until.date() > since.date()
    clocks, day = f"{since:%H:%M}–{{}}{until:%H:%M}", since.weekday()
    if message.language == "en":
        when = f"{_DAYS[day][1]}, {since.day} {_MONTHS[since.month - 1]} {since.year}, "
        when += clocks.format("next day " if over else "") + " (Beijing time)"
    else:
        when = f"{since.year}年{since.month}月{since.day}日（{_DAYS[day][0]}）"
        when += clocks.format("次日 " if over else "") + "（北京时间）"
    return [message.meeting.service, when, *([entry.place] if entry.place else [])]
