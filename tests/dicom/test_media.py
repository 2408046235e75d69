"""Accept negotiation: one table of what is asked, of what, and what is answered."""

from __future__ import annotations

import pytest

from telemed.dicom.media import (
    JSON_OFFERS,
    RENDERED_OFFERS,
    RESULT_OFFERS,
    Offer,
    bulk_offers,
    choose,
    document_offers,
    frame_offers,
    instance_offers,
)
from telemed.dicom.refusal import Refused
from telemed.dicom.syntaxes import EXPLICIT_LE, IMPLICIT_LE, TRANSFER_SYNTAXES

JLS = "1.2.840.10008.1.2.4.80"
NEVER = "1.2.840.10008.1.2.4.93"  # neither decoded nor made here
RLE, HEVC = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.107"
NATIVE, JLS_ROW = TRANSFER_SYNTAXES[IMPLICIT_LE], TRANSFER_SYNTAXES[JLS]
OCTETS = "application/octet-stream"

OFFERS = {
    "json": JSON_OFFERS,
    "results": RESULT_OFFERS,
    "picture": RENDERED_OFFERS,
    "native study": instance_offers(NATIVE, single=False, decodes=True),
    "jls study": instance_offers(JLS_ROW, single=False, decodes=True),
    "jls instance": instance_offers(JLS_ROW, single=True, decodes=True),
    "fixed instance": instance_offers(JLS_ROW, single=True, decodes=False),
    "native frame": frame_offers(NATIVE, single=True, decodes=True),
    "jls frame": frame_offers(JLS_ROW, single=True, decodes=True),
    "jls frames": frame_offers(JLS_ROW, single=False, decodes=True),
    "rle frame": frame_offers(TRANSFER_SYNTAXES[RLE], single=True, decodes=True),
    "hevc frame": frame_offers(TRANSFER_SYNTAXES[HEVC], single=True, decodes=False),
    "bulk": bulk_offers("application/pdf"),
    "document": document_offers("application/pdf"),
}

# resource, Accept header, accept parameter, answer "type[;syntax] [many]" or the refusal
CASES = [
    ("json", None, None, "application/dicom+json"),
    ("json", "", None, "application/dicom+json"),
    ("json", "*/*", None, "application/dicom+json"),
    ("json", "application/json", None, "application/json"),
    ("json", "application/*", None, "application/dicom+json"),
    ("json", "APPLICATION/DICOM+JSON", None, "application/dicom+json"),
    ("json", "application/json, application/dicom+json;q=0.5", None, "application/json"),
    ("json", "application/json;q=0.2, application/dicom+json ; q=0.5", None,
     "application/dicom+json"),
    ("json", "application/dicom+json;q=0", None, "not-acceptable"),
    ("json", "text/csv", None, "not-acceptable"),
    ("json", "text/csv, */*;q=0.1", None, "application/dicom+json"),
    ("json", "nonsense, ;;, application/json", None, "application/json"),
    ("json", "application/dicom+json, multipart/related; type=application/octet-stream; "
     "transfer-syntax=*", None, "application/dicom+json"),
    ("json", "text/html", "application/json", "application/json"),
    ("json", "application/json", "text/csv", "application/json"),
    ("json", 'multipart/related; type="application/dicom+xml"', None, "not-acceptable"),
    ("results", 'multipart/related; type="application/dicom+xml"', None,
     "application/dicom+xml many"),
    ("results", "multipart/related; type=application/dicom+xml", None,
     "application/dicom+xml many"),
    ("results", "multipart/related", None, "not-acceptable"),
    ("results", "application/dicom+xml", None, "not-acceptable"),
    ("results", "application/dicom+json;q=0.1, multipart/related;type=application/dicom+xml;q=0.2",
     None, "application/dicom+xml many"),
    ("results", "*/*", None, "application/dicom+json"),
    ("picture", None, None, "image/jpeg"),
    ("picture", "image/png", None, "image/png"),
    ("picture", "image/*", None, "image/jpeg"),
    ("picture", "image/avif,image/webp,image/apng,image/*,*/*;q=0.8", None, "image/jpeg"),
    ("picture", "image/gif, image/png;q=0.4", None, "image/gif"),
    ("picture", "image/gif", None, "image/gif"),
    ("picture", "video/mp4", None, "not-acceptable"),
    ("picture", "application/dicom, image/png", None, "mixed-media-types"),
    ("picture", "*/*", "image/png", "image/png"),
    ("native study", None, None, f"application/dicom;{EXPLICIT_LE} many"),
    ("native study", 'multipart/related; type="application/dicom"', None,
     f"application/dicom;{EXPLICIT_LE} many"),
    ("native study", "multipart/related;type=application/dicom;transfer-syntax=*", None,
     f"application/dicom;{EXPLICIT_LE} many"),
    ("native study", f"multipart/related; type=application/dicom; transfer-syntax={IMPLICIT_LE}",
     None, "not-acceptable"),
    ("native study", "application/dicom", None, "not-acceptable"),
    ("jls study", 'multipart/related; type="application/dicom"; transfer-syntax=*', None,
     f"application/dicom;{JLS} many"),
    ("jls study", 'multipart/related; type="application/dicom"', None,
     f"application/dicom;{EXPLICIT_LE} many"),
    ("jls study", f'multipart/related; type="application/dicom"; transfer-syntax="{JLS}"', None,
     f"application/dicom;{JLS} many"),
    ("jls study", f'multipart/related; type="application/dicom"; transfer-syntax={NEVER}', None,
     "not-acceptable"),
    ("jls study", f"multipart/related; type=application/dicom; transfer-syntax={NEVER};q=1, "
     f"multipart/related; type=application/dicom; transfer-syntax={JLS};q=0.1", None,
     f"application/dicom;{JLS} many"),
    ("jls instance", "application/dicom; transfer-syntax=*", None, f"application/dicom;{JLS}"),
    ("jls instance", "application/dicom", None, f"application/dicom;{EXPLICIT_LE}"),
    ("jls instance", "multipart/related", None, f"application/dicom;{EXPLICIT_LE} many"),
    ("fixed instance", "application/dicom", None, f"application/dicom;{JLS}"),
    ("fixed instance", None, None, f"application/dicom;{JLS} many"),
    ("native frame", "multipart/related; type=application/octet-stream; transfer-syntax=*", None,
     f"{OCTETS};{EXPLICIT_LE} many"),
    ("native frame", "application/octet-stream", None, f"{OCTETS};{EXPLICIT_LE}"),
    ("jls frame", 'multipart/related; type="application/octet-stream"; transfer-syntax=*', None,
     f"{OCTETS};{JLS} many"),
    ("jls frame", "multipart/related; type=application/octet-stream", None,
     f"{OCTETS};{EXPLICIT_LE} many"),
    ("jls frame", "multipart/related; type=image/jls", None, f"image/jls;{JLS} many"),
    ("jls frame", f"image/jls; transfer-syntax={JLS}", None, f"image/jls;{JLS}"),
    ("jls frame", 'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50, '
     'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.80', None,
     f"image/jls;{JLS} many"),
    ("jls frame", "multipart/related; type=image/jpeg", None,
     "image/jpeg;1.2.840.10008.1.2.4.70 many"),
    ("jls frame", "image/jp2", None, "image/jp2;1.2.840.10008.1.2.4.90"),
    ("jls frame", "image/jphc; transfer-syntax=1.2.840.10008.1.2.4.203", None,
     "image/jphc;1.2.840.10008.1.2.4.203"),
    ("jls frame", "image/jpx", None, "not-acceptable"),
    ("jls frame", "image/jxl", None, "image/jxl;1.2.840.10008.1.2.4.110"),
    ("jls frames", "application/octet-stream; transfer-syntax=*", None, "not-acceptable"),
    ("jls frames", "*/*", None, f"{OCTETS};{EXPLICIT_LE} many"),
    ("bulk", "application/octet-stream", None, OCTETS),
    ("bulk", "multipart/related; type=application/octet-stream", None, f"{OCTETS} many"),
    ("bulk", "application/pdf", None, "application/pdf"),
    ("bulk", None, None, f"{OCTETS} many"),
    ("bulk", None, "application/pdf", "application/pdf"),
    # M7: members that name nothing are ignored, and nothing is left
    ("json", "toto", None, "not-acceptable"),
    ("json", "toto, tata", None, "not-acceptable"),
    ("json", "application/nope", None, "not-acceptable"),
    ("json", "multipart/related", None, "not-acceptable"),
    ("native study", 'multipart/related; type="application/nope"', None, "not-acceptable"),
    ("native study", "multipart/related; type=application/dicom; transfer-syntax=nope", None,
     "not-acceptable"),
    # M10: instances as strangers ask for them
    ("native study", "multipart/related", None, f"application/dicom;{EXPLICIT_LE} many"),
    ("native study", "multipart/*", None, f"application/dicom;{EXPLICIT_LE} many"),
    ("native study", "multipart/related; type=application/dicom", None,
     f"application/dicom;{EXPLICIT_LE} many"),
    ("native study", f"multipart/related; type=application/dicom; transfer-syntax={EXPLICIT_LE}",
     None, f"application/dicom;{EXPLICIT_LE} many"),
    # M11: blanks around parameters are fine, blanks inside quotes are another value
    ("bulk", 'multipart/related; type =  "application/octet-stream"  ', None, f"{OCTETS} many"),
    ("bulk", 'multipart/related; type=" application/octet-stream"', None, "not-acceptable"),
    ("bulk", "multipart/nope", None, "not-acceptable"),
    ("bulk", "multipart/related; range=; type=application/octet-stream", None, f"{OCTETS} many"),
    # R2: whole instances are neither opaque bytes nor a film
    ("jls instance", "application/octet-stream", None, "not-acceptable"),
    ("jls instance", "video/mpeg; transfer-syntax=1.2.840.10008.1.2.4.100", None,
     "not-acceptable"),
    # F3: a film leaves as it is stored, whatever the case of its type
    ("hevc frame", "*/*", None, f"{OCTETS};{HEVC} many"),
    ("hevc frame", "multipart/related; type=video/h265", None, f"video/H265;{HEVC} many"),
    ("hevc frame", "multipart/related; type=image/jp2", None, "not-acceptable"),
    # names of older editions
    ("rle frame", "multipart/related; type=image/x-dicom-rle", None, f"image/dicom-rle;{RLE} many"),
    ("jls frame", 'multipart/related; type="image/x-jls"', None, f"image/jls;{JLS} many"),
    # q and what is most specific
    ("json", "application/*;q=0.9, application/dicom+json;q=0.1", None, "application/json"),
    ("json", "*/*, application/json;q=0", None, "application/dicom+json"),
    ("json", "*/*;q=0", None, "not-acceptable"),
    ("json", "application/json;q=2, application/dicom+json;q=.5", None, "not-acceptable"),
    ("json", "application/json ; Q=0.3,application/dicom+json;q=0.300", None,
     "application/dicom+json"),
    # the parameter outranks the header and falls back to it
    ("json", "application/dicom+json", "application/json", "application/json"),
    ("picture", "image/png", "image/webp", "image/png"),
    ("picture", "image/webp", "image/webp", "not-acceptable"),
    ("picture", "image/png", 'image/jpeg;q=0', "image/png"),
    # charset has one answer
    ("json", "application/dicom+json; charset=utf-8", None, "application/dicom+json"),
    ("json", 'application/json; charset="ISO_IR 100"', None, "application/json"),
    # what browsers ask of a document, and DICOM beside rendered types
    ("document", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", None,
     "application/pdf"),
    ("document", "application/pdf, application/dicom+json", None, "mixed-media-types"),
    ("picture", "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50", None, "not-acceptable"),
    ("json", 'application/json;profile="a,b;c", text/csv', None, "application/json"),
]  # fmt: skip


def told(offer: Offer) -> str:
    syntax = f";{offer.transfer_syntax}" if offer.transfer_syntax else ""
    return f"{offer.media_type}{syntax}{' many' if offer.multipart else ''}"


@pytest.mark.parametrize(("resource", "header", "parameter", "answer"), CASES)
def test_choice(resource: str, header: str | None, parameter: str | None, answer: str) -> None:
    """PS3.18 8.7.5 to 8.7.8, and what viewers really send."""
    try:
        found = told(choose(header, OFFERS[resource], parameter))
    except Refused as refused:
        found = refused.code
    assert found == answer


def test_nothing_forbidden_is_ever_offered() -> None:
    """Implicit VR, Big Endian and Deflated never travel (8.7.3)."""
    for row in TRANSFER_SYNTAXES.values():
        for make in (instance_offers, frame_offers):
            for offer in make(row, single=True, decodes=True):
                assert TRANSFER_SYNTAXES[offer.transfer_syntax].on_the_wire
