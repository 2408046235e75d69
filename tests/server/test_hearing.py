"""The rule of who hears what says the same as SQL and in memory."""

from pathlib import Path

from telemed.core.access import Role, Subject
from telemed.core.activity import Fact, Kind
from telemed.server.hearing import hearing, hears
from telemed.store import log
from tests.store.rows import NOW, store_at


def test_both_notations_agree(tmp_path: Path) -> None:
    """Every kind, no party to three, every role at a party, at a stranger and at none."""
    parties = (("hub",), ("county", "hub"), ("county", "second", "hub"), ("second",), ())
    facts = [
        Fact(kind, NOW, actor, "county", given)
        for kind in Kind
        for actor in ("writer", "other", None)
        for given in parties
    ]
    subjects = [Subject("writer", frozenset({r}), p) for r in Role for p in ("hub", "county", None)]
    with store_at(tmp_path) as store:
        written = store.write_now(lambda tx: log.append(tx, facts))
        for who in subjects:
            condition = hearing(who)
            found = store.read_now(lambda tx, c=condition: log.since(tx, 0, 10_000, c))  # type: ignore[misc]
            assert {a.seq for a in found} == {a.seq for a in written if hears(who, a)}, who
