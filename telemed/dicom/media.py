"""Choosing a representation: the Accept header and parameter of PS3.18 8.7.

What a resource can be given as is a short list of offers, the preferred first; the rules
here match it against what was asked. Members that are malformed or unsupported are ignored
(8.7.5), an absent header means `*/*` because real clients leave it out, and when nothing
fits the wish is refused, for the server to answer 406. Text leaves in UTF-8 whatever
`Accept-Charset` or `charset` prefer: other values are unsupported and so ignored (8.7.4),
and there is no glyph that UTF-8 lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from telemed.dicom.refusal import Refused
from telemed.dicom.syntaxes import (
    BULK_DEFAULTS,
    EXPLICIT_LE,
    OCTETS,
    TRANSFER_SYNTAXES,
    TransferSyntax,
    targets,
)

DICOM: Final = "application/dicom"
DICOM_JSON: Final = "application/dicom+json"
DICOM_XML: Final = "application/dicom+xml"
JSON: Final = "application/json"

NEGOTIATION: Final = frozenset({"accept", "charset"})
"""Query parameters that are about the answer's shape and no search key (8.3.3)."""


class Offer(NamedTuple):
    """One representation. `default` offers answer a wish that names no transfer syntax."""

    media_type: str
    transfer_syntax: str = ""
    multipart: bool = False
    default: bool = True


class Wish(NamedTuple):
    """One member of an Accept list, e.g. multipart/related; type=application/dicom."""

    media_type: str
    transfer_syntax: str | None
    multipart: bool
    quality: float


# -- offers by resource (PS3.18 table 10.4.4-1) -------------------------------------------

JSON_OFFERS: Final = (Offer(DICOM_JSON), Offer(JSON))
RESULT_OFFERS: Final = (*JSON_OFFERS, Offer(DICOM_XML, multipart=True))
STORE_OFFERS: Final = (*JSON_OFFERS, Offer(DICOM_XML))
RENDERED_OFFERS: Final = (Offer("image/jpeg"), Offer("image/png"), Offer("image/gif"))
FILM_OFFERS: Final = (Offer("image/gif"), Offer("video/mp4"))
REPORT_OFFERS: Final = (Offer("text/html"), Offer("text/plain"), Offer("text/xml"))


@lru_cache(maxsize=256)
def instance_offers(stored: TransferSyntax, *, single: bool, decodes: bool) -> tuple[Offer, ...]:
    """Offers for whole instances of one stored syntax; `single` for exactly one instance.

    Where only pixels with losses are held, those answer a wish that names no transfer syntax
    (8.7.3.5.2 a): decoded they are no better and many times as long.
    """
    syntaxes = _syntaxes(stored, decodes, keeps=stored.lossy)
    many = [Offer(DICOM, uid, True, default) for uid, default in syntaxes]
    one = [Offer(DICOM, uid, False, default) for uid, default in syntaxes] if single else []
    return (*many, *one)


@lru_cache(maxsize=256)
def frame_offers(stored: TransferSyntax, *, single: bool, decodes: bool) -> tuple[Offer, ...]:
    """Offers for frames: under octet-stream or the image type, as stored, decoded, coded anew."""
    syntaxes = _syntaxes(stored, decodes)
    offers = []
    for multipart in (True, False) if single else (True,):
        offers += [Offer(OCTETS, uid, multipart, default) for uid, default in syntaxes]
        for uid, _ in syntaxes:
            media_type = TRANSFER_SYNTAXES[uid].media_type
            if media_type != OCTETS:
                # Asked for by its image type, the stored syntax needs no parameter.
                default = uid in (stored.uid, BULK_DEFAULTS.get(media_type))
                offers.append(Offer(media_type, uid, multipart, default))
    return tuple(offers)


def bulk_offers(media_type: str, *, single: bool = True) -> tuple[Offer, ...]:
    """Offers for one bulk value: its own type and opaque bytes, in one part or several."""
    types = dict.fromkeys((OCTETS, media_type))
    shapes = (True, False) if single else (True,)
    return tuple(Offer(kind, "", multipart) for kind in types for multipart in shapes)


def document_offers(media_type: str) -> tuple[Offer, ...]:
    """Offers for the rendering of an encapsulated document or a video: the thing itself."""
    return (Offer(media_type),)


def _syntaxes(
    stored: TransferSyntax, decodes: bool, *, keeps: bool = False
) -> list[tuple[str, bool]]:
    """Transfer syntaxes on offer, and which of them answers when none is named.

    That is Explicit VR Little Endian, unless it cannot be made or the stored one is to be kept.
    """
    coded = [(uid, False) for uid in targets(stored)] if decodes else []
    if not stored.encapsulated:
        return [(EXPLICIT_LE, True), *coded]
    if not decodes or not stored.decodable:
        return [(stored.uid, True)]
    return [(stored.uid, keeps), (EXPLICIT_LE, not keeps), *coded]


# -- choosing -----------------------------------------------------------------------------

# Media types of editions before 2017, as older viewers still send them.
_OLD_NAMES: Final = {
    "image/x-dicom-rle": "image/dicom-rle",
    "image/x-jls": "image/jls",
    "image/dicom+rle": "image/dicom-rle",
    "image/dicom+jpeg": "image/jpeg",
    "image/dicom+jpeg-ls": "image/jls",
    "image/dicom+jp2": "image/jp2",
    "image/dicom+jpx": "image/jpx",
}
_RENDERED_ONLY: Final = frozenset(
    {"image/gif", "image/png", "text/html", "text/plain", "text/rtf", "application/pdf"}
)
_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+*-]+/[\w!#$&^.+*-]+\Z", re.ASCII)
_MEMBER: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_PARAMETER: Final = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*")+')
_LONGEST: Final = 4_096
_REMEMBERED: Final = 512


def choose(header: str | None, offers: Sequence[Offer], parameter: str | None = None) -> Offer:
    """The offer that answers a request best.

    `header` is the Accept header (several joined by commas), `parameter` the decoded
    `accept` query parameter, which goes first (8.7.6). Raises `Refused` not-acceptable or
    mixed-media-types. A viewer says the same thousands of times, so short wishes are remembered.
    """
    if len(header or "") + len(parameter or "") > _REMEMBERED:
        return _choose(header, tuple(offers), parameter)
    return _chosen(header, tuple(offers), parameter)


def _choose(header: str | None, offers: tuple[Offer, ...], parameter: str | None) -> Offer:
    for text in (parameter, header if header and header.strip() else "*/*"):
        if text is None:
            continue
        wishes = parse_accept(text)
        _check_mixture(wishes)
        found = _best(wishes, offers)
        if found is not None:
            return found
    raise Refused("not-acceptable", accept=(header or parameter or "")[:200])


_chosen = lru_cache(maxsize=1024)(_choose)


def parse_accept(text: str) -> list[Wish]:
    """The well-formed members of an Accept list; the others are ignored (8.7.5)."""
    members = (_wish(member) for member in _MEMBER.findall(text[:_LONGEST]))
    return [wish for wish in members if wish is not None]


def _wish(member: str) -> Wish | None:
    kind, *rest = [part.strip() for part in _PARAMETER.findall(member)] or [""]
    kind = kind.lower()
    if not _MEDIA_TYPE.match(kind):
        return None
    parameters: dict[str, str] = {}
    for part in rest:
        name, equals, value = part.partition("=")
        if equals:
            parameters.setdefault(name.strip().lower(), _unquoted(value.strip()))
    quality = _quality(parameters.get("q", "1"))
    if quality is None:
        return None
    multipart = kind in ("multipart/related", "multipart/*")
    if multipart:
        kind = parameters.get("type", "*/*").lower()
    kind = _OLD_NAMES.get(kind, kind)
    return Wish(kind, parameters.get("transfer-syntax"), multipart, quality)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _quality(text: str) -> float | None:
    return float(text) if re.match(r"(0(\.\d{0,3})?|1(\.0{0,3})?)\Z", text, re.ASCII) else None


def _check_mixture(wishes: Iterable[Wish]) -> None:
    """DICOM and rendered types in one list are a client's error (8.7.5)."""
    wishes = list(wishes)
    dicom = any(w.media_type.startswith(DICOM) or w.media_type == OCTETS for w in wishes)
    if dicom and any(w.media_type in _RENDERED_ONLY for w in wishes):
        raise Refused("mixed-media-types")


def _best(wishes: Sequence[Wish], offers: Sequence[Offer]) -> Offer | None:
    if not offers[0].multipart:
        # `multipart/related` without a type means the default one, which here is no multipart.
        wishes = [w for w in wishes if not (w.multipart and w.media_type == "*/*")]
    best: tuple[float, int] = (0.0, 0)
    found = None
    for offer in offers:
        score = _score(offer, wishes)
        if score > best:
            best, found = score, offer
    return found


def _score(offer: Offer, wishes: Sequence[Wish]) -> tuple[float, int]:
    """Quality and closeness of the most specific wish that fits; (0, 0) for none."""
    fits = [(_closeness(offer, wish), wish.quality) for wish in wishes]
    closeness, quality = max(fits, default=(0, 0.0))
    return (quality, closeness) if closeness and quality else (0.0, 0)


def _closeness(offer: Offer, wish: Wish) -> int:
    """How specifically a wish names an offer: 0 not at all, more for each thing named."""
    if wish.media_type == "*/*":
        closeness = 1
        if wish.multipart and not offer.multipart:
            return 0
    elif wish.multipart != offer.multipart:
        return 0
    elif wish.media_type == offer.media_type.lower():
        closeness = 4
    elif wish.media_type.endswith("/*") and offer.media_type.startswith(wish.media_type[:-1]):
        closeness = 2
    else:
        return 0
    if wish.transfer_syntax is None:
        return closeness if offer.default else 0
    if wish.transfer_syntax == "*":
        return closeness + 1
    return closeness + 2 if wish.transfer_syntax == offer.transfer_syntax else 0
