"""The command that plays the network: options, a progress bar, sentences and the exit status."""

import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn
from rich.table import Table

from telemed import assemble
from telemed.server.services import Services
from telemed.settings import load_settings
from telemed.simulate import run as simulation
from telemed.simulate.check import Verdict
from telemed.simulate.run import Live, Order
from telemed.simulate.world import ZONE

playing = typer.Typer()
out = Console()
err = Console(stderr=True)


@playing.command()
def simulate(
    days: Annotated[float | None, typer.Option(help="How long; 30 unless a scenario says.")] = None,
    until: Annotated[
        datetime | None, typer.Option(help="The end, in Asia/Shanghai; now when left out.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Cases of a working day in the whole network.", min=0)
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same facts.")] = 1,
    server: Annotated[
        list[str] | None,
        typer.Option(help="Play over HTTP and sockets against this server; repeatable."),
    ] = None,
    speed: Annotated[
        float, typer.Option(help="With --server: so many times faster than life.", min=0.1)
    ] = 60,
    sockets: Annotated[int, typer.Option(help="With --server: sockets that listen.", min=0)] = 20,
    screens: Annotated[
        bool, typer.Option("--screens", help="With --server: each socket's page fetches its list.")
    ] = False,
    scenario: Annotated[
        Path | None, typer.Option(help="A file of configs/scenarios laid over simulation.toml.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare ledger, log and tally; fail on a difference.")
    ] = False,
    check_only: Annotated[bool, typer.Option(help="Compare what was played before.")] = False,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Where database, images and keys are kept.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="Settings file (TOML).")] = None,
) -> None:
    """Play the network, seeded: a past into this database, or live against running servers."""
    services = assemble.open_services(load_settings(config, data_dir=data_dir))
    try:
        if not check_only:
            end = until.replace(tzinfo=ZONE) if until else None
            order = Order(seed, days, end, rate, scenario)
            if server:
                _simulate_live(services, order, Live(server, speed, sockets, screens))
            else:
                _simulate(services, order)
        if check or check_only:
            _print_verdict(simulation.check(services))
    finally:
        services.store.close()


_BAR = ("{task.description}", BarColumn(), TaskProgressColumn(), TimeRemainingColumn())


def _simulate(services: Services, order: Order) -> None:
    if counts := simulation.ensure_network(services):
        out.print(f"Imported the shipped network: {counts['institutions']} institutions.")
    began = time.monotonic()
    with Progress(*_BAR, console=err) as bar:
        task = bar.add_task("cases")
        played = simulation.play(
            services, order, lambda n, expected: bar.update(task, total=expected, advance=n)
        )
        bar.update(task, total=1, completed=1)
    out.print(
        f"Played {played.cases} cases, {played.steps} steps, {played.facts} facts"
        f" in {time.monotonic() - began:.1f} s. Ledger: {played.ledger}"
    )


def _simulate_live(services: Services, order: Order, live: Live) -> None:
    began = time.monotonic()
    with Progress(*_BAR, console=err) as bar:
        task = bar.add_task("cases")
        heard = simulation.play_live(
            services, order, live, lambda n, expected: bar.update(task, total=expected, advance=n)
        )
        bar.update(task, total=1, completed=1)
    out.print(
        f"Played {heard.played.cases} cases, {heard.played.steps} steps in"
        f" {time.monotonic() - began:.1f} s; {heard.timings.retries} calls had to be asked again."
        f" {heard.sockets} sockets heard {heard.messages} facts"
        f" and came back {heard.reconnects} times. Ledger: {heard.played.ledger}"
    )
    table = Table("call", "times", "p50 ms", "p99 ms", box=None)
    for name, seconds in sorted(heard.timings.seconds.items()):
        found = sorted(seconds)
        p50, p99 = (found[int((len(found) - 1) * share)] * 1000 for share in (0.5, 0.99))
        table.add_row(name, str(len(found)), f"{p50:.1f}", f"{p99:.1f}")
    out.print(table)
    if heard.unheard:
        err.print("Some sockets did not hear everything once and in order:", style="red")
        for line in heard.unheard:
            err.print(f"  {line}", markup=False, highlight=False)
        raise SystemExit(1)


def _print_verdict(verdict: Verdict) -> None:
    """Say what was compared; exit status 1 when anything differs."""
    out.print(
        f"Compared {verdict.cases} cases, {verdict.facts} facts, {verdict.entries} tally entries"
        + (f"; {verdict.went_on} cases went on since" if verdict.went_on else "")
    )
    for what, times in verdict.found.most_common():
        err.print(f"{times} times: {what}", style="red", markup=False)
    for line in verdict.named:
        err.print(f"  {line}", markup=False, highlight=False)
    if not verdict.same:
        raise SystemExit(1)
    out.print("Ledger, log and tally agree.")
