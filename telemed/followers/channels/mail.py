"""Notices by e-mail: one line and a link, over SMTP with TLS and a sign-in.

Built with the library's own message class, which refuses lines in a header (OB-02).
"""

from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP

import aiosmtplib

from telemed.followers.channels import Message, Outcome, Sent, sentence

PATIENCE = 15.0
_FOOT = {
    "zh": "请登录平台查看。本邮件由系统发出，请勿回复。",
    "en": "Sign in to see it. This message was sent by a machine; do not reply.",
}
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
        letter.set_content(f"{sentence(message)}\n{message.link}\n\n{_FOOT[language]}\n")
        return letter

    async def close(self) -> None:
        """Each letter has a connection of its own."""
