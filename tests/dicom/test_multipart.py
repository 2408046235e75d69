"""The multipart reader: the same events however the bytes are cut, and no tricks."""

from __future__ import annotations

import doctest
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.dicom import multipart
from telemed.dicom.multipart import (
    MultipartReader,
    PartBegin,
    PartData,
    boundary_for,
    closing,
    content_type,
    part_head,
)
from telemed.dicom.refusal import Refused

DICOM = b"Content-Type: application/dicom\r\n\r\n"


def read(body: bytes, *cuts: int, boundary: str = "b") -> list[tuple[dict[str, str], bytes]]:
    """Headers and data of all parts, the body fed in pieces."""
    reader = MultipartReader(boundary)
    parts: list[tuple[dict[str, str], bytes]] = []
    places = [0, *cuts, len(body)]
    for start, end in pairwise(places):
        for event in reader.feed(body[start:end]):
            if isinstance(event, PartBegin):
                parts.append((dict(event.headers), b""))
            elif isinstance(event, PartData):
                assert event.data
                parts[-1] = (parts[-1][0], parts[-1][1] + event.data)
    reader.finish()
    return parts


TYPE = {"content-type": "application/dicom"}
ACCEPTED = {
    "plain": (
        b"--b\r\n" + DICOM + b"one\r\n--b\r\n" + DICOM + b"two\r\n--b--\r\n",
        [b"one", b"two"],
    ),
    "browser framing": (b"\r\n--b\r\n" + DICOM + b"one\r\n--b--", [b"one"]),
    "preamble and epilogue": (b"hi\r\n--b\r\n" + DICOM + b"x\r\n--b--\r\nbye", [b"x"]),
    "blanks behind the boundary": (b"--b \t\r\n" + DICOM + b"x\r\n--b-- \r\n", [b"x"]),
    "empty part": (b"--b\r\n" + DICOM + b"\r\n--b--", [b""]),
    "empty part without a line": (b"--b\r\n" + DICOM + b"--b--", [b""]),
    "longer boundary inside": (b"--b\r\n" + DICOM + b"\r\n--bx\r\n\r\n--b--", [b"\r\n--bx\r\n"]),
    "boundary without line break": (b"--b\r\n" + DICOM + b"x--b--y\r\n--b--", [b"x--b--y"]),
    "line breaks only": (b"--b\r\n" + DICOM + b"\r\n\r\n\r\n\r\n--b--", [b"\r\n\r\n\r\n"]),
    "half a delimiter at the end": (b"--b\r\n" + DICOM + b"x\r\n-\r\n--b--", [b"x\r\n-"]),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_every_cut_gives_the_same_parts(name: str) -> None:
    """Two cuts at any two places change nothing."""
    body, wanted = ACCEPTED[name]
    expected = [(TYPE, data) for data in wanted]
    assert read(body, *range(1, len(body))) == expected
    for cut in range(len(body)):
        assert read(body, cut) == expected
        assert read(body, cut, min(cut + 3, len(body))) == expected


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_cut_body_never_ends_well(name: str) -> None:
    """Without the closing delimiter the upload is not acknowledged (threat ST-06)."""
    body, _ = ACCEPTED[name]
    end = body.rindex(b"--b--") + len(b"--b--")
    for length in range(end):
        with pytest.raises(Refused) as refused:
            read(body[:length])
        assert refused.value.code == "bad-multipart"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad-multipart"),
        (b"garbage", "bad-multipart"),
        (b"--b--", "bad-multipart"),
        (b"x" * 5_000, "bad-multipart"),
        (b"--c\r\n" + DICOM + b"x\r\n--c--", "bad-multipart"),
        (b"--b\n" + DICOM + b"x\r\n--b--", "bad-multipart"),
        (b"--b\r\nContent-Type application/dicom\r\n\r\nx\r\n--b--", "bad-multipart"),
        (b"--b\r\n Content-Type: a/b\r\n\r\nx\r\n--b--", "bad-multipart"),
        (b"--b\r\nA: b\r\n folded\r\n\r\nx\r\n--b--", "bad-multipart"),
        (b"--b\r\nA: b\nC: d\r\n\r\nx\r\n--b--", "bad-multipart"),
        (b"--b\r\nA: b\0\r\n\r\nx\r\n--b--", "bad-multipart"),
        (b"--b\r\nA b: c\r\n\r\nx\r\n--b--", "bad-multipart"),
        (b"--b\r\nA: b\r\na: c\r\n\r\nx\r\n--b--", "bad-multipart"),
        (b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\nx\r\n--b--", "bad-multipart"),
        (b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--", "bad-multipart"),
        (b"--b" + b" " * 200 + b"\r\n" + DICOM + b"x\r\n--b--", "bad-multipart"),
        (b"--b \tx\r\n" + DICOM + b"x\r\n--b--", "bad-multipart"),
        (b"--b\r\nA: " + b"x" * 9_000 + b"\r\n\r\nx\r\n--b--", "part-header-too-large"),
        (b"--b\r\nA: " + b"x" * 9_000, "part-header-too-large"),
        (b"--b\r\n\r\n\r\n" * 2_001 + b"--b--", "too-many-parts"),
    ],
)
def test_malformed_bodies_are_refused(body: bytes, code: str) -> None:
    """Tricks with framing and headers are refused, whole or in single bytes."""
    for cuts in ((), tuple(range(1, min(len(body), 9_500)))):
        with pytest.raises(Refused) as refused:
            read(body, *cuts)
        assert refused.value.code == code


@pytest.mark.parametrize("boundary", ["", "x" * 129, "a\r\nb", 'a"b', "é", "a;b", "trailing "])
def test_impossible_boundaries_are_refused(boundary: str) -> None:
    """A boundary has 1 to 128 of the characters of RFC 2046."""
    with pytest.raises(Refused):
        MultipartReader(boundary)


def test_memory_stays_flat() -> None:
    """Data is handed on at once; what is held is shorter than a delimiter."""
    reader = MultipartReader("b")
    reader.feed(b"--b\r\n" + DICOM)
    for _ in range(64):
        reader.feed(bytes(1 << 16))
        assert len(reader._held) < len(b"\r\n--b") + 2


@given(
    st.lists(st.binary(max_size=60), min_size=1, max_size=6),
    st.lists(st.integers(0, 600), max_size=6),
)
def test_what_is_written_is_read_back(bodies: list[bytes], cuts: list[int]) -> None:
    """The writer's parts come back byte for byte, with Content-Type and location."""
    boundary = boundary_for("1.2", "3.4")
    out = b""
    for number, data in enumerate(bodies):
        out += part_head(
            boundary,
            "application/dicom",
            transfer_syntax="1.2.840.10008.1.2.1",
            location=f"/instances/{number}",
            length=len(data),
            first=number == 0,
        )
        out += data
    out += closing(boundary)
    places = sorted(min(cut, len(out)) for cut in cuts)
    parts = read(out, *places, boundary=boundary)
    assert [data for _, data in parts] == bodies
    for number, (headers, data) in enumerate(parts):
        assert headers["content-location"] == f"/instances/{number}"
        assert headers["content-length"] == str(len(data))


def test_a_part_head_is_what_viewers_look_for() -> None:
    """Content-Type first, concrete unquoted transfer syntax (cornerstone's parser)."""
    head = part_head("b", "image/jls", transfer_syntax="1.2.840.10008.1.2.4.80", first=True)
    assert head == b"--b\r\nContent-Type: image/jls; transfer-syntax=1.2.840.10008.1.2.4.80\r\n\r\n"


def test_boundaries_are_deterministic() -> None:
    """The same content has the same boundary, so that a range stays valid."""
    assert boundary_for("a", "b") == boundary_for("a", "b") != boundary_for("ab")
    assert len(boundary_for("a")) <= 70
    assert content_type("application/dicom", "x") == (
        'multipart/related; type="application/dicom"; boundary=x'
    )


def test_the_example_in_the_docstring_runs() -> None:
    """The documented use is a true one."""
    assert doctest.testmod(multipart).failed == 0
