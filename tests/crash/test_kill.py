"""kill -9 of the server at any moment: nothing acknowledged is lost, nothing is counted twice."""

import os
import random
import time

import pytest

from tests.crash import checks
from tests.crash.rig import Load

pytestmark = pytest.mark.crash
CYCLES = int(os.environ.get("TELEMED_CRASH_CYCLES", "12"))


@pytest.mark.timeout(600)
def test_killed_again_and_again(load: Load) -> None:
    """Uploads and signatures go on while the server is killed; after each restart they are resumed.

    The seed is printed: with TELEMED_CRASH_SEED it gives the same moments again.
    """
    seed = int(os.environ.get("TELEMED_CRASH_SEED", random.randrange(10**6)))
    print(f"TELEMED_CRASH_SEED={seed}")
    moments = random.Random(seed)
    load.victim.start()
    with load.at_work():
        load.until_promised()
        load.victim.kill()
    load.victim.often = True
    load.victim.start()
    load.go_on()
    for _ in range(CYCLES):
        with load.at_work():
            time.sleep(moments.uniform(0.2, 1.5))
            load.victim.kill()
        load.victim.start()
        load.go_on()
    checks.over_the_wire(load.victim, load.ledger)
    load.victim.stop()
    counts = checks.on_the_disk(load.victim.data, load.ledger)
    print(f"{CYCLES} kills, {len(load.ledger.images)} images, {len(load.ledger.reports)} reports")
    assert counts["instances"] >= len(load.ledger.images) >= CYCLES
    assert counts["signed_reports"] >= len(load.ledger.reports) > 0
