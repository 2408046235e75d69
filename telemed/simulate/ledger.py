"""The simulation's own book of what it did, and what the log must therefore hold.

One line of JSON per case and per fact, appended after the database said yes. It is written by who
acted, never read from the log, so the two can be compared. A fact carries the time it was done at
(milliseconds), or the span in which a server must have done it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from telemed.core.activity import Kind
from telemed.core.catalogue import Catalogue
from telemed.simulate.life import Do, Life, Step

FOLDER = "simulation"
SUFFIX = ".ledger"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REVISED = {"addendum": Kind.REPORT_ADDENDED, "amendment": Kind.REPORT_AMENDED}
_ONE: Mapping[Do, Kind] = {
    Do.DRAFT: Kind.REQUEST_DRAFTED,
    Do.SUBMIT: Kind.REQUEST_SUBMITTED,
    Do.RESUBMIT: Kind.REQUEST_RESUBMITTED,
    Do.WITHDRAW: Kind.REQUEST_WITHDRAWN,
    Do.RETURN: Kind.REQUEST_RETURNED,
    Do.DECLINE: Kind.REQUEST_DECLINED,
    Do.REDIRECT: Kind.REQUEST_REDIRECTED,
    Do.CLAIM: Kind.WORKITEM_CLAIMED,
    Do.RELEASE: Kind.WORKITEM_RELEASED,
    Do.LAPSE: Kind.WORKITEM_EXPIRED,
    Do.TAKE_OVER: Kind.WORKITEM_TAKEN_OVER,
    Do.SEND_BACK: Kind.REPORT_SENT_BACK,
    Do.ACKNOWLEDGE: Kind.CRITICAL_ACKNOWLEDGED,
    Do.ACT: Kind.CRITICAL_ACTED_ON,
    Do.CONFIRM: Kind.REQUEST_CONFIRMED,
    Do.LATE_IMAGES: Kind.STUDY_GREW,
}


def since_1970(at: datetime) -> int:
    """Microseconds since 1970, UTC."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def ms(at: datetime) -> int:
    """Milliseconds since 1970, UTC."""
    return since_1970(at) // 1000


@dataclass(slots=True)
class Bookkeeper:
    """Turns steps that were done into the facts they must have left."""

    catalogue: Catalogue

    def facts(self, step: Step) -> list[tuple[Kind, dict[str, Any]]]:
        """The facts of one step about its case, in order, with what the tally needs of them."""
        life, do = step.life, step.do
        if do in (Do.SIGN, Do.VERIFY):
            return self._signed(step)
        if do is Do.LATE_IMAGES and life.memory.get("stands"):
            return [(Kind.STUDY_GREW, {}), (Kind.REPORT_IMAGES_CHANGED, {})]
        if do is Do.SEND_BACK:  # what was issued before still stands
            life.memory["stands"] = life.memory.get("issued", False)
        if do is Do.REVISE:
            life.memory["revising"] = step.more["kind"]
            return []
        if do is Do.WRITE:
            life.memory["written"] = step.more["content"]
            return []
        kind = _ONE.get(do)
        return [] if kind is None else [(kind, self._told(step))]

    def _told(self, step: Step) -> dict[str, Any]:
        if step.do is Do.SUBMIT:
            return {"provider": step.life.provider}
        if step.do is Do.RESUBMIT:
            return {"provider": step.more["provider"]}
        if step.do is Do.REDIRECT:
            return {"provider": step.more["to"]}
        if step.do is Do.CONFIRM:
            return {"adoption": step.more["adoption"]}
        return {}

    def _signed(self, step: Step) -> list[tuple[Kind, dict[str, Any]]]:
        memory, written = step.life.memory, step.life.memory["written"]
        memory["stands"] = True
        service = self.catalogue.services[step.life.service]
        found: list[tuple[Kind, dict[str, Any]]] = []
        if step.do is Do.SIGN:
            told = memory.setdefault("told", set())
            for code in written["critical"]:
                if code not in told:
                    told.add(code)
                    found.append((Kind.CRITICAL_RAISED, {}))
            if service.four_eyes:
                return [*found, (Kind.REPORT_SIGNED, {})]
        memory["issued"] = True
        revising = memory.pop("revising", None)
        kind = Kind.REPORT_ISSUED if revising is None else _REVISED[revising]
        return [*found, (kind, {"positive": written.get("positive")})]


class Ledger:
    """Appends to a file; a batch is on the disk when `flush` returns."""

    def __init__(self, path: Path, catalogue: Catalogue) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("ab")
        self._books = Bookkeeper(catalogue)
        self._known: dict[str, int] = {}
        self.facts = 0
        self.steps = 0

    def expected(self, step: Step) -> list[str]:
        """The kinds of fact that a step will leave; asking changes nothing."""
        memory = step.life.memory
        before = {**memory, "told": set(memory.get("told", ()))}
        kinds = [kind.value for kind, _ in self._books.facts(step)]
        memory.clear()
        memory.update(before)
        return kinds

    def note(self, step: Step, begin: datetime, end: datetime | None = None) -> None:
        """A step was done at `begin`, or by a server between `begin` and `end`."""
        self.steps += 1
        life = step.life
        for kind, told in self._books.facts(step):
            number = self._number(life)
            span = [ms(begin)] if end is None else [ms(begin), ms(end)]
            self._write([number, kind.value, *span, told] if told else [number, kind.value, *span])
            self.facts += 1

    @property
    def cases(self) -> int:
        """How many cases are in it."""
        return len(self._known)

    def _number(self, life: Life) -> int:
        if life.request_id not in self._known:
            self._known[life.request_id] = len(self._known) + 1
            self._write(
                {
                    "case": len(self._known),
                    "id": life.request_id,
                    "key": life.key,
                    "service": life.service,
                    "urgency": life.urgency,
                    "modality": life.study.modality if life.study else None,
                    "frozen": life.frozen,
                    "requester": life.requester,
                }
            )
        return self._known[life.request_id]

    def _write(self, row: object) -> None:
        self._file.write(orjson.dumps(row) + b"\n")

    def flush(self) -> None:
        """Everything noted so far is in the file."""
        self._file.flush()

    def close(self) -> None:
        """The end."""
        self._file.close()


@dataclass(slots=True)
class Written:
    """A case as the ledger has it: who and what, and its facts as (kind, from, to, told)."""

    id: str
    key: str
    service: str
    urgency: str
    modality: str | None
    frozen: bool
    requester: str
    facts: list[tuple[str, int, int, Mapping[str, Any]]] = field(default_factory=list)


def read(paths: Iterable[Path]) -> dict[str, Written]:
    """All cases of some ledgers, by request id."""
    found: dict[str, Written] = {}
    for path in paths:
        here: dict[int, Written] = {}
        for row in _rows(path):
            if isinstance(row, dict):
                number = row.pop("case")
                found[row["id"]] = here[number] = Written(**row)
                continue
            number, kind, *rest = row
            told = rest.pop() if isinstance(rest[-1], dict) else _NOTHING
            here[number].facts.append((kind, rest[0], rest[-1], told))
    return found


_NOTHING: Mapping[str, Any] = {}


def _rows(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        for line in file:
            yield orjson.loads(line)
