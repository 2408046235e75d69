"""Accept negotiation: one table of what is asked, of what, and what is answered."""

from __future__ import annotations

import pytest

from telemed.dicom.media import (
    JSON_OFFERS,
    RENDERED_OFFERS,
    Offer,
    bulk_offers,
    choose,
    frame_offers,
    instance_offers,
)
from telemed.dicom.refusal import Refused
from telemed.dicom.syntaxes import EXPLICIT_LE, IMPLICIT_LE, TRANSFER_SYNTAXES

JLS, JPEG = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.50"
NATIVE, JLS_ROW = TRANSFER_SYNTAXES[IMPLICIT_LE], TRANSFER_SYNTAXES[JLS]
OCTETS = "application/octet-stream"

OFFERS = {
    "json": JSON_OFFERS,
    "picture": RENDERED_OFFERS,
    "native study": instance_offers(NATIVE, single=False, decodes=True),
    "jls study": instance_offers(JLS_ROW, single=False, decodes=True),
    "jls instance": instance_offers(JLS_ROW, single=True, decodes=True),
    "fixed instance": instance_offers(JLS_ROW, single=True, decodes=False),
    "native frame": frame_offers(NATIVE, single=True, decodes=True),
    "jls frame": frame_offers(JLS_ROW, single=True, decodes=True),
    "jls frames": frame_offers(JLS_ROW, single=False, decodes=True),
    "bulk": bulk_offers("application/pdf"),
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
    ("picture", None, None, "image/jpeg"),
    ("picture", "image/png", None, "image/png"),
    ("picture", "image/*", None, "image/jpeg"),
    ("picture", "image/avif,image/webp,image/apng,image/*,*/*;q=0.8", None, "image/jpeg"),
    ("picture", "image/gif, image/png;q=0.4", None, "image/png"),
    ("picture", "image/gif", None, "not-acceptable"),
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
    ("jls study", f'multipart/related; type="application/dicom"; transfer-syntax={JPEG}', None,
     "not-acceptable"),
    ("jls study", f"multipart/related; type=application/dicom; transfer-syntax={JPEG};q=1, "
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
    ("jls frame", "multipart/related; type=image/jpeg", None, "not-acceptable"),
    ("jls frames", "application/octet-stream; transfer-syntax=*", None, "not-acceptable"),
    ("jls frames", "*/*", None, f"{OCTETS};{EXPLICIT_LE} many"),
    ("bulk", "application/octet-stream", None, OCTETS),
    ("bulk", "multipart/related; type=application/octet-stream", None, f"{OCTETS} many"),
    ("bulk", "application/pdf", None, "application/pdf"),
    ("bulk", None, None, f"{OCTETS} many"),
    ("bulk", None, "application/pdf", "application/pdf"),
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
