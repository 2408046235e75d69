"""Notices to a browser that is closed: web push (RFC 8030, 8291, 8292), ids and counts only.

The library encrypts and signs; the call goes through the same gate as every other, because the
address comes from a browser.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson
from aiohttp import ClientError
from py_vapid import Vapid02
from pywebpush import WebPusher

from telemed.followers.channels import Browser, Message, Outcome, Sent
from telemed.followers.channels.outbound import Outbound, Refused

TTL_SECONDS = {"critical": 3600, "urgent": 3600, "routine": 24 * 3600}
TOKEN_SECONDS = 12 * 3600
GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Push:
    """Our key for push services, and whom they may write to."""

    key_pem: bytes
    contact: str
    allows: Callable[[str], bool]
    outbound: Outbound
    now: Callable[[], float]

    async def send(self, message: Message) -> Sent:
        """To each browser of the person; one that takes it is enough."""
        payload = orjson.dumps(
            {
                "id": message.id,
                "occasion": message.occasion,
                "weight": message.weight,
                "request_id": message.request_id,
                "appointment_id": message.appointment_id,
                "call_id": message.call_id,
                "course_id": message.course_id,
                "lecture_id": message.lecture_id,
                "unread": message.unread,
            }
        )
        results = [await self._one(browser, message, payload) for browser in message.browsers]
        gone = tuple(
            b.endpoint for b, r in zip(message.browsers, results, strict=True) if r == "gone"
        )
        if "" in results:
            return Sent(Outcome.ACCEPTED, gone=gone)
        left = [r for r in results if r not in ("gone", "malformed")]
        if not left:
            return Sent(Outcome.NEVER, "no-browser", gone)
        return Sent(Outcome.LATER, left[0], gone)

    async def _one(self, browser: Browser, message: Message, payload: bytes) -> str:
        """Why it did not go, "" when it did."""
        if not self.allows(browser.endpoint):
            return "gone"
        keys = {"p256dh": browser.p256dh, "auth": browser.auth}
        try:
            told = WebPusher({"endpoint": browser.endpoint, "keys": keys}).encode(payload)
        except Exception:  # whatever a foreign key makes the library raise
            return "malformed"
        headers = {
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_SECONDS.get(message.weight, 3600)),
            "Urgency": "normal" if message.weight == "routine" else "high",
            **self._authorization(browser.endpoint),
        }
        try:
            status, _, _ = await self.outbound.post(browser.endpoint, told["body"], headers)
        except Refused as refused:
            return f"refused-{refused.why}"
        except (ClientError, OSError, TimeoutError):
            return "unreachable"
        if 200 <= status < 300:
            return ""
        return "gone" if status in GONE else f"http-{status}"

    def _authorization(self, endpoint: str) -> dict[str, str]:
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "sub": self.contact,
            "exp": str(int(self.now()) + TOKEN_SECONDS),
        }
        signed: dict[str, str] = Vapid02.from_pem(self.key_pem).sign(claims)
        return signed

    async def close(self) -> None:
        """The connections are the outbound's."""
