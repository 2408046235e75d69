"""Images that arrive: kept once, never replaced, never mixed up between people."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemed.actions.act import Act
from telemed.actions.intake import Incoming, Outcome, link, store_instances, take_in
from telemed.actions.studies import find_instances, find_study, listed, save_patient
from telemed.core.access import Role, Subject
from telemed.core.errors import Problem
from telemed.store import tables as t
from telemed.store.arrivals import Fate
from telemed.store.blobs import FileBlobs
from telemed.store.engine import Store
from tests.store.files import ct_bytes, write
from tests.store.rows import NOW, add_request, store_on, subject
from tests.store.shapes import Database, make_tables

TECHNICIAN = subject("tiandong", Role.TECHNICIAN, Role.REQUESTER)
READER = subject("hub", Role.READER)


class House:
    """A store and blobs, and the way to bring files in."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.blobs = FileBlobs(folder / "blobs")
        self.folder = folder
        self._ids = count(1)

    def act(self, who: Subject, do: Any, later: Any = None) -> Any:
        def run(tx: Any) -> Any:
            now = NOW if later is None else NOW + later
            return do(Act(tx, who, now, self.new_id, None))  # type: ignore[arg-type]

        return self.store.write_now(run)

    def new_id(self) -> str:
        return f"id-{next(self._ids):06}"

    def bring(self, *files: bytes, who: Subject = TECHNICIAN, later: Any = None) -> list[Outcome]:
        """Judge, keep and enter files as one batch of the subject's institution."""
        incoming = []
        for data in files:
            path = write(self.folder, "incoming", data)
            found = take_in(self.blobs, path, hashlib.sha256(data).hexdigest())
            assert isinstance(found, Incoming)
            incoming.append(found)
            path.unlink()
        return self.act(who, lambda act: store_instances(act, who.own_institution, incoming), later)

    def rows(self, table: sa.Table) -> list[Any]:
        return self.store.read_now(lambda tx: tx.all(sa.select(table)))

    def facts(self) -> list[tuple[str, str | None, tuple[str | None, str | None]]]:
        rows = sorted(self.rows(t.activities), key=lambda r: r["seq"])
        return [(r["kind"], r["request_id"], (r["party_a"], r["party_b"])) for r in rows]


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """The same promises on both databases."""
    with store_on(database(make_tables)) as store:
        yield House(store, tmp_path)


def series_of_five(**more: object) -> list[bytes]:
    return [ct_bytes(sop=f"2.25.1.1.{n}", number=n, **more) for n in range(1, 6)]  # type: ignore[arg-type]


def test_a_batch_becomes_a_study_and_one_fact(house: House) -> None:
    """Five instances make one patient, one study, one series and one fact."""
    outcomes = house.bring(*series_of_five())
    assert {o.fate for o in outcomes} == {Fate.STORED}
    (study,) = house.rows(t.studies)
    assert (study["instance_count"], study["series_count"]) == (5, 1)
    assert study["bytes"] == sum(r["size"] for r in house.rows(t.instances))
    assert (study["modalities"], study["body_part"]) == ("CT", "CHEST")
    assert study["patient_name"] == "韦桂花"
    assert house.rows(t.patients)[0]["birth_date"] == "1964-03-02"
    assert house.facts() == [("study.received", None, ("tiandong", None))]


def test_the_same_bytes_change_nothing(house: House) -> None:
    """Sending a batch twice succeeds, counts nothing twice and tells nothing twice."""
    house.bring(*series_of_five())
    before = [house.rows(table) for table in (t.studies, t.series, t.instances, t.activities)]
    assert {o.fate for o in house.bring(*series_of_five())} == {Fate.DUPLICATE}
    after = [house.rows(table) for table in (t.studies, t.series, t.instances, t.activities)]
    assert before == after


def test_other_bytes_under_a_known_uid_are_quarantined(house: House) -> None:
    """The first content stands byte for byte; the other is kept aside and told once."""
    house.bring(ct_bytes())
    kept = house.rows(t.instances)[0]["blob"]
    for _ in range(2):
        (outcome,) = house.bring(ct_bytes(fill=7))
        assert (outcome.fate, outcome.reason) == (Fate.CONFLICT, "other-content")
    assert [r["blob"] for r in house.rows(t.instances)] == [kept]
    assert hashlib.sha256(house.blobs.path(kept).read_bytes()).hexdigest() == kept
    (conflict,) = house.rows(t.conflicts)
    assert conflict["kept_blob"] == kept
    assert house.blobs.exists(conflict["blob"])
    assert [kind for kind, *_ in house.facts()] == ["study.received", "study.conflicted"]


def test_a_study_does_not_change_its_patient(house: House) -> None:
    """An instance under a known study with another PatientID is quarantined."""
    house.bring(ct_bytes())
    (outcome,) = house.bring(ct_bytes(sop="2.25.1.1.2", patient_id="P0002", name="Li^Si"))
    assert (outcome.fate, outcome.reason) == (Fate.CONFLICT, "other-patient")
    assert len(house.rows(t.instances)) == len(house.rows(t.patients)) == 1


def test_good_instances_of_a_mixed_batch_are_kept(house: House) -> None:
    """A conflict in a batch does not hold up its neighbours."""
    house.bring(ct_bytes())
    outcomes = house.bring(ct_bytes(fill=7), ct_bytes(sop="2.25.1.1.2"), ct_bytes())
    assert [o.fate for o in outcomes] == [Fate.CONFLICT, Fate.STORED, Fate.DUPLICATE]


def test_equal_numbers_of_two_institutions_are_two_people(house: House) -> None:
    """The same PatientID and the same UIDs at two institutions never meet."""
    other = subject("tiane", Role.TECHNICIAN)
    house.bring(ct_bytes())
    (outcome,) = house.bring(ct_bytes(name="Li^Si=李^四", fill=9), who=other)
    assert outcome.fate is Fate.STORED
    assert {r["institution_id"] for r in house.rows(t.patients)} == {"tiandong", "tiane"}
    for who, name in ((TECHNICIAN, "韦桂花"), (other, "李四")):
        study = house.act(who, lambda act: find_study(act, "2.25.1"))
        assert (study["institution_id"], study["patient_name"]) == (who.institution_id, name)


def test_a_study_without_patient_id_gets_its_own(house: House) -> None:
    """Two studies without PatientID are two patients; a nameless instance follows its study."""
    house.bring(ct_bytes(patient_id=""), ct_bytes(study="2.25.2", sop="2.25.2.1", patient_id=""))
    assert len({r["patient_ref"] for r in house.rows(t.studies)}) == 2
    house.bring(ct_bytes(study="2.25.3", sop="2.25.3.1"))
    (late,) = house.bring(ct_bytes(study="2.25.3", sop="2.25.3.2", patient_id=""))
    assert late.fate is Fate.STORED


def test_the_first_description_that_is_there_wins(house: House) -> None:
    """An absent value is filled by a later instance; a present one is not replaced."""
    house.bring(ct_bytes(StudyDescription="", AccessionNumber="A1"))
    house.bring(ct_bytes(sop="2.25.1.1.2", AccessionNumber="A2"))
    (study,) = house.rows(t.studies)
    assert (study["description"], study["accession_number"]) == ("胸部CT平扫", "A1")
    assert study["attributes"]["00081030"]["Value"] == ["胸部CT平扫"]


def attach(house: House, state: str) -> None:
    house.bring(ct_bytes())
    house.store.write_now(
        lambda tx: add_request(tx, "r1", "tiandong", "hub", state, "tiandong-hub")
    )
    study = next(r["id"] for r in house.rows(t.studies) if r["institution_id"] == "tiandong")
    assert house.act(TECHNICIAN, lambda act: link(act, "r1", study)) is None


def test_late_images_are_told_on_the_case(house: House) -> None:
    """A new burst tells requester and provider once; the rest of the burst is silent."""
    attach(house, "open")
    told = len(house.facts())
    for n in (2, 3):
        house.bring(ct_bytes(sop=f"2.25.1.1.{n}"), later=timedelta(hours=1, seconds=n))
    assert house.facts()[told:] == [
        ("study.grew", None, ("tiandong", None)),
        ("study.grew", "r1", ("tiandong", "hub")),
    ]


def test_a_linked_study_fills_in_the_draft_and_stays_private(house: House) -> None:
    """A draft learns its patient and modality; its provider is not told yet."""
    attach(house, "draft")
    (case,) = house.rows(t.requests)
    assert case["patient_ref"] == house.rows(t.patients)[0]["id"]
    assert (case["modality"], case["body_part"]) == ("CT", "CHEST")
    assert house.facts()[-1] == ("study.received", "r1", ("tiandong", None))
    with pytest.raises(Problem, match="not-found"):
        house.act(READER, lambda act: find_study(act, "2.25.1"))


def test_another_persons_study_is_not_linked(house: House) -> None:
    """A study of somebody else than the case's patient is not attached to it."""
    attach(house, "open")
    house.bring(ct_bytes(study="2.25.2", sop="2.25.2.1", patient_id="P9", name="Li^Si"))
    stranger = next(r["id"] for r in house.rows(t.studies) if r["study_uid"] == "2.25.2")
    assert house.act(TECHNICIAN, lambda act: link(act, "r1", stranger)) == "other-person"
    assert len(house.rows(t.request_studies)) == 1


def test_a_reader_cannot_plant_images_under_a_case_study(house: House) -> None:
    """What the responding side files under a study it was shown is refused, and hides nothing."""
    attach(house, "open")
    (outcome,) = house.bring(ct_bytes(sop="2.25.9"), who=READER)
    assert (outcome.fate, outcome.reason) == (None, "foreign-study")
    found = house.act(READER, lambda act: find_instances(act, "2.25.1"))
    assert [r["sop_uid"] for r in found] == ["2.25.1.1.1"]


def test_an_own_study_of_the_same_uid_comes_first(house: House) -> None:
    """Where a UID is the caller's own and another's, it names the caller's own."""
    house.bring(ct_bytes(sop="2.25.9", name="Own"), who=READER)
    attach(house, "open")
    study = house.act(READER, lambda act: find_study(act, "2.25.1"))
    assert study["institution_id"] == "hub"


@pytest.mark.parametrize("uid", ["2.25.404", "../etc", "1.2\0.3", "", "9" * 65])
def test_what_is_not_there_is_not_found(house: House, uid: str) -> None:
    """An unknown UID and a string that is no UID get the same answer."""
    house.bring(ct_bytes())
    with pytest.raises(Problem, match="not-found"):
        house.act(TECHNICIAN, lambda act: find_study(act, uid))


@pytest.mark.parametrize("words", ["韦", "桂花", "weiguihua", "wgh", "WEI", "p0001", "A1", "胸部"])
def test_studies_are_found_the_way_people_type(house: House, words: str) -> None:
    """Hanzi, pinyin, initials, PatientID, accession number and description find a study."""
    house.bring(ct_bytes(), ct_bytes(study="2.25.2", sop="2.25.2.1", patient_id="X",
                                     name="Qin^Lang=覃^朗", AccessionNumber="B",
                                     StudyDescription="腹部"))  # fmt: skip
    rows, _ = house.act(TECHNICIAN, lambda act: listed(act, words=words))
    assert [r["study_uid"] for r in rows] == ["2.25.1"]


def test_pages_show_every_study_once(house: House) -> None:
    """Walking the cursor gives each study exactly once, newest first, and ends."""
    for n in range(120):
        house.bring(ct_bytes(study=f"2.25.{n + 10}", sop=f"2.25.{n + 10}.1", side=2))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = cursor
        rows, cursor = house.act(TECHNICIAN, lambda act, c=page: listed(act, cursor=c))
        seen += [r["study_uid"] for r in rows]
    assert len(seen) == len(set(seen)) == 120


def test_a_patient_id_is_not_given_to_two_people(house: House) -> None:
    """A form that names another person under a known PatientID is refused; the same is found."""
    form = {"patient_id": "P0001", "name": "韦桂花", "sex": "F", "birth_date": "1964-03-02",
            "id_number": "", "phone": "13800000000"}  # fmt: skip
    house.bring(ct_bytes())
    (made,) = house.rows(t.patients)
    assert house.act(TECHNICIAN, lambda act: save_patient(act, form)) == made["id"]
    assert house.rows(t.patients)[0]["phone"] == "13800000000"
    with pytest.raises(Problem, match="invalid"):
        house.act(TECHNICIAN, lambda act: save_patient(act, {**form, "name": "李四"}))
