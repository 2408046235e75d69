"""Writes the parts of these pages that are tables of the code: `python docs/generate.py`.

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`. Everything between the two is
made here and overwritten; everything outside is prose and left alone. With `--check` nothing is
written and a page that is behind the code is an error, which is also what the tests ask.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import commands
import drawings
import vocabulary
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from typer.core import TyperCommand

from telemed.core import (
    appointment,
    approval,
    charge,
    conference,
    follow_up,
    minutes,
    opinion,
    report,
    request,
    training,
    urgent_call,
    waiting,
    workitem,
)
from telemed.core.access import PERMISSIONS, Permission, Role
from telemed.core.action_words import ACTION_WORDS
from telemed.core.activity import WORDS as FACT_WORDS
from telemed.core.activity import Kind
from telemed.core.errors import ERRORS
from telemed.core.indicators import INDICATORS, Indicator, Measure
from telemed.core.network_sheets import (
    AGREEMENTS,
    ALLIANCES,
    AREAS,
    DEPARTMENTS,
    INSTITUTIONS,
    MEMBERSHIPS,
    PEOPLE,
    Sheet,
)
from telemed.core.tally import FOLDS
from telemed.dicom.matching import MATCHABLE, RESOURCES
from telemed.dicom.syntaxes import TRANSFER_SYNTAXES, TransferSyntax
from telemed.documents.network_file import LABELS, SHEET_NAMES
from telemed.logs import FIELDS
from telemed.operations.doctor import CHECKS
from telemed.server.dicomweb import DICOMWEB_ROUTES
from telemed.server.metrics import families
from telemed.server.problems import STATUS
from telemed.server.routes import API_ROUTES
from telemed.server.routing import Route
from telemed.settings import Settings
from telemed.store.audit import DICOM_CODES, Event

DOCS = Path(__file__).resolve().parent
EXAMPLE = DOCS.parent / "configs" / "example.toml"
_PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def code(text: object) -> str:
    """A word of the code."""
    return f"`{text}`" if text not in ("", None) else ""


# --- state tables -----------------------------------------------------------------------------


def _joint() -> str:
    rows = []
    for event, joint in request.JOINT.items():
        ended = "CANCELED" if joint.cancel else "COMPLETED" if joint.complete else ""
        scheduled = "SCHEDULED" if joint.schedule else ""
        closed = "ended" if joint.close else ""
        rows.append((code(event.value), ended, scheduled, closed))
    heads = ("current workitem becomes", "a new workitem is", "opinions still to come are")
    return table(("step of the request", *heads), rows)


def _facts() -> str:
    def row(kind: Kind) -> tuple[str, ...]:
        zh, en = FACT_WORDS[kind]
        counted = kind in FOLDS or kind is Kind.REQUEST_COUNTED_OUT
        return code(kind.value), zh, en, "yes" if counted else ""

    return table(("fact", "中文", "English", "in the tally"), map(row, Kind))


# --- the API ----------------------------------------------------------------------------------


def _errors() -> str:
    rows = [(code(c), STATUS[c], e.zh, e.en) for c, e in ERRORS.items()]
    return table(("code", "HTTP", "中文", "English"), rows)


def _name(model: object) -> str:
    return str(getattr(model, "__name__", "")) if model is not None else ""


def _query(model: type[BaseModel] | None) -> str:
    """The keys of a query, as they are typed."""
    fields = model.model_fields.items() if model else ()
    return ", ".join(code(field.alias or name) for name, field in fields)


def _routes(rows: Iterable[Route]) -> str:
    return table(
        ("method", "path", "what", "permission", "query", "body", "answer"),
        (
            (
                r.method,
                code(plain(r.path)),
                r.summary,
                code(r.permission.value) if r.permission else "public",
                _query(r.query),
                code(_name(r.body)),
                code(_name(r.returns) or r.media or ""),
            )
            for r in rows
        ),
    )


def _dicomweb() -> str:
    return table(
        ("method", "path", "what", "permission"),
        (
            (r.method, code(plain(r.path)), r.summary, code(r.permission and r.permission.value))
            for r in DICOMWEB_ROUTES
        ),
    )


def plain(path: str) -> str:
    """A route's path with its parameters by name only."""
    return re.sub(r"{(\w+):[^}]+}", r"{\1}", path)


# --- the tally --------------------------------------------------------------------------------


def _measured(row: Indicator) -> str:
    if row.kind is Measure.SHARE:
        return f"{code(row.numerator)} ÷ {code(row.denominator)}"
    kinds = (*([row.counts] if row.counts else []), *row.also)
    return ", ".join(code(kind.value) for kind in kinds)


def _indicators() -> str:
    rows = [
        (
            code(row.code),
            f"{row.zh}<br>{row.en}",
            row.kind.value,
            row.side.value,
            _measured(row),
            f"{row.definition_zh}<br>{row.definition_en}",
        )
        for row in INDICATORS.values()
    ]
    return table(("code", "name", "kind", "side", "from", "definition"), rows)


# --- DICOM ------------------------------------------------------------------------------------


def _search_keys() -> str:
    rows = [(level, ", ".join(map(code, names))) for level, names in MATCHABLE.items()]
    return table(("level", "attributes that can be matched"), rows)


_SEARCHES = {
    "studies": "/studies",
    "series": "/series",
    "instances": "/instances",
    "study-series": "/studies/{study}/series",
    "study-instances": "/studies/{study}/instances",
    "series-instances": "/studies/{study}/series/{series}/instances",
    "workitems": "/workitems",
}


def _searches() -> str:
    rows = [(code(_SEARCHES[name]), ", ".join(levels)) for name, levels in RESOURCES.items()]
    return table(("resource", "levels whose attributes match and are returned"), rows)


def _syntaxes() -> str:
    def stored(row: TransferSyntax) -> str:
        if not row.on_the_wire:
            return "rewritten as Explicit VR Little Endian"
        if row.video:
            return "as stored; video is not decoded"
        return "as stored" if row.decodable else "as stored; not decoded here"

    def default(row: TransferSyntax) -> str:
        whole = row.encapsulated and row.decodable and not row.lossy
        return (
            "decoded" if whole else "as stored" if row.encapsulated else "Explicit VR Little Endian"
        )

    rows = [
        (code(r.uid), r.name, r.media_type, stored(r), default(r), "yes" if r.made else "")
        for r in TRANSFER_SYNTAXES.values()
    ]
    names = ("media type of frames", "asked for with `*`", "an instance asked for without")
    return table(("UID", "name", *names, "made from others"), rows)


# --- people and rights ------------------------------------------------------------------------


def _permissions() -> str:
    head = ("permission", "name", *(code(role.value) for role in Role))
    rows = [
        (
            code(p.value),
            "<br>".join(ACTION_WORDS[p].values()),
            *("●" if p in PERMISSIONS[role] else "" for role in Role),
        )
        for p in Permission
    ]
    return table(head, rows)


def _audit() -> str:
    return table(
        ("event", "DICOM (PS3.15 A.5.3)"), ((code(e.value), DICOM_CODES.get(e, "")) for e in Event)
    )


# --- the schema -------------------------------------------------------------------------------


def _columns() -> str:
    return "\n\n".join(
        f"### {title[0].upper()}{title[1:]}\n\n{drawings.columns(rows)}"
        for title, rows in drawings.sections().items()
    )


# --- operations -------------------------------------------------------------------------------


def explained(text: str) -> Mapping[str, str]:
    """The settings of an example file with the words above each; `#key = …` shows a default."""
    found: dict[str, str] = {}
    words: list[str] = []
    for line in text.splitlines():
        setting = re.match(r"#?(\w+) = ", line)
        if setting:
            found[setting[1]] = " ".join(words)
        words = [*words, line[2:].strip()] if line.startswith("# ") else []
    return found


def _default(name: str) -> str:
    field = Settings.model_fields[name]
    if field.default is PydanticUndefined or isinstance(field.default, Path):
        value = Path(str(field.default))
        root = DOCS.parent
        inside = value.is_absolute() and value.is_relative_to(root)
        return code(value.relative_to(root) if inside else value)
    return code('""' if field.default == "" else str(field.default))


def _bounds(name: str) -> str:
    signs = {"ge": "≥", "le": "≤", "gt": ">", "lt": "<"}
    parts = []
    for rule in Settings.model_fields[name].metadata:
        for attribute, sign in signs.items():
            if (value := getattr(rule, attribute, None)) is not None:
                parts.append(f"{sign} {value}")
        if pattern := getattr(rule, "pattern", None):
            parts.append(code(pattern))
    return ", ".join(parts)


def _settings() -> str:
    words = explained(EXAMPLE.read_text("utf-8"))
    rows = [(code(n), _default(n), _bounds(n), words[n]) for n in Settings.model_fields]
    return table(("setting", "default", "allowed", "meaning"), rows)


def _checks() -> str:
    rows = [(code(c.code), f"{c.asks.zh}<br>{c.asks.en}") for c in CHECKS]
    return table(("check", "question"), rows)


def _metrics() -> str:
    rows = [(code(f.name), f.kind, ", ".join(map(code, f.labels)), f.words) for f in families()]
    return table(("metric", "kind", "labels", "what"), rows)


def _log_fields() -> str:
    return table(("field", "what"), ((code(name), words) for name, words in FIELDS.items()))


# --- the register -----------------------------------------------------------------------------

_SHEETS: tuple[Sheet[object], ...] = (
    AREAS,
    INSTITUTIONS,
    ALLIANCES,
    MEMBERSHIPS,
    AGREEMENTS,
    DEPARTMENTS,
    PEOPLE,
)  # type: ignore[assignment]


def _sheets() -> str:
    return "\n\n".join(map(_sheet, _SHEETS))


def _sheet(sheet: Sheet[object]) -> str:
    rows = []
    for column in sheet.columns:
        zh, example = LABELS[sheet.name][column.name]
        must = "yes" if type(column.empty).__name__ == "Flaw" else ""
        key = "key" if column.name in sheet.key else ""
        rows.append((code(column.name), zh, must, key, code(example)))
    title = f"### `{sheet.name}` {SHEET_NAMES[sheet.name]}\n\n"
    return title + table(("column", "中文表头", "must be filled", "", "example"), rows)


# --- words and commands -----------------------------------------------------------------------


def _words(head: Sequence[str], rows: Iterable[Sequence[str]], codes: int = 1) -> str:
    """A table whose first columns are words of the code."""
    return table(head, [(*map(code, row[:codes]), *row[codes:]) for row in rows])


def _states() -> str:
    return table(
        ("noun", "code", "", "中文", "English"),
        [(noun, code(key), kind, zh, en) for noun, key, kind, zh, en in vocabulary.states()],
    )


def _reasons() -> str:
    rows = [(step, code(key), *rest) for step, key, *rest in vocabulary.reasons()]
    return table(("step", "code", "中文", "English", "services"), rows)


def _commands() -> str:
    return "\n\n".join(_command(name, each) for name, each in commands.commands())


def _command(name: str, command: TyperCommand) -> str:
    rows = [(code(typed), code(default), text) for typed, default, text in commands.rows(command)]
    described = table(("", "default", ""), rows) if rows else ""
    text = f"## {name}\n\n{command.help}\n\n```sh\n{commands.usage(name, command)}\n```\n\n"
    return (text + described).rstrip()


# --- pages ------------------------------------------------------------------------------------

_BOTH = ("code", "中文", "English")

PARTS: Mapping[str, Callable[[], str]] = {
    "rooms": drawings.rooms,
    "machine-request": lambda: drawings.state_table(request.MACHINE),  # type: ignore[arg-type]
    "machine-workitem": lambda: drawings.state_table(workitem.MACHINE),  # type: ignore[arg-type]
    "machine-appointment": lambda: drawings.state_table(appointment.MACHINE),  # type: ignore[arg-type]
    "machine-conference": lambda: drawings.state_table(conference.MACHINE),  # type: ignore[arg-type]
    "machine-seat": lambda: drawings.state_table(appointment.SEATS),  # type: ignore[arg-type]
    "machine-urgent-call": lambda: drawings.state_table(urgent_call.MACHINE),  # type: ignore[arg-type]
    "machine-ring": lambda: drawings.state_table(urgent_call.RING_MACHINE),  # type: ignore[arg-type]
    "machine-course": lambda: drawings.state_table(training.COURSES),  # type: ignore[arg-type]
    "machine-lecture": lambda: drawings.state_table(training.LECTURES),  # type: ignore[arg-type]
    "machine-enrolment": lambda: drawings.state_table(training.ENROLMENTS),  # type: ignore[arg-type]
    "machine-waiting": lambda: drawings.state_table(waiting.MACHINE),  # type: ignore[arg-type]
    "machine-approval": lambda: drawings.state_table(approval.MACHINE),  # type: ignore[arg-type]
    "machine-opinion": lambda: drawings.state_table(opinion.MACHINE),  # type: ignore[arg-type]
    "machine-minutes": lambda: drawings.state_table(minutes.MACHINE),  # type: ignore[arg-type]
    "machine-charge": lambda: drawings.state_table(charge.MACHINE),  # type: ignore[arg-type]
    "machine-follow-up": lambda: drawings.state_table(follow_up.MACHINE),  # type: ignore[arg-type]
    "machine-report": lambda: drawings.state_table(report.MACHINE),  # type: ignore[arg-type]
    "joint-drawn": drawings.joint_rule,
    "joint": _joint,
    "relations": drawings.relations,
    "columns": _columns,
    "facts": _facts,
    "errors": _errors,
    "routes": lambda: _routes(API_ROUTES),
    "dicomweb-routes": _dicomweb,
    "indicators": _indicators,
    "search-keys": _search_keys,
    "searches": _searches,
    "transfer-syntaxes": _syntaxes,
    "permissions": _permissions,
    "audit-events": _audit,
    "settings": _settings,
    "checks": _checks,
    "metrics": _metrics,
    "log-fields": _log_fields,
    "sheets": _sheets,
    "tags": lambda: _words(_BOTH, vocabulary.tags()),
    "states": _states,
    "roles": lambda: _words(_BOTH, vocabulary.roles()),
    "services": lambda: _words((*_BOTH, ""), vocabulary.services()),
    "indicator-names": lambda: _words(_BOTH, vocabulary.indicators()),
    "reasons": _reasons,
    "critical-findings": lambda: _words(("service", *_BOTH), vocabulary.critical_findings(), 2),
    "commands": _commands,
}


def parts_of(text: str) -> list[str]:
    """The names of the generated parts of a page."""
    return [name for _, name, _ in _PART.findall(text)]


def renewed(text: str) -> str:
    """A page with its generated parts made anew."""
    return _PART.sub(lambda m: f"{m[1]}{PARTS[m[2]]()}\n{m[3]}", text)


def pages() -> list[Path]:
    """Every page of the documentation."""
    return sorted(DOCS.rglob("*.md"))


def main() -> int:
    """Renew the pages, or only say which are behind; the exit status."""
    check = sys.argv[1:] == ["--check"]
    behind = []
    for page in pages():
        text = page.read_text("utf-8")
        if (new := renewed(text)) != text:
            behind.append(page.relative_to(DOCS.parent))
            if not check:
                page.write_text(new, "utf-8")
    for path in behind:
        print(f"{path}: {'behind the code; run `make docs`' if check else 'renewed'}")
    return 1 if check and behind else 0


if __name__ == "__main__":
    sys.exit(main())
