"""The cases of other suites about words on the wire that no other file here plays.

OR is orthanc-tests, MS Microsoft's dicom-server. Where the choice was ours the docstring says so;
docs/conformance-cases.md has all of them.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.server.imaging_house import House, house_at
from tests.server.test_dicomweb import parts
from tests.store.files import ct_bytes

WHO = "tiandong-technician"
STUDY = "/dicom-web/studies/2.25.1"
INSTANCE = f"{STUDY}/series/2.25.1.1/instances/2.25.1.1.1"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_at(tmp_path) as found:
        yield found


@pytest.mark.parametrize("quote", ["", '"'])
async def test_metadata_as_xml_however_it_is_asked(house: House, quote: str) -> None:
    """OR M8: with and without quotes, one part of XML for each instance."""
    await house.store(WHO, ct_bytes(), ct_bytes(sop="2.25.1.1.2"))
    accept = f"multipart/related; type={quote}application/dicom+xml{quote}"
    found = parts(await house.get(WHO, f"{STUDY}/metadata", accept))
    assert [kind.partition(";")[0] for kind, _ in found] == ["application/dicom+xml"] * 2
    for _, document in found:
        assert ElementTree.fromstring(document).tag.endswith("NativeDicomModel")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("multipart/nope", 406),
        ("multipart/related; range=", 200),
        ('multipart/related; type=" application/octet-stream "', 406),
        ('multipart/related; type =  "application/octet-stream"  ', 200),
        ('multipart/nope, multipart/related; type="application/octet-stream"', 200),
    ],
)
async def test_odd_wishes_for_bulk_data(house: House, accept: str, status: int) -> None:
    """OR M11 wants 400: what is unfit is ignored here, and 406 says that nothing is left."""
    await house.store(WHO, ct_bytes())
    reply = await house.get(WHO, f"{INSTANCE}/bulkdata/7FE00010", accept)
    assert reply.status == status


async def test_the_older_address_is_not_there(house: House) -> None:
    """OR R8: WADO-URI is not built; each of its calls is 404, well formed or not."""
    await house.store(WHO, ct_bytes())
    whole = "requestType=WADO&studyUID=2.25.1&seriesUID=2.25.1.1&objectUID=2.25.1.1.1"
    for query in (whole, "objectUID=2.25.1.1.1", "requestType=WADO"):
        assert (await house.get(WHO, f"/dicom-web/wado?{query}")).status == 404


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
        {"Forwarded": "host=evil.example;proto=https"},
        {"Host": "evil.example"},
    ],
)
async def test_no_header_names_the_service(tmp_path: Path, header: dict[str, str]) -> None:
    """OR B3 follows the header; here `public_url` alone says where the service is, as a header
    that anybody may send must not lead a client elsewhere."""
    async with house_at(tmp_path, public_url="https://pacs.example") as house:
        told = await house.call(
            WHO, "POST", "/dicom-web/studies", {"Content-Type": "application/dicom", **header},
            data=ct_bytes(),
        )  # fmt: skip
        assert told.headers["Location"] == f"https://pacs.example{STUDY}"
        for path in ("/dicom-web/studies", f"{STUDY}/metadata"):
            reply = await house.call(WHO, "GET", path, header)
            assert reply.status == 200 and b"evil.example" not in reply.body
        (study,) = (await house.call(WHO, "GET", "/dicom-web/studies", header)).json
        assert study["00081190"]["Value"] == [f"https://pacs.example{STUDY}"]


async def test_a_key_that_is_also_a_field(house: House) -> None:
    """DICOMcloud Q32: it matches, and it is returned."""
    await house.store(WHO, ct_bytes())
    for value, hits in (("A1", 1), ("A2", 0)):
        query = f"AccessionNumber={value}&includefield=AccessionNumber"
        found = (await house.get(WHO, f"/dicom-web/studies?{query}")).json
        assert [study["00080050"]["Value"] for study in found] == [["A1"]] * hits


async def test_padding_of_a_patients_number(house: House) -> None:
    """MS S23 refuses NUL around a PatientID: it is stored here and found without."""
    stored = await house.store(WHO, ct_bytes(patient_id="\x00123\x00"))
    assert stored.status == 200
    (study,) = (await house.get(WHO, "/dicom-web/studies?PatientID=123")).json
    assert study["00100020"]["Value"] == ["123"]
