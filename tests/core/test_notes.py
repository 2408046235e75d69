"""Two changes of one text: whoever is first, the text is the same after both, and nothing is lost.

The browser has the same rules in TypeScript. `changes.cases.json` is what these say of some random
cases; it is written by `python -m tests.core.test_notes` and both sides are held against it.
"""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from telemed.core.errors import Problem
from telemed.core.notes import (
    MOST_PARTS,
    Change,
    Part,
    applied,
    joined,
    parsed,
    rebased,
    units,
)

CASES = Path(__file__).parents[2] / "web/src/conference/case/changes.cases.json"
LETTERS = ("x", "y", "病", "\n", "😀")
WORDS = ("a", "b", "史", "🫀", "会诊")
TIMES = int(os.environ.get("TELEMED_NOTES", "2000"))


def text_of(chance: random.Random, most: int = 8) -> str:
    """Some text, of characters of one and of two units."""
    return "".join(chance.choice(LETTERS) for _ in range(chance.randint(0, most)))


def change_of(chance: random.Random, text: str) -> Change:
    """Some change of a text: words anywhere, characters struck out anywhere."""
    made: list[Part] = []
    rest = list(text)
    while rest or chance.random() < 0.3:
        if chance.random() < 0.3:
            made.append("".join(chance.choice(WORDS) for _ in range(chance.randint(1, 3))))
        elif rest:
            some = [rest.pop(0) for _ in range(chance.randint(1, min(4, len(rest))))]
            length = units("".join(some))
            made.append(length if chance.random() < 0.6 else -length)
        else:
            break
    return tuple(joined(made))


def written(change: Change) -> str:
    """All the characters that a change writes, sorted."""
    return "".join(sorted("".join(part for part in change if isinstance(part, str))))


@pytest.mark.parametrize("seed", range(10))
def test_both_orders_leave_the_same_text_with_everybody_s_words(seed: int) -> None:
    """Of what was there only what one of them struck out is missing; all written words stand."""
    chance = random.Random(seed)
    for _ in range(TIMES // 10):
        text = text_of(chance)
        a, b = change_of(chance, text), change_of(chance, text)
        one = applied(applied(text, a), rebased(b, a, first=False))
        other = applied(applied(text, b), rebased(a, b, first=True))
        assert one == other, (text, a, b)
        lost = list(one)
        for character in written(a) + written(b):
            lost.remove(character)
        kept = iter(text)
        assert all(character in kept for character in lost), (text, a, b, one)


@pytest.mark.parametrize("seed", range(10))
def test_a_change_comes_after_many_that_its_author_had_not_seen(seed: int) -> None:
    """As the server does it, one missed change after the other; as a page does, in reverse."""
    chance = random.Random(seed)
    for _ in range(TIMES // 50):
        text = text_of(chance)
        mine = change_of(chance, text)
        theirs, mine_here = text, mine
        here = applied(text, mine)
        for _ in range(4):
            change = change_of(chance, theirs)
            theirs = applied(theirs, change)
            here = applied(here, rebased(change, mine_here, first=True))
            mine_here = rebased(mine_here, change, first=False)
        assert applied(theirs, mine_here) == here


@pytest.mark.parametrize(
    "parts",
    [
        [], [0], [""], [True], [1 << 40], [-(1 << 40)], ["a\x00"], ["\x1b[2J"], ["\r"],
        ["a"] * (MOST_PARTS + 1),
    ],
)  # fmt: skip
def test_a_change_that_says_nothing_or_too_much_is_refused(parts: list[Any]) -> None:
    """Before anything is looked up."""
    with pytest.raises(Problem) as caught:
        parsed(parts)
    assert caught.value.code == "invalid"


@pytest.mark.parametrize("change", [(3,), (-3,), (1, -2), (1, "x", 5)])
def test_a_change_of_another_text_is_refused(change: Change) -> None:
    """What reaches beyond the end was made of something else."""
    with pytest.raises(Problem):
        applied("ab", change)


@pytest.mark.parametrize("change", [(1, "x"), (-1,), (1, -1)])
def test_no_character_is_cut_in_two(change: Change) -> None:
    """Half of a pair of units is no text that could be kept."""
    with pytest.raises(Problem):
        applied("😀", change)


def table() -> list[dict[str, Any]]:
    """Some cases with what becomes of them."""
    chance, found = random.Random(445), []
    for _ in range(120):
        text = text_of(chance)
        a, b = change_of(chance, text), change_of(chance, text)
        found.append(
            {"text": text, "a": a, "b": b, "after_a": applied(text, a),
             "b_after_a": rebased(b, a, first=False), "a_after_b": rebased(a, b, first=True),
             "both": applied(applied(text, a), rebased(b, a, first=False))}
        )  # fmt: skip
    return found


def lines() -> str:
    """The table as the file holds it, a case a line."""
    rows = (json.dumps(case, ensure_ascii=False) for case in table())
    return "[\n" + ",\n".join(rows) + "\n]\n"


def test_the_browser_is_held_against_the_same_cases() -> None:
    """`changes.test.ts` reads this file."""
    assert json.loads(CASES.read_text("utf-8")) == json.loads(lines())


if __name__ == "__main__":
    CASES.write_text(lines(), "utf-8")
