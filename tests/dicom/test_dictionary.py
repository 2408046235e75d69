"""The tables: the same facts as pydicom's dictionary."""

from __future__ import annotations

import imagecodecs
from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom.pixels import get_decoder
from pydicom.uid import UID

from telemed.dicom.codecs import ENCODERS
from telemed.dicom.dictionary import implicit_vr, keyword_of, lookup, tag_of
from telemed.dicom.elements import VRS
from telemed.dicom.refusal import SENTENCES, Refused
from telemed.dicom.syntaxes import OCTETS, TRANSFER_SYNTAXES, content_of


def test_every_standard_element_is_known() -> None:
    """Tag, VR and keyword of every element agree with an independent table."""
    for tag, (vr, _, _, _, keyword) in DicomDictionary.items():
        if vr == "NONE":
            continue
        entry = lookup(tag)
        assert entry is not None
        assert entry == (vr.replace(" or ", "/"), keyword)
        if keyword:
            assert tag_of(keyword) == tag and keyword_of(tag) == keyword
        assert tag_of(f"{tag:08x}") == tag


def test_repeating_groups_are_known() -> None:
    """Overlays and curves are recognised in each of their groups."""
    for mask, (vr, _, _, _, keyword) in RepeatersDictionary.items():
        if mask[:4] in ("60xx", "50xx") and "x" not in mask[4:]:
            for group in ("00", "02", "1E"):
                entry = lookup(int(mask.replace("xx", group), 16))
                assert entry == (vr.replace(" or ", "/"), keyword)


def test_an_implicit_vr_is_always_one_of_the_known() -> None:
    """What the standard leaves to context is settled for every tag."""
    for tag in (*DicomDictionary, 0x00090010, 0x00091001, 0x00080000, 0x12345678):
        for signed in (True, False):
            assert implicit_vr(tag, signed) in VRS or lookup(tag) is None
    assert implicit_vr(0x00280106, True) == "SS"
    assert implicit_vr(0x00280106, False) == "US"
    assert implicit_vr(0x7FE00010, False) == "OW"
    assert implicit_vr(0x00090010, False) == "LO"
    assert implicit_vr(0x00091001, False) == "UN"


def test_transfer_syntaxes_agree_with_pydicom() -> None:
    """The flags of each row are those of an independent table."""
    for uid, row in TRANSFER_SYNTAXES.items():
        theirs = UID(uid)
        if uid.startswith("1.2.840.10008.1.2.4.11"):
            continue  # JPEG XL is younger than that table
        assert theirs.is_transfer_syntax
        assert row.implicit == theirs.is_implicit_VR
        assert row.big_endian == (not theirs.is_little_endian)
        assert row.deflated == theirs.is_deflated
        assert row.encapsulated == theirs.is_encapsulated


def test_what_is_called_decodable_has_a_decoder() -> None:
    """Every syntax we promise to decode has a codec installed."""
    for uid, row in TRANSFER_SYNTAXES.items():
        if row.media_type == "image/jxl":
            assert imagecodecs.JPEGXL.available
        elif row.media_type != OCTETS and row.decodable:
            assert get_decoder(UID(uid)).is_available, row.name


def test_what_is_called_made_has_an_encoder() -> None:
    """The table and the worker agree about the syntaxes that frames can be coded in."""
    assert {uid for uid, row in TRANSFER_SYNTAXES.items() if row.made} == set(ENCODERS)


def test_content_rules() -> None:
    """The longest branch decides, and a foreign class demands nothing."""
    storage = "1.2.840.10008.5.1.4.1.1"
    assert content_of(f"{storage}.2").kind == "image"
    assert content_of(f"{storage}.77.1.6").kind == "image"
    assert content_of(f"{storage}.4.2").kind == "other"
    assert content_of(f"{storage}.9.1.1").kind == "waveform"
    assert content_of(f"{storage}.88.33").kind == "report"
    assert content_of(f"{storage}.104.1").kind == "document"
    assert content_of(f"{storage}.481.3").kind == "other"
    assert content_of("1.2.3").kind == "other"


def test_refusals_have_both_languages_and_survive_a_pickle() -> None:
    """Each code has a Chinese and an English sentence made of the same facts."""
    import pickle
    import string

    for chinese, english in SENTENCES.values():
        fields = [
            {f for _, f, _, _ in string.Formatter().parse(s) if f} for s in (chinese, english)
        ]
        assert fields[0] == fields[1]
        assert any("\u4e00" <= c <= "\u9fff" for c in chinese) and english.isascii()
    refusal = pickle.loads(pickle.dumps(Refused("too-deep", limit=32)))
    assert (refusal.code, refusal.facts) == ("too-deep", {"limit": 32})
