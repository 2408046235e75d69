"""HTTP around the DICOMweb resources: HEAD, OPTIONS, wrong methods, other origins, compression."""

import gzip
from collections.abc import AsyncIterator
from email import message_from_bytes
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import pytest_asyncio

from telemed.dicom.xmlmodel import read_native_xml
from telemed.server.dicomweb import DICOMWEB_ROUTES
from telemed.settings import Settings
from tests.server.imaging_house import House, house_at
from tests.store.files import ct_bytes

OWNER = "tiandong-technician"
STUDY = "/dicom-web/studies/2.25.1"
INSTANCE = f"{STUDY}/series/2.25.1.1/instances/2.25.1.1.1"
VIEWER = "https://viewer.example.org"
PLACES = {"{study}": "2.25.1", "{series}": "2.25.1.1", "{instance}": "2.25.1.1.1",
          "{frames}": "1", "{path:.+}": "7FE00010", "{rest:.*}": "nowhere"}  # fmt: skip

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One server for all: no test here takes away what another looks at."""
    folder = tmp_path_factory.mktemp("manners")
    async with house_at(folder, cors_origins=[VIEWER]) as found:
        await found.store(OWNER, ct_bytes())
        yield found


def place(path: str) -> str:
    for name, value in PLACES.items():
        path = path.replace(name, value)
    return path


async def test_head_answers_as_get_does_without_a_body(house: House) -> None:
    """RFC 9110 9.3.2, for every GET of the table; what a body would cost is not sent."""
    told = {"Content-Type", "ETag", "Cache-Control", "Warning", "Accept-Ranges"}
    for route in (r for r in DICOMWEB_ROUTES if r.method == "GET"):
        path = place(route.path)
        plain = {"Accept-Encoding": "identity"}
        got = await house.call(OWNER, "GET", path, plain)
        head = await house.call(OWNER, "HEAD", path, plain)
        assert (head.status, head.body) == (got.status, b""), path
        same = {name: got.headers.get(name) for name in told}
        assert {name: head.headers.get(name) for name in told} == same, path
        if "Content-Length" in got.headers and got.status == 200:
            assert head.headers["Content-Length"] == got.headers["Content-Length"], path
    assert (await house.call("tiane-technician", "HEAD", STUDY)).status == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/dicom-web/studies", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("POST", "/dicom-web/series", {"GET", "HEAD", "OPTIONS"}),
        ("PATCH", f"{INSTANCE}/frames/1", {"GET", "HEAD", "OPTIONS"}),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    house: House, method: str, path: str, allowed: set[str]
) -> None:
    """405 carries Allow (PS3.18 8.5), and OPTIONS tells the same."""
    reply = await house.call(OWNER, method, path)
    assert reply.status == 405
    assert allowed <= set(reply.headers["Allow"].replace(" ", "").split(","))
    asked = await house.call(OWNER, "OPTIONS", path)
    assert (asked.status, asked.headers["Allow"]) == (204, reply.headers["Allow"])


@pytest.mark.parametrize("path", ["/dicom-web", "/dicom-web/"])
async def test_the_service_tells_what_it_can_do(house: House, path: str) -> None:
    """PS3.18 8.9: WADL or JSON, made from the route table, told to anybody."""
    async with house.http.options(house.base + path, headers={"Accept": "*/*"}) as reply:
        assert (reply.status, reply.content_type) == (200, "application/vnd.sun.wadl+xml")
        root = ET.fromstring(await reply.read())
    name = "{http://wadl.dev.java.net/2009/02}"
    base = root.find(f"{name}resources")
    assert base is not None and base.get("base") == f"{house.base}/dicom-web"
    told = {
        (method.get("name"), resource.get("path"))
        for resource in base.iter(f"{name}resource")
        for method in resource.iter(f"{name}method")
    }
    as_json = await house.call(OWNER, "OPTIONS", path, {"Accept": "application/json"})
    rows: list[dict[str, Any]] = as_json.json["resources"]
    assert told == {(m["name"], row["path"]) for row in rows for m in row["methods"]}
    assert ("GET", "studies/{study}/series/{series}/metadata") in told
    (studies,) = [row for row in rows if row["path"] == "studies"]
    store = next(m for m in studies["methods"] if m["name"] == "POST")
    assert 'multipart/related; type="application/dicom"' in store["consumes"]
    refused = await house.call(OWNER, "OPTIONS", path, {"Accept": "text/csv"})
    assert refused.status == 406


async def test_pages_of_a_named_origin_may_call_with_a_token(house: House) -> None:
    """A preflight is answered without a token, the answer is shown, cookies never count."""
    asks = {"Origin": VIEWER, "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization"}  # fmt: skip
    async with house.http.options(f"{house.base}{INSTANCE}/frames/1", headers=asks) as reply:
        assert reply.status == 204
        assert reply.headers["Access-Control-Allow-Origin"] == VIEWER
        assert "Authorization" in reply.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Credentials" not in reply.headers
    got = await house.call(OWNER, "GET", f"{STUDY}/metadata", {"Origin": VIEWER})
    assert got.status == 200
    assert got.headers["Access-Control-Allow-Origin"] == VIEWER
    exposed = got.headers["Access-Control-Expose-Headers"]
    assert all(name in exposed for name in ("Content-Range", "ETag", "Location", "Warning"))
    assert "Origin" in got.headers["Vary"]
    assert got.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


async def test_other_origins_are_told_nothing(house: House, tmp_path: Path) -> None:
    """An origin that is not on the list, a path that is not DICOMweb, and no list at all."""
    other = await house.call(OWNER, "GET", f"{STUDY}/metadata", {"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
    assert other.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    api = await house.call(OWNER, "GET", "/api/catalogue", {"Origin": VIEWER})
    assert "Access-Control-Allow-Origin" not in api.headers
    async with house_at(tmp_path / "plain") as plain:
        got = await plain.call(OWNER, "GET", "/dicom-web/studies", {"Origin": VIEWER})
        assert "Access-Control-Allow-Origin" not in got.headers


@pytest.mark.parametrize("told", ["*", "https://viewer.example.org/", "viewer.example.org", "null"])
async def test_an_origin_is_named_exactly(told: str) -> None:
    """What no browser would send as Origin stops the start."""
    with pytest.raises(ValueError, match="origin"):
        Settings(cors_origins=[told])


async def test_text_is_compressed_for_who_takes_it(house: House) -> None:
    """JSON by gzip, under another tag and the same 304; pixels never."""
    files = [ct_bytes(sop=f"2.25.1.1.{n}", number=n, fill=n) for n in range(2, 30)]
    await house.store(OWNER, *files)
    for path in (f"{STUDY}/metadata", f"{STUDY}/instances"):
        plain = await house.call(OWNER, "GET", path, {"Accept-Encoding": "identity"})
        house.http._auto_decompress = False
        small = await house.call(OWNER, "GET", path, {"Accept-Encoding": "br, gzip;q=0.5"})
        house.http._auto_decompress = True
        never = await house.call(OWNER, "GET", path, {"Accept-Encoding": "gzip;q=0"})
        assert small.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(small.body) == plain.body == never.body
        assert len(small.body) < len(plain.body) / 4
        assert "Accept-Encoding" in small.headers["Vary"]
        assert {"Content-Encoding"} & {*plain.headers, *never.headers} == set()
    metadata = f"{STUDY}/metadata"
    small = await house.call(OWNER, "GET", metadata, {"Accept-Encoding": "gzip"})
    plain = await house.call(OWNER, "GET", metadata, {"Accept-Encoding": "identity"})
    assert small.headers["ETag"] == f"W/{plain.headers['ETag']}"
    again = await house.call(OWNER, "GET", metadata, {"If-None-Match": small.headers["ETag"]})
    assert again.status == 304
    frame = await house.call(OWNER, "GET", f"{INSTANCE}/frames/1", {"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in frame.headers


async def test_texts_leave_in_utf8_whatever_is_preferred(house: House) -> None:
    """Charsets other than UTF-8 are ignored (PS3.18 8.7.4), and `charset` is no search key."""
    for path in (f"{STUDY}/metadata?charset=gb18030", "/dicom-web/studies?charset=iso-8859-1"):
        reply = await house.call(OWNER, "GET", path, {"Accept-Charset": "iso-8859-5"})
        assert reply.status == 200
        assert reply.json and "Warning" not in reply.headers


FRAMED = [
    (STUDY, 'multipart/related; type="application/dicom"', "application/dicom; transfer-syntax={}",
     [INSTANCE]),
    (f"{INSTANCE}/frames/1", 'multipart/related; type="application/octet-stream"',
     "application/octet-stream; transfer-syntax={}", [f"{INSTANCE}/frames/1"]),
    (f"{INSTANCE}/bulkdata/7FE00010", "multipart/related; type=application/octet-stream",
     "application/octet-stream", [f"{INSTANCE}/bulkdata/7FE00010"]),
    (f"{STUDY}/metadata", "multipart/related; type=application/dicom+xml", "application/dicom+xml",
     [None]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "accept", "kind", "places"), FRAMED)
async def test_multipart_framing_to_the_byte(
    tmp_path: Path, path: str, accept: str, kind: str, places: list[str | None]
) -> None:
    """PS3.18 8.6.1.2: root type and a bounded boundary in the header, the same on every answer;
    each part with its type first, its concrete syntax, its length and, for a resource, its place;
    CRLF everywhere and the closing delimiter at the end."""
    async with house_at(tmp_path) as house:
        await house.store(OWNER, ct_bytes())
        reply, again = await house.get(OWNER, path, accept), await house.get(OWNER, path, accept)
    assert (reply.headers["Content-Type"], reply.body) == (
        again.headers["Content-Type"], again.body
    )  # fmt: skip
    root, _, boundary = reply.headers["Content-Type"].partition("; boundary=")
    assert root == f'multipart/related; type="{kind.partition(";")[0]}"'
    assert 0 < len(boundary) <= 70
    assert reply.body.startswith(f"--{boundary}\r\n".encode())
    assert reply.body.endswith(f"\r\n--{boundary}--\r\n".encode())
    sent = reply.body.split(f"--{boundary}".encode())[1:-1]
    assert len(sent) == len(places)
    for part, place in zip(sent, places, strict=True):
        head, _, body = part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        assert lines[0].startswith(f"Content-Type: {kind.format('')}")
        assert "*" not in lines[0] and ("transfer-syntax=1.2" in lines[0]) == ("{}" in kind)
        assert f"Content-Length: {len(body)}" in lines
        located = [line.removeprefix("Content-Location: ") for line in lines if "Location" in line]
        assert [one.removeprefix(house.base) for one in located] == [place] * (place is not None)


async def test_results_and_metadata_leave_as_xml(house: House) -> None:
    """One part of the Native DICOM Model per result or instance, telling what JSON tells."""
    asked = 'multipart/related; type="application/dicom+xml"'
    for path in (f"{STUDY}/metadata", f"{STUDY}/instances", "/dicom-web/studies"):
        as_json = (await house.get(OWNER, path)).json
        reply = await house.get(OWNER, path, asked)
        again = await house.get(OWNER, path, asked)
        assert (reply.status, reply.body) == (200, again.body)
        message = b"Content-Type: " + reply.headers["Content-Type"].encode() + b"\r\n\r\n"
        parts: Any = message_from_bytes(message + reply.body).get_payload()
        assert {part.get_content_type() for part in parts} == {"application/dicom+xml"}
        read = [read_native_xml(part.get_payload(decode=True)) for part in parts]
        assert [_as_text(one) for one in read] == [_as_text(one) for one in as_json]
    nobody = await house.get(OWNER, "/dicom-web/studies?PatientName=nobody", asked)
    assert (nobody.status, nobody.body) == (204, b"")


def _as_text(told: Any) -> Any:
    """Numbers as XML writes them."""
    if isinstance(told, dict):
        return {key: _as_text(value) for key, value in told.items()}
    if isinstance(told, list):
        return [_as_text(value) for value in told]
    return str(told) if isinstance(told, int | float) else told


async def test_warnings_name_the_service(house: House) -> None:
    """`299 <service>: text` (PS3.18 8.3.4)."""
    reply = await house.call(OWNER, "GET", "/dicom-web/studies?Nonsense=1")
    start = f"299 {house.base}/dicom-web: "
    assert reply.headers["Warning"].startswith(start)
