"""Searches against what they mean: random searches of random studies, and a plain-Python oracle."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from telemed.actions import image_search
from telemed.actions.act import Act
from telemed.actions.image_search import Found, search
from telemed.core.access import Role
from telemed.dicom.criteria import Criteria, Exact, accepts
from telemed.dicom.matching import parse_query
from telemed.dicom.names import search_keys
from telemed.dicom.refusal import Refused
from telemed.settings import CONFIGS, load_catalogue
from telemed.store import study_keys
from telemed.store import tables as t
from telemed.store.engine import Store
from telemed.store.search_json import series_json, study_json
from telemed.store.tx import Tx
from tests.store.rows import NOW, add_request, store_on, subject
from tests.store.shapes import make_tables, sqlite_of

PLACES = ("tiandong", "tiane", "hub", "rival")
NAMES = ("Wei^GuiHua=韦^桂花", "Wei^Na=韦^娜", "Li^Si=李^四", "Гусева^Анна", "Qin^Lang=覃^朗", "",
         "van der Berg^Jan", "a%b^_c")  # fmt: skip
DATES = ("", "20251231", "20260101", "20260304", "20260305")
TIMES = ("", "000000", "101500", "101500.5", "235959")
TEXTS = ("", "Chest CT", "胸部CT", "ЧЕРЕП", "100%_", "a\\b", "chest ct")
UID = 0x0020000D


@dataclass(frozen=True)
class Study:
    """A study with its series, and the values that searches test, by tag."""

    key: str
    place: str
    patient: str
    values: Mapping[int, tuple[str, ...]]
    series: tuple[Mapping[Any, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Archive:
    """A database and what is in it."""

    store: Store
    studies: tuple[Study, ...]
    asked: frozenset[str]
    """Patients of whom the hub was sent a case that is open."""


def made_up(number: int, rnd: random.Random) -> Study:
    """A study; short numbers and some UIDs repeat between institutions, as in life."""
    place, pick = rnd.choice(PLACES[:3]), rnd.choice
    number_there = f"P{rnd.randrange(6)}"
    name, referring = pick(NAMES), pick(NAMES)
    modalities = tuple(sorted({pick(("CT", "MR", "US", "SR")) for _ in range(rnd.randrange(1, 3))}))
    series = tuple(
        {0x00080060: (modality,), 0x0020000E: (f"2.25.{number}.{n}",),
         0x00200011: pick(((), ("7",))),
         0x0008103E: (pick(TEXTS),), 0x00080021: (pick(DATES),),
         "asked": tuple(rnd.sample(("S1/R1", "S1/R2", "S2/R1"), rnd.randrange(3)))}
        for n, modality in enumerate(modalities)
    )  # fmt: skip
    values = {
        0x00080020: (pick(DATES),), 0x00080030: (pick(TIMES),),
        0x00080050: (pick(("", "A1", "a1", "A2")),),
        0x00080061: modalities, 0x00080062: ("1.2.840.1", "1.2.840.10")[: len(modalities)],
        0x00080090: tuple(search_keys(referring).split()), 0x00081030: (pick(TEXTS),),
        0x00100010: tuple(search_keys(name).split()), 0x00100020: (number_there,),
        0x00100021: (place,), 0x00100030: (pick(("", "19640302")),),
        UID: (f"2.25.{pick((number, 1_000))}",),
    }  # fmt: skip
    return Study(f"s{number:03d}", place, f"{place}-{number_there}", values, series)


def fill(store: Store) -> Archive:
    """Sixty studies, some of them shown to the hub by cases."""
    rnd = random.Random(7)
    studies: dict[tuple[str, str], Study] = {}
    for number in range(60):
        study = made_up(number, rnd)
        studies.setdefault((study.place, study.values[UID][0]), study)
    for number, study in enumerate(studies.values()):
        # Some cases are there before the study and some after: either way it is found.
        store.write_now(lambda tx, study=study: _put(tx, study))
        if number % 5 == 0 and study.place != "hub":
            store.write_now(lambda tx, study=study: _ask(tx, study, "open"))
        elif number % 7 == 0 and study.place != "hub":
            store.write_now(lambda tx, study=study: _ask(tx, study, "draft"))
    cases = store.read_now(lambda tx: tx.all(t.requests.select()))
    asked = {s.patient for s in studies.values() for c in cases
             if c["id"] == f"case-{s.key}" and c["state"] == "open"}  # fmt: skip
    return Archive(store, tuple(studies.values()), frozenset(asked))


def _ask(tx: Tx, study: Study, state: str) -> None:
    case = f"case-{study.key}"
    add_request(tx, case, study.place, None, state, f"{study.place}-hub")
    tx.insert(t.request_studies, {"request_id": case, "study_id": study.key, "role": "current"})
    tx.update(t.requests, t.requests.c.id == case, {"provider_id": "hub"})


def _put(tx: Tx, study: Study) -> None:
    first = {tag: values[0] if values else "" for tag, values in study.values.items()}
    patient = {"id": study.patient, "institution_id": study.place, "patient_id": first[0x00100020],
               "name": "", "search": "", "sex": "", "birth_date": "", "id_number": "", "phone": "",
               "created_at": NOW}  # fmt: skip
    tx.insert_missing(t.patients, [patient])
    told = {0x00100030: ("DA", first[0x00100030])}
    row = {
        "id": study.key, "institution_id": study.place, "study_uid": first[UID],
        "patient_ref": study.patient, "patient_name": "", "patient_search": "",
        "patient_id": first[0x00100020], "accession_number": first[0x00080050],
        "study_date": first[0x00080020], "study_time": first[0x00080030],
        "description": first[0x00081030], "study_local_id": "", "referring_physician": "",
        "modalities": "\\".join(study.values[0x00080061]),
        "sop_classes": "\\".join(study.values[0x00080062]), "body_part": "", "series_count": 0,
        "instance_count": 1, "bytes": 1, "removed_count": 0,
        "name_keys": _line(study.values[0x00100010]),
        "referring_keys": _line(study.values[0x00080090]), "received_at": NOW, "updated_at": NOW,
        "attributes": {f"{tag:08X}": {"vr": vr, **({"Value": [v]} if v else {})}
                       for tag, (vr, v) in told.items()},
    }  # fmt: skip
    tx.insert(t.studies, row | {"search_json": study_json(row)})
    for n, values in enumerate(study.series):
        _put_series(tx, f"{study.key}-{n}", row, values)
    study_keys.enter(tx, row, fresh=True)


def _put_series(tx: Tx, key: str, study: Mapping[str, Any], values: Mapping[Any, Any]) -> None:
    items = [dict(zip(("00400009", "00401001"), pair.split("/"), strict=True))
             for pair in values["asked"]]  # fmt: skip
    asked = [{tag: {"vr": "SH", "Value": [v]} for tag, v in item.items()} for item in items]
    number = values[0x00200011]
    row = {
        "id": key, "study_id": study["id"], "series_uid": values[0x0020000E][0],
        "modality": values[0x00080060][0], "number": int(number[0]) if number else None,
        "description": values[0x0008103E][0], "series_date": values[0x00080021][0],
        "series_time": "", "body_part": "", "instance_count": 0,
        "attributes": {"00400275": {"vr": "SQ", "Value": asked}} if asked else {},
    }  # fmt: skip
    tx.insert(t.series, row | {"search_json": series_json(row, study["study_uid"])})


def _line(keys: tuple[str, ...]) -> str:
    return f" {' '.join(keys)} " if keys else ""


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)]
)
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Archive]:
    """The archive on SQLite and on PostgreSQL."""
    if request.param == "postgresql":
        url = request.getfixturevalue("on_postgres")(make_tables)
    else:
        url = sqlite_of(make_tables, tmp_path_factory.mktemp("archive"))
    with store_on(url) as store:
        yield fill(store)


# --- the oracle -------------------------------------------------------------------------------


def visible(archive: Archive, place: str) -> list[Study]:
    """The studies an institution reaches, newest date first and of one date the newest."""
    seen = [s for s in archive.studies
            if s.place == place or (place == "hub" and s.patient in archive.asked)]  # fmt: skip
    by_uid: dict[str, Study] = {}
    for study in sorted(seen, key=lambda s: (s.place != place, s.key)):
        by_uid.setdefault(study.values[UID][0], study)
    ordered = sorted(by_uid.values(), key=lambda s: (s.values[0x00080020][0], s.key), reverse=True)
    return ordered


def study_fits(study: Study, criteria: Criteria) -> bool:
    """Whether a study passes every test of its own level."""
    own = [key for key in criteria.keys if key.path[0] in study.values]
    return moments_fit(study.values, criteria) and all(
        accepts(key.test, study.values[key.path[0]]) for key in own
    )


def moments_fit(values: Mapping[Any, tuple[str, ...]], criteria: Criteria) -> bool:
    """Whether the moments of this level do; a day without a time begins at midnight."""
    return all(
        accepts(m.test, [day + (values.get(m.time, ("",))[0] or "000000")] if day else [])
        for m in criteria.moments
        for day in values.get(m.date, ())
    )


def series_fit(values: Mapping[Any, tuple[str, ...]], criteria: Criteria) -> bool:
    """Whether a series passes every test of its level; of a sequence one item passes them all."""
    plain = [k for k in criteria.keys if len(k.path) == 1 and k.path[0] in values]
    inside = [k for k in criteria.keys if len(k.path) > 1]
    place = {0x00400009: 0, 0x00401001: 1}
    items = [pair.split("/") for pair in values["asked"]]
    mine = all(accepts(k.test, values[k.path[0]]) for k in plain) and moments_fit(values, criteria)
    return mine and (
        not inside
        or any(all(accepts(k.test, [item[place[k.path[1]]]]) for k in inside) for item in items)
    )


def expected(archive: Archive, place: str, criteria: Criteria) -> tuple[list[str], bool]:
    """The studies or series that are found, in order, and whether a PatientID was ambiguous."""
    found = [
        (study, values)
        for study in visible(archive, place)
        if study_fits(study, criteria)
        for values in (study.series if criteria.levels[-1] == "series" else [{}])
        if series_fit({"asked": (), **values}, criteria) or criteria.levels[-1] == "study"
    ]
    if criteria.levels[-1] == "series":  # of one study, by number and UID
        order = {s.key: n for n, s in enumerate(visible(archive, place))}
        found.sort(key=lambda one: (order[one[0].key], int((one[1][0x00200011] or ("99999",))[0]),
                                    one[1][0x0020000E][0]))  # fmt: skip
    keys = {key.path[0]: key.test for key in criteria.keys}
    if isinstance(keys.get(0x00100020), Exact) and not {0x00100021, UID} & set(keys):
        patients = {study.patient for study, _ in found}
        own = {p for p in patients if p.startswith(f"{place}-")}
        if len(patients) > 1 and len(own) != 1:
            return [], True
        found = [one for one in found if one[0].patient in (own or patients)]
    names = [v[0x0020000E][0] if v else s.values[UID][0] for s, v in found]
    return names, False


# --- random searches --------------------------------------------------------------------------

VALUES: Mapping[str, tuple[str, ...]] = {
    "PatientName": ("wei*", "Wei^GuiHua", "*hua*", "韦*", "ГУСЕВА*", "w?i*na", "Wei^Na=韦^娜",
                    "*a%b*", "wgh", "*", "berg*", "v*n", "Li^Si\\Qin^Lang", "we*", "w*", "韦?",
                    "г*", "li?si", "qin*"),
    "ReferringPhysicianName": ("li*", "覃朗", "*ang", "q*g", "гусева*"),
    "PatientID": ("P1", "p1", "P*", "?1", "P2\\P3", "P9"),
    "IssuerOfPatientID": ("tiandong", "hub", "*tian*"),
    "AccessionNumber": ("A1", "a*", '""', "A?"),
    "ModalitiesInStudy": ("CT", "ct", "CT,MR", "C*", "c*", "S?"),
    "SOPClassesInStudy": ("1.2.840.1", "1.2.840.10", "1.2.840.1,1.2.3"),
    "StudyDate": ("20260101", "20260101-20260304", "-20260101", "20260304-", "2026", '""',
                  "20251231\\20260305"),
    "StudyTime": ("1015", "0000-1200", "2000-", "10\\23"),
    "StudyDescription": ("Chest CT", "*ct", "*череп*", "100%_", "*%_", "a\\b", '""'),
    "PatientBirthDate": ("19640302", '""'),
    "StudyInstanceUID": ("2.25.1000", "2.25.1,2.25.2,2.25.1000", "2.25.3\\2.25.4"),
    "fuzzymatching": ("true",),
    "emptyvaluematching": ("true",),
    "multiplevaluematching": ("true",),
    "TimezoneOffsetFromUTC": ("+0000", "-0500", "+0800"),
}  # fmt: skip
OF_SERIES: Mapping[str, tuple[str, ...]] = {
    "Modality": ("CT", "MR,US", "S*"),
    "SeriesNumber": ("7", "8", '""'),
    "SeriesDescription": ("*ct*", "ЧЕРЕП"),
    "SeriesDate": ("20260101-", "20251231"),
    "SeriesInstanceUID": ("2.25.1.0", "2.25.1.0,2.25.2.0,2.25.2.1"),
    "RequestAttributesSequence.ScheduledProcedureStepID": ("S1", "S*", "S2"),
    "RequestAttributesSequence.RequestedProcedureID": ("R1", "R2"),
}


def searches(values: Mapping[str, tuple[str, ...]]) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Up to four parameters with one of their values each."""
    names = st.lists(st.sampled_from(sorted(values)), max_size=4, unique=True)

    def with_values(some: list[str]) -> st.SearchStrategy[list[tuple[str, str]]]:
        pairs = (st.tuples(st.just(name), st.sampled_from(values[name])) for name in some)
        return st.tuples(*pairs).map(list)

    return names.flatmap(with_values)


def understood(pairs: list[tuple[str, str]], resource: str) -> Criteria:
    """The criteria of a search; a list of times without the flag for lists is none."""
    try:
        return parse_query(pairs, resource)
    except Refused:
        reject()


def ask(archive: Archive, place: str, criteria: Criteria, **path: str) -> Found:
    """What the search answers a reader of an institution."""
    reader = subject(place, Role.READER)
    catalogue = _CATALOGUE
    return archive.store.read_now(
        lambda tx: search(
            Act(tx, reader, NOW + timedelta(days=1), lambda: "", catalogue),
            criteria,
            path,
        )
    )


_CATALOGUE = load_catalogue(CONFIGS)
quickly = settings(max_examples=100, deadline=None,
                   suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip


@quickly
@given(
    st.sampled_from(PLACES), searches(VALUES), st.integers(1, 5), st.integers(0, 4),
    st.sampled_from((0, 3, 1_000)), st.sampled_from((2, 100)),
)  # fmt: skip
def test_studies_are_what_the_words_mean(
    archive: Archive, place: str, pairs: list[tuple[str, str]], limit: int, offset: int,
    most_ranged: int, most_counted: int,
) -> None:  # fmt: skip
    """Whoever asks for whatever gets just what the oracle says, in order, and the right rest.

    Whatever the bounds at which a search takes another way in.
    """
    page = [*pairs, ("limit", str(limit)), ("offset", str(offset))]
    criteria = understood(page, "studies")
    names, ambiguous = expected(archive, place, criteria)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image_search, "MOST_RANGED", most_ranged)
        patch.setattr(image_search, "MOST_COUNTED", most_counted)
        found = ask(archive, place, criteria)
    assert [row["study_uid"] for row in found.rows] == names[offset : offset + limit]
    assert found.remaining == min(max(0, len(names) - offset - limit), most_counted + 1)
    assert found.ambiguous == ambiguous


@quickly
@given(st.sampled_from(PLACES), searches({**VALUES, **OF_SERIES}))
def test_series_are_what_the_words_mean(
    archive: Archive, place: str, pairs: list[tuple[str, str]]
) -> None:
    """Keys of both levels hold of one series and its study; items of sequences hold together."""
    criteria = understood(pairs, "series")
    names, ambiguous = expected(archive, place, criteria)
    found = ask(archive, place, criteria)
    assert [row["series_uid"] for row in found.rows] == names
    assert found.ambiguous == ambiguous


def test_the_oracle_is_asked_something(archive: Archive) -> None:
    """The hub sees its own and some of others', and every value of the pools finds somebody."""
    assert {s.place for s in visible(archive, "hub")} == {"hub", "tiandong", "tiane"}
    assert visible(archive, "rival") == []
    for name in ("PatientName", "AccessionNumber", "StudyDate", "StudyDescription"):
        flags = [("emptyvaluematching", "true"), ("multiplevaluematching", "true")]
        hits = [len(expected(archive, place, parse_query([(name, value), *flags], "studies"))[0])
                for value in VALUES[name] for place in PLACES]  # fmt: skip
        assert sum(map(bool, hits)) > len(VALUES[name])
