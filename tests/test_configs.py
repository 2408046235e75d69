"""The files of configs/ fit together: what one names, another has."""

import ast
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemed.catalogue.appointments import load_appointment_terms
from telemed.catalogue.assignment import load_rules
from telemed.catalogue.services import load_services
from telemed.core.access import Role, roles_may_combine
from telemed.core.assignment import covers
from telemed.core.catalogue import Catalogue, FormField, ServiceType
from telemed.core.ladder_rows import ladders_of
from telemed.core.network import Network
from telemed.core.network_rows import Severity, validate
from telemed.core.roster import covers as duty_covers
from telemed.core.sla import URGENCIES, promised
from telemed.demo import _STEPS
from telemed.documents.network_file import read_folder
from telemed.settings import (
    CONFIGS,
    ROOT,
    Settings,
    UnfitVariable,
    load_catalogue,
    load_settings,
    variable_of,
)

ON = date(2026, 6, 1)
PLACEHOLDERS = {"receiver", "receiver_contact", "requester", "service", "fee"}
"""What the consent form may leave open; configs/consent.toml explains each."""
CONFIG_NAMES = sorted(path.name for path in CONFIGS.glob("*.toml"))


@cache
def catalogue() -> Catalogue:
    """The catalogue as a server loads it."""
    return load_catalogue(CONFIGS)


@cache
def network() -> Network:
    """The demo's register, which must be without errors."""
    reading = read_folder(CONFIGS / "network")
    scopes = {c: s.provider_scopes for c, s in catalogue().services.items()}
    found, problems = validate(reading.rows, on=ON, service_scopes=scopes)
    faults = [p for p in [*reading.problems, *problems] if p.severity is Severity.ERROR]
    assert found is not None and not faults, faults[:3]
    return found


@cache
def demo() -> dict[str, Any]:
    """The demonstration's story."""
    return tomllib.loads((CONFIGS / "demo.toml").read_text("utf-8"))


def live() -> list[ServiceType]:
    """Services that can be asked for."""
    return [s for s in catalogue().services.values() if s.live]


def repeated(values: Iterable[object]) -> list[object]:
    """Those that occur more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


# --- the catalogue ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONFIG_NAMES)
def test_files_are_toml(name: str) -> None:
    """Every file reads."""
    tomllib.loads((CONFIGS / name).read_text("utf-8"))


def test_codes_are_unique() -> None:
    """No code means two things, and no key is typed into twice."""
    told = catalogue()
    raw = tomllib.loads((CONFIGS / "service_types.toml").read_text("utf-8"))["service"]
    assert repeated(s["code"] for s in raw) == []
    assert repeated(s.number_prefix for s in told.services.values()) == []
    assert repeated((r.step, r.code) for r in told.reasons) == []
    assert repeated(t.code for t in told.templates) == []
    assert repeated(f.code for f in told.critical_findings) == []
    assert repeated(code for code, *_ in told.icd10) == []
    for service in told.services.values():
        assert repeated(f.key for f in service.fields()) == []
        assert repeated(f.key for f in service.report_fields()) == []


def test_every_live_service_has_a_deadline_for_every_urgency() -> None:
    """Nothing can be sent that has no due time, and more urgent is never later."""
    told = catalogue().deadlines
    for service in live():
        for modality in (None, *service.modalities):
            for frozen in (False, True):
                times = [
                    promised(told, service.code, u, modality, frozen).allowance for u in URGENCIES
                ]
                assert times == sorted(times), (service.code, modality, frozen)


def test_deadlines_are_of_known_services_and_modalities_and_said_once() -> None:
    """A row that could never match, or two for the same thing, is a mistake."""
    told = catalogue()
    rows = [(d.service, d.urgency, d.modality, d.frozen) for d in told.deadlines]
    assert repeated(rows) == []
    for service, urgency, modality, _ in rows:
        assert urgency in URGENCIES
        assert modality is None or modality in told.services[service].modalities


def test_a_lease_outlives_several_heartbeats() -> None:
    """One lost heartbeat does not take a case away."""
    timers = catalogue().timers
    assert timers.lease >= 3 * timers.heartbeat


def _steps_of_actions() -> set[str]:
    """The steps for which an action asks for a coded reason, read from the actions' code."""
    steps = set()
    for path in (ROOT / "telemed" / "actions").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = {"reason": 0, "_reason": 2}.get(name)
            if place is not None and len(node.args) > place:
                step = node.args[place]
                if isinstance(step, ast.Constant):
                    steps.add(str(step.value))
    return steps


def test_every_step_that_needs_a_reason_has_some_for_every_service() -> None:
    """No step is impossible for want of a reason to choose."""
    steps = _steps_of_actions()
    assert {"withdraw", "return", "decline", "redirect", "release", "takeover"} <= steps
    for step in steps:
        for service in live():
            fit = [
                r
                for r in catalogue().reasons
                if r.step == step and (not r.services or service.code in r.services)
            ]
            assert fit, (step, service.code)


def test_references_to_services_exist() -> None:
    """Reasons, templates and critical findings speak of services there are."""
    told = catalogue()
    named = {s for r in told.reasons for s in r.services}
    named |= {t.service for t in told.templates} | {f.service for f in told.critical_findings}
    assert named <= set(told.services)


def test_templates_fit_their_service() -> None:
    """A template's modality and body part are ones its service's form can have."""
    for template in catalogue().templates:
        service = catalogue().services[template.service]
        assert set(template.modalities) <= set(service.modalities), template.code
        parts = {c for f in service.fields() if f.key == service.headline for c, _ in f.options}
        assert template.body_part in parts | {""}, template.code
        assert (template.positive is None) != service.asks_outcome, template.code
        assert template.findings.strip() and template.impression.strip(), template.code


def test_forms_refer_to_their_own_fields() -> None:
    """`required_when` names a field of the same form, and a choice has options."""
    for service in catalogue().services.values():
        for fields in (service.fields(), service.report_fields()):
            keys = {f.key for f in fields}
            for field in fields:
                assert field.required_when is None or field.required_when in keys, field.key
                assert field.type != "select" or field.options, field.key
                assert repeated(code for code, _ in field.options) == []


def test_live_services_can_be_asked_and_answered() -> None:
    """A live service has a form to ask with, and findings and impression to answer with; a field
    that names its cases in lists is one of the form's own choices."""
    for service in live():
        assert service.form, service.code
        assert {"findings", "impression"} <= {f.key for f in service.report_fields()}
        named = [f.type for f in service.fields() if f.key == service.headline]
        assert named in ([], ["select"]), service.code
        assert re.fullmatch(r"[A-Z]{2}", service.number_prefix)


def test_a_service_that_people_meet_for_says_which_field_wishes_for_the_time(
    tmp_path: Path,
) -> None:
    """A field of its form that is a time; any other stops the start."""
    for service in live():
        assert (service.wished is not None) is service.meets, service.code
    shutil.copy(CONFIGS / "operation_levels.toml", tmp_path)
    file = tmp_path / "service_types.toml"
    told = (CONFIGS / file.name).read_text("utf-8")
    for wrong in ("specialty", "nowhere"):
        file.write_text(told.replace('{ at = "wanted_at",', f'{{ at = "{wrong}",'), "utf-8")
        with pytest.raises(ValueError, match="no field that says a time"):
            load_services(tmp_path)


def _measured(fields: Iterable[FormField]) -> set[str]:
    return {f.key for f in fields if f.type == "number"}


def test_thresholds_say_a_limit_and_a_unit() -> None:
    """A critical finding's threshold names one limit with its unit."""
    raw = tomllib.loads((CONFIGS / "critical_findings.toml").read_text("utf-8"))["finding"]
    for row in raw:
        if "threshold" in row:
            limits = set(row["threshold"]) & {"above", "below", "at_least", "at_most"}
            assert len(limits) == 1, row["code"]
            assert set(row["threshold"]) == {"quantity", "unit", *limits}, row["code"]
    known = _measured(catalogue().services["ecg"].report_fields())
    named = {r["threshold"]["quantity"] for r in raw if "threshold" in r and r["service"] == "ecg"}
    assert {"heart_rate", "qtc"} <= named & known


def test_the_consent_names_the_receiver_and_leaves_open_only_what_is_filled() -> None:
    """PIPL art. 23: the receiver and how to reach it stand in both languages."""
    consent = catalogue().consent
    for text in (consent.zh, consent.en):
        found = set(re.findall(r"\{(\w+)\}", text))
        assert {"receiver", "receiver_contact"} <= found <= PLACEHOLDERS
    assert consent.version


# --- the demonstration ------------------------------------------------------------------------


def test_the_register_s_agreements_are_of_known_services() -> None:
    """What may be asked for under an agreement is in the catalogue."""
    named = {s for a in network().agreements.values() for s in a.services}
    assert named <= set(catalogue().services)


def test_demo_accounts_are_people_of_the_register() -> None:
    """Each account's person exists and its roles may stand together."""
    rows = demo()["account"]
    assert repeated(row["username"] for row in rows) == []
    for row in rows:
        roles = frozenset(Role(name) for name in row["roles"])
        assert roles_may_combine(roles), row["username"]
        assert (Role.REGULATOR in roles) == ("region" in row), row["username"]
        assert ("person" in row) != ("name" in row), row["username"]
        if "person" in row:
            assert row["person"] in network().people, row["username"]


def test_demo_readers_may_read_something() -> None:
    """An account that reads stands for a licensed person whose scopes cover a live service."""
    for row in demo()["account"]:
        if {"reader", "verifier"} & set(row["roles"]):
            person = network().people[row["person"]]
            assert person.licence_no, row["username"]
            fit = (not s.reader_scopes or covers(person.scopes, s.reader_scopes) for s in live())
            assert any(fit), row["username"]


def test_the_demo_s_calendar_is_possible() -> None:
    """Each appointment is asked for by an account under an agreement, for a service that is live,
    within the hours of the people in it, in a room that there is."""
    told, known = demo()["calendar"], {row["username"]: row for row in demo()["account"]}
    house = network().people[known[told["keeper"]]["person"]].institution
    for row in told["appointment"]:
        asker = network().people[known[row["by"]]["person"]].institution
        assert any(
            (a.requester, a.provider) == (asker, house) and row["service"] in a.services
            for a in network().agreements.values()
        )
        assert catalogue().services[row["service"]].live
        assert set(row["people"]) <= set(told["people"]) <= set(network().people)
        assert row.get("room", 0) < len(told["room"]) and row["ahead"] > 0
        begins = row["at"].hour * 60 + row["at"].minute
        assert any(
            half["begins"] <= row["at"]
            and begins + row["minutes"] <= half["ends"].hour * 60 + half["ends"].minute
            for half in told["hours"]
        )
        there = {known[name]["person"] for name in row.get("accepted", ())}
        assert there <= set(row["people"])


def test_demo_cases_are_possible() -> None:
    """Each case asks a provider under an agreement, with the form's fields, by known steps."""
    accounts = {row["username"]: row for row in demo()["account"]}
    people = network().people
    for case in demo()["case"]:
        service = catalogue().services[case["service"]]
        assert service.live and case["urgency"] in URGENCIES
        assert set(case["content"]) <= {f.key for f in service.fields()}
        who = case["requester"]
        requester = people[accounts[who]["person"]].institution if who in accounts else who
        assert any(
            (a.requester, a.provider) == (requester, case["provider"])
            and service.code in a.services
            for a in network().agreements.values()
        ), case
        agos = [step["ago"] for step in case.get("step", [])]
        assert agos == sorted(agos, reverse=True), case
        for step in case.get("step", []):
            assert step["do"] in _STEPS
            assert step.get("by") in {None, *accounts}


def test_demo_reports_name_known_findings_and_reasons() -> None:
    """What a case's steps refer to is in the catalogue."""
    findings = {(f.service, f.code) for f in catalogue().critical_findings}
    for case in demo()["case"]:
        keys = {f.key for f in catalogue().services[case["service"]].report_fields()}
        for step in case.get("step", []):
            report = step.get("report", {})
            assert {(case["service"], c) for c in report.get("critical", [])} <= findings
            assert set(report.get("fields", {})) <= keys
            if "reason" in step:
                assert catalogue().reason(step["do"], step["reason"]) is not None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"occasion": "boredom"}, "boredom"),
        ({"steps": []}, "1 to 10 steps"),
        ({"steps": [{"after": 5, "who": ["readers"]}, {"after": 5, "who": ["readers"]}]}, "follow"),
        ({"steps": [{"after": -5, "who": ["readers"]}]}, "before its occasion"),
        ({"steps": [{"after": 5, "who": []}]}, "somebody"),
        ({"steps": [{"after": 5, "who": ["readers"], "by": ["pigeon"]}]}, "pigeon"),
        ({"repeat_minutes": 0}, "above zero"),
        ({"repeatz": 1}, "repeatz"),
    ],
)
def test_a_ladder_that_cannot_be_climbed_stops_the_start(
    change: dict[str, object], why: str
) -> None:
    """What is wrong is named with the ladder's code; an occasion without a ladder is wrong too."""
    rows = tomllib.loads((CONFIGS / "escalation.toml").read_text("utf-8"))["ladder"]
    with pytest.raises(ValueError, match=rf"ladder unclaimed-stat: .*{why}"):
        ladders_of([{**rows[0], **change}, *rows[1:]])
    with pytest.raises(ValueError, match="no ladder for returned"):
        ladders_of([row for row in rows if row["occasion"] != "returned"])
    with pytest.raises(ValueError, match="one code"):
        ladders_of([*rows, rows[0]])


def test_kinds_of_duty_name_services_there_are() -> None:
    """Every live service is covered by some kind that reads, and a kind covers what exists."""
    services, kinds = catalogue().services, catalogue().duties.values()
    assert all(set(kind.services) <= set(services) for kind in kinds)
    for service in services.values():
        if service.live:
            assert any(duty_covers(kind, (), service.code, frozen=False) for kind in kinds)


def test_every_live_service_weighs_something() -> None:
    """By itself, and only modalities that it has weigh otherwise; a case waits for its rungs."""
    rules, services = catalogue().assignment, catalogue().services
    weighed = {row.service for row in rules.complexity if row.modality is None}
    assert weighed == {code for code, service in services.items() if service.live}
    for row in rules.complexity:
        assert row.modality is None or row.modality in services[row.service].modalities
    assert all(set(each) == set(URGENCIES) for each in (rules.keeps, rules.again))


def test_the_rule_is_named_after_what_the_file_says(tmp_path: Path) -> None:
    """Another weight is another rule; a remark is not."""
    text = (CONFIGS / "assignment.toml").read_text("utf-8")
    (tmp_path / "assignment.toml").write_text("# 备注\n" + text, "utf-8")
    assert load_rules(tmp_path).version == catalogue().assignment.version
    (tmp_path / "assignment.toml").write_text(text.replace("in_hand = 60", "in_hand = 61"), "utf-8")
    assert load_rules(tmp_path).version != catalogue().assignment.version
    (tmp_path / "assignment.toml").write_text(text + "\n[[cap]]\nin_hand = 5\n", "utf-8")
    with pytest.raises(ValueError, match="given twice"):
        load_rules(tmp_path)


# --- settings from the environment ------------------------------------------------------------


def test_the_example_names_every_setting_s_variable() -> None:
    """Each line of configs/example.toml ends with the variable that sets the same."""
    text = (CONFIGS / "example.toml").read_text("utf-8")
    told = dict(re.findall(r"^#?(\w+) = .*  # (\w+)$", text, re.MULTILINE))
    assert told == {key: variable_of(key) for key in Settings.model_fields}


@pytest.mark.parametrize("key", Settings.model_fields)
def test_every_setting_comes_from_its_variable(key: str) -> None:
    """A value other than the default arrives, whatever its type."""
    default = getattr(Settings(), key)
    text, value = _another(key, default)
    assert value != default
    assert getattr(load_settings(None, {variable_of(key): text}), key) == value


def _another(key: str, default: object) -> tuple[str, object]:
    """A value that is allowed and not the default, as a variable says it and as it is meant."""
    if key == "smtp_security":
        return "tls", "tls"
    if key == "webhook_channels":
        return "sms", ["sms"]
    if key == "outbound_networks":
        return "10.1.2.0/24, fd00::/8", ["10.1.2.0/24", "fd00::/8"]
    if key == "log_format":
        return "console", "console"
    if isinstance(default, bool):
        return str(not default).lower(), not default
    if isinstance(default, int):
        return str(default + 1), default + 1
    if isinstance(default, Path):
        return "/srv/elsewhere", Path("/srv/elsewhere")
    if key == "cors_origins":
        return "https://a.example, http://[::1]:3000", ["https://a.example", "http://[::1]:3000"]
    if isinstance(default, list):
        return " 10.0.0.1, ::1,", ["10.0.0.1", "::1"]
    return "another", "another"


def test_what_is_told_later_goes_before(tmp_path: Path) -> None:
    """An argument before the environment, the environment before the file, then the default."""
    file = tmp_path / "telemed.toml"
    file.write_text('port = 1001\nidle_minutes = 11\nhost = "10.0.0.1"\n', "utf-8")
    environ = {"TELEMED_PORT": "1002", "TELEMED_IDLE_MINUTES": "12", "TELEMED_HOST": "", "X": "y"}
    found = load_settings(file, environ, port=1003, data_dir=None)
    told = (found.port, found.idle_minutes, found.host, found.session_hours)
    assert told == (1003, 12, "10.0.0.1", Settings().session_hours)


def test_a_secret_comes_from_a_file_and_stays_out_of_sight(tmp_path: Path) -> None:
    """The line's end is not part of it; a password with any character becomes part of an address
    and is not shown with the settings."""
    (tmp_path / "password").write_text("p@ss/w:rd %\n", "utf-8")
    environ = {
        "TELEMED_DATABASE_URL": "postgresql+psycopg://telemed@db:5432/telemed",
        "TELEMED_DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        "TELEMED_REDIS_URL": "redis://bell:6379/0",
        "TELEMED_REDIS_PASSWORD_FILE": str(tmp_path / "password"),
    }
    found = load_settings(None, environ)
    assert sa.make_url(found.database).password == "p@ss/w:rd %"
    assert sa.make_url(found.database).host == "db"
    assert found.redis == "redis://:p%40ss%2Fw%3Ard%20%25@bell:6379/0"
    assert "p@ss" not in repr(found)


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"TELEMED_DATABASE_ULR": ""}, r"TELEMED_DATABASE_ULR is no setting.*TELEMED_DATABASE_URL"),
        ({"TELEMED_port": "1"}, r"TELEMED_port is no setting.*TELEMED_PORT"),
        ({"TELEMED_FILE": "/x"}, r"TELEMED_FILE is no setting"),
        ({"TELEMED_SECRET": "a", "TELEMED_SECRET_FILE": "/b"}, "both set; set one"),
        ({"TELEMED_SECRET_FILE": "/nowhere/at/all"}, "/nowhere/at/all, which cannot be read"),
    ],
)
def test_a_variable_that_cannot_be_meant_is_one_sentence(
    environ: dict[str, str], sentence: str
) -> None:
    """A slip of the name, a key told twice and an absent secret stop the start, also when empty."""
    with pytest.raises(UnfitVariable, match=sentence):
        load_settings(None, environ)


def test_bridges_are_those_of_institutions_of_the_register() -> None:
    """A card that nobody would be shown helps nobody; a note is in both languages or in none."""
    known = network().institutions
    for key, card in catalogue().conference.cards.items():
        assert key in known and bool(card.note_zh) == bool(card.note_en), key


def test_a_service_s_terms_of_booking_lie_over_the_network_s(tmp_path: Path) -> None:
    """What it leaves out is the network's; a mistake stops the start."""
    text = "[terms]\nhold_minutes = 5\n[[service]]\ncode = '{}'\nnotice_minutes = 90\n"
    file = tmp_path / "appointments.toml"
    file.write_text(text.format("imaging"), "utf-8")
    found = load_appointment_terms(tmp_path, {"imaging", "ecg"})
    minutes = [
        (t.hold.seconds // 60, t.notice.seconds // 60) for t in map(found.of, ("imaging", "ecg"))
    ]
    assert minutes == [(5, 90), (5, 30)]
    file.write_text(text.format("surgery"), "utf-8")
    with pytest.raises(ValueError, match="surgery is no service"):
        load_appointment_terms(tmp_path, {"imaging"})
    file.write_text("[terms]\nhorizon_days = 93\n", "utf-8")
    with pytest.raises(ValueError, match="horizon_days"):
        load_appointment_terms(tmp_path, {"imaging"})
