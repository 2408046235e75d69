"""How many failed sign-ins are too many: per source, per device and in all.

An account's own count is in the database (`actions.accounts`), these only slow a guesser down. They
are counted here and, where there are others, by all servers together (`bus.counts`): whichever is
spent first refuses, and without the others this process's own count goes on. A browser that signed
an account in before proves it by a cookie and is measured by a budget of its own, so that a
stranger who fails on purpose cannot lock its owner out (AU-02). Knows no password and no request.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from telemed.actions.accounts import LockRule, check_lock
from telemed.bus.counts import Count, Counts, Span
from telemed.core.errors import Problem
from telemed.settings import Settings

_KEYS = 20_000
"""Keys a budget remembers; the one unused for longest is forgotten."""
_QUEUE = 64
"""Sign-ins that may wait for their turn at the password hash."""
_HASHING = 2
"""Password hashes at once: each takes 64 MiB."""
_PHANTOM = timedelta(days=1)
"""How long the failures of a name that does not exist are remembered."""
_MACS = 5
"""Accounts that one shared computer is remembered for."""


@dataclass(slots=True)
class _Window:
    began: datetime
    failures: int


class Budget:
    """So many failures per key in so much time."""

    def __init__(self, failures: int, per: timedelta) -> None:
        self._failures = failures
        self._per = per
        self._windows: OrderedDict[Hashable, _Window] = OrderedDict()

    def until(self, key: Hashable, now: datetime) -> datetime | None:
        """When there will be budget again, or None while there is some."""
        window = self._windows.get(key)
        if window is None or window.failures < self._failures:
            return None
        end = window.began + self._per
        return end if now < end else None

    def spend(self, key: Hashable, now: datetime) -> bool:
        """Count a failure; whether it was the last one there was budget for."""
        window = self._windows.pop(key, None)
        if window is None or now >= window.began + self._per:
            window = _Window(now, 0)
        window.failures += 1
        self._windows[key] = window
        if len(self._windows) > _KEYS:
            self._windows.popitem(last=False)
        return window.failures == self._failures

    def forget(self, key: Hashable) -> None:
        """Give a key its whole budget back."""
        self._windows.pop(key, None)


def spent_until(count: Count | None, most: int, now: datetime) -> datetime | None:
    """When what all servers counted together leaves some budget again, or None while it does."""
    if count is None or count.number < most or count.seconds <= 0:
        return None
    return now + timedelta(seconds=count.seconds)


class CommonBudget:
    """So many failures per key in so much time, at all servers together."""

    def __init__(self, counts: Counts, kind: str, failures: int, per: timedelta) -> None:
        self._counts = counts
        self._kind = kind
        self._failures = failures
        self._span = Span(per.total_seconds())
        self._here = Budget(failures, per)

    async def until(self, key: str, now: datetime) -> datetime | None:
        """When there will be budget again, or None while there is some."""
        if (here := self._here.until(key, now)) is not None:
            return here
        return spent_until(await self._counts.look(self._kind, key), self._failures, now)

    async def spend(self, key: str, now: datetime) -> bool:
        """Count a failure; whether it was the last one there was budget for."""
        last = self._here.spend(key, now)
        count = await self._counts.add(self._kind, key, self._span)
        return last if count is None else count.number == self._failures

    async def forget(self, key: str) -> None:
        """Give a key its whole budget back."""
        self._here.forget(key)
        await self._counts.forget(self._kind, key)


class SignInGuard:
    """What stands between the network and the password check."""

    def __init__(self, settings: Settings, counts: Counts | None = None) -> None:
        counts = counts or Counts()
        wait = timedelta(minutes=settings.lockout_minutes)
        self.rule = LockRule(settings.lockout_failures, wait)
        self.sources = CommonBudget(counts, "source", 30, timedelta(minutes=10))
        self.everybody = CommonBudget(counts, "everybody", 120, timedelta(minutes=1))
        self.devices = CommonBudget(counts, "device", settings.lockout_failures, wait)
        self.refused: Counter[str] = Counter()
        """How often each of the limits here refused."""
        self._counts = counts
        self._phantom = Span(
            _PHANTOM.total_seconds(), settings.lockout_failures, wait.total_seconds()
        )
        self._phantoms: OrderedDict[str, tuple[int, datetime | None]] = OrderedDict()
        self._key = (settings.secret or secrets.token_hex()).encode()
        self._turns = asyncio.Semaphore(_HASHING)
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A turn at the password hash; Problem("too-many") when the queue is full."""
        if self._waiting >= _QUEUE:
            self.refused["password-checks-at-once"] += 1
            raise Problem("too-many", seconds=5)
        self._waiting += 1
        try:
            async with self._turns:
                yield
        finally:
            self._waiting -= 1

    async def admit(self, address: str, now: datetime) -> None:
        """Problem("too-many") for a stranger while its source or the whole budget is spent."""
        ends = await asyncio.gather(
            self.sources.until(source(address), now), self.everybody.until("", now)
        )
        until = max((end for end in ends if end is not None), default=None)
        if until is not None:
            whose = "address" if ends[0] is not None else "everybody"
            self.refused[f"wrong-passwords-of-{whose}"] += 1
            raise Problem("too-many", seconds=ceil((until - now).total_seconds()))

    def check_lock(self, until: datetime | None, now: datetime) -> None:
        """Problem("locked-out") while an account, a browser or a made-up name is locked."""
        try:
            check_lock(until, now)
        except Problem:
            self.refused["wrong-passwords-of-account"] += 1
            raise

    async def failed(self, address: str, now: datetime) -> bool:
        """Count a stranger's failure; whether the whole budget ran out by it (an alarm)."""
        _, alarm = await asyncio.gather(
            self.sources.spend(source(address), now), self.everybody.spend("", now)
        )
        return alarm

    async def phantom_lock(self, username: str, now: datetime) -> datetime | None:
        """Until when a name that does not exist is "locked", as a real one would be (AU-03)."""
        common = spent_until(await self._counts.look("phantom", username), self.rule.failures, now)
        ends = (self._phantoms.get(username, (0, None))[1], common)
        return max((end for end in ends if end is not None), default=None)

    async def phantom_failed(self, username: str, now: datetime) -> datetime | None:
        """Count a failure for a name that does not exist, as for a real one."""
        common = await self._counts.add("phantom", username, self._phantom)
        failures, _ = self._phantoms.pop(username, (0, None))
        before = failures if common is None else common.number - 1
        counted, until = self.rule.after_failure(before, now)
        self._phantoms[username] = (counted, until)
        if len(self._phantoms) > _KEYS:
            self._phantoms.popitem(last=False)
        return until

    def device_of(self, cookie: str, account_id: str) -> str | None:
        """The device's name when its cookie shows that it signed this account in before."""
        nonce, _, macs = cookie.partition(".")
        expected = self._mac(nonce, account_id)
        known = any(hmac.compare_digest(mac, expected) for mac in macs.split(".")[:_MACS])
        return nonce if known else None

    def remember(self, cookie: str, account_id: str) -> str:
        """The device cookie that also vouches for this account."""
        nonce, _, macs = cookie.partition(".")
        if len(nonce) != 32 or not nonce.isalnum():
            nonce, macs = secrets.token_hex(16), ""
        mine = self._mac(nonce, account_id)
        others = [mac for mac in macs.split(".") if len(mac) == len(mine) and mac != mine]
        return ".".join((nonce, mine, *others[: _MACS - 1]))

    def _mac(self, nonce: str, account_id: str) -> str:
        message = f"device\n{nonce}\n{account_id}".encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()


def source(address: str) -> str:
    """The source that a budget is kept for: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
