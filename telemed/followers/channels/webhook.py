"""Notices by SMS and WeCom: one signed call to a gateway that sends them for us.

The gateway answers 2xx when it has taken the message, and says later by a signed call of its own
what became of it. `docs/notices.md` is its side of the agreement.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
from aiohttp import ClientError

from telemed.core.signed_call import HEADER, sign
from telemed.followers.channels import Message, Outcome, Sent, sentence
from telemed.followers.channels.outbound import Outbound, Refused

NEVER = frozenset({400, 404, 410, 413, 415, 422})
"""What the gateway will say again of the same message."""
PING = b'{"ping":true}'
"""A call that a gateway answers and does nothing about: nobody is named."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A gateway. `now` in seconds since 1970."""

    url: str
    key_id: str
    secret: str = field(repr=False)
    outbound: Outbound
    now: Callable[[], float]

    async def send(self, message: Message) -> Sent:
        """Hand it over, with our id as the idempotency key."""
        body = orjson.dumps(
            {
                "id": message.id,
                "channel": message.channel,
                "to": message.to,
                "occasion": message.occasion,
                "weight": message.weight,
                "request_id": message.request_id,
                "appointment_id": message.appointment_id,
                "call_id": message.call_id,
                "course_id": message.course_id,
                "lecture_id": message.lecture_id,
                "language": message.language,
                "text": sentence(message),
                "link": message.link,
            }
        )
        try:
            status = await self._post(body, message.id)
        except Refused as refused:
            return Sent(Outcome.LATER, f"refused-{refused.why}")
        except (ClientError, OSError, TimeoutError):
            return Sent(Outcome.LATER, "unreachable")
        if 200 <= status < 300:
            return Sent(Outcome.ACCEPTED)
        return Sent(Outcome.NEVER if status in NEVER else Outcome.LATER, f"http-{status}")

    async def ping(self) -> int:
        """The status of a signed call that asks for nothing; Refused, ClientError or OSError."""
        return await self._post(PING, "ping")

    async def _post(self, body: bytes, key: str) -> int:
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            HEADER: sign(self.secret, self.key_id, int(self.now()), body),
        }
        status, _, _ = await self.outbound.post(self.url, body, headers)
        return status

    async def close(self) -> None:
        """The connections are the outbound's."""
