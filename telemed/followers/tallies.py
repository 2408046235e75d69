"""The tally follower: every counted fact becomes entries, in the bookmark's transaction.

And its proof: the log is folded anew beside what is kept, a window at a time, and what differs is
put right. Nobody waits for it: numbers stay to be read, and a write is as short as its window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from telemed.core.activity import Activity
from telemed.core.tally import COUNTED, Entry, entries_of
from telemed.followers.follow import LONG_BATCH, Follower, catch_up_fully
from telemed.store import log, tallies
from telemed.store.engine import Store
from telemed.store.tx import Tx


def fold(tx: Tx, seen: Sequence[Activity]) -> None:
    """Keep the entries of these facts."""
    tallies.add(tx, _entries_of(seen))


TALLIES = Follower(tallies.FOLLOWER, fold, COUNTED)


def _entries_of(seen: Sequence[Activity]) -> list[Entry]:
    return [entry for activity in seen for entry in entries_of(activity)]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What folding the log anew gave: how many entries, and what had to be put right.

    `entries_off` counts entries that were missing, too many or different; `months_off` names the
    months whose sums or times were not what their entries add up to.
    """

    facts: int
    entries: int
    entries_off: int
    months_off: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differed."""
        return not self.entries_off and not self.months_off


def rebuild(store: Store) -> Rebuilt:
    """Fold the whole log anew, compare, and put right what differs.

    First each window of the log against its entries, then the database adds up the entries of
    each month and compares that with the kept sums and times.
    """
    catch_up_fully(store, TALLIES)
    last = store.read_now(lambda tx: log.bookmark(tx, TALLIES.name))
    entries = off = 0
    for after in range(0, last, LONG_BATCH):
        upto = min(after + LONG_BATCH, last)
        window = partial(log.between, after=after, last=upto, kinds=COUNTED)
        fresh = _entries_of(store.read_now(window))
        off += _mend(store, after, upto, fresh)
        entries += len(fresh)
    off += _mend_strays(store)
    months = store.read_now(tallies.months)
    wrong = tuple(m for m in months if not store.read_now(partial(tallies.adds_up, month=m)))
    for month in wrong:
        store.write_now(partial(tallies.add_up_anew, month=month))
    return Rebuilt(last, entries, off, wrong)


def _mend(store: Store, after: int, last: int, fresh: list[Entry]) -> int:
    """Hold the kept entries of a window against fresh ones; how many were off."""
    kept = store.read_now(lambda tx: tallies.between(tx, after, last))
    if kept == fresh:
        return 0
    store.write_now(lambda tx: tallies.replace_between(tx, after, last, fresh))
    return len(set(kept) ^ set(fresh)) or len(kept)


def _mend_strays(store: Store) -> int:
    """Forget entries of facts that no log holds; how many there were."""

    def forget(tx: Tx) -> int:
        last = log.take_bookmark(tx, TALLIES.name)
        return tallies.replace_between(tx, last, None, [])

    stray = store.read_now(lambda tx: tallies.between(tx, log.bookmark(tx, TALLIES.name), None, 1))
    return store.write_now(forget) if stray else 0
