"""What telemed asks of a media server: to take a member's pictures and voice and pass them on.

A browser offers what it sends, and answers what it is offered of others; it gets session
descriptions and nothing else, neither an address of the media server's own interface nor a key to
it. Which engine does it is decided in `assemble`; `server.janus` is the one there is. Knows nothing
of who may be in a conference.
"""

from typing import Protocol


class NoMedia(Exception):
    """The media server cannot be reached, or refuses; with its own words for the log."""


class NotSending(Exception):
    """The member who was asked for sends nothing just now."""


class MediaServer(Protocol):
    """An engine that passes on pictures and voices. Every call raises NoMedia when it cannot."""

    @property
    def away(self) -> bool:
        """Whether there is no line to the engine just now."""

    async def publish(self, room: str, member: str, offer: str) -> str:
        """Take what a member sends from now on, in the place of what they sent before; the answer
        to their offer."""

    async def subscribe(self, room: str, member: str, other: str) -> str:
        """An offer of what another member sends; NotSending when they send nothing."""

    async def accept(self, room: str, member: str, other: str, answer: str) -> None:
        """A member's answer to such an offer: from now on it is passed on to them."""

    async def pictures(self, room: str, member: str, other: str, on: bool) -> None:
        """Whether a member is passed another's camera, or the voice and a shared screen alone."""

    async def leave(self, room: str, member: str) -> None:
        """A member sends and gets nothing any more."""

    async def start(self) -> None:
        """Begin to keep the line to the engine."""

    async def stop(self) -> None:
        """End everything that was begun through this process."""
