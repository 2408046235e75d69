"""Store cases that other people's test suites ask of their servers, replayed on ours.

Each is marked with its source: MS for Microsoft's dicom-server, OR for Orthanc's tests, DJ for
dicomweb-client in JavaScript, ST for PS3.18. Where suites disagree, the docstring says which side
is ours. One server serves them all, so every case has a study of its own.
"""

import struct
from collections.abc import AsyncIterator
from io import BytesIO
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
from pydicom import dcmread

from telemed.dicom.xmlmodel import read_native_xml
from tests.hostile_dicom import (
    EXPLICIT,
    IMPLICIT,
    Elements,
    encoded,
    even,
    identity,
    image,
    part10,
    uid,
)
from tests.server.imaging_house import House, Reply, house_at, multipart_body
from tests.server.test_dicomweb import parts
from tests.store.files import CT, ct_bytes

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWNER = "tiandong-technician"
STUDIES = "/dicom-web/studies"
RELATED = 'multipart/related; type="application/dicom"; boundary=stowed'
_NUMBERS = count(100)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with house_at(tmp_path_factory.mktemp("stow")) as found:
        yield found


@pytest.fixture
def study() -> str:
    """The UID of a study that no other case uses."""
    return f"2.25.{next(_NUMBERS)}"


def of(study: str, number: int = 1, **more: Any) -> bytes:
    """A CT image of a study."""
    told = {"study": study, "series": f"{study}.1", "sop": f"{study}.1.{number}", **more}
    return ct_bytes(number=number, **told)


def made(study: str, sop: str, changes: Elements, syntax: str = EXPLICIT) -> bytes:
    """An image of a study whose elements are bytes of our choice."""
    named: Elements = {0x0020000D: ("UI", uid(study)), 0x00080018: ("UI", uid(sop))}
    elements = dict(sorted({**identity(), **image(), **named, **changes}.items()))
    return part10(encoded(elements, implicit=syntax == IMPLICIT), syntax, sop=sop)


async def post(
    house: House, body: bytes, kind: str | None, path: str = STUDIES, **headers: str
) -> Reply:
    told = {"Content-Type": kind, **headers} if kind is not None else headers
    skip = {"Content-Type"} if kind is None else None
    return await house.call(OWNER, "POST", path, told, data=BytesIO(body), skip_auto_headers=skip)


def named(reply: Reply, sequence: str) -> list[str]:
    """The SOP Instance UIDs of a sequence of the answer."""
    items = reply.json.get(sequence, {}).get("Value", [])
    return [item["00081155"]["Value"][0] for item in items]


def reasons(reply: Reply, sequence: str = "00081198") -> list[int]:
    """The failure or warning reasons of a sequence of the answer."""
    tag = "00081196" if sequence == "00081199" else "00081197"
    items = reply.json.get(sequence, {}).get("Value", [])
    return [item[tag]["Value"][0] for item in items if tag in item]


# --- bodies that are turned down whole --------------------------------------------------------


async def test_s1_no_body(house: House) -> None:
    """S1 (MS says 409, PS3.18 table 10.5.3-1 says 400): 400."""
    assert (await post(house, b"", RELATED)).status == 400


@pytest.mark.parametrize("uid", ["1." + "2" * 63, "abc.123", "11|"])
async def test_s2_a_url_with_what_is_no_uid(house: House, uid: str) -> None:
    """S2 (MS): 400 before anything is read."""
    assert (
        await post(house, multipart_body(ct_bytes()), RELATED, f"{STUDIES}/{uid}")
    ).status == 400


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/dicom+json", None])
async def test_s4_other_content_types(house: House, kind: str | None) -> None:
    """S4 (MS): 415, also for metadata that is not in a multipart message."""
    assert (await post(house, b"x", kind)).status == 415


async def test_s5_a_multipart_message_without_parts(house: House) -> None:
    """S5 (MS says 204): 400, nothing was sent that could be stored."""
    assert (await post(house, b"--stowed--\r\n", RELATED)).status == 400


@pytest.mark.parametrize("accept", ["application/dicom", "text/html", "application/nope"])
async def test_an_answer_that_cannot_be_given_is_refused_first(
    house: House, study: str, accept: str
) -> None:
    """ST 8.7.8: 406, and nothing of the body is kept."""
    reply = await post(house, multipart_body(of(study)), RELATED, Accept=accept)
    assert reply.status == 406
    assert (await house.get(OWNER, f"{STUDIES}/{study}")).status == 404


# --- some parts good, some not ----------------------------------------------------------------


async def test_s7_an_empty_part_beside_a_good_one(house: House, study: str) -> None:
    """S7 (MS): 202 and one reference."""
    reply = await post(house, multipart_body(b"", of(study)), RELATED)
    assert (reply.status, named(reply, "00081199")) == (202, [f"{study}.1.1"])
    assert reasons(reply, "0008119A") == [0xC000]


async def test_s8_a_part_without_a_content_type(house: House, study: str) -> None:
    """S8 (MS): the type of the message says it. S10 (OR says 409): ours is 200."""
    body = b"--stowed\r\n\r\n" + of(study) + b"\r\n--stowed--"
    assert (await post(house, body, RELATED)).status == 200


async def test_s11_an_instance_of_another_study(house: House, study: str) -> None:
    """S11 (MS): 202, RetrieveURL of the URL's study, the other one is not there."""
    other = f"{study}.9"
    reply = await post(house, multipart_body(of(study), of(other)), RELATED, f"{STUDIES}/{study}")
    assert reply.status == 202
    assert reply.json["00081190"]["Value"][0].endswith(f"studies/{study}")
    assert (named(reply, "00081198"), reasons(reply)) == ([f"{other}.1.1"], [0xA901])
    assert (await house.get(OWNER, f"{STUDIES}/{other}")).status == 404


async def test_s13_the_same_instance_again(house: House, study: str) -> None:
    """S13 (MS says 409 with 45070, OR says 200): the same bytes are 200 without a warning."""
    await house.store(OWNER, of(study))
    reply = await house.store(OWNER, of(study))
    assert (reply.status, named(reply, "00081199")) == (200, [f"{study}.1.1"])
    assert reasons(reply, "00081199") == []
    found = await house.get(OWNER, f"{STUDIES}/{study}/instances")
    assert len(found.json) == 1


async def test_s13_the_same_uid_with_other_bytes(house: House, study: str) -> None:
    """S13 beside it: 409 with 0x0111, and the first one stands."""
    first = of(study)
    await house.store(OWNER, first)
    reply = await house.store(OWNER, of(study, fill=7))
    assert (reply.status, reasons(reply)) == (409, [0x0111])
    back = await house.get(OWNER, f"{STUDIES}/{study}", "multipart/related; type=application/dicom")
    assert [body for _, body in parts(back)] == [first]


@pytest.mark.parametrize("wrong", ["abc.123", "11|"])
async def test_s14_an_instance_with_what_is_no_uid(house: House, study: str, wrong: str) -> None:
    """S14 (MS): 409; the failure has no UID to be named by."""
    reply = await house.store(OWNER, made(study, wrong, {}))
    assert reply.status == 409
    assert "00081199" not in reply.json
    assert reasons(reply, "00081198") + reasons(reply, "0008119A") == [0xA900]


# --- bytes that come back ---------------------------------------------------------------------


async def test_s16_a_large_instance_alone(house: House, study: str) -> None:
    """S16 (MS; a tenth of its size): byte for byte the same by the syntax asked for."""
    big = of(study, side=1600)
    assert (await post(house, big, "application/dicom")).status == 200
    path = f"{STUDIES}/{study}/series/{study}.1/instances/{study}.1.1"
    back = await house.get(OWNER, path, "application/dicom; transfer-syntax=1.2.840.10008.1.2.1")
    assert (back.status, back.body == big) == (200, True)


async def test_s17_several_large_instances(house: House, study: str) -> None:
    """S17 (MS; smaller): each of a multipart message is the same again."""
    files = [of(study, n, side=800) for n in (1, 2, 3)]
    assert (await house.store(OWNER, *files)).status == 200
    back = await house.get(OWNER, f"{STUDIES}/{study}", "multipart/related; type=application/dicom")
    assert [body for _, body in parts(back)] == files


@pytest.mark.parametrize("pad", [b" ", b"\0"])
async def test_s19_a_padded_study_uid(house: House, study: str, pad: bytes) -> None:
    """S19 (MS): padding is no part of a UID; the study is found by the UID without it."""
    odd = study if len(study) % 2 else f"{study}0"
    told: Elements = {0x0020000D: ("UI", even(odd, pad))}
    assert (await house.store(OWNER, made(odd, f"{odd}.1", told))).status == 200
    found = await house.get(OWNER, f"{STUDIES}?StudyInstanceUID={odd}")
    assert [one["0020000D"]["Value"] for one in found.json] == [[odd]]
    assert (await house.get(OWNER, f"{STUDIES}/{odd}/metadata")).status == 200


async def test_s20_an_implicit_file_with_a_private_tag(house: House, study: str) -> None:
    """S20 (MS drops it from metadata): stored, and told as UN in the metadata."""
    told: Elements = {0x00090010: ("LO", b"ACME"), 0x00091001: ("UN", b"\1\2")}
    data = made(study, f"{study}.1.1", told, IMPLICIT)
    assert (await house.store(OWNER, data)).status == 200
    metadata = (await house.get(OWNER, f"{STUDIES}/{study}/metadata")).json[0]
    assert metadata["00091001"] == {"vr": "UN", "InlineBinary": "AQI="}


# --- odd values -------------------------------------------------------------------------------


async def test_s22_a_nul_inside_a_value(house: House, study: str) -> None:
    """S22 (MS): 202 with a warning for "X\\0X"; "X\\0" is X and no oddity."""
    plain = await house.store(OWNER, _with_modality(study, 1, b"X\0"))
    assert (plain.status, reasons(plain, "00081199")) == (200, [])
    found = await house.get(OWNER, f"{STUDIES}/{study}/series?Modality=X")
    assert len(found.json) == 1
    odd = await house.store(OWNER, _with_modality(study, 2, b"X\0X "))
    assert (odd.status, reasons(odd, "00081199")) == (202, [0xB007])


def _with_modality(study: str, number: int, value: bytes) -> bytes:
    return made(study, f"{study}.1.{number}", {0x00080060: ("CS", value)})


async def test_s25_a_value_its_vr_does_not_allow(house: House, study: str) -> None:
    """S25 (MS says 202): stored as it is with 200; the metadata tells the value as text."""
    data = made(study, f"{study}.1.1", {0x00200013: ("IS", b"many")})
    assert (await house.store(OWNER, data)).status == 200
    metadata = (await house.get(OWNER, f"{STUDIES}/{study}/metadata")).json[0]
    assert metadata["00200013"] == {"vr": "IS", "Value": ["many"]}


async def test_s26_more_values_than_the_attribute_has(house: House, study: str) -> None:
    """S26 (MS): a description with two values is stored."""
    assert (await house.store(OWNER, of(study, StudyDescription=["one", "two"]))).status == 200


async def test_unknown_sop_classes_are_stored(house: House, study: str) -> None:
    """ST 10.5: an archive that is asked to keep everything keeps what it does not know."""
    reply = await house.store(OWNER, of(study, SOPClassUID="2.25.777"))
    assert reply.status == 200
    assert reply.json["00081199"]["Value"][0]["00081150"]["Value"] == ["2.25.777"]


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
async def test_s38_a_coerced_attribute_leaves_a_trail(
    house: House, study: str, syntax: str
) -> None:
    """S24 and S38 (MS, ST): a study without a PatientID gets one, with a warning; what is served
    has it and says in OriginalAttributesSequence what stood there; the rest is untouched."""
    sent = made(study, f"{study}.1.1", {0x00100020: ("LO", b"")}, syntax)
    for _ in ("first", "again"):
        reply = await house.store(OWNER, sent)
        assert (reply.status, reasons(reply, "00081199")) == (202, [0xB000])
    (found,) = (await house.get(OWNER, f"{STUDIES}?StudyInstanceUID={study}")).json
    patient_id = found["00100020"]["Value"][0]
    assert patient_id.startswith("NOID-")
    path = f"{STUDIES}/{study}/series/2.25.1002/instances/{study}.1.1"
    alone = await house.get(OWNER, path, "application/dicom; transfer-syntax=*")
    many = "multipart/related; type=application/dicom"
    (part,) = parts(await house.get(OWNER, f"{STUDIES}/{study}", many))
    (metadata,) = (await house.get(OWNER, f"{STUDIES}/{study}/metadata")).json
    assert alone.body == part[1]
    served = dcmread(BytesIO(alone.body))
    before = dcmread(BytesIO(sent))
    assert served.PatientID == metadata["00100020"]["Value"][0] == patient_id
    assert served.IssuerOfPatientID == metadata["00100021"]["Value"][0] == "tiandong"
    (trail,) = served.OriginalAttributesSequence
    assert trail.ReasonForTheAttributeModification == "COERCE"
    assert trail.ModifiedAttributesSequence[0].PatientID == ""
    (told,) = metadata["04000561"]["Value"]
    assert told["04000550"]["Value"] == [{"00100020": {"vr": "LO"}, "00100021": {"vr": "LO"}}]
    assert told["04000562"]["Value"] == [trail.AttributeModificationDateTime]
    for tag in ("PatientID", "IssuerOfPatientID", "OriginalAttributesSequence"):
        del served[tag]
    del before["PatientID"]
    assert served == before
    assert not house.temporary()


async def test_what_was_coerced_once_is_not_coerced_again(house: House, study: str) -> None:
    """A coerced file that comes back in says it all already: 200 for another institution too."""
    await house.store(OWNER, made(study, f"{study}.1.1", {0x00100020: ("LO", b"")}))
    path = f"{STUDIES}/{study}/series/2.25.1002/instances/{study}.1.1"
    served = (await house.get(OWNER, path, "application/dicom; transfer-syntax=*")).body
    other = "tiane-technician"
    reply = await house.store(other, served)
    assert reply.status == 200
    back = (await house.get(other, path, "application/dicom; transfer-syntax=*")).body
    assert back == served


async def test_a_file_with_a_patient_leaves_as_it_came(house: House, study: str) -> None:
    """The issuer that a search tells is the archive's own knowledge; no file is changed for it."""
    sent = of(study)
    assert (await house.store(OWNER, sent)).status == 200
    path = f"{STUDIES}/{study}/series/{study}.1/instances/{study}.1.1"
    assert (await house.get(OWNER, path, "application/dicom")).body == sent


# --- the answer -------------------------------------------------------------------------------


async def test_s28_a_success_names_no_failures(house: House, study: str) -> None:
    """S28 (OR since 1.19): no FailedSOPSequence, no other failures, and a RetrieveURL."""
    reply = await house.store(OWNER, of(study))
    assert set(reply.json) == {"00081190", "00081199"}
    assert reply.json["00081190"] == {"vr": "UR", "Value": [f"{house.base}{STUDIES}/{study}"]}
    (item,) = reply.json["00081199"]["Value"]
    assert set(item) == {"00081150", "00081155", "00081190"}


async def test_several_studies_have_no_one_address(house: House, study: str) -> None:
    """ST annex I: RetrieveURL (type 2) is empty when the instances are of several studies."""
    reply = await house.store(OWNER, of(study), of(f"{study}.9"))
    assert (reply.status, reply.json["00081190"]) == (200, {"vr": "UR"})
    assert not {"Location", "Content-Location"} & set(reply.headers)


async def test_the_answer_as_xml(house: House, study: str) -> None:
    """ST 10.5.3: the same data set as application/dicom+xml."""
    body = multipart_body(of(study), b"junk")
    reply = await post(house, body, RELATED, Accept="application/dicom+xml")
    assert (reply.status, reply.headers["Content-Type"]) == (202, "application/dicom+xml")
    told = read_native_xml(reply.body)
    (stored,) = told["00081199"]["Value"]
    assert stored["00081155"]["Value"] == [f"{study}.1.1"]
    assert told["0008119A"]["Value"] == [{"00081197": {"vr": "US", "Value": ["49152"]}}]


async def test_s29_parts_that_name_their_transfer_syntax(house: House, study: str) -> None:
    """S29 (OR): the parameter is let pass; the file meta is what counts."""
    head = b"--stowed\r\nContent-Type: application/dicom; transfer-syntax=1.2.840.10008.1.2\r\n\r\n"
    reply = await post(house, head + of(study) + b"\r\n--stowed--", RELATED)
    assert reply.status == 200


async def test_s31_what_is_no_dicom_at_all(house: House) -> None:
    """S31 (OR): 400."""
    assert (await house.store(OWNER, b"GIF89a" * 40)).status == 400


async def test_s32_a_file_with_little_more_than_its_uid(house: House, study: str) -> None:
    """S32 (OR): 400, and the failure is named with 0xC000."""
    sop = f"{study}.1.1"
    elements: Elements = {0x00080016: ("UI", uid(CT)), 0x00080018: ("UI", uid(sop))}
    reply = await house.store(OWNER, part10(encoded(elements), sop=sop))
    assert reply.status == 400
    assert (named(reply, "00081198"), reasons(reply)) == ([sop], [0xC000])


async def test_a_file_cut_short_is_named(house: House, study: str) -> None:
    """ST annex I: what the file meta says is enough to name a wreck."""
    reply = await house.store(OWNER, of(study), of(study, 2)[:-100])
    assert (reply.status, named(reply, "00081198")) == (202, [f"{study}.1.2"])


async def test_s34_framing_of_other_clients(house: House, study: str) -> None:
    """S34 (OR, as dcm4chee frames): an empty line first, Content-Length in parts, a last CRLF."""
    files = [of(study, n) for n in (1, 2)]
    body = b"\r\n"
    for file in files:
        head = f"--stowed\r\nContent-Type: application/dicom\r\nContent-Length: {len(file)}\r\n\r\n"
        body += head.encode() + file + b"\r\n"
    reply = await post(house, body + b"--stowed--\r\n", RELATED.replace('"', ""))
    assert (reply.status, len(named(reply, "00081199"))) == (200, 2)


async def test_s35_a_body_without_a_length(house: House, study: str) -> None:
    """S35 (OR; dicomweb-client#42): chunks are really stored."""

    async def chunks() -> AsyncIterator[bytes]:
        body = multipart_body(of(study))
        for start in range(0, len(body), 700):
            yield body[start : start + 700]

    reply = await house.call(OWNER, "POST", STUDIES, {"Content-Type": RELATED}, data=chunks())
    assert reply.status == 200
    assert (await house.get(OWNER, f"{STUDIES}/{study}/metadata")).status == 200


async def test_s37_one_and_then_three(house: House, study: str) -> None:
    """S37 (DJ): all four can be retrieved."""
    await house.store(OWNER, of(study))
    await house.store(OWNER, *(of(study, n) for n in (2, 3, 4)))
    back = await house.get(OWNER, f"{STUDIES}/{study}", "multipart/related; type=application/dicom")
    assert len(parts(back)) == 4


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_on_studies(house: House, method: str) -> None:
    """ST 10.5: only POST stores."""
    reply = await house.call(OWNER, method, STUDIES, data=BytesIO(b""))
    assert reply.status == 405
    assert "POST" in reply.headers["Allow"]


async def test_too_much_for_the_limits_is_413(house: House, study: str) -> None:
    """ST table 10.5.3-1: A700 alone is 413."""
    deep = b""
    for _ in range(40):
        deep = struct.pack("<HHI", 0xFFFE, 0xE000, len(deep)) + deep
        deep = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, len(deep)) + deep
    changes: Elements = {0x00081140: ("SQ", deep[12:])}
    reply = await house.store(OWNER, made(study, f"{study}.1.1", changes))
    assert (reply.status, reasons(reply)) == (413, [0xA700])
