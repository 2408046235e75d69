"""The SQL ladder is the rule of `core.access`, cell by cell."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from telemed.core import request
from telemed.core.access import CaseParties, Permission, Relation, Role, Subject, case_relation
from telemed.store import tables as t
from telemed.store.access import Sight, request_relation, visible_requests, visible_studies
from telemed.store.tx import Tx
from tests.store.rows import AREAS, NOW, add_agreement, add_request, store_at, subject

AGREEMENTS = {
    "in-force": NOW + timedelta(seconds=1),
    "ends-now": NOW,
    "ended": NOW - timedelta(days=1),
    "none": None,
}
PROVIDERS = ("hub", "tiane", None)


def add_cases(tx: Tx) -> dict[str, CaseParties]:
    """A case for every state, responding institution and agreement."""
    cases = {}
    for provider in PROVIDERS:
        for name, until in AGREEMENTS.items():
            agreement = None
            if until is not None and provider is not None:
                agreement = f"{provider}-{name}"
                add_agreement(tx, agreement, "tiandong", provider, until)
            for state in request.State:
                key = f"{provider}-{name}-{state}"
                add_request(tx, key, "tiandong", provider, state.value, agreement)
                cases[key] = CaseParties(
                    requester="tiandong",
                    provider=provider,
                    state=state,
                    requester_area=AREAS["tiandong"],
                    provider_area=AREAS[provider] if provider else None,
                    agreement_until=until if agreement else None,
                )
                add_study(tx, key)
    return cases


def add_study(tx: Tx, case_key: str) -> None:
    """Two studies of one patient, the first of them attached to the case."""
    patient = {"id": f"p-{case_key}", "institution_id": "tiandong", "patient_id": case_key,
               "name": "", "search": "", "sex": "", "birth_date": "", "id_number": "",
               "phone": "", "created_at": NOW}  # fmt: skip
    tx.insert(t.patients, patient)
    for name in ("linked", "prior"):
        tx.insert(
            t.studies,
            {"id": f"{name}/{case_key}", "institution_id": "tiandong",
             "study_uid": f"{name}/{case_key}", "patient_ref": patient["id"], "patient_name": "",
             "patient_search": "", "patient_id": case_key, "accession_number": "",
             "study_date": "", "study_time": "", "description": "", "study_local_id": "",
             "referring_physician": "", "modalities": "", "body_part": "", "series_count": 0,
             "instance_count": 1, "bytes": 1, "name_keys": "", "referring_keys": "",
             "sop_classes": "", "attributes": {}, "search_json": b"", "received_at": NOW,
             "updated_at": NOW},
        )  # fmt: skip
    tx.insert(
        t.request_studies,
        {"request_id": case_key, "study_id": f"linked/{case_key}", "role": "current"},
    )


def subjects() -> list[Subject]:
    """Every role alone, at every institution and none, with and without a region."""
    return [
        subject(institution, role, region=region)
        for role in Role
        for institution in (*AREAS, None)
        for region in (None, "45", "4510", "4501", "4503")
    ]


def expected_studies(who: Subject, cases: dict[str, CaseParties], now: datetime) -> set[str]:
    """What the ladder says of images: one's own, and those of cases one is asked to answer."""
    if Permission.SEE_STUDIES not in who.permissions:
        return set()
    shown = {
        key
        for key, case in cases.items()
        if who.institution_id == "tiandong"
        or (
            who.institution_id == case.provider
            and case_relation(who, case, now) is Relation.PROVIDER
        )
    }
    return {f"{name}/{key}" for key in shown for name in ("linked", "prior")}


def _seen(shape: tuple[Sight, bool]) -> sa.Select[Any]:
    sight, named = shape
    return sa.select(t.requests.c.id).where(sight.requests(named))


def test_sql_and_rule_agree_on_every_combination(tmp_path: Path) -> None:
    """For each role, institution, region, state and agreement both give the same relation."""
    with store_at(tmp_path) as store:
        cases = store.write_now(add_cases)
        relations = set()
        for who in subjects():
            query = sa.select(t.requests.c.id, request_relation(who, NOW).label("relation"))
            told = {r["id"]: r["relation"] for r in store.read_now(lambda tx, q=query: tx.all(q))}
            rule = {key: case_relation(who, case, NOW).value for key, case in cases.items()}
            assert told == rule
            seen = sa.select(t.requests.c.id).where(visible_requests(who, NOW))
            visible = {r["id"] for r in store.read_now(lambda tx, q=seen: tx.all(q))}
            assert visible == {key for key, relation in rule.items() if relation != "none"}
            for named in (False, True):
                shape, values = (Sight.of(who), named), Sight.values(who, NOW)
                built = store.read_now(lambda tx, s=shape, v=values: tx.ask(_seen, s, v))
                assert {row["id"] for row in built} == visible
            relations |= set(rule.values())
        assert relations == {relation.value for relation in Relation}


def test_images_follow_the_ladder(tmp_path: Path) -> None:
    """Linked studies and priors are seen by their owner and by who is asked; by nobody else."""
    with store_at(tmp_path) as store:
        cases = store.write_now(add_cases)
        sizes = set()
        for who in subjects():
            query = sa.select(t.studies.c.id).where(visible_studies(who, NOW))
            told = {r["id"] for r in store.read_now(lambda tx, q=query: tx.all(q))}
            assert told == expected_studies(who, cases, NOW)
            sizes.add(len(told))
        assert len(sizes) >= 3  # nothing, a part, all: the comparison was not of empty sets


def test_a_link_to_a_third_institutions_study_is_not_believed(tmp_path: Path) -> None:
    """A request shows its own requester's images only, whatever the link table says."""

    def forge(tx: Tx) -> None:
        add_cases(tx)
        add_request(tx, "forged", "tiane", "hub", "open", "tiane-hub")
        link = {"request_id": "forged", "study_id": "linked/None-none-draft", "role": "current"}
        tx.insert(t.request_studies, link)

    with store_at(tmp_path) as store:
        store.write_now(forge)
        query = sa.select(t.studies.c.id).where(
            visible_studies(subject("hub", Role.READER), NOW),
            t.studies.c.id == "linked/None-none-draft",
        )
        assert store.read_now(lambda tx: tx.all(query)) == []
