"""A log line has the fields that the page promises, and no other."""

import subprocess
import sys

import orjson

from telemed.logs import FIELDS

SCRIPT = """\
import logging
from telemed import logs
listener = logs.begin("json")
log = logging.getLogger("telemed.somewhere")
log.info("released %d claims", 2)
try:
    {}["missing"]
except KeyError:
    log.exception("incident %s", "ab12", extra={"incident": "ab12", "patient": "never"})
listener.stop()
"""


def test_lines_have_the_promised_fields_and_no_other() -> None:
    """The words stay free of the traceback, and what is not allowed in does not come in."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True)
    quiet, fault = map(orjson.loads, done.stderr.splitlines())
    assert set(fault) == set(FIELDS)
    assert set(quiet) == set(FIELDS) - {"exception", "incident"}
    assert quiet["event"] == "released 2 claims" and quiet["logger"] == "telemed.somewhere"
    assert fault["event"] == "incident ab12" and fault["incident"] == "ab12"
    assert fault["exception"].endswith("KeyError: 'missing'") and quiet["timestamp"].endswith("Z")
