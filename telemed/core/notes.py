"""Text that several people write at once: a change of it, and two changes made of the same text.

A change is parts in order: so many units kept, words written, so many units struck out (a negative
number); what it says nothing of at the end is kept. Units are those of UTF-16, as a browser counts.
`rebased` makes a change that was made of an older text one of the newer: nobody's words are lost
and nobody's strike takes words that its author never saw. The browser has the same rules in
`changes.ts`; both are held against one table of cases. Who writes, and when, is not known here.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from telemed.core.errors import Problem

Part: TypeAlias = int | str
Change: TypeAlias = tuple[Part, ...]

MOST_PARTS = 400
MOST_UNITS = 100_000


def units(words: str) -> int:
    """How long a browser says that words are."""
    return len(words) + sum(character > "\uffff" for character in words)


def parsed(parts: Sequence[Part]) -> Change:
    """A change that came from outside; Problem("invalid") for one that says nothing."""
    if not 1 <= len(parts) <= MOST_PARTS:
        raise Problem("invalid", detail="change")
    for part in parts:
        if isinstance(part, bool) or not part:
            raise Problem("invalid", detail="change")
        if isinstance(part, int) and abs(part) > MOST_UNITS:
            raise Problem("invalid", detail="change")
        if isinstance(part, str) and not is_plain(part):
            raise Problem("invalid", detail="control characters")
    return tuple(parts)


def is_plain(words: str) -> bool:
    """Whether words hold no control characters but line breaks and tabs."""
    return not any((c < " " and c not in "\n\t") or c == "\x7f" for c in words)


def applied(text: str, change: Change) -> str:
    """The text after a change; Problem("invalid") when it reaches beyond the text's end, or would
    cut a character in two."""
    raw, done, at = text.encode("utf-16-le"), [], 0
    for part in change:
        if isinstance(part, str):
            done.append(part.encode("utf-16-le", "surrogatepass"))
            continue
        upto = at + 2 * abs(part)
        if upto > len(raw):
            raise Problem("invalid", detail="change")
        if part > 0:
            done.append(raw[at:upto])
        at = upto
    try:
        return b"".join([*done, raw[at:]]).decode("utf-16-le")
    except UnicodeDecodeError:
        raise Problem("invalid", detail="change") from None


def rebased(change: Change, over: Change, first: bool) -> Change:
    """A change as it must be made of the text that `over` left, where both were made of the same.

    Where both write at one place, `first` says that this change's words stand before the other's.
    """
    made: list[Part] = []
    others = _Cursor(over)
    for part in change:
        if isinstance(part, str):
            if not first:
                _pass_written(others, made)
            made.append(part)
            continue
        left = abs(part)
        while left:
            _pass_written(others, made)
            length, struck = others.take(left)
            if not struck:
                made.append(length if part > 0 else -length)
            left -= length
    return tuple(joined(made))


def joined(parts: Iterable[Part]) -> Iterator[Part]:
    """Neighbours of a kind made one; what is kept at the end is not said."""
    last: Part = 0
    for part in parts:
        if isinstance(part, str):
            same = isinstance(last, str)
        else:
            same = isinstance(last, int) and part * last > 0
        if same:
            last += part  # type: ignore[operator]
            continue
        if last:
            yield last
        last = part
    if last and not (isinstance(last, int) and last > 0):
        yield last


def _pass_written(others: "_Cursor", made: list[Part]) -> None:
    """What the other wrote here stands in the text by now, and is kept."""
    while written := others.written():
        made.append(units(written))


class _Cursor:
    """A place in a change; behind its last part everything is kept."""

    def __init__(self, change: Change) -> None:
        self._parts = iter(change)
        self._part: Part | None = next(self._parts, None)

    def written(self) -> str:
        """The words written just here, passed by; "" where none are."""
        part = self._part
        if not isinstance(part, str):
            return ""
        self._part = next(self._parts, None)
        return part

    def take(self, most: int) -> tuple[int, bool]:
        """Go on by so many units at most: how many, and whether they are struck out."""
        part = self._part
        if part is None or isinstance(part, str):
            return most, False
        length = min(most, abs(part))
        left = abs(part) - length
        struck = part < 0
        if left:
            self._part = -left if struck else left
        else:
            self._part = next(self._parts, None)
        return length, struck
