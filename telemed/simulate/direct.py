"""Plays a plan through the actions, at the planned times: a month in minutes.

The same functions that the API calls, with the same rules, in larger transactions. Ids come from
the seed and the planned time, so the same plan leaves the same facts to the last one.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telemed.actions import intake, reports, requests, studies, worklist
from telemed.actions.act import Act
from telemed.actions.intake import Incoming
from telemed.core.access import Subject
from telemed.core.catalogue import Catalogue
from telemed.core.errors import Problem
from telemed.simulate.darkroom import Darkroom
from telemed.simulate.image import Shot
from telemed.simulate.ledger import Ledger
from telemed.simulate.life import Do, Life, Step
from telemed.simulate.world import ZONE
from telemed.store import reports as report_store
from telemed.store import requests as request_store
from telemed.store import tables as t
from telemed.store.blobs import Blobs
from telemed.store.engine import Store
from telemed.store.signer import Signer
from telemed.store.tx import Tx

BATCH = 400
"""Steps a transaction: long enough that the flush costs nothing, short enough to share a server."""
ADDRESS = "simulation"
_WITH_IMAGE = (Do.STUDY, Do.LATE_IMAGES)


class Ids:
    """Version 7 UUIDs (RFC 9562) of a chosen moment and a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"ids/{seed}")
        self.at_ms = 0

    def __call__(self) -> str:
        """The next one."""
        bits = self._random.getrandbits(74)
        high, low = bits >> 62, bits & ((1 << 62) - 1)
        return str(UUID(int=self.at_ms << 80 | 7 << 76 | high << 64 | 2 << 62 | low))


class Player:
    """Plays steps against a store, without a server."""

    def __init__(
        self,
        store: Store,
        open_blobs: Callable[[], Blobs],
        signer: Signer,
        catalogue: Catalogue,
        people: Mapping[str, Subject],
        ledger: Ledger,
        ids: Ids,
    ) -> None:
        self._store, self._open_blobs, self._signer = store, open_blobs, signer
        self._catalogue, self._people, self._ledger = catalogue, people, ledger
        self._ids = ids
        self._images: dict[int, Incoming] = {}

    def play(self, steps: Iterable[Step], progress: Callable[[int], None] = lambda n: None) -> int:
        """Everything, in order; how many steps. `progress` hears how many cases began."""
        source, done = iter(steps), 0
        with Darkroom(self._open_blobs) as darkroom:

            def ahead() -> tuple[list[Step], Future[list[Incoming]]]:
                batch = list(islice(source, BATCH))
                return batch, darkroom.develop([shot_of(s) for s in _pictured(batch)])

            coming = ahead()
            while coming[0]:
                (batch, images), coming = coming, ahead()
                names = [s.n for s in _pictured(batch)]
                self._images = dict(zip(names, images.result(), strict=True))
                self._store.write_now(lambda tx, batch=batch: self._batch(tx, batch))  # type: ignore[misc]
                for step in batch:
                    self._ledger.note(step, step.at)
                self._ledger.flush()
                done += len(batch)
                progress(sum(s.do is Do.DRAFT for s in batch))
        return done

    def _batch(self, tx: Tx, batch: Iterable[Step]) -> None:
        for step in batch:
            self._ids.at_ms = int(step.at.timestamp() * 1000)
            subject = worklist.SYSTEM if step.do is Do.LAPSE else self._people[step.by]
            act = Act(tx, subject, step.at, self._ids, self._catalogue, ADDRESS)
            _DO[step.do](self, act, step)

    # --- the steps ----------------------------------------------------------------------------

    def arrive(self, act: Act, step: Step) -> None:
        """A picture is entered."""
        life = step.life
        outcome = intake.store_instances(act, life.requester, [self._images[step.n]])[0]
        if outcome.study_id is None:
            raise ValueError(f"{life.key}: the simulated picture was not stored: {outcome.reason}")
        life.study_id = outcome.study_id

    def draft(self, act: Act, step: Step) -> None:
        """A form is begun; perhaps one field is forgotten."""
        life = step.life
        first = life.memory.get("first")
        if first is not None:
            life.study_id = first.study_id
        life.request_id = requests.create(act, life.service, life.urgency)
        content = {k: v for k, v in life.content.items() if k != step.more["without"]}
        requests.edit(
            act,
            life.request_id,
            requests.Edit(
                version=1,
                provider_id=life.provider,
                patient_ref=_patient_ref(act, life),
                content=content,
                consent=consent_of(act.catalogue, life, life.provider, act.now),
                study_ids=[life.study_id] if life.study_id else None,
            ),
        )

    def refused(self, act: Act, step: Step) -> None:
        """Sending an incomplete form is refused, and nothing is written."""
        try:
            requests.submit(act, step.life.request_id)
        except Problem as problem:
            if problem.code == "incomplete":
                return
            raise
        raise ValueError(f"{step.life.key}: an incomplete request was accepted")

    def complete(self, act: Act, step: Step) -> None:
        """The form is completed."""
        life = step.life
        change = requests.Edit(_version(act, life), content=life.content)
        requests.edit(act, life.request_id, change)

    def resubmit(self, act: Act, step: Step) -> None:
        """Sent again, perhaps to another hospital, which the patient has agreed to."""
        life, provider = step.life, step.more["provider"]
        consent = consent_of(act.catalogue, life, provider, act.now)
        change = requests.Edit(_version(act, life), provider_id=provider, consent=consent)
        requests.edit(act, life.request_id, change)
        requests.resubmit(act, life.request_id)

    def lapse(self, act: Act, step: Step) -> None:
        """The clock finds a claim whose holder is gone."""
        gone = worklist.release_abandoned(act)
        if gone != [step.life.request_id]:
            raise ValueError(f"{step.life.key}: expected one abandoned claim, found {len(gone)}")

    def write(self, act: Act, step: Step) -> None:
        """A report is typed."""
        case = step.life.request_id
        reports.save_draft(act, case, _revision(act, case), step.more["content"])

    def sign(self, act: Act, step: Step) -> None:
        """The author signs."""
        case = step.life.request_id
        reports.sign(act, case, _revision(act, case), self._signer)

    def verify(self, act: Act, step: Step) -> None:
        """Somebody else signs."""
        case = step.life.request_id
        reports.verify(act, case, _revision(act, case), self._signer)

    def acknowledge(self, act: Act, step: Step) -> None:
        """The county has read the critical finding."""
        case = step.life.request_id
        notice = request_store.critical_notices_of(act.tx, case)[0]
        requests.acknowledge(act, case, notice["id"], ACTION)

    def act_on(self, act: Act, step: Step) -> None:
        """The county enters what it did when it acknowledged."""
        case = step.life.request_id
        notice = request_store.critical_notices_of(act.tx, case)[0]
        requests.act_on(act, case, notice["id"], ACTED, "", notice["acknowledged_at"])


ACTION = "已通知临床医师并处置。"
ACTED = "treated"
VERIFIER_NOTE = "诊断意见过于简略，请补充。"
WHY_REVISED = "补充临床资料后更新。"


def _pictured(batch: Iterable[Step]) -> list[Step]:
    return [step for step in batch if step.do in _WITH_IMAGE]


def _patient_ref(act: Act, life: Life) -> str:
    """The patient of the study; for a case without one, a patient entered by hand."""
    if life.study_id:
        found = act.tx.find(t.studies, id=life.study_id) or {}
        return str(found["patient_ref"])
    patient = life.patient
    return studies.save_patient(
        act,
        {
            "patient_id": patient.patient_id,
            "name": patient.name,
            "sex": patient.sex,
            "birth_date": patient.birth_date,
            "id_number": "",
            "phone": "",
        },
    )


def _version(act: Act, life: Life) -> int:
    query = sa.select(t.requests.c.version).where(t.requests.c.id == life.request_id)
    return int(act.tx.scalar(query))


def _revision(act: Act, request_id: str) -> int:
    latest = report_store.latest(act.tx, request_id)
    return int(latest["revision"]) if latest else 0


def consent_of(catalogue: Catalogue, life: Life, provider: str, at: datetime) -> dict[str, Any]:
    """The patient's, a guardian's, or an emergency waiver (医师法 art. 27)."""
    if life.consent == "waiver":
        return {"kind": "waiver", "approver": "值班总医师", "reason": "患者意识不清，家属未到。"}
    guardian = life.consent == "guardian"
    return {
        "kind": "signed",
        "version": catalogue.consent.version,
        "receiver": provider,
        "signer": "监护人" if guardian else "患者本人",
        "relation": "parent" if guardian else "self",
        "signed_at": at.isoformat(),
        "onward": True,
    }


def shot_of(step: Step) -> Shot:
    """The picture of a step: the first of a study, or a late one."""
    life, which = step.life, int(step.more["image"])
    study = life.study
    if study is None:
        raise ValueError(f"{life.key} has no study")
    return Shot(
        study_uid=study.study_uid,
        series_uid=study.series_uid,
        sop_uid=study.sop_uids[which],
        modality=study.modality,
        body_part=life.picture.body_part,
        at=study.at.astimezone(ZONE),
        accession_number=study.accession_number,
        description=life.picture.complaint,
        institution=life.requester,
        patient_id=life.patient.patient_id,
        name=f"{life.patient.name[0]}^{life.patient.name[1:]}",
        sex=life.patient.sex,
        birth_date=life.patient.birth_date,
        number=which + 1,
    )


_Doing = Callable[[Player, Act, Step], None]
_DO: Mapping[Do, _Doing] = {
    Do.STUDY: Player.arrive,
    Do.LATE_IMAGES: Player.arrive,
    Do.DRAFT: Player.draft,
    Do.REFUSED: Player.refused,
    Do.COMPLETE: Player.complete,
    Do.SUBMIT: lambda p, act, s: requests.submit(act, s.life.request_id),
    Do.RESUBMIT: Player.resubmit,
    Do.WITHDRAW: lambda p, act, s: requests.withdraw(act, s.life.request_id, s.more["reason"], ""),
    Do.RETURN: lambda p, act, s: requests.return_(act, s.life.request_id, s.more["reason"], ""),
    Do.DECLINE: lambda p, act, s: requests.decline(act, s.life.request_id, s.more["reason"], ""),
    Do.REDIRECT: lambda p, act, s: requests.redirect(
        act, s.life.request_id, s.more["to"], s.more["reason"], ""
    ),
    Do.CLAIM: lambda p, act, s: worklist.claim(act, s.life.request_id),
    Do.KEEP: lambda p, act, s: _kept(act, s),
    Do.RELEASE: lambda p, act, s: worklist.release(act, s.life.request_id, s.more["reason"], ""),
    Do.LAPSE: Player.lapse,
    Do.TAKE_OVER: lambda p, act, s: worklist.take_over(
        act, s.life.request_id, s.more["reason"], ""
    ),
    Do.WRITE: Player.write,
    Do.SIGN: Player.sign,
    Do.SEND_BACK: lambda p, act, s: reports.send_back(act, s.life.request_id, VERIFIER_NOTE),
    Do.VERIFY: Player.verify,
    Do.ACKNOWLEDGE: Player.acknowledge,
    Do.ACT: Player.act_on,
    Do.CONFIRM: lambda p, act, s: requests.confirm(
        act, s.life.request_id, requests.Decision(s.more["adoption"], reason="course")
    ),
    Do.REVISE: lambda p, act, s: reports.revise(
        act, s.life.request_id, s.more["kind"], WHY_REVISED
    ),
}


def _kept(act: Act, step: Step) -> None:
    if worklist.keep(act, [step.life.request_id]) is None:
        raise ValueError(f"{step.life.key}: the claim was lost")
