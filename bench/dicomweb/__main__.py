"""python -m bench.dicomweb: telemed and Orthanc side by side. Installs the peer; takes root."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

import uvloop

from bench.dicomweb import page, peer
from bench.dicomweb.cases import Case, all_cases
from bench.dicomweb.house import telemed
from bench.dicomweb.page import Measured
from bench.dicomweb.ports import Server
from bench.dicomweb.postgres import postgres
from bench.dicomweb.runner import load, rounds


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.dicomweb", description=__doc__)
    parser.add_argument("--archive", type=int, default=10_000, help="studies in both archives")
    parser.add_argument("--case", default="*", help="names with wildcards, separated by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="length of a reading slice")
    parser.add_argument("--postgres", action="store_true", help="telemed on PostgreSQL")
    parser.add_argument("--workers", type=int, default=1, help="processes of telemed")
    parser.add_argument("--write", type=Path, help="put the table into this page")
    return parser.parse_args()


def main() -> int:
    """Start both, load both, play the cases; 1 when any answer was wrong."""
    args = arguments()
    versions = peer.install()
    began = datetime.now(UTC)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="telemed-bench-")))
        cluster = stack.enter_context(postgres()) if args.postgres else None
        database, pids = (cluster.url, (cluster.pid,)) if cluster else ("", ())
        ours = stack.enter_context(telemed(folder / "data", database, args.workers, pids))
        theirs = stack.enter_context(peer.orthanc("bench"))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            done = runner.run(play_all(args, (ours, theirs)))
    backend = f"PostgreSQL with {args.workers} processes" if args.postgres else "SQLite"
    about = (
        f"{began:%d %B %Y}, {page.machine()} {args.archive:,} studies in each archive,"
        f" {args.rounds} rounds, telemed on {backend}."
    )
    text = page.beside_peer(done, f"Peer: {versions}.", about)
    print(text)
    if args.write:
        page.put(args.write, "postgres" if args.postgres else "peer", text)
    return int(any(case.ours.errors or case.theirs.errors for case in done))


async def play_all(args: argparse.Namespace, servers: Sequence[Server]) -> list[Measured]:
    """All chosen cases in order, each told as soon as it is done."""
    for server in servers:
        took = await load(server, args.archive)
        print(f"{server.name}: loaded in {took:.0f} s", file=sys.stderr)
    chosen = _chosen(all_cases(args.archive), args.case)
    epoch = time.time_ns() // 1_000_000
    done = []
    for number, (name, case) in enumerate(chosen.items()):
        salt = epoch * 1000 + number * 10
        slices = await rounds(servers, name, case, args.rounds, args.seconds, salt)
        found = page.measured(name, slices)
        done.append(found)
        print(" | ".join(page.row(found)), file=sys.stderr, flush=True)
        for figures in (found.ours, found.theirs):
            if figures.errors:
                print(f"    {figures.errors[0]}", file=sys.stderr)
    return done


def _chosen(cases: dict[str, Case], patterns: str) -> dict[str, Case]:
    wanted = patterns.split(",")
    found = {n: c for n, c in cases.items() if any(fnmatch(n, p) for p in wanted)}
    if not found:
        sys.exit(f"no such case; there are {', '.join(cases)}")
    return found


if __name__ == "__main__":
    sys.exit(main())
