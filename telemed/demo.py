"""The demonstration: the network, its accounts, sample studies and cases at every stage.

Everything is played through the same actions that people use, so the demo cannot show what the
platform cannot do. What it plays is data (`configs/demo.toml`). Running it again keeps what is
there.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from aiohttp import web

from telemed.actions import accounts as account_acts
from telemed.actions import appointments, calendars, intake, reports, requests, roster, worklist
from telemed.actions.act import Act
from telemed.actions.appointments import Plan
from telemed.actions.booking import Invited, Used
from telemed.actions.calendars import ResourceTerms
from telemed.actions.roster import Duty, Pattern
from telemed.actions.studies import save_patient
from telemed.core.access import Role, Subject
from telemed.core.appointment import times
from telemed.core.calendars import ResourceKind
from telemed.core.roster import monday_of, week_of
from telemed.core.schedule import Weekly
from telemed.core.workdays import ZONE
from telemed.dicom.refusal import Refused
from telemed.followers import charges
from telemed.followers.follow import catch_up_fully
from telemed.followers.tallies import TALLIES
from telemed.server.account_schemas import DemoAccount
from telemed.server.auth import DEMO_ACCOUNTS
from telemed.server.schemas import Words
from telemed.server.services import Services
from telemed.simulate import run as simulation
from telemed.simulate.courses import play_courses
from telemed.simulate.run import Order
from telemed.simulate.sessions import Told as Past
from telemed.simulate.sessions import play_sessions
from telemed.simulate.together import STEPS as TOGETHER
from telemed.simulate.together import dated
from telemed.store import accounts, network, people
from telemed.store import reports as report_store
from telemed.store import roster as roster_store
from telemed.store import tables as t
from telemed.store.blobs import hash_file
from telemed.store.tx import Row, Tx

Say = Callable[[str], None]
EVERYWHERE = Subject(
    account_id="system", roles=frozenset({Role.REGULATOR}), institution_id=None, region="45"
)
BATCH = 32


def story(configs: Path) -> dict[str, Any]:
    """The demo's data."""
    return tomllib.loads((configs / "demo.toml").read_text("utf-8"))


def prepare(services: Services, samples: Path, say: Say) -> None:
    """Fill an empty data directory; keep a filled one. Each part says when it is done."""
    told = story(services.settings.configs)
    if services.store.read_now(lambda tx: network.institution(tx, "450300A01")) is None:
        say(_import_network(services))
    if not services.store.read_now(accounts.any_demo):
        say(_make_accounts(services, [row for row in told["account"] if not row.get("later")]))
    if not services.store.read_now(lambda tx: tx.one(sa.select(t.requests.c.id).limit(1))):
        say(_play_history(services, told["history"]))
        # Whoever approves in house comes after a past in which nobody was asked.
        say(_make_accounts(services, [row for row in told["account"] if row.get("later")]))
        _import_samples(services, told, samples, say)
        say(_play_cases(services, told, samples))
        say(play_courses(services, told["course"], told["account"]))
        say(_fill_calendar(services, told["calendar"], told["history"]["days"], say))
    _keep_roster(services, told["duty"])
    catch_up_fully(services.store, TALLIES)
    # A demo's own past is billed; a hospital's is not.
    bill = charges.counts(services.clock, services.new_id, services.catalogue)
    catch_up_fully(services.store, bill)


def attach(app: web.Application, services: Services) -> None:
    """Offer the accounts on the sign-in page."""
    told = story(services.settings.configs)
    app[DEMO_ACCOUNTS] = account_cards(services, told)


def account_cards(services: Services, told: Mapping[str, Any]) -> list[DemoAccount]:
    """The accounts as the sign-in page and the terminal show them."""
    cards = []
    for row in told["account"]:
        person = _person(services, row)
        place = person and services.store.read_now(
            lambda tx, who=person: network.institution(tx, who["institution_id"])  # type: ignore[misc]
        )
        cards.append(
            DemoAccount(
                username=row["username"],
                password=told["password"],
                name=person["name"] if person else row["name"],
                role=row["roles"][-1],
                institution=place["short_name"] if place else "",
                story=Words(zh=row["zh"], en=row["en"]),
            )
        )
    return cards


def import_files(services: Services, institution: str, files: Iterable[Path]) -> Counter[str]:
    """File DICOM files under an institution; how many were stored, duplicate, conflict, refused."""
    counts: Counter[str] = Counter()
    batch: list[intake.Incoming] = []

    def keep() -> None:
        acting = Subject("system", frozenset(), institution)
        done = services.store.write_now(
            lambda tx: intake.store_instances(services.make_act(tx, acting), institution, batch)
        )
        counts.update(o.fate or "refused" for o in done)
        batch.clear()

    for path in files:
        found = intake.prepare(path, hash_file(path))
        if isinstance(found, Refused):
            counts["refused"] += 1
            continue
        with services.blobs.writer(1 << 40) as writer:
            writer.write(path.read_bytes())
            writer.seal()
            services.blobs.put_file(writer.path, writer.key)
        batch.append(found)
        if len(batch) >= BATCH:
            keep()
    if batch:
        keep()
    return counts


# --- the roster -------------------------------------------------------------------------------


def _keep_roster(services: Services, told: Sequence[Mapping[str, Any]]) -> None:
    """The running week and the next have shifts whenever the demo begins; what is there stays."""
    today = services.clock().astimezone(ZONE).date()
    for monday in (monday_of(today), monday_of(today) + timedelta(days=7)):
        for keeper in sorted({str(row["keeper"]) for row in told}):
            rows = [row for row in told if row["keeper"] == keeper]
            services.store.write_now(partial(_fill_week, services, keeper, rows, monday))


def _fill_week(
    services: Services, keeper: str, rows: Sequence[Mapping[str, Any]], monday: date, tx: Tx
) -> None:
    account = accounts.by_username(tx, keeper)
    if account is None:
        return
    begin, end = week_of(monday)
    acting = account_acts.subject_of(account)
    # As on Sunday evening, when the week had not begun: the past cannot be planned.
    act = replace(services.make_act(tx, acting), now=min(services.clock(), begin))
    there = roster_store.between(tx, acting.own_institution, begin, end)
    if any(shift["since"] >= begin for shift in there):
        return
    for row in rows:
        duty = Duty(row["kind"], tuple(row.get("services", ())), row["begins"], row["ends"])
        weekdays = frozenset(row["weekdays"])
        pattern = Pattern(monday, weekdays, 1, row.get("calendar", False))
        roster.add(act, row["people"], duty, pattern)


# --- the calendar -----------------------------------------------------------------------------


def _fill_calendar(services: Services, told: Mapping[str, Any], days: int, say: Say) -> str:
    """Hours, rooms, past sessions, and appointments of the coming working days, at every stage."""
    rooms = services.store.write_now(partial(_keep_calendars, services, told, days))
    past = Past(**told["past"], keeper=told["keeper"], groups=told["group"])
    say(play_sessions(services, past, rooms, days))
    for row in told["appointment"]:
        services.store.write_now(partial(_book, services, told["keeper"], rooms, row))
    return f"预约日程 calendar: {len(told['appointment'])} appointments"


def _acting(services: Services, tx: Tx, username: str) -> Act:
    account = accounts.by_username(tx, username)
    if account is None:
        raise ValueError(f"no account {username}")
    return services.make_act(tx, account_acts.subject_of(account))


def _keep_calendars(services: Services, told: Mapping[str, Any], days: int, tx: Tx) -> list[str]:
    """The ids of the rooms, in the story's order. The hours have been kept since its beginning."""
    act = _acting(services, tx, told["keeper"])
    first = services.clock().astimezone(ZONE).date() - timedelta(days=days)
    weekdays = frozenset(range(5))
    halves = [(_minutes(half["begins"]), _minutes(half["ends"])) for half in told["hours"]]
    # On holidays too, or the appointments of some weeks would lie on a day that is off.
    rows = [Weekly(weekdays, begins, ends, first, calendar=False) for begins, ends in halves]
    for person in told["people"]:
        calendars.set_hours(act, "people", person, rows)
    terms = (ResourceTerms(ResourceKind(r["kind"]), r["name"], r["place"], 1) for r in told["room"])
    return [calendars.add_resource(act, each) for each in terms]


def _book(
    services: Services, keeper: str, rooms: Sequence[str], told: Mapping[str, Any], tx: Tx
) -> None:
    """Held and proposed by who asks; confirmed by the keeper, and answered by who is said to."""
    act, other = _acting(services, tx, told["by"]), _acting(services, tx, keeper)
    day = services.clock().astimezone(ZONE).date()
    for _ in range(told["ahead"]):
        day += timedelta(days=3 if day.weekday() == 4 else 2 if day.weekday() == 5 else 1)
    plan = Plan(
        service=told["service"],
        requester_id=act.subject.own_institution,
        provider_id=other.subject.own_institution,
        times=times(datetime.combine(day, told["at"], ZONE), told["minutes"], 0, 0),
        invited=tuple(Invited("expert", person) for person in told["people"]),
        used=(Used(rooms[told["room"]]),) if "room" in told else (),
    )
    held = appointments.hold(act, plan)
    appointments.propose(act, held.id, held.row["version"])
    if told["confirmed"]:
        appointments.confirm(other, held.id, held.row["version"] + 1)
    for username in told.get("accepted", ()):
        appointments.answer(_acting(services, tx, username), held.id, True, None)


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute


# --- parts ------------------------------------------------------------------------------------


def _import_network(services: Services) -> str:
    counts = simulation.ensure_network(services)
    return "医联体网络 network: " + ", ".join(
        f"{counts[name]} {name}" for name in ("institutions", "alliances", "agreements")
    )


def _make_accounts(services: Services, rows: Sequence[Mapping[str, Any]]) -> str:
    hashed = account_acts.hash_password(story(services.settings.configs)["password"])
    for row in rows:
        person = _person(services, row)
        new = account_acts.NewAccount(
            username=row["username"],
            password_hash=hashed,
            name=person["name"] if person else row["name"],
            roles=row["roles"],
            institution_id=person["institution_id"] if person else None,
            person_id=person["id"] if person else None,
            region=row.get("region"),
            demo=True,
        )
        services.store.write_now(
            lambda tx, new=new: account_acts.add_account(
                services.make_act(tx, worklist.SYSTEM), new
            )  # type: ignore[misc]
        )
    return f"演示账号 accounts: {len(rows)}"


def _person(services: Services, row: Mapping[str, Any]) -> Any:
    code = row.get("person")
    return services.store.read_now(lambda tx: people.person(tx, code)) if code else None


def _play_history(services: Services, told: Mapping[str, Any]) -> str:
    """Weeks of other people's work, so that boards, tallies and priors are not empty."""
    order = Order(told["seed"], told["days"], None, told["rate"], focus=told["focus"])
    played = simulation.play(services, order)
    return f"近 {told['days']} 天的历史 history: {played.cases} cases, {played.facts} facts"


def _import_samples(services: Services, told: Mapping[str, Any], samples: Path, say: Say) -> None:
    manifest = orjson.loads((samples / "manifest.json").read_bytes())
    for entry in manifest["studies"]:
        if entry["key"] == told["upload_study"]:
            continue
        institution = _institution_named(services, entry["institution"])
        files = sorted((samples / entry["key"]).glob("*.dcm"))
        counts = import_files(services, institution, files)
        say(f"检查资料 study: {entry['title_zh']} ({counts.total()} files)")


def _institution_named(services: Services, name: str) -> str:
    found = services.store.read_now(
        lambda tx: tx.one(
            sa.select(t.institutions.c.id).where(t.institutions.c.name.endswith(name))
        )
    )
    if found is None:
        raise ValueError(f"no institution {name}")
    return str(found["id"])


# --- cases ------------------------------------------------------------------------------------


def _play_cases(services: Services, told: Mapping[str, Any], samples: Path) -> str:
    manifest = orjson.loads((samples / "manifest.json").read_bytes())
    texts = {e["key"]: e for e in manifest["studies"]}
    for case in sorted(told["case"], key=lambda c: -_drafted(c)):
        _Player(services, case, texts.get(case.get("study", ""), {})).play()
    return f"病例 cases: {len(told['case'])}"


def _drafted(case: Mapping[str, Any]) -> float:
    """Minutes ago at which a case was begun: said, or a little before its first step."""
    return float(case["drafted"] if "drafted" in case else case["step"][0]["ago"] + 8)


class _Player:
    """Plays one case: each step at its own time, by the one who does it."""

    def __init__(
        self, services: Services, case: Mapping[str, Any], text: Mapping[str, Any]
    ) -> None:
        self._services, self._case, self._text = services, case, text
        self._now = services.clock()
        self._asker = self._requester(case["requester"])
        self._id = ""

    def play(self) -> None:
        """From the draft to the last step."""
        self._do(self._asker, _drafted(self._case), self._draft)
        for step in self._case.get("step", []):
            who = self._account(step["by"]) if "by" in step else self._asker
            self._do(who, step["ago"], partial(self._take, step))

    def _take(self, step: Mapping[str, Any], act: Act) -> None:
        _STEPS[step["do"]](act, self._id, step, self)

    def content(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """The report that the sample's author wrote, or the case's own where there is no sample."""
        texts = {key: self._text[f"{key}_zh"] for key in ("findings", "impression") if self._text}
        return {**texts, "critical": [], **step["report"]}

    @property
    def signer(self) -> Any:
        """The server's signer."""
        return self._services.signer

    def _do(self, who: Subject, ago: float, do: Callable[[Act], None]) -> None:
        at = self._now - timedelta(minutes=ago)
        services = self._services
        services.store.write_now(
            lambda tx: do(Act(tx, who, at, services.new_id, services.catalogue, "demo"))
        )

    def _draft(self, act: Act) -> None:
        case = self._case
        self._id = requests.create(act, case["service"], case["urgency"])
        study = self._study(act)
        content = {key: dated(value, self._now) for key, value in case["content"].items()}
        change = requests.Edit(version=1, provider_id=case["provider"], content=content)
        patient = study["patient_ref"] if study else self._patient(act)
        if patient is not None:
            change = replace(
                change,
                patient_ref=patient,
                consent=_consent(act, case["provider"], act.now),
                study_ids=[study["id"]] if study else [],
            )
        requests.edit(act, self._id, change)

    def _patient(self, act: Act) -> str | None:
        """A patient written on the form; a case without a study has one of these, or none yet."""
        given = self._case.get("patient")
        blank = {"id_number": "", "phone": ""}
        return None if given is None else save_patient(act, {**blank, **given})

    def _study(self, act: Act) -> Row | None:
        if "study" not in self._case:
            return None
        found = act.tx.one(
            sa.select(t.studies).where(t.studies.c.study_uid == self._text["study_uid"])
        )
        if found is None:
            raise ValueError(f"the study {self._case['study']} was not imported")
        return found

    def _account(self, username: str) -> Subject:
        row = self._services.store.read_now(lambda tx: accounts.by_username(tx, username))
        if row is None:
            raise ValueError(f"no account {username}")
        return account_acts.subject_of(row)

    def _requester(self, who: str) -> Subject:
        """An account's name, or an institution's code whose first requester it is then."""
        if not who[0].isdigit():
            return self._account(who)
        made = self._services.store.read_now(
            lambda tx: accounts.by_username(tx, f"r-{who.lower()}")
        )
        if made is None:
            self._make_requester(who)
        return self._account(f"r-{who.lower()}")

    def _make_requester(self, institution: str) -> None:
        """An account without a usable password: the author of another hospital's case."""
        services = self._services
        row = services.store.read_now(lambda tx: people.people_of(tx, institution))[-1]
        new = account_acts.NewAccount(
            username=f"r-{institution.lower()}",
            password_hash="!",
            name=row["name"],
            roles=["requester"],
            institution_id=institution,
            person_id=row["id"],
            demo=True,
        )
        services.store.write_now(
            lambda tx: account_acts.add_account(services.make_act(tx, worklist.SYSTEM), new)
        )


_Step = Callable[[Act, str, Mapping[str, Any], _Player], None]


def _consent(act: Act, provider: str, at: datetime) -> dict[str, Any]:
    return {
        "kind": "signed",
        "version": act.catalogue.consent.version,
        "receiver": provider,
        "signer": "患者本人",
        "relation": "self",
        "signed_at": at.isoformat(),
        "onward": True,
    }


def _write(act: Act, case: str, step: Mapping[str, Any], player: _Player) -> None:
    reports.save_draft(act, case, _revision(act, case), player.content(step))


def _sign(act: Act, case: str, step: Mapping[str, Any], player: _Player) -> None:
    reports.sign(act, case, _revision(act, case), player.signer)


def _verify(act: Act, case: str, step: Mapping[str, Any], player: _Player) -> None:
    reports.verify(act, case, _revision(act, case), player.signer)


def _revision(act: Act, case: str) -> int:
    latest = report_store.latest(act.tx, case)
    return int(latest["revision"]) if latest else 0


def _acknowledge(act: Act, case: str, step: Mapping[str, Any], player: _Player) -> None:
    requests.acknowledge(act, case, _notice(act, case), step["action"])


def _act_on(act: Act, case: str, step: Mapping[str, Any], player: _Player) -> None:
    at = act.now - timedelta(minutes=step["before"])
    requests.act_on(act, case, _notice(act, case), step["code"], step["note"], at)


def _notice(act: Act, case: str) -> str:
    found = act.tx.scalar(
        sa.select(t.critical_notices.c.id).where(t.critical_notices.c.request_id == case)
    )
    return str(found or "")


def _together(do: Callable[[Act, str, Mapping[str, Any], Any], None]) -> _Step:
    return lambda act, case, step, player: do(act, case, step, player.signer)


_STEPS: Mapping[str, _Step] = {
    **{name: _together(do) for name, do in TOGETHER.items()},
    "submit": lambda act, case, step, player: requests.submit(act, case),
    "claim": lambda act, case, step, player: worklist.claim(act, case),
    "return": lambda act, case, step, player: requests.return_(
        act, case, step["reason"], step["note"]
    ),
    "write": _write,
    "sign": _sign,
    "verify": _verify,
    "acknowledge": _acknowledge,
    "act": _act_on,
    "confirm": lambda act, case, step, player: requests.confirm(
        act, case, requests.Decision(step["adoption"], reason=step.get("reason"))
    ),
}
