"""The SQL ladder is the rule of `core.access`, cell by cell."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from telemed.core import opinion, request
from telemed.core.access import CaseParties, Permission, Relation, Role, Subject, case_relation
from telemed.core.opinion import Standing
from telemed.store import tables as t
from telemed.store.access import Sight, request_relation, visible_requests, visible_studies
from telemed.store.opinion_tables import opinions
from telemed.store.tx import Tx
from tests.store.rows import (
    AREAS,
    NOW,
    add_agreement,
    add_request,
    store_at,
    store_on,
    subject,
)
from tests.store.shapes import Database, make_tables

AGREEMENTS = {
    "in-force": NOW + timedelta(seconds=1),
    "ends-now": NOW,
    "ended": NOW - timedelta(days=1),
    "none": None,
}
PROVIDERS = ("hub", "tiane", None)
LENT = {"own": None, "in-force": NOW + timedelta(seconds=1), "ended": NOW}
"""The agreement under which an expert is asked, if they are of another institution."""
EXPERTS = {
    f"{state}-{lent}-{asked_by}": (state, lent, asked_by)
    for state, lent, asked_by in product(opinion.State, LENT, ("hub", "tiane"))
}
"""People of `rival`: everybody is asked about every case, in one state, by one institution."""


def add_cases(tx: Tx) -> dict[str, CaseParties]:
    """A case for every state, responding institution and agreement."""
    cases = {}
    add_experts(tx)
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
                    experts=ask_experts(tx, key),
                )
                add_study(tx, key)
    return cases


def add_experts(tx: Tx) -> None:
    """Everybody who is ever asked, and the agreements under which they are."""
    for lent, until in LENT.items():
        for asks in ("hub", "tiane") if until is not None else ():
            add_agreement(tx, f"lent-{lent}-{asks}", asks, "rival", until)
    for name in EXPERTS:
        row = {"id": name, "institution_id": "rival", "department": "", "name": name, "sex": "F",
               "title": "231", "licence_no": name, "practice_since": date(2010, 7, 1),
               "specialty": "", "scopes": [], "active": True}  # fmt: skip
        tx.insert(t.people, row)


def ask_experts(tx: Tx, case_key: str) -> tuple[Standing, ...]:
    """Ask everybody about a case; who stands for it, as the rule is told."""
    rows = [
        {"id": f"{name}/{case_key}", "request_id": case_key, "n": n, "provider_id": asks,
         "person_id": name, "institution_id": "rival",
         "agreement_id": None if lent == "own" else f"lent-{lent}-{asks}", "role": "expert",
         "state": state.value, "version": 1, "question": "", "content": {}, "asked_by": "x",
         "asked_at": NOW, "due_at": NOW, "updated_at": NOW}
        for n, (name, (state, lent, asks)) in enumerate(EXPERTS.items())
    ]  # fmt: skip
    tx.insert(opinions, rows)
    return tuple(
        Standing(name, asks, LENT[lent])
        for name, (state, lent, asks) in EXPERTS.items()
        if state in opinion.STANDING
    )


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
    """Every role alone, at every institution and none, with and without a region; and everybody
    who is asked for an opinion, by themselves and as a regulator too."""
    alone = [
        subject(institution, role, region=region)
        for role in Role
        for institution in (*AREAS, None)
        for region in (None, "45", "4510", "4501", "4503")
    ]
    asked = [
        replace(subject("rival", *roles, region=region), person_id=name)
        for name in EXPERTS
        for roles, region in (
            ((Role.READER,), None),
            ((Role.SECURITY_ADMIN,), None),
            ((Role.READER, Role.REGULATOR), "4501"),
        )
    ]
    return alone + asked


def expected_studies(who: Subject, cases: dict[str, CaseParties], now: datetime) -> set[str]:
    """What the ladder says of images: one's own, and those of cases one is asked to answer or to
    give an opinion on."""
    if Permission.SEE_STUDIES not in who.permissions:
        return set()
    shown = {
        key
        for key, case in cases.items()
        if who.institution_id == "tiandong"
        or case_relation(who, case, now) in (Relation.PROVIDER, Relation.EXPERT)
    }
    return {f"{name}/{key}" for key in shown for name in ("linked", "prior")}


def _seen(shape: tuple[Sight, bool]) -> sa.Select[Any]:
    sight, named = shape
    return sa.select(t.requests.c.id).where(sight.requests(named))


def test_sql_and_rule_agree_on_every_combination(database: Database) -> None:
    """For each role, institution, region, state, agreement and expert both give the same relation,
    on both databases."""
    with store_on(database(make_tables)) as store:
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


def test_images_follow_the_ladder(database: Database) -> None:
    """Linked studies and priors are seen by their owner and by who is asked; by nobody else."""
    with store_on(database(make_tables)) as store:
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


def test_nobody_pays_for_what_experts_see(database: Database) -> None:
    """A list of cases goes by the indexes of its rungs, an expert's too, and walks no table; a
    desk's own list does not ask for experts at all."""
    with store_on(database(make_tables)) as store:
        who = replace(subject("hub", Role.READER), person_id="li")
        query = sa.select(t.requests.c.id).where(visible_requests(who, NOW))
        with store.writer.connect() as connection:
            if not store.sqlite:  # the tables are empty here
                connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            compiled = query.compile(
                dialect=connection.dialect, compile_kwargs={"literal_binds": True}
            )
            explain = "EXPLAIN QUERY PLAN" if store.sqlite else "EXPLAIN"
            steps = [r[-1] for r in connection.exec_driver_sql(f"{explain} {compiled}").all()]
        assert not [s for s in steps if "SCAN requests" in s or "Seq Scan" in s], steps
        assert any("MULTI-INDEX OR" in s or "BitmapOr" in s for s in steps), steps
        assert store.sqlite or any("id = ANY" in s for s in steps), steps
        assert "opinions" not in str(Sight.of(who).answering())
