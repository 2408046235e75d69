"""Requests and files spoiled by chance, the same for the same seed.

`requests` starts from calls that clients really make and spoils one or more of their parts: the
path, the query, Accept, a UID, the JSON, the multipart body, or plain bytes. `files` does it to
small valid DICOM files. Knows no server; a `Case` is bytes to send and a name to find it again.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import quote

from PIL import Image

from telemed.dicom.xmlmodel import native_xml
from tests.hostile_dicom import ABUSIVE_NAMES, HOSTILE_UIDS, hostile_files, valid_files
from tests.hostile_dicom import SOP as OWN
from tests.server.imaging_house import multipart_body
from tests.store.files import ct_bytes

STOW = 'multipart/related; type="application/dicom"; boundary=stowed'
STOW_JSON = STOW.replace("application/dicom", "application/dicom+json")
STOW_XML = STOW.replace("application/dicom", "application/dicom+xml")
STUDY, SERIES, SOP = "2.25.1", "2.25.1.1", "2.25.1.1.1"


@dataclass
class Draft:
    """A request in parts, before it is put into bytes."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None
    """What Content-Length claims, when not the truth."""

    def encoded(self, identity: dict[str, str]) -> bytes:
        """The bytes on the wire; header values are sent as they are, line ends apart."""
        headers = {"Host": "telemed", "Connection": "close", **identity, **self.headers}
        if self.body or self.length is not None:
            headers["Content-Length"] = str(len(self.body) if self.length is None else self.length)
        target = self.path + (f"?{self.query}" if self.query else "")
        lines = [f"{self.method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + self.body


def _get(path: str, accept: str = "*/*", query: str = "") -> Draft:
    return Draft("GET", path, query, {"Accept": accept})


def _json(method: str, path: str, body: bytes) -> Draft:
    return Draft(method, path, "", {"Content-Type": "application/json"}, body)


_AT = f"/dicom-web/studies/{STUDY}/series/{SERIES}/instances/{SOP}"
_PARTS = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
_INSTANCE = {
    "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.7"]},
    "00080018": {"vr": "UI", "Value": ["2.25.1.1.9"]},
    "00081140": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": [SOP]}}]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Wei^GuiHua", "Ideographic": "韦^桂花"}]},
    "00100020": {"vr": "LO", "Value": ["P0001"]},
    "0020000D": {"vr": "UI", "Value": [STUDY]},
    "0020000E": {"vr": "UI", "Value": [SERIES]},
    "00200013": {"vr": "IS", "Value": [9]},
    "00420010": {"vr": "ST"},
    "00091001": {"vr": "UN", "InlineBinary": "AAEC"},
    "7FE00010": {"vr": "OB", "BulkDataURI": "bulk/1"},
}
_HONEST: tuple[Callable[[], Draft], ...] = (
    lambda: Draft("POST", "/dicom-web/studies", "", {"Content-Type": STOW},
                  multipart_body(ct_bytes(), ct_bytes(sop="2.25.1.1.2"))),
    lambda: Draft("POST", f"/dicom-web/studies/{STUDY}", "", {"Content-Type": STOW},
                  multipart_body(ct_bytes())),
    lambda: Draft("POST", "/dicom-web/studies", "", {"Content-Type": "application/dicom"},
                  ct_bytes()),
    lambda: Draft("POST", "/dicom-web/studies", "", {"Content-Type": STOW_JSON},
                  _metadata("application/dicom+json", json.dumps([_INSTANCE]).encode())),
    lambda: Draft("POST", "/dicom-web/studies", "", {"Content-Type": STOW_XML},
                  _metadata("application/dicom+xml", native_xml(_INSTANCE))),
    lambda: _get("/dicom-web/studies", "application/dicom+json",
                 "PatientName=*wei*&StudyDate=20260101-20261231&limit=101&offset=0"
                 "&fuzzymatching=false&includefield=00081030,00080060&ModalitiesInStudy=CT"),
    lambda: _get("/dicom-web/instances", "application/dicom+json",
                 f"StudyInstanceUID={STUDY}%5C2.25.2&InstanceNumber=1&includefield=all"),
    lambda: _get(f"/dicom-web/studies/{STUDY}/series", "application/dicom+json",
                 "Modality=CT&RequestAttributesSequence.ScheduledProcedureStepID=1"),
    lambda: _get(f"/dicom-web/studies/{STUDY}/metadata", "application/dicom+json"),
    lambda: _get(f"/dicom-web/studies/{STUDY}/metadata",
                 'multipart/related; type="application/dicom+xml"'),
    lambda: Draft("OPTIONS", "/dicom-web/", "", {"Accept": "application/vnd.sun.wadl+xml"}),
    lambda: _get(f"/dicom-web/studies/{STUDY}", 'multipart/related; type="application/dicom"'),
    lambda: _get(_AT, "application/dicom; transfer-syntax=*"),
    lambda: _get(f"{_AT}/frames/1", _PARTS),
    lambda: _get(f"{_AT}/bulkdata/7FE00010", _PARTS),
    lambda: _get(f"{_AT}/rendered", "image/jpeg;q=0.9, image/png",
                 "viewport=64,64&window=40,400,linear&quality=80"),
    lambda: _get(f"{_AT}/thumbnail", "image/jpeg", "viewport=32,32"),
    lambda: _json("POST", "/api/requests", b'{"service":"imaging","urgency":"routine"}'),
    lambda: _json("POST", "/api/uploads", b"{}"),
    lambda: _json("PATCH", "/api/requests/none", b'{"version":1,"content":{"reason":"x"},'
                  b'"consent":{"kind":"signed","signed_at":"2026-03-05T07:00:00Z"}}'),
    lambda: _get("/api/studies", "application/json", "q=wei&limit=20"),
)  # fmt: skip


def _metadata(kind: str, text: bytes) -> bytes:
    """The body of a store by metadata and one JPEG."""
    head = f"--stowed\r\nContent-Type: {kind}\r\n\r\n".encode()
    bulk = b"\r\n--stowed\r\nContent-Type: image/jpeg\r\nContent-Location: bulk/1\r\n\r\n"
    return head + text + bulk + _jpeg() + b"\r\n--stowed--\r\n"


def _jpeg() -> bytes:
    out = BytesIO()
    Image.new("RGB", (16, 16), (10, 20, 30)).save(out, "JPEG")
    return out.getvalue()


class Spoiler:
    """Spoils drafts and bytes by the dice it was given."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def bytes(self, raw: bytes) -> bytes:
        """One to eight local changes: flips, cuts, doublings, noise, lengths that lie."""
        out = bytearray(raw)
        for _ in range(self.dice.choice((1, 1, 1, 2, 3, 8))):
            if not out:
                return self.dice.randbytes(self.dice.randrange(64))
            at = self.dice.randrange(len(out))
            size = self.dice.choice((1, 2, 4, 8, 64, 1000))
            match self.dice.randrange(7):
                case 0:
                    out[at] ^= 1 << self.dice.randrange(8)
                case 1:
                    del out[at : at + size]
                case 2:
                    out[at:at] = out[at : at + size]
                case 3:
                    out[at : at + size] = self.dice.randbytes(size)
                case 4:
                    out[at : at + 4] = self.dice.choice(_LENGTHS)
                case 5:
                    del out[at:]
                case _:
                    other = self.dice.randrange(len(out))
                    out[at : at + size] = out[other : other + size]
        return bytes(out)

    def text(self, text: str) -> str:
        """Text with a piece exchanged, doubled, dropped or made absurd."""
        at = self.dice.randrange(len(text) + 1)
        until = min(len(text), at + self.dice.choice((0, 1, 2, 8)))
        put = self.dice.choice((*_WORDS, text[at:until] * 3, chr(self.dice.randrange(33, 0x2FFF))))
        return text[:at] + put + text[until:]

    # What may be spoiled of a request.

    def path(self, draft: Draft) -> None:
        pieces = draft.path.split("/")
        at = self.dice.randrange(2, len(pieces))
        choice = self.dice.choice((*HOSTILE_UIDS, "", "..", self.text(pieces[at])))
        pieces[at] = quote(choice, safe=self.dice.choice(("", "%/.", "%;,=")))
        draft.path = "/".join(pieces)

    def query(self, draft: Draft) -> None:
        pairs = [pair.partition("=") for pair in draft.query.split("&")]
        key, _, value = self.dice.choice(pairs)
        value = self.dice.choice((self.text(value), *_VALUES))
        key = self.dice.choice((key, key, self.text(key), *_KEYS))
        safe = self.dice.choice(("", "%,=*", "&=%+"))
        draft.query += f"&{quote(key, safe=safe)}={quote(value, safe=safe)}"

    def accept(self, draft: Draft) -> None:
        said = draft.headers.get("Accept", "*/*")
        words = [self.text(said), *_ACCEPTS, f"{said}, {self.dice.choice(_ACCEPTS)}", said * 40]
        draft.headers["Accept"] = _header(self.dice.choice(words))

    def header(self, draft: Draft) -> None:
        name = self.dice.choice(("Content-Type", "Range", "If-None-Match", "Accept-Charset",
                                 "Content-Encoding", "If-Range", "Accept-Encoding", "Origin",
                                 "X-Forwarded-Host"))  # fmt: skip
        value = self.dice.choice((draft.headers.get(name, ""), *_HEADERS))
        draft.headers[name] = _header(self.text(value))

    def body(self, draft: Draft) -> None:
        draft.body = self.bytes(draft.body)

    def length(self, draft: Draft) -> None:
        draft.length = len(draft.body) + self.dice.choice((-100, -1, 1, 100, 10**9))
        draft.length = max(0, draft.length)

    def method(self, draft: Draft) -> None:
        draft.method = self.dice.choice(("PUT", "DELETE", "HEAD", "OPTIONS", "POST", "GET", "QQ"))

    def spoil(self, draft: Draft) -> None:
        """One to three parts of a request."""
        ways = [self.path, self.query, self.accept, self.header, self.method]
        if draft.body:
            ways += [self.body] * 4 + [self.length]
        for way in self.dice.sample(ways, self.dice.choice((1, 1, 2, 3))):
            way(draft)


def _header(text: str) -> str:
    """Without the line ends that would make another request of it."""
    return "".join(c for c in text if c not in "\r\n")[:6000]


def requests(seed: int, count: int) -> Iterator[tuple[str, Draft]]:
    """Named requests, each an honest one with something wrong."""
    for number in range(count):
        spoiler = Spoiler(random.Random(f"{seed}-request-{number}"))
        draft = spoiler.dice.choice(_HONEST)()
        spoiler.spoil(draft)
        yield f"request-{number}", draft


def files(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Up to a thousand named files: valid or hostile small ones with bytes changed, most behind
    the meta. Each has an own SOP Instance UID, so that what is still valid is no conflict."""
    valid = [data for _, data in valid_files()] + [ct_bytes(sop=OWN), ct_bytes(sop=OWN, frames=3)]
    hostile = [data for _, data in hostile_files() if len(data) < 20_000]
    for number in range(count):
        spoiler = Spoiler(random.Random(f"{seed}-file-{number}"))
        base = spoiler.dice.choice(hostile if spoiler.dice.random() < 0.2 else valid)
        base = base.replace(OWN.encode(), f"2.25.{1 + seed % 8}{number:03}".encode())
        keep = spoiler.dice.choice((0, 132, 350, 350, 350))
        yield f"file-{number}", base[:keep] + spoiler.bytes(base[keep:])


_LENGTHS = (
    b"\xff\xff\xff\xff", b"\xfe\xff\xff\xff", b"\0\0\0\x80", b"\xff\xff\xff\x7f", b"\1\0\0\0",
    b"\0\0\0\0", b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0", b"\xe0\x7f\x10\x00", b"SQ\0\0",
)  # fmt: skip
_WORDS = (
    "", " ", '"', "\\", "%", "%00", "%zz", "*", "*/*", ";", ",", "=", "&", "[", "\t", "q=1e9",
    "..", "/", "9" * 40, "-", "韦", "\u202e", "'--", "${x}", "{}", "null", "\x7f", "=" * 300,
)  # fmt: skip
_KEYS = (
    "PatientName", "00100010", "limit", "offset", "includefield", "fuzzymatching", "StudyDate",
    "accept", "charset", "viewport", "window", "quality", "annotation", "0010001", "7FE00010",
    "00081115.00081199.00081155", "OtherPatientIDsSequence.PatientID", "emptyvaluematching", "",
    "TimezoneOffsetFromUTC", "PrivateCreator", "a" * 500, "." * 50,
)  # fmt: skip
_VALUES = (
    "", "-", "-1", "1e5", "99999999999999999999", "NaN", "00000000-99999999", "20260101-", "*" * 99,
    "?" * 50, "\\" * 20, "," * 200, "true", "1.2," * 200, "\0", "\ud800".encode("utf-8",
    "surrogatepass").decode("latin-1"), "0,0,linear", "1,0,linear", "512,512,,,512,512",
    "99999,99999", "1,1,-5,-5,0,0", "image/jp2", "utf-16", *(n.decode("latin-1") for n in
    ABUSIVE_NAMES[:20]),
)  # fmt: skip
_ACCEPTS = (
    "", ",", ";", "*", "a/b/c", "*/json", "application/dicom;q=2", 'multipart/related; type="',
    "multipart/related", "image/*;q=0", "application/dicom+json, image/png, text/html",
    'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2',
    "multipart/related;type=application/dicom+xml", "application/octet-stream;transfer-syntax=*",
    "multipart/related; type=image/jls; transfer-syntax=1.2.840.10008.1.2.4.80", ", " * 500,
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/*;a=" * 90,
)  # fmt: skip
_HEADERS = (
    "bytes=0-0", "bytes=-1", "bytes=9-1", "bytes=0-1,2-3", "bytes=99999999999999999999-", "W/\"\"",
    "*", '"x"', "gzip", "br;q=0", "utf-8", "gb18030;q=x", "multipart/related; boundary=" + "b" * 80,
    "multipart/related; type=application/dicom+json; boundary=stowed", "application/dicom+json",
    "application/dicom; transfer-syntax=1.2", "null", "https://evil.example", "text/plain",
)  # fmt: skip
