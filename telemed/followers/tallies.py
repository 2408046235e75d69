"""The tally follower: every counted fact becomes entries, in the bookmark's transaction."""

from collections.abc import Sequence

from telemed.core.activity import Activity
from telemed.core.tally import Entry, entries_of
from telemed.followers.follow import Follower, catch_up_fully
from telemed.store import log, tallies
from telemed.store.engine import Store
from telemed.store.tx import Tx


def fold(tx: Tx, seen: Sequence[Activity]) -> None:
    """Keep the entries of these facts."""
    tallies.add(tx, [entry for activity in seen for entry in entries_of(activity)])


TALLIES = Follower(tallies.FOLLOWER, fold)


def rebuild(store: Store) -> tuple[list[Entry], list[Entry]]:
    """Fold the whole log anew; the entries before (of facts the follower had seen) and after."""
    catch_up_fully(store, TALLIES)
    before = store.read_now(tallies.everything)

    def forget(tx: Tx) -> None:
        tallies.clear(tx)
        log.move_bookmark(tx, TALLIES.name, 0)

    store.write_now(forget)
    catch_up_fully(store, TALLIES)
    return before, store.read_now(tallies.everything)
