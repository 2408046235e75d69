"""A simulated morning on three servers while servers, Redis and PostgreSQL are killed under it.

People go on working and ask again; sockets come back. Afterwards ledger, log and tally agree to
the last fact, and every socket has heard each fact of its institution once and in order.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from telemed.assemble import open_services
from telemed.server.services import Services
from telemed.simulate import run
from telemed.simulate.run import Live, Order
from telemed.simulate.world import ZONE
from tests.deployment.site import Site, open_site
from tests.services import Postgres

pytestmark = pytest.mark.services

UNTIL = datetime(2026, 3, 9, 13, 0, tzinfo=ZONE)
"""One o'clock of a Monday."""
MORNING = Order(seed=5, days=5 / 24, until=UNTIL, rate=64)
SPEED = 900.0


@pytest.fixture
def site(postgres: Postgres) -> Iterator[Site]:
    """Three servers, ready."""
    with open_site(postgres) as made:
        made.start_all()
        yield made


@pytest.fixture
def services(site: Site) -> Iterator[Services]:
    """The same database from outside, with the network in it."""
    opened = open_services(site.settings())
    run.ensure_network(opened)
    yield opened
    opened.store.close()


class Troubles:
    """What happens to the site when so many cases have begun; each in its own thread, in order."""

    def __init__(self, plan: list[tuple[int, str, Callable[[], None]]]) -> None:
        self._ahead = list(plan)
        self._thread = ThreadPoolExecutor(1)
        self._begun = 0
        self._lock = threading.Lock()
        self._coming: list[tuple[str, object]] = []
        self.happened: list[str] = []

    def begun(self, cases: int, expected: float) -> None:
        """The simulation's progress."""
        self._begun += cases
        while self._ahead and self._begun >= self._ahead[0][0]:
            _, name, do = self._ahead.pop(0)
            self._coming.append((name, self._thread.submit(self._do, name, do)))

    def _do(self, name: str, do: Callable[[], None]) -> None:
        do()
        self.happened.append(name)

    def over(self) -> list[str]:
        """Wait for all; what happened."""
        self._thread.shutdown()
        for _, done in self._coming:
            done.result()  # type: ignore[attr-defined]
        assert not self._ahead, "the morning was over before its troubles"
        return self.happened


@pytest.mark.timeout(300)
def test_a_morning_in_which_everything_is_killed_once(site: Site, services: Services) -> None:
    """Nothing that was acknowledged is lost, nothing is done twice, no socket misses a fact."""

    def kill(number: int) -> None:
        site.nodes[number].signal(signal.SIGKILL)

    def crash_database() -> None:
        site.postgres.crash()
        site.postgres.start()

    troubles = Troubles(
        [
            (5, "a server is killed", lambda: kill(1)),
            (9, "Redis is gone", site.redis.kill),
            (13, "the database crashes", crash_database),
            (17, "the server comes back", lambda: site.start(1)),
            (19, "another server is killed", lambda: kill(2)),
            (22, "Redis comes back, empty", site.redis.start),
        ]
    )
    live = Live(site.addresses, SPEED, sockets=8)
    heard = run.play_live(services, MORNING, live, troubles.begun)
    assert len(troubles.over()) == 6
    assert not heard.unheard, heard.unheard
    assert heard.reconnects > 0 and heard.timings.retries > 0, "nobody noticed the troubles"
    verdict = run.check(services)
    assert verdict.same, verdict.named
    assert verdict.cases > 20
