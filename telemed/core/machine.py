"""State tables that can be read, walked and drawn.

A table is a literal mapping state -> event -> next state. Terminal states have empty rows,
written out. `step` is the only place a transition happens; what it returns is what is persisted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from telemed.core.errors import Problem

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Machine(Generic[S, E]):
    """A named state table with the words people see for its states and events."""

    name: str
    table: Mapping[S, Mapping[E, S]]
    words: Mapping[S | E, tuple[str, str]]

    def step(self, state: S, event: E) -> S:
        """The next state, or Problem("illegal-transition")."""
        row = self.table[state]
        if event not in row:
            raise Problem("illegal-transition", state=self.word(state), event=self.word(event))
        return row[event]

    def allows(self, state: S, event: E) -> bool:
        """Whether the cell exists."""
        return event in self.table[state]

    def word(self, key: S | E) -> dict[str, str]:
        """The zh and en word of a state or an event."""
        zh, en = self.words[key]
        return {"zh": zh, "en": en}

    def vocabulary(self) -> dict[str, dict[str, str]]:
        """Every state and event with its words."""
        return {key.value: self.word(key) for key in self.words}

    def to_mermaid(self) -> str:
        """The table as a mermaid state diagram for the docs."""
        ids = {state: state.value.replace(" ", "_") for state in self.table}
        lines = ["stateDiagram-v2"]
        # Mermaid knows no spaces in names.
        lines += [f'    state "{s.value}" as {i}' for s, i in ids.items() if i != s.value]
        for state, row in self.table.items():
            lines += [f"    {ids[state]} --> {ids[to]}: {e.value}" for e, to in row.items()]
            if not row:
                lines.append(f"    {ids[state]} --> [*]")
        return "\n".join(lines)
