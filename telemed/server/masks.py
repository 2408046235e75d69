"""Whether a WebSocket client masks its frames; a server closes on one that does not (RFC 6455 5.1).

aiohttp's reader takes frames with and without. This walks over frame headers and skips payloads;
everything else that a frame may have wrong is aiohttp's to say.
"""

from typing import Final

NOT_MASKED: Final = b"\x88\x02\x03\xea"
"""A server's close frame with code 1002."""
_LENGTHS: Final = {126: 2, 127: 8}


class MaskWalk:
    """The frames of one connection, as their bytes come."""

    __slots__ = ("_head", "_skip")

    def __init__(self) -> None:
        self._head = b""
        self._skip = 0

    def all_masked(self, data: bytes) -> bool:
        """Walk over more bytes; False at the first frame that is not masked."""
        at = 0
        while at < len(data):
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip -= step
                at += step
                continue
            self._head += data[at : at + 1]
            at += 1
            if len(self._head) == 2 and not self._head[1] & 0x80:
                return False
            self._take_head()
        return True

    def _take_head(self) -> None:
        """When the header is whole, know how far the next one is."""
        if len(self._head) < 2:
            return
        size = self._head[1] & 0x7F
        extra = _LENGTHS.get(size, 0)
        if len(self._head) < 2 + extra:
            return
        if extra:
            size = int.from_bytes(self._head[2:], "big")
        self._skip, self._head = size + 4, b""  # four bytes of mask
