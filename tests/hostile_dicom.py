"""Hostile and odd DICOM files, made byte by byte and the same on every run.

`hostile_files()` returns (name, bytes). A name that starts with `odd-` is a file whose
structure is lawful and whose values are abusive: it may be stored, and nothing may break.
Every other file is broken and must be refused by every door of the platform. The small
builders are public, for tests that need a valid file of known bytes.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from functools import cache

LONG = {"OB", "OW", "OF", "OD", "OL", "OV", "UN", "UT", "UC", "UR", "SQ", "SV", "UV"}
UNDEFINED = 0xFFFFFFFF

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED, JPEG, RLE = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"
CT, SC = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7"
ECG, SR = "1.2.840.10008.5.1.4.1.1.9.1.1", "1.2.840.10008.5.1.4.1.1.88.11"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"

STUDY, SERIES, SOP = "2.25.1001", "2.25.1002", "2.25.1003"

Elements = dict[int, tuple[str, bytes]]


def element(
    tag: int,
    vr: str,
    value: bytes = b"",
    *,
    length: int | None = None,
    implicit: bool = False,
    big: bool = False,
) -> bytes:
    """One element; `length` is what the header claims, the true one if not given."""
    order = ">" if big else "<"
    claimed = len(value) if length is None else length
    if implicit:
        return struct.pack(order + "HHI", tag >> 16, tag & 0xFFFF, claimed) + value
    if vr in LONG:
        head = struct.pack(order + "HH2sHI", tag >> 16, tag & 0xFFFF, vr.encode(), 0, claimed)
    else:
        head = struct.pack(order + "HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), claimed & 0xFFFF)
    return head + value


def item(value: bytes = b"", *, length: int | None = None, tag: int = 0xFFFEE000) -> bytes:
    """One sequence item, or with another tag a delimiter."""
    claimed = len(value) if length is None else length
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, claimed) + value


ITEM_END = item(tag=0xFFFEE00D)
SEQUENCE_END = item(tag=0xFFFEE0DD)


def even(text: str | bytes, pad: bytes = b" ") -> bytes:
    """A value padded to even length."""
    raw = text if isinstance(text, bytes) else text.encode()
    return raw + pad * (len(raw) % 2)


def uid(text: str) -> bytes:
    return even(text, b"\0")


def meta(syntax: str, sop_class: str = CT, sop: str = SOP) -> bytes:
    """The file meta group with its true length in front."""
    body = b"".join(
        (
            element(0x00020001, "OB", b"\0\1"),
            element(0x00020002, "UI", uid(sop_class)),
            element(0x00020003, "UI", uid(sop)),
            element(0x00020010, "UI", uid(syntax)),
            element(0x00020012, "UI", uid("2.25.9")),
        )
    )
    return element(0x00020000, "UL", struct.pack("<I", len(body))) + body


def part10(data: bytes, syntax: str = EXPLICIT, **more: str) -> bytes:
    """A whole file around an encoded data set."""
    return bytes(128) + b"DICM" + meta(syntax, **more) + data


def identity(sop_class: str = CT, modality: str = "CT") -> Elements:
    """What every instance has."""
    return {
        0x00080005: ("CS", even("ISO_IR 192")),
        0x00080016: ("UI", uid(sop_class)),
        0x00080018: ("UI", uid(SOP)),
        0x00080020: ("DA", b"20260102"),
        0x00080030: ("TM", b"101530"),
        0x00080050: ("SH", even("A1001")),
        0x00080060: ("CS", even(modality)),
        0x00080090: ("PN", even("Zhao^Lei=赵^磊")),
        0x00081030: ("LO", even("胸部平扫")),
        0x00100010: ("PN", even("Wang^Xiaoming=王^小明")),
        0x00100020: ("LO", even("P0001")),
        0x00100030: ("DA", b"19800102"),
        0x00100040: ("CS", even("M")),
        0x0020000D: ("UI", uid(STUDY)),
        0x0020000E: ("UI", uid(SERIES)),
        0x00200010: ("SH", even("1")),
        0x00200011: ("IS", even("2")),
        0x00200013: ("IS", even("3")),
    }


def us(number: int, *, big: bool = False) -> tuple[str, bytes]:
    return "US", struct.pack(">H" if big else "<H", number)


def image(*, big: bool = False) -> Elements:
    """A CT slice of 4 x 4 pixels of 16 bits with values 0 to 15."""
    pixels = struct.pack((">" if big else "<") + "16H", *range(16))
    return {
        **identity(),
        0x00280002: us(1, big=big),
        0x00280004: ("CS", even("MONOCHROME2")),
        0x00280010: us(4, big=big),
        0x00280011: us(4, big=big),
        0x00280100: us(16, big=big),
        0x00280101: us(12, big=big),
        0x00280102: us(11, big=big),
        0x00280103: us(0, big=big),
        0x00281050: ("DS", even("8")),
        0x00281051: ("DS", even("16")),
        0x7FE00010: ("OW", pixels),
    }


def encoded(elements: Elements, *, implicit: bool = False, big: bool = False) -> bytes:
    """A data set in ascending order."""
    return b"".join(
        element(tag, vr, value, implicit=implicit, big=big)
        for tag, (vr, value) in sorted(elements.items())
    )


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return even(packer.compress(data) + packer.flush(), b"\0")


def fragments(*parts: bytes, table: bytes = b"") -> bytes:
    """Encapsulated pixel data: the element, its offset table, its fragments, its end."""
    body = b"".join(item(part) for part in (table, *parts))
    return element(0x7FE00010, "OB", length=UNDEFINED) + body + SEQUENCE_END


def compressed(*parts: bytes, frames: int = 1, table: bytes = b"") -> bytes:
    """The data set of an 8-bit secondary capture with encapsulated pixels."""
    elements = {**image(), **identity(SC, "OT"), 0x00280100: us(8), 0x00280101: us(8)}
    elements[0x00280102] = us(7)
    elements[0x00280008] = ("IS", even(str(frames)))
    del elements[0x7FE00010]
    return encoded(elements) + fragments(*parts, table=table)


JPEG_FRAME = b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xd9"


def ecg() -> Elements:
    """A two-channel ECG of ten samples."""
    group = b"".join(
        (
            element(0x003A0004, "CS", even("ORIGINAL")),
            element(0x003A0005, "US", struct.pack("<H", 2)),
            element(0x003A0010, "UL", struct.pack("<I", 10)),
            element(0x003A001A, "DS", even("500")),
            element(0x54001004, "US", struct.pack("<H", 16)),
            element(0x54001006, "CS", even("SS")),
            element(0x54001010, "OW", struct.pack("<20h", *range(-10, 10))),
        )
    )
    return {**identity(ECG, "ECG"), 0x54000100: ("SQ", item(group))}


def valid_files() -> list[tuple[str, bytes]]:
    """Small valid files, one for each way of encoding that matters."""
    explicit = encoded(image())
    pages = {**identity(PDF, "DOC"), 0x00420011: ("OB", even(b"%PDF-1.4\n%%EOF\n"))}
    report = {**identity(SR, "SR"), 0x0040A493: ("CS", even("VERIFIED"))}
    two = (JPEG_FRAME, JPEG_FRAME + b"\0\0")
    return [
        ("explicit", part10(explicit)),
        ("implicit", part10(encoded(image(), implicit=True), IMPLICIT)),
        ("big-endian", part10(encoded(image(big=True), big=True), BIG)),
        ("deflated", part10(deflated(explicit), DEFLATED)),
        ("jpeg", part10(compressed(JPEG_FRAME), JPEG, sop_class=SC)),
        ("jpeg-two-frames", part10(compressed(*two, frames=2), JPEG, sop_class=SC)),
        ("ecg", part10(encoded(ecg()), sop_class=ECG)),
        ("pdf", part10(encoded(pages), sop_class=PDF)),
        ("report", part10(encoded(report), sop_class=SR)),
    ]


# -- broken -------------------------------------------------------------------------------


def _cuts() -> Iterator[tuple[str, bytes]]:
    """Every valid file cut before, inside and behind every header and value."""
    for name, data in valid_files():
        for at in _boundaries(name, data):
            if at < len(data):
                yield f"cut-{name}-{at}", data[:at]


def _boundaries(name: str, data: bytes) -> list[int]:
    if name in ("deflated", "jpeg", "jpeg-two-frames", "ecg", "pdf", "report"):
        # The last byte of the deflated file only pads it to an even length.
        return sorted({len(data) - k for k in (2, 3, 4, 7, 8, 9, 12, 16, 24, 32, 48)})
    start = 132 + len(meta(EXPLICIT if name == "explicit" else BIG))
    cuts = {0, 1, 127, 128, 131, 132, 136, 140, 144, 150, start - 2}
    at = 132 + len(meta({"explicit": EXPLICIT, "implicit": IMPLICIT, "big-endian": BIG}[name]))
    big = name == "big-endian"
    for tag, (vr, value) in sorted(image(big=big).items()):
        size = len(element(tag, vr, value, implicit=name == "implicit", big=big))
        cuts |= {at, at + 4, at + size - len(value), at + size - 1}
        at += size
    return sorted(cuts)


def _with(elements: Elements, *extra: bytes, before: int = 0x7FE00010) -> bytes:
    """The encoding of elements with raw bytes put in before a tag."""
    head = {tag: e for tag, e in elements.items() if tag < before}
    tail = {tag: e for tag, e in elements.items() if tag >= before}
    return encoded(head) + b"".join(extra) + encoded(tail)


def _lengths() -> Iterator[tuple[str, bytes]]:
    """Lengths that lie: too long, odd, not a multiple, undefined where that is unlawful."""
    base = image()
    for tag, (vr, value) in sorted(base.items()):
        size = len(value)
        for lie in (size + 2, size + 100, 0xFFFE, size - 1 if size else 1):
            claimed = element(tag, vr, value, length=lie)
            rest = {t: e for t, e in base.items() if t > tag}
            head = {t: e for t, e in base.items() if t < tag}
            # A lie may swallow what follows; only a wrong sum is certain to be broken.
            if tag == max(base) or lie == size - 1 or lie == 0xFFFE:
                yield f"length-{tag:08x}-{lie}", part10(encoded(head) + claimed + encoded(rest))
    for lie in (0xFFFFFFF0, 0xFFFFFFFE, 0x7FFFFFFE, 1 << 20):
        pixels = element(0x7FE00010, "OW", b"\0\0\0", length=lie)
        yield f"pixels-claim-{lie:x}", part10(_with({**base}, before=0x7FE00010)[:-44] + pixels)
    for vr in ("OB", "OW", "UT", "UC", "UR", "OF", "SV"):
        raw = element(0x00281199, vr, b"12345678", length=UNDEFINED)
        yield f"undefined-{vr}", part10(_with(base, raw))
    for vr, size in (("US", 3), ("UL", 6), ("FD", 12), ("AT", 2), ("FL", 2), ("SV", 4), ("OD", 4)):
        yield f"multiple-{vr}-{size}", part10(_with(base, element(0x00281199, vr, bytes(size))))


def _nesting() -> Iterator[tuple[str, bytes]]:
    """Sequences too deep, unended, overlapping, or made of something else."""
    base = image()
    for depth in (33, 40, 240, 2_000, 100_000):
        one = element(0x00081140, "SQ", length=UNDEFINED) + item(length=UNDEFINED)
        yield f"deep-{depth}", part10(encoded(identity()) + one * depth)
    deep = b""
    for _ in range(60):
        deep = element(0x00081140, "SQ", item(deep))
    yield "deep-defined-60", part10(_with(base, deep, before=0x00081141))
    bodies = {
        "no-end": item(length=UNDEFINED),
        "item-too-long": item(b"", length=100) + SEQUENCE_END,
        "no-item": element(0x00081150, "UI", uid("1.2")) + SEQUENCE_END,
        "end-with-length": item() + item(tag=0xFFFEE0DD, length=4),
        "item-end-alone": ITEM_END + SEQUENCE_END,
        "half-item": item()[:6],
        "nothing": b"",
    }
    for name, body in bodies.items():
        raw = element(0x00081140, "SQ", length=UNDEFINED) + body
        head = {t: e for t, e in base.items() if t < 0x00081140}
        yield f"sequence-{name}", part10(encoded(head) + raw)
    over = element(0x00081140, "SQ", item(element(0x00081150, "UI", uid("1.2"), length=40)))
    yield "sequence-overrun", part10(_with(base, over, before=0x00081141))
    stray = {"item": item(), "item-end": ITEM_END, "sequence-end": SEQUENCE_END}
    for name, raw in stray.items():
        yield f"stray-{name}", part10(_with(base, raw, before=0x00081141))


def _floods() -> Iterator[tuple[str, bytes]]:
    """Much work in few bytes."""
    base = identity()
    empty = b"".join(
        element(0x00090000 + ((k // 0x8000) << 17) + 0x1000 + k % 0x8000, "UN")[:12]
        for k in range(60_000)
    )
    yield "flood-elements-60000", part10(encoded(base)[:0] + empty)
    items = item() * 200_000
    yield (
        "flood-items-200000",
        part10(_with(image(), element(0x00081140, "SQ", items), before=0x00081141)),
    )
    fragments_flood = element(0x7FE00010, "OB", length=UNDEFINED) + item() * 300_000 + SEQUENCE_END
    head = compressed(JPEG_FRAME)[: -len(fragments(JPEG_FRAME))]
    yield "flood-fragments-300000", part10(head + fragments_flood, JPEG, sop_class=SC)
    yield (
        "flood-values",
        part10(_with(image(), element(0x00081199, "UC", b"\\" * 300_000), before=0x00081200)),
    )
    yield (
        "flood-text",
        part10(_with(image(), element(0x00081199, "UT", b"x" * (2 << 20)), before=0x00081200)),
    )
    for size in (8, 80):
        bomb = encoded(base) + element(0x00420011, "OB", bytes(size << 20))
        yield f"bomb-deflate-{size}", part10(deflated(bomb), DEFLATED, sop_class=PDF)
    yield "deflate-garbage", part10(b"\xde\xad\xbe\xef" * 20, DEFLATED)
    yield "deflate-tail", part10(deflated(encoded(image())) + b"tail", DEFLATED)
    yield "deflate-empty", part10(b"", DEFLATED)


def _pixel_claims() -> Iterator[tuple[str, bytes]]:
    """Dimensions that do not fit the pixels that are there."""
    tags = {"rows": 0x00280010, "columns": 0x00280011, "samples": 0x00280002}
    for name, tag in tags.items():
        for number in (0, 5, 255, 65_535):
            yield f"pixels-{name}-{number}", part10(encoded({**image(), tag: us(number)}))
    for bits in (0, 2, 12, 24, 33, 64, 65_535):
        yield f"pixels-bits-{bits}", part10(encoded({**image(), 0x00280100: us(bits)}))
    for frames in ("2", "0", "-1", "2147483647", "99999999999", "1e3", "x", "2147483648"):
        changed = {**image(), 0x00280008: ("IS", even(frames))}
        yield f"pixels-frames-{frames}", part10(encoded(changed))
    for tag in (0x00280010, 0x00280011, 0x00280100, 0x7FE00010):
        without = {t: e for t, e in image().items() if t != tag}
        yield f"pixels-without-{tag:08x}", part10(encoded(without))
    flood = {**image(), 0x00280010: us(65_535), 0x00280011: us(65_535)}
    flood[0x00280008] = ("IS", even("2147483647"))
    yield "pixels-flood", part10(encoded(flood))
    yield "pixels-native-in-jpeg", part10(encoded(image()), JPEG)
    raw = compressed(JPEG_FRAME)
    yield "pixels-jpeg-in-native", part10(raw, EXPLICIT, sop_class=SC)
    yield "frames-too-few", part10(compressed(JPEG_FRAME, frames=9), JPEG, sop_class=SC)
    three = compressed(b"\0\0", b"\1\1", b"\2\2", frames=2)
    yield "frames-ambiguous", part10(three, JPEG, sop_class=SC)
    yield "frames-none", part10(raw[: -len(fragments(JPEG_FRAME))], JPEG, sop_class=SC)
    for name, body in (
        ("no-items", SEQUENCE_END),
        ("no-end", item() + item(JPEG_FRAME)),
        ("too-long", item() + item(JPEG_FRAME, length=5_000) + SEQUENCE_END),
        ("odd", item() + item(b"\xff\xd8\xff") + SEQUENCE_END),
        ("undefined", item() + item(length=UNDEFINED) + SEQUENCE_END),
    ):
        pixels = element(0x7FE00010, "OB", length=UNDEFINED) + body
        data = raw[: -len(fragments(JPEG_FRAME))] + pixels
        yield f"fragments-{name}", part10(data, JPEG, sop_class=SC)


HOSTILE_UIDS = (
    "", "../../etc/passwd", "1.2/3", "1..2", ".1", "1.", "1.2.", "1.2 .3", "1.2\n3", "1.2\r",
    "1.2\0.3", "1,2", "1.2;3", "a.b", "1.2.x", "-1.2", "+1.2", "1.2e5", "'1.2", '1.2"',
    "1.2'--", "<1.2>", "%2e%2e", "1.2%00", "*", "1.*", "?", "1.2?", "\\\\srv", "C:1.2",
    "CON", "NUL.1", "1.2\t3", "\N{FULLWIDTH DIGIT ONE}.\N{FULLWIDTH DIGIT TWO}",
    "\N{ARABIC-INDIC DIGIT ONE}.2", "1.2\N{RIGHT-TO-LEFT OVERRIDE}.3", "1.2\N{ZERO WIDTH SPACE}",
    "1" * 65, "1." * 40 + "1", "2.25." + "9" * 60, "1.2\\1.3", "{{1.2}}", "${1.2}", "1.2&x=1",
)  # fmt: skip


def _identities() -> Iterator[tuple[str, bytes]]:
    """UIDs that are none, that differ, or that are missing."""
    for number, text in enumerate(HOSTILE_UIDS):
        for tag in (0x00080018, 0x0020000D, 0x0020000E):
            # The SOP UID is the same in the file meta, so that only its form is at fault.
            sop = text if tag == 0x00080018 and len(text) < 60 else SOP
            data = encoded({**image(), tag: ("UI", uid(text))})
            yield f"uid-{number}-{tag:08x}", part10(data, sop=sop)
    for tag in (0x00080016, 0x00080018, 0x0020000D, 0x0020000E):
        without = {t: e for t, e in image().items() if t != tag}
        yield f"uid-missing-{tag:08x}", part10(encoded(without))
    yield "meta-other-sop", part10(encoded(image()), sop="2.25.77")
    yield "meta-other-class", part10(encoded(image()), sop_class=SC)
    for number, syntax in enumerate(
        ("", "1.2.840.10008.1.2.999", "1.2.840.10008.1.1", "*", "../..", "1" * 70)
    ):
        yield f"syntax-{number}", part10(encoded(image()), syntax)


def _metas() -> Iterator[tuple[str, bytes]]:
    """What is wrong before the data set begins, and encodings that contradict the meta."""
    data = encoded(image())
    good = part10(data)
    yield "meta-none", bytes(128) + b"DICM" + data
    yield "meta-no-preamble", good[132:]
    yield "meta-no-mark", bytes(132) + good[132:]
    yield "meta-lower-mark", bytes(128) + b"dicm" + good[132:]
    for lie in (0, 1, 10, 10_000, UNDEFINED):
        yield f"meta-length-{lie}", good[:140] + struct.pack("<I", lie) + good[144:]
    yield "meta-twice", bytes(128) + b"DICM" + meta(EXPLICIT) + meta(EXPLICIT) + data
    yield "implicit-called-explicit", part10(encoded(image(), implicit=True), EXPLICIT)
    yield "explicit-called-implicit", part10(data, IMPLICIT)
    yield "big-called-little", part10(encoded(image(big=True), big=True), EXPLICIT)
    yield "little-called-big", part10(data, BIG)
    yield "plain-called-deflated", part10(data, DEFLATED)
    yield "deflated-called-plain", part10(deflated(data), EXPLICIT)
    for group in (0x0000, 0x0002, 0x0004, 0x0006):
        raw = element((group << 16) | 0x0010, "UI", uid("1.2"))
        yield f"group-{group:04x}-in-data", part10(_with(image(), raw, before=0x00280002))
    yield (
        "duplicate-patient",
        part10(_with(image(), element(0x00100020, "LO", even("OTHER")), before=0x00100030)),
    )
    yield "duplicate-pixels", part10(data + element(0x7FE00010, "OW", bytes(32)))
    for number, code in enumerate((b"\0\0", b"ZZ", b"us", b"  ", b"S?", b"\xff\xff", b"OX")):
        raw = element(0x00281199, "US", b"\0\0").replace(b"US", code, 1)
        yield f"vr-{number}", part10(_with(image(), raw))
    for length in (1, 2, 3, 5, 7):
        yield f"trailing-{length}", good + b"\1" * length


PREAMBLES = (
    b"MZ\x90\0", b"\x7fELF\2\1\1", b"#!/bin/sh\nrm", b"<html><script>", b"<?xml version",
    b"<svg onload", b"%PDF-1.7", b"PK\x03\x04", b"{\\rtf1", b"\xef\xbb\xbf<html>",
    b"\xca\xfe\xba\xbe", b"\n\n<script>", b"\xcf\xfa\xed\xfe",
)  # fmt: skip


def _polyglots() -> Iterator[tuple[str, bytes]]:
    good = part10(encoded(image()))
    for number, start in enumerate(PREAMBLES):
        yield f"polyglot-{number}", start.ljust(128, b"\0") + good[128:]


def _noise() -> Iterator[tuple[str, bytes]]:
    """Random bytes where a data set should be; broken whatever they say."""
    dice = random.Random(20260102)
    for number in range(12):
        yield f"noise-{number}", part10(dice.randbytes(64 << number % 6))
    yield "empty", b""
    yield "text", b"hello, world\n" * 40


# -- odd but lawful -----------------------------------------------------------------------

ABUSIVE_NAMES = (
    b"", b"^", b"=", b"^^^^", b"====", b"=" * 60, b"^" * 64, b" ", b"\\", b"A\\B\\C",
    "王^小明".encode("gb18030"), "Wang=王\u202e^小明".encode(), "王\u200b小\u2060明".encode(),
    "\ufeff王小明".encode(), b"\xff\xfe\xfd", b"\x1b$)A\xcd\xf5", b"\x1b$B2.K\\", b"\x1b",
    b"\x1b\x1b\x1b", b"\x1b$", b"A\0B", b"\0\0\0\0", b"\x81", b"\x81\x30\x81", b"<script>alert(1)",
    b"'; DROP TABLE x;--", b"%s%n%x", b"{0}{code}", "𠮷^野".encode(), "\U000e0041王".encode(),
    b"\xed\xa0\x80", b"\xc0\xaf", b"\xf8\x88\x80\x80\x80", "é".encode("latin-1"), b"\x7f\x1f\x01",
    "Ａ王".encode(), "e\u0301".encode() * 30, b"\\" * 64, "\u202d\u202c^\u2066".encode(),
)  # fmt: skip
CHARSETS = (
    "", "ISO_IR 100", "ISO_IR 192", "GB18030", "GBK", "ISO 2022 IR 6\\ISO 2022 IR 58",
    "\\ISO 2022 IR 87", "ISO_IR 13", "NONSENSE", "\\\\\\", "ISO_IR 192\\GB18030",
)  # fmt: skip
ABUSIVE_NUMBERS = (
    "NaN", "nan", "inf", "-Infinity", "1e999", "-1e999", "1e-999", "9" * 64, "0x10", "1_000", "1,5",
    "--1", "1e", ".", "+", "abc", "1 2", "٣", "1.2.3", "9" * 500, "1" + "0" * 300,
)  # fmt: skip


def _odd() -> Iterator[tuple[str, bytes]]:
    """Lawful structure around abusive values."""
    for number, name in enumerate(ABUSIVE_NAMES):
        yield f"odd-name-{number}", part10(encoded({**image(), 0x00100010: ("PN", even(name))}))
    for number, charset in enumerate(CHARSETS):
        for kind, name in (("gbk", "王^小明".encode("gbk")), ("utf8", "王^小明".encode())):
            changed: Elements = {0x00080005: ("CS", even(charset)), 0x00100010: ("PN", even(name))}
            yield f"odd-charset-{number}-{kind}", part10(encoded({**image(), **changed}))
    for number, text in enumerate(ABUSIVE_NUMBERS):
        for tag, vr in ((0x00200013, "IS"), (0x00281050, "DS"), (0x00200011, "IS")):
            changed = {tag: (vr, even(text))}
            yield f"odd-number-{number}-{tag:08x}", part10(encoded({**image(), **changed}))
    for number, text in enumerate(("00000000", "99999999", "2026", "20260230", "x", "2026.01.02")):
        changed = {0x00080020: ("DA", even(text)), 0x00080030: ("TM", even(text))}
        yield f"odd-date-{number}", part10(encoded({**image(), **changed}))
    floats = struct.pack("<4d", float("nan"), float("inf"), float("-inf"), 5e-324)
    yield "odd-floats", part10(_with(image(), element(0x00281199, "FD", floats)))
    yield "odd-uid-zeros", part10(encoded({**image(), 0x0020000D: ("UI", uid("2.25.007"))}))
    yield "odd-preamble", b"vendor".ljust(128, b"\1") + part10(encoded(image()))[128:]
    yield "odd-tiff-preamble", b"II*\0".ljust(128, b"\0") + part10(encoded(image()))[128:]
    deep = b""
    for _ in range(30):
        deep = element(0x00081140, "SQ", item(deep))
    yield "odd-depth-30", part10(_with(image(), deep, before=0x00081141))


@cache
def hostile_files() -> tuple[tuple[str, bytes], ...]:
    """All hostile and odd files with distinct names and distinct bytes."""
    makers = (_cuts, _lengths, _nesting, _floods, _pixel_claims, _identities, _metas, _polyglots,
              _noise, _odd)  # fmt: skip
    files: dict[bytes, str] = {}
    for make in makers:
        for name, data in make():
            files.setdefault(data, name)
    return tuple((name, data) for data, name in files.items())
