"""Search cases that other people's suites ask of their servers, replayed on ours.

Each is marked with its source: MS for Microsoft's dicom-server, OR for Orthanc's tests, OH for what
OHIF sends, WS for wsidicom, ST for PS3.18, and issues by their project. Where suites disagree, the
docstring says which side is ours. One server serves them all.
"""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.server.imaging_house import House, Reply, house_at
from tests.store.files import CT, ct_bytes

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWNER, STRANGER = "tiandong-technician", "rival-technician"
STUDIES = "/dicom-web/studies"
FIRST = f"{STUDIES}/2.25.1"
MR = "1.2.840.10008.5.1.4.1.1.4"
SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"


def item(**values: Any) -> Dataset:
    """An item of a sequence."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def files() -> list[bytes]:
    """A study of a CT and an MR series with three images, a Russian one, a slide, an empty one."""
    asked = Sequence([
        item(ScheduledProcedureStepID="SPS1", RequestedProcedureID="RP1"),
        item(ScheduledProcedureStepID="SPS2", RequestedProcedureID="RP2"),
    ])  # fmt: skip
    images = Sequence([item(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID=f"2.25.{n}")
                       for n in (7, 8)])  # fmt: skip
    first = ct_bytes(RequestAttributesSequence=asked, ReferencedImageSequence=images,
                     ImageComments="", PatientWeight="61.5", KVP="120")  # fmt: skip
    return [
        first,
        ct_bytes(sop="2.25.1.1.2", number=2),
        ct_bytes(series="2.25.1.2", sop="2.25.1.2.1", Modality="MR", SOPClassUID=MR, SeriesNumber=2,
                 StudyDate=None),
        ct_bytes(study="2.25.2", series="2.25.2.1", sop="2.25.2.1.1", patient_id="P2",
                 name="Гусева^Анна", AccessionNumber="", StudyDate="20250115", StudyTime="093000",
                 StudyDescription="Череп", ReferringPhysicianName=""),
        ct_bytes(study="2.25.3", series="2.25.3.1", sop="2.25.3.1.1", patient_id="P3",
                 name="Qin^Lang=覃^朗", Modality="SM", SOPClassUID=SLIDE, StudyDate="20250120",
                 StudyTime="180000"),
    ]  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with house_at(tmp_path_factory.mktemp("qido")) as found:
        assert (await found.store(OWNER, *files())).status == 200
        yield found


async def ask(house: House, path: str, who: str = OWNER) -> Reply:
    """A search that must succeed."""
    reply = await house.get(who, path if path.startswith("/") else f"{STUDIES}?{path}")
    assert reply.status == 200, (path, reply.body)
    return reply


def values(reply: Reply, tag: str) -> list[list[Any]]:
    """The values of an attribute in each result."""
    return [result.get(tag, {}).get("Value", []) for result in reply.json]


def studies(reply: Reply) -> set[str]:
    return {uid for (uid,) in values(reply, "0020000D")}


async def test_q1_a_series_key_at_study_level(house: House) -> None:
    """MS Q1: 400. A known filter that is not applied would show the wrong list; an empty one asks
    for the attribute, and lower attributes are not returned (ST)."""
    assert (await house.get(OWNER, f"{STUDIES}?Modality=CT")).status == 400
    assert (await house.get(OWNER, f"{STUDIES}?NoSuchName=CT")).status == 200
    reply = await ask(house, "Modality=")
    assert len(reply.json) == 3 and "Warning" not in reply.headers
    assert "00080060" not in reply.json[0]


async def test_q2_q33_nothing_found(house: House) -> None:
    """MS Q2 and dcm4chee 2098: our side is 200 and an empty array, unknown studies too."""
    for path in (f"{STUDIES}?PatientID=none", f"{STUDIES}/2.25.404/series",
                 f"{STUDIES}/2.25.1/series/2.25.404/instances"):  # fmt: skip
        assert (await ask(house, path)).body == b"[]"


async def test_q4_q5_modalities_and_counts_of_a_study(house: House) -> None:
    """MS Q4, Q5: a study found by one modality tells all of them, and what it holds."""
    reply = await ask(house, "ModalitiesInStudy=MR")
    assert values(reply, "00080061") == [["CT", "MR"]]
    assert values(reply, "00080062") == [sorted([CT, MR])]
    assert values(reply, "00201206") == [[2]] and values(reply, "00201208") == [[3]]
    assert studies(await ask(house, f"SOPClassesInStudy={MR}")) == {"2.25.1"}
    series = await ask(house, f"{FIRST}/series")
    assert values(series, "00201209") == [[2], [1]]


async def test_q7_q8_q22_each_resource_has_its_level(house: House) -> None:
    """MS Q7, Q8 and OR Q22: series and instances under their paths, no lower UIDs above."""
    assert values(await ask(house, f"{FIRST}/series?Modality=MR"), "0020000E") == [["2.25.1.2"]]
    everything = await ask(house, "/dicom-web/series?PatientID=P0001&Modality=MR")
    assert values(everything, "0020000E") == [["2.25.1.2"]]
    assert values(everything, "00100020") == [["P0001"]]
    one = await ask(house, "/dicom-web/instances?SOPInstanceUID=2.25.1.2.1")
    assert values(one, "00081030") == [["胸部CT平扫"]] and values(one, "00080060") == [["MR"]]
    assert len((await ask(house, f"{FIRST}/instances?InstanceNumber=2")).json) == 1
    assert len((await ask(house, f"{FIRST}/series/2.25.1.1/instances")).json) == 2
    for study in (await ask(house, "")).json:
        assert not {"0020000E", "00080018", "00200013"} & set(study)


async def test_q10_q26_the_list_of_ohif(house: House) -> None:
    """OH Q10, Q26: its query as it is sent, Modality among the fields; no warning."""
    query = ("limit=25&offset=0&fuzzymatching=false&includefield=00081030%2C00080060"
             "&StudyDate=19521125-20260507")  # fmt: skip
    reply = await ask(house, query)
    assert len(reply.json) == 3 and "Warning" not in reply.headers
    assert [r["0020000D"]["Value"][0] for r in reply.json] == ["2.25.1", "2.25.3", "2.25.2"]


@pytest.mark.parametrize(("limit", "status"), [("0", 400), ("201", 200), ("99999", 200)])
async def test_q11_limits(house: House, limit: str, status: int) -> None:
    """MS Q11: 0 is 400; above the maximum MS answers 400 and we clamp, as 8.3.4.4 computes it."""
    assert (await house.get(OWNER, f"{STUDIES}?limit={limit}")).status == status


async def test_q13_q14_empty_values_and_integers(house: House) -> None:
    """OR Q13, Q14 (issues 111, 112): an empty attribute has its VR only, IS is a number."""
    (study,) = (await ask(house, "StudyInstanceUID=2.25.2")).json
    assert study["00080050"] == {"vr": "SH"} and study["00080090"] == {"vr": "PN"}
    assert study["00201208"] == {"vr": "IS", "Value": [1]}
    (named,) = (await ask(house, "/dicom-web/instances?SOPInstanceUID=2.25.1.1.1"
                                 "&includefield=ImageComments")).json  # fmt: skip
    assert named["00204000"] == {"vr": "LT"}


async def test_q15_q16_character_set(house: House) -> None:
    """OR Q15, Q16: names that are not Latin arrive whole, and the results say ISO_IR 192."""
    reply = await ask(house, "PatientID=P2")
    assert values(reply, "00100010") == [[{"Alphabetic": "Гусева^Анна"}]]
    assert values(reply, "00080005") == [["ISO_IR 192"]]


async def test_q17_a_lower_attribute_is_not_returned(house: House) -> None:
    """OR Q17 returns Rows with a study; the standard forbids it (8.3.4.3), and so do we."""
    (study,) = (await ask(house, "PatientID=P2&includefield=Rows&includefield=KVP")).json
    assert not {"00280010", "00180060"} & set(study)


async def test_q19_a_sequence_may_be_included(house: House) -> None:
    """OR Q19: a sequence with its items, at the level that has it."""
    path = f"{FIRST}/series/2.25.1.1/instances?includefield=00081140"
    first, second = (await ask(house, path)).json
    assert len(first["00081140"]["Value"]) == 2 and "00081140" not in second
    assert list(first) == sorted(first)


async def test_q20_attributes_of_the_level_above(house: House) -> None:
    """OR Q20: series of all studies tell their study; under one study only if they are asked to."""
    assert "00100010" in (await ask(house, "/dicom-web/series?0020000D=2.25.2")).json[0]
    assert "00100010" not in (await ask(house, f"{FIRST}/series")).json[0]
    asked = (await ask(house, f"{FIRST}/series?includefield=PatientName,PatientWeight")).json[0]
    assert asked["00100010"]["Value"][0]["Ideographic"] == "韦^桂花"
    assert asked["00101030"]["Value"] == [61.5]


@pytest.mark.parametrize("name", ["Гусева*", "гусева*", "*УСЕВА^АННА"])
async def test_q23_names_have_no_case_in_any_script(house: House, name: str) -> None:
    """OR Q23 (issue 56)."""
    assert studies(await ask(house, f"PatientName={quote(name)}")) == {"2.25.2"}
    assert studies(await ask(house, f"StudyDescription={quote('*ЧЕРЕП*')}")) == {"2.25.2"}


async def test_q25_lists_of_uids(house: House) -> None:
    """OH Q25: commas by the standard, backslashes as OHIF sends them."""
    for mark in (",", "%2C", "%5C"):
        reply = await ask(house, f"StudyInstanceUID=2.25.1{mark}2.25.2")
        assert studies(reply) == {"2.25.1", "2.25.2"}


async def test_q28_empty_and_multiple_value_matching(house: House) -> None:
    """ST Q28: both are supported, so nothing is warned of; without the flags quotes match all."""
    empty = quote('AccessionNumber=""', safe="=")
    reply = await ask(house, f"{empty}&emptyvaluematching=true")
    assert studies(reply) == {"2.25.2"} and "Warning" not in reply.headers
    assert len((await ask(house, empty)).json) == 3
    several = "PatientID=P2%5CP3&multiplevaluematching=true"
    assert studies(await ask(house, several)) == {"2.25.2", "2.25.3"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("StudyDate=20250115-20250120", {"2.25.2", "2.25.3"}),
        # From ten on the fifteenth to noon on the twentieth, not those hours of each day.
        ("StudyDate=20250115-20250120&StudyTime=10-12", set()),
        ("StudyDate=20250115-20250121&StudyTime=10-12", {"2.25.3"}),
        # 17:30 to 18:30 of the twentieth here is 9:30 to 10:30 in UTC.
        ("StudyDate=20250120&StudyTime=0930-1030&TimezoneOffsetFromUTC=%2B0000", {"2.25.3"}),
        ("StudyDate=20250120&StudyTime=0930-1030", set()),
        ("StudyDate=20250114&TimezoneOffsetFromUTC=-1000", {"2.25.2"}),
    ],
)
async def test_q29_ranges_of_days_and_times(house: House, query: str, found: set[str]) -> None:
    """ST Q29: combined ranges, and in the timezone that the search says it speaks in."""
    assert studies(await ask(house, query)) == found


async def test_q31_what_wsidicom_asks(house: House) -> None:
    """WS Q31: instances by class, several series and modality, with their transfer syntax."""
    path = (f"{STUDIES}/2.25.3/instances?00080016={SLIDE}&0020000E=2.25.3.1,2.25.3.2"
            "&00080060=SM&includefield=00083002")  # fmt: skip
    assert values(await ask(house, path), "00083002") == [["1.2.840.10008.1.2.1"]]


async def test_q32_a_key_that_is_a_field_too(house: House) -> None:
    """DICOMcloud issue 1: it still matches, and it is there."""
    reply = await ask(house, "PatientID=P2&includefield=PatientID")
    assert values(reply, "00100020") == [["P2"]]


@pytest.mark.parametrize(
    ("query", "hits"),
    [("SPS1", 1), ("SPS2", 1), ("SPS3", 0), ("SPS1&RP=RP1", 1), ("SPS1&RP=RP2", 0)],
)
async def test_every_item_of_a_sequence_is_looked_at(house: House, query: str, hits: int) -> None:
    """ST C.2.2.2.6: any item matches, and several keys must match the same one."""
    step, _, procedure = query.partition("&RP=")
    path = f"/dicom-web/series?RequestAttributesSequence.ScheduledProcedureStepID={step}"
    path += f"&00400275.00401001={procedure}" if procedure else ""
    assert len((await ask(house, path)).json) == hits


@pytest.mark.parametrize(
    "name",
    ["覃朗", "qin lang", "tan*", "ql", "Qin^Lang=覃^朗", "=覃^朗", "QIN*LANG", "q?n*",
     "lang qin&fuzzymatching=true", "朗&fuzzymatching=true", "la 覃&fuzzymatching=true"],
)  # fmt: skip
async def test_a_name_is_found_the_way_people_write_it(house: House, name: str) -> None:
    """Hanzi, pinyin with both readings, initials, component groups, words in any order."""
    value, _, flag = name.partition("&")
    query = f"PatientName={quote(value)}" + (f"&{flag}" if flag else "")
    assert studies(await ask(house, query)) == {"2.25.3"}


async def test_all_fields(house: House) -> None:
    """ST 8.3.4.3: `all` adds what the level has, and a page of it ends early, not the search."""
    (study,) = (await ask(house, "StudyInstanceUID=2.25.1&includefield=all")).json
    assert study["00101030"]["Value"] == [61.5] and "00180060" not in study
    (first, *_) = (await ask(house, f"{FIRST}/instances?includefield=all")).json
    assert first["00180060"]["Value"] == [120]
    assert first["7FE00010"]["BulkDataURI"].startswith("/dicom-web/studies/2.25.1/series/2.25.1.1/")
    assert "00101030" not in first


async def test_private_attributes_come_with_their_creator(house: House) -> None:
    """ST 8.3.4.3: the creator is a match parameter, both are returned, in whatever block it is."""
    file = ct_bytes(study="2.25.9", series="2.25.9.1", sop="2.25.9.1.1", patient_id="P9")
    dataset = dcmread(BytesIO(file))
    dataset.private_block(0x0029, "ACME 1.1", create=True).add_new(0x01, "LO", "secret sauce")
    out = BytesIO()
    dataset.save_as(out)
    assert (await house.store("tiane-technician", out.getvalue())).status == 200
    path = f"{STUDIES}?StudyInstanceUID=2.25.9&00290077=ACME%201.1&includefield=00297701"
    (study,) = (await ask(house, path, "tiane-technician")).json
    assert study["00290010"]["Value"] == ["ACME 1.1"]
    assert study["00291001"]["Value"] == ["secret sauce"]
    bare = await ask(house, f"{STUDIES}?includefield=00297701", "tiane-technician")
    assert "00297701" in bare.headers["Warning"]


async def test_a_stranger_finds_nothing_whatever_they_ask(house: House) -> None:
    """Wildcards, counts, pages and fields of another institution's studies: the same empty page."""
    for query in ("", "PatientName=*", "PatientName=*a*", "includefield=all", "limit=1&offset=1",
                  "StudyInstanceUID=2.25.1", "PatientID=P0001", "StudyDate=2020-"):  # fmt: skip
        reply = await ask(house, query, STRANGER)
        assert reply.body == b"[]" and "Warning" not in reply.headers
