"""Subscribing to workitems (PS3.18 11.10 to 11.12): by name, to all one may see, or to some.

An AE title belongs to the account that first subscribed with it; in another institution the same
title is another subscriber. What happened is told from the log, so subscribing only notes from
which number on. A deletion lock ends by itself unless it is renewed.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from telemed.actions import ups as items
from telemed.actions import ups_search
from telemed.actions.act import Act
from telemed.core import ups
from telemed.core.access import Permission, Role
from telemed.core.activity import Fact, Kind
from telemed.core.errors import Problem
from telemed.dicom.criteria import Criteria
from telemed.dicom.matching import parse_query
from telemed.dicom.refusal import Refused
from telemed.store import log
from telemed.store import ups as item_store
from telemed.store import ups_subscribers as store
from telemed.store.tx import Row

MOST_PER_ACCOUNT: Final = 8
"""AE titles that one account may bind."""
MOST_AT_ONCE: Final = 5_000
"""Workitems that a filtered subscription finds when it begins."""
UNSEEN: Final = timedelta(days=90)
"""A subscriber that was not there for so long is forgotten, and with it what waits for it."""
_AET: Final = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?\Z", re.ASCII)
Pairs = Sequence[tuple[str, str]]


def ae_title(given: str) -> str:
    """An AE title (PS3.5 6.2: 16 characters, no backslash, no control) without its padding."""
    told = given.strip(" ")
    if not _AET.match(told):
        raise Problem("invalid", detail="AE title")
    return told


def subscribe(act: Act, uid: str, aet: str, lock: bool, pairs: Pairs) -> None:
    """Watch a workitem, or all, or those that pass a filter, from now on."""
    title, _ = ae_title(aet), act.subject.own_institution
    if pairs and uid != ups.FILTERED:
        raise Problem("invalid", detail="filter")
    if uid == ups.FILTERED and not pairs:
        raise Problem("invalid", detail="filter")
    criteria = filter_of(pairs)
    item = None if uid in (ups.GLOBAL, ups.FILTERED) else items.find(act, uid)
    mine = _mine(act, title)
    until = ups.lock_ends(act.now) if lock else None
    if item is not None:
        store.watch(act.tx, mine["id"], [item.id], locked_until=until)
        state = item.state.value
        act.tell(_fact(act, mine, item=item.id, states=[state]))
        return
    changes = {"scope": uid, "filter": list(map(list, pairs)), "locked_until": until}
    store.change(act.tx, mine["id"], {**changes, "suspended_at": None})
    if uid == ups.FILTERED:
        store.watch_missing(act.tx, mine["id"], _now(act, criteria))
    act.tell(_fact(act, mine, existing=lock))


def unsubscribe(act: Act, uid: str, aet: str) -> None:
    """Watch it no more; leaving the global subscription ends every other one too (CC.2.3.3)."""
    mine = _known(act, ae_title(aet), releases=True)
    if uid in (ups.GLOBAL, ups.FILTERED):
        if mine["scope"] != uid:
            raise Problem("not-found")
        ended: dict[str, Any] = {
            "scope": None,
            "filter": [],
            "locked_until": None,
            "suspended_at": None,
        }
        store.change(act.tx, mine["id"], ended)
        store.unwatch(act.tx, mine["id"])
        return
    item = items.find(act, uid)
    if mine["scope"] is not None:
        store.watch(act.tx, mine["id"], [item.id], active=False)
    elif not store.unwatch(act.tx, mine["id"], item.id):
        raise Problem("not-found")


def suspend(act: Act, uid: str, aet: str) -> None:
    """Subscribe to nothing new; what is watched goes on being watched (11.12)."""
    mine = _known(act, ae_title(aet))
    if uid not in (ups.GLOBAL, ups.FILTERED) or mine["scope"] != uid:
        raise Problem("not-found")
    if mine["suspended_at"] is None:
        store.change(act.tx, mine["id"], {"suspended_at": act.now})


def channel_of(act: Act, aet: str) -> Row:
    """The subscriber whose events a socket may carry: the caller's own."""
    return _known(act, ae_title(aet))


def own_title(act: Act, given: str) -> str:
    """The AE title by which the caller asks: what it says, else the first that it subscribed."""
    if not given:
        bound = store.of_account(act.tx, act.subject.account_id)
        return str(bound[0]["aet"]) if bound else "TELEMED"
    title = ae_title(given)
    row = store.find(act.tx, act.subject.own_institution, title)
    if row is not None and row["account_id"] != act.subject.account_id:
        raise Problem("aet-taken", aet=title)
    return title


def pairs_of(text: str) -> list[tuple[str, str]]:
    """`a=v,b=w` as pairs; a value may hold commas where no equals sign follows."""
    found: list[tuple[str, str]] = []
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if equals:
            found.append((name.strip(), value.strip()))
        elif found and part.strip():
            found[-1] = (found[-1][0], f"{found[-1][1]},{part.strip()}")
        elif part.strip():
            raise Refused("bad-query", name="filter", value=part[:64])
    return found


def filter_of(pairs: Pairs) -> Criteria:
    """A filter as criteria: every name must be one that can be matched, with a value."""
    criteria = parse_query([(name, value) for name, value in pairs], "workitems")
    if criteria.ignored or criteria.include:
        raise Refused("unsupported-key", name=(*criteria.ignored, "includefield")[0])
    if pairs and len(criteria.keys) != len({name for name, _ in pairs}):
        raise Refused("bad-query", name="filter", value=",".join(n for n, _ in pairs)[:64])
    return criteria


def sweep(act: Act) -> int:
    """Delete own workitems that ended long ago, and forget who has not been there; how many."""
    store.forget_unseen(act.tx, act.now - UNSEEN)
    gone = store.deletable(act.tx, act.now - ups.FINAL_KEPT, act.now, MOST_AT_ONCE)
    store.forget_items(act.tx, gone)
    item_store.forget(act.tx, gone)
    return len(gone)


def _now(act: Act, criteria: Criteria) -> list[str]:
    open_now = ups_search.parts(act, ups_search.still_open(criteria))
    rows = item_store.page(act.tx, open_now, MOST_AT_ONCE, 0)
    return [row["id"] for row in rows]


def _fact(act: Act, mine: Row, **more: object) -> Fact:
    return Fact(
        kind=Kind.UPS_SUBSCRIBED,
        at=act.now,
        actor_id=act.subject.account_id,
        institution_id=mine["institution_id"],
        parties=(mine["institution_id"],),
        data={"subscriber": mine["id"], **more},
    )


def _mine(act: Act, title: str) -> Row:
    """The caller's subscriber of that title, made if there is none."""
    act.subject.require(Permission.SEE_CASES)
    institution = act.subject.own_institution
    row = store.find(act.tx, institution, title)
    if row is None:
        if len(store.of_account(act.tx, act.subject.account_id)) >= MOST_PER_ACCOUNT:
            raise Problem("invalid", detail=f"AE titles > {MOST_PER_ACCOUNT}")
        made = {
            "id": act.new_id(),
            "institution_id": institution,
            "aet": title,
            "account_id": act.subject.account_id,
            "seq": log.head(act.tx),
            "filter": [],
            "created_at": act.now,
            "seen_at": act.now,
        }
        store.add(act.tx, made)
        row = store.find(act.tx, institution, title)
    if row is None or row["account_id"] != act.subject.account_id:
        raise Problem("aet-taken", aet=title)
    return row


def _known(act: Act, title: str, *, releases: bool = False) -> Row:
    """The caller's subscriber; `releases` lets the institution's administrator end others', too."""
    row = store.find(act.tx, act.subject.own_institution, title)
    if row is None:
        raise Problem("not-found")
    admin = releases and Role.INSTITUTION_ADMIN in act.subject.roles
    if row["account_id"] != act.subject.account_id and not admin:
        raise Problem("aet-taken", aet=title)
    return row
