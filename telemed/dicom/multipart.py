"""multipart/related without I/O: a reader that is fed bytes, and helpers that write.

The reader accepts what PS3.18 8.6.1 and RFC 2046 allow, including the framing browsers
send (an extra CRLF in front, none at the end), and takes its chunks cut anywhere. It counts
parts and header bytes, refuses nested multiparts, and a body without its closing delimiter
never ends well. It holds at most one delimiter's length of unread data.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from functools import lru_cache
from typing import Final

from telemed.dicom.refusal import Refused

MAX_PARTS: Final = 2_000
MAX_HEADER: Final = 8_192
MAX_PREAMBLE: Final = 1_024

# RFC 2046 allows 70 characters; the boundaries of Orthanc's client have 73 (two UUIDs).
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,127}[0-9A-Za-z'()+_,\-./:=?]\Z")
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part starts; header names are lower case."""

    number: int
    headers: Mapping[str, str]

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class PartData:
    """A piece of the current part's body, never empty."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The current part is whole."""

    number: int


Event = PartBegin | PartData | PartEnd


class MultipartReader:
    """Feed it the body, take its events, call `finish` at the end of the body.

    >>> reader = MultipartReader("b")
    >>> [type(e).__name__ for e in reader.feed(b"--b\\r\\n\\r\\nx\\r\\n--b--")]
    ['PartBegin', 'PartData', 'PartEnd']
    >>> reader.finish()
    """

    def __init__(
        self, boundary: str, *, max_parts: int = MAX_PARTS, max_header: int = MAX_HEADER
    ) -> None:
        if not _BOUNDARY.match(boundary):
            raise Refused("bad-multipart", why="boundary")
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        # A body may begin with its first delimiter: pretend that the line before it ended.
        self._held = bytearray(b"\r\n")
        self._events: list[Event] = []
        self._step = self._preamble
        self._parts = 0
        self._skipped = 0
        self._max_parts = max_parts
        self._max_header = max_header

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes; raises `Refused` on a malformed body."""
        self._held += data
        while self._step():
            pass
        events, self._events = self._events, []
        return events

    def finish(self) -> None:
        """Say that the body has ended; refuses one without its closing delimiter."""
        if self._step != self._epilogue:
            raise Refused("bad-multipart", why="no closing delimiter")
        if not self._parts:
            raise Refused("bad-multipart", why="no parts")

    # Each step consumes what it can of `_held` and says whether the next one may run.

    def _preamble(self) -> bool:
        cut, found = self._find_delimiter()
        self._skipped += cut
        if self._skipped > MAX_PREAMBLE:
            raise Refused("bad-multipart", why="preamble")
        del self._held[: cut + len(self._delimiter) * found]
        if found:
            self._step = self._delimiter_line
        return found

    def _delimiter_line(self) -> bool:
        """Behind the boundary come `--`, or blanks and CRLF (RFC 2046 5.1.1)."""
        held = self._held
        if held.startswith(b"--"):
            self._step = self._epilogue
            return True
        blanks = len(held) - len(held.lstrip(b" \t"))
        line = bytes(held[blanks : blanks + 2])
        if blanks > 128 or not b"\r\n".startswith(line):
            raise Refused("bad-multipart", why="delimiter line")
        if len(line) < 2:
            return False
        # The CRLF stays: when there are no headers it is half of the blank line.
        del held[:blanks]
        self._step = self._headers
        return True

    def _headers(self) -> bool:
        end = self._held.find(b"\r\n\r\n")
        if (end if end >= 0 else len(self._held)) > self._max_header:
            raise Refused("part-header-too-large", limit=self._max_header)
        if end < 0:
            return False
        self._parts += 1
        if self._parts > self._max_parts:
            raise Refused("too-many-parts", limit=self._max_parts)
        headers = parse_headers(bytes(self._held[2:end]))
        # The CRLF before the body stays: the delimiter of an empty body begins with it.
        del self._held[: end + 2]
        self._events.append(PartBegin(self._parts, headers))
        self._step = self._first_data
        return True

    def _first_data(self) -> bool:
        cut, found = self._find_delimiter()
        if not found and cut < 2:
            return False
        if cut >= 2:
            del self._held[:2]
        self._step = self._data
        return True

    def _data(self) -> bool:
        cut, found = self._find_delimiter()
        if cut:
            with memoryview(self._held) as held:
                self._events.append(PartData(bytes(held[:cut])))
        del self._held[: cut + len(self._delimiter) * found]
        if found:
            self._events.append(PartEnd(self._parts))
            self._step = self._delimiter_line
        return found

    def _epilogue(self) -> bool:
        self._held.clear()  # to be ignored (RFC 2046 5.1.1)
        return False

    def _find_delimiter(self) -> tuple[int, bool]:
        """How many held bytes are surely data, and whether a delimiter follows them.

        A line that merely begins with the boundary, `--Bx` where it is `B`, is data.
        """
        held, delimiter = self._held, self._delimiter
        at = held.find(delimiter)
        while at >= 0:
            behind = bytes(held[at + len(delimiter) : at + len(delimiter) + 2])
            if len(behind) < 2 and behind[:1] not in (b" ", b"\t"):
                return at, False
            if behind in (b"\r\n", b"--") or behind[:1] in (b" ", b"\t"):
                return at, True
            at = held.find(delimiter, at + 2)
        return max(0, len(held) - len(delimiter) + 1), False


@lru_cache(maxsize=256)
def media_type_of(text: str) -> tuple[str, Mapping[str, str]]:
    """A Content-Type header as its lower-case type and its parameters."""
    message = Message()
    message["Content-Type"] = text.replace("\r", " ").replace("\n", " ")
    found = message.get_params(failobj=[], header="Content-Type", unquote=True)
    if not text or not found:
        return "", {}
    (kind, _), *rest = found
    return kind.strip().lower(), {name.lower(): str(value) for name, value in rest}


def parse_headers(block: bytes) -> dict[str, str]:
    """Header lines as a dict with lower-case names; refuses folds, repeats and nesting."""
    headers: dict[str, str] = {}
    for line in block.split(b"\r\n") if block else ():
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not _TOKEN.match(name) or re.search(r"[\r\n\0]", value):
            raise Refused("bad-multipart", why="part header")
        if headers.setdefault(name.lower(), value.strip(" \t")) != value.strip(" \t"):
            raise Refused("bad-multipart", why="repeated part header")
    if headers.get("content-type", "").lower().startswith("multipart/"):
        raise Refused("bad-multipart", why="nested multipart")
    if headers.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
        raise Refused("bad-multipart", why="transfer encoding")
    return headers


# -- writing ------------------------------------------------------------------------------


def boundary_for(*identities: str) -> str:
    """A boundary that depends only on what the body represents, so that ranges stay valid.

    It is a digest, hence as unlikely to occur in a body as a random one.
    """
    digest = hashlib.sha256("\n".join(identities).encode()).hexdigest()
    return f"telemed-{digest[:40]}"


def content_type(root: str, boundary: str) -> str:
    """The Content-Type of a whole multipart/related body (PS3.18 8.6.1.2.1)."""
    return f'multipart/related; type="{root}"; boundary={boundary}'


def part_head(
    boundary: str,
    media_type: str,
    *,
    transfer_syntax: str = "",
    location: str = "",
    length: int | None = None,
    first: bool = False,
) -> bytes:
    """What precedes a part's body: the delimiter and the part headers.

    Content-Type comes first and its transfer-syntax is concrete and unquoted, because
    browser viewers look for exactly that text.
    """
    kind = f"{media_type}; transfer-syntax={transfer_syntax}" if transfer_syntax else media_type
    lines = [f"--{boundary}", f"Content-Type: {kind}"]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    if location:
        lines.append(f"Content-Location: {location}")
    text = "\r\n".join(lines) + "\r\n\r\n"
    return text.encode("ascii") if first else b"\r\n" + text.encode("ascii")


def closing(boundary: str) -> bytes:
    """What follows the last part's body."""
    return f"\r\n--{boundary}--\r\n".encode("ascii")
