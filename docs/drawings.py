"""Diagrams of these pages in mermaid, each drawn from a table of the code.

Knows how a state table, the joint rule, the import contract and the schema become a drawing, and
nothing about pages. That mermaid can read what is made here is tested in `web/src/diagrams.test.ts`
with mermaid itself.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import sqlalchemy as sa

from telemed.core.machine import Machine
from telemed.core.request import JOINT, Joint
from telemed.settings import ROOT
from telemed.store import (
    account_tables,
    aftercare_tables,
    agreement_tables,
    appointment_tables,
    approval_tables,
    assignment_tables,
    checklist_tables,
    conference_tables,
    desk_tables,
    expected_tables,
    guidance_tables,
    minutes_tables,
    notice_tables,
    opinion_tables,
    pseudonym_tables,
    removal_tables,
    roster_tables,
    tables,
    tally_tables,
    training_tables,
    ups_tables,
    urgent_call_tables,
)

_SECTION = re.compile(r"^# --- (.+?) -+$|^\w+ = _table\(\n    \"(\w+)\"", re.MULTILINE)


def drawn(lines: Iterable[str]) -> str:
    """Lines as a block that a forge draws."""
    return "\n".join(["```mermaid", *lines, "```"])


def state_table(machine: Machine[StrEnum, StrEnum]) -> str:
    """A state table, arrow by arrow."""
    return drawn([machine.to_mermaid()])


# --- the joint rule ---------------------------------------------------------------------------


def joint_rule() -> str:
    """What each step of a request does to its workitem; steps that do nothing are left out."""
    lines = ["flowchart LR"]
    ends = {
        "canceled": "current workitem<br>CANCELED",
        "completed": "current workitem<br>COMPLETED",
        "scheduled": "a new workitem<br>SCHEDULED",
        "closed": "opinions still to come<br>end",
    }
    lines += [f'    {node}["{label}"]' for node, label in ends.items()]
    for event, joint in JOINT.items():
        lines += [f'    {event.value}_(["{event.value}"]) --> {end}' for end in _ends(joint)]
    return drawn(lines)


def _ends(joint: Joint) -> list[str]:
    done = {
        "canceled": joint.cancel,
        "completed": joint.complete,
        "scheduled": joint.schedule,
        "closed": joint.close,
    }
    return [name for name, is_so in done.items() if is_so]


# --- rooms ------------------------------------------------------------------------------------


def layers() -> list[list[str]]:
    """The import contract's rooms that exist, the topmost layer first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    rows = next(c["layers"] for c in contracts if c["type"] == "layers")
    return [found for row in rows if (found := [r for r in _rooms(row) if _exists(r)])]


def _rooms(layer: str) -> list[str]:
    return [name.strip(" ()") for name in re.split(r"[|:]", layer)]


def _exists(room: str) -> bool:
    place = ROOT / "telemed" / room
    return place.is_dir() or place.with_suffix(".py").is_file()


def rooms() -> str:
    """Who may import whom: everything further down, nothing further up or beside."""
    rows = layers()
    lines = ["flowchart TD"]
    lines += [f"    {' & '.join(upper)} --> {' & '.join(lower)}" for upper, lower in pairwise(rows)]
    return drawn(lines)


# --- the schema -------------------------------------------------------------------------------


MODULES = (
    account_tables,
    tables,
    tally_tables,
    agreement_tables,
    desk_tables,
    assignment_tables,
    removal_tables,
    roster_tables,
    appointment_tables,
    approval_tables,
    aftercare_tables,
    urgent_call_tables,
    conference_tables,
    checklist_tables,
    guidance_tables,
    opinion_tables,
    pseudonym_tables,
    minutes_tables,
    training_tables,
    notice_tables,
    ups_tables,
    expected_tables,
)


def sections() -> Mapping[str, list[sa.Table]]:
    """The tables under the headings of the files of tables, in their order."""
    found: dict[str, list[sa.Table]] = {}
    sources = (Path(module.__file__).read_text("utf-8") for module in MODULES)
    for title, name in _SECTION.findall("".join(sources)):
        if title:
            found[title] = last = []
        else:
            last.append(tables.metadata.tables[name])
    return found


def relations() -> str:
    """Every table that refers to another or is referred to, without its columns."""
    lines = ["erDiagram"]
    for table in tables.metadata.tables.values():
        lines += _references(table)
    return drawn(lines)


def _references(table: sa.Table) -> list[str]:
    return [
        f"    {key.column.table.name} {_crow_foot(key.parent)} {table.name} : {key.parent.name}"
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
    ]


def _crow_foot(column: sa.Column[object]) -> str:
    """One (or none) to one, or to many."""
    one = "|o" if column.nullable else "||"
    alone = column.unique or (column.primary_key and len(column.table.primary_key) == 1)
    return f"{one}--{'o|' if alone else 'o{'}"


def columns(section: Iterable[sa.Table]) -> str:
    """Tables of one section with all their columns, and the relations among themselves."""
    kept = list(section)
    lines = ["erDiagram"]
    for table in kept:
        lines += [f"    {table.name} {{", *map(_column, table.columns), "    }"]
    names = {table.name for table in kept}
    for table in kept:
        lines += [r for r in _references(table) if r.split()[0] in names]
    return drawn(lines)


def _column(column: sa.Column[object]) -> str:
    """A column: type, name, keys, and whether it may be empty."""
    marks = {"PK": column.primary_key, "FK": bool(column.foreign_keys), "UK": bool(column.unique)}
    keys = ", ".join(name for name, is_so in marks.items() if is_so)
    parts = [_type(column), column.name, keys, '"may be empty"' if column.nullable else ""]
    return "        " + " ".join(part for part in parts if part)


_TYPES = {"UtcTime": "time", "JSON": "json", "LargeBinary": "bytes", "BigInteger": "integer"}


def _type(column: sa.Column[object]) -> str:
    name = type(column.type).__name__
    return _TYPES.get(name, name.lower())
