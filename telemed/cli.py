"""The command line. Stable: other tools call it. Every command says what it did and what next."""

import csv
import secrets
import socket
import sys
import tomllib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import track
from rich.table import Table

import telemed
from telemed import assemble, demo, logs, serving
from telemed.actions import accounts as account_acts
from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.assemble import RefuseToStart
from telemed.core.access import Permission
from telemed.core.catalogue import Words
from telemed.core.completeness import URGENCY_WORDS
from telemed.core.errors import Problem
from telemed.core.network_rows import RowProblem, Severity, validate
from telemed.dicom.names import search_keys
from telemed.documents.network_file import Reading, read_file, read_folder
from telemed.followers.follow import catch_up_fully
from telemed.followers.tallies import TALLIES, Rebuilt, rebuild
from telemed.operations.commands import keeping
from telemed.operations.manifest import BackupFault
from telemed.server.openapi import document
from telemed.server.services import Services
from telemed.server.tally import monthly
from telemed.settings import Settings, UnfitVariable, load_catalogue, load_settings
from telemed.simulate.commands import playing
from telemed.simulate.run import NothingToPlay
from telemed.store import accounts, network
from telemed.store.engine import Store
from telemed.store.migrate import TooNew
from telemed.store.migrate import migrate as run_migrations

app = typer.Typer(
    name="telemed",
    help="Remote consultation and diagnosis for hospital alliances.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
network_app = typer.Typer(help="The register of institutions, alliances, agreements and people.")
account_app = typer.Typer(help="Accounts; the first one of a new server is made here.")
token_app = typer.Typer(help="Bearer tokens for machine clients.")
study_app = typer.Typer(help="Studies on this server.")
app.add_typer(network_app, name="network")
app.add_typer(account_app, name="account")
app.add_typer(token_app, name="token")
app.add_typer(study_app, name="study")
app.add_typer(keeping)
app.add_typer(playing)

out = Console()
err = Console(stderr=True)

ConfigOption = Annotated[Path | None, typer.Option("--config", help="Settings file (TOML).")]
DataOption = Annotated[
    Path | None, typer.Option("--data-dir", help="Where database, images and keys are kept.")
]


def main() -> None:
    """Run a command; a known fault is one sentence and exit status 1."""
    try:
        app()
    except Problem as problem:
        _fail(problem.sentence("en"))
    except ValidationError as fault:
        first = fault.errors(include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        _fail(f"The settings are not valid: {place}: {first['msg']}. See configs/example.toml.")
    except tomllib.TOMLDecodeError as fault:
        _fail(f"A settings file is not TOML: {fault}")
    except TooNew as fault:
        _fail(f"The database is at revision {fault}, newer than this telemed knows. Upgrade it.")
    except (
        RefuseToStart,
        UnfitVariable,
        BackupFault,
        NothingToPlay,
        FileNotFoundError,
        PermissionError,
    ) as fault:
        _fail(str(fault))


def _fail(sentence: str) -> None:
    err.print(sentence, style="red", markup=False, highlight=False)
    raise SystemExit(1)


# --- servers ----------------------------------------------------------------------------------


@app.command("demo")
def demo_command(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8042,
    data_dir: Annotated[Path, typer.Option(help="Kept between runs.")] = Path("data"),
    samples: Annotated[Path, typer.Option(help="Made by `python -m dicom_samples`.")] = Path(
        "build/samples"
    ),
    prepare_only: Annotated[bool, typer.Option(help="Fill the data directory and stop.")] = False,
) -> None:
    """Serve the demonstration network on this machine: accounts, studies and cases included."""
    settings = Settings(data_dir=data_dir, port=port, demo=True, log_format="console")
    serving.require_free_port(settings)
    services = assemble.open_services(settings)
    demo.prepare(services, samples, lambda words: out.print(f"  {words}", highlight=False))
    if prepare_only:
        services.store.close()
        return
    logs.begin(settings.log_format)
    serving.run(
        services,
        lambda: _welcome(services, samples),
        lambda web_app: demo.attach(web_app, services),
    )


@app.command()
def serve(
    config: ConfigOption = None,
    data_dir: DataOption = None,
    workers: Annotated[
        int | None, typer.Option(help="Server processes behind the one port.", min=1, max=64)
    ] = None,
    door: Annotated[int | None, typer.Option(hidden=True, help="An open listening socket.")] = None,
    leash: Annotated[int | None, typer.Option(hidden=True, help="Stop when this breaks.")] = None,
) -> None:
    """Serve with a settings file. Refuses to start when that would be unsafe."""
    settings = load_settings(config, data_dir=data_dir, workers=workers)
    logs.begin(settings.log_format)
    if door is not None:
        shared = socket.socket(fileno=door)
        serving.run(assemble.open_services(settings), lambda: None, door=shared, leash=leash)
        return
    serving.require_free_port(settings)
    if settings.workers > 1:
        words = f"Listening on {settings.origin} with {settings.workers} workers"
        raise SystemExit(serving.run_workers(settings, config, lambda: out.print(words)))
    services = assemble.open_services(settings)
    serving.run(services, lambda: out.print(f"Listening on {settings.origin}"))


@app.command()
def migrate(config: ConfigOption = None, data_dir: DataOption = None) -> None:
    """Bring the database to this version's schema."""
    settings = load_settings(config, data_dir=data_dir)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = Store(settings.database)
    out.print(f"The database is at revision {run_migrations(store)}.")
    store.close()


@app.command("doctor")
def doctor_command(
    config: ConfigOption = None,
    data_dir: DataOption = None,
    deep: Annotated[bool, typer.Option(help="Read everything there is; takes long.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Look a deployment over, changing nothing. Exit status: 0 well, 1 warnings, 2 failures."""
    # Here, because it loads what a desk without Redis and TLS never needs.
    from telemed.operations import doctor as doctors
    from telemed.operations.checkup import Deployment

    settings = None
    try:
        settings = load_settings(config, data_dir=data_dir)
    except (ValidationError, tomllib.TOMLDecodeError, UnfitVariable, OSError) as fault:
        results = doctors.examine_settings_fault(fault)
    else:
        results = doctors.examine(Deployment(settings, deep=deep))
    if json:
        told = doctors.as_json(results, settings)
        sys.stdout.write(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        for check, finding, _ in results:
            _print_finding(check.code, finding.verdict.name.lower(), finding.fact, finding.do)
    raise SystemExit(doctors.exit_status(results))


_COLOURS = {"ok": "green", "info": "cyan", "warn": "yellow", "fail": "red"}


def _print_finding(code: str, verdict: str, fact: Words, do: Words | None) -> None:
    out.print(f"{verdict:5}", style=_COLOURS[verdict], end="")
    _print_line(f"{code:16} {fact.zh} · {fact.en}")
    if do is not None:
        _print_line(f"{'':21} → {do.zh} · {do.en}")


def _print_line(text: str) -> None:
    """A line as it is: unwrapped, so that it can be searched for."""
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def _welcome(services: Services, samples: Path) -> None:
    told = demo.story(services.settings.configs)
    table = Table("用户名 user", "姓名 name", "机构 institution", box=None)
    table.add_column("做什么 what", overflow="fold")
    for card in demo.account_cards(services, told):
        table.add_row(card.username, card.name, card.institution, card.story.zh)
    out.print()
    out.print(f"telemed {telemed.__version__} · {services.settings.origin}", style="bold cyan")
    out.print(f"所有演示账号的密码 password of every demo account: [bold]{told['password']}[/bold]")
    out.print(table)
    out.print(f"供上传的 CT 文件夹 a CT to upload: {samples / told['upload_study']}")
    out.print("按 Ctrl+C 停止 · Ctrl+C stops")


# --- the network ------------------------------------------------------------------------------


@network_app.command("import")
def network_import(
    source: Annotated[Path, typer.Argument(help="A .toml, .xlsx, .zip or a folder of .csv.")],
    dry_run: Annotated[bool, typer.Option(help="List every problem and change nothing.")] = False,
    config: ConfigOption = None,
    data_dir: DataOption = None,
) -> None:
    """Import a register. Every problem is listed with its sheet, row and column."""
    settings = load_settings(config, data_dir=data_dir)
    scopes = {c: s.provider_scopes for c, s in load_catalogue(settings.configs).services.items()}
    reading = read_register(source)
    found, problems = validate(reading.rows, on=assemble.today(), service_scopes=scopes)
    everything = [*reading.problems, *problems]
    _list_problems(everything)
    if found is None or any(p.severity is Severity.ERROR for p in reading.problems):
        _fail("Nothing was imported. Correct the errors above and run it again.")
    assert found is not None
    if dry_run:
        out.print("Dry run: the register is sound; nothing was changed.")
        return
    store = assemble.open_store(settings)
    counts = store.write_now(lambda tx: network.save_network(tx, found, search_keys))
    store.close()
    out.print("Imported: " + ", ".join(f"{n} {name}" for name, n in counts.items()))


def read_register(source: Path) -> Reading:
    """A folder of CSV files, or one file of any format."""
    if source.is_dir():
        return read_folder(source)
    return read_file(source.name, source.read_bytes())


def _list_problems(problems: Sequence[RowProblem]) -> None:
    for p in problems:
        facts = " ".join(f"{k}={v}" for k, v in p.facts.items())
        place = f"{p.sheet}:{p.row}" + (f":{p.column}" if p.column else "")
        err.print(f"{p.severity.value:7} {place} {p.code} {facts}", markup=False, highlight=False)


# --- accounts -----------------------------------------------------------------------------------


@account_app.command("create")
def account_create(
    user: Annotated[str, typer.Argument(help="The name to sign in with.")],
    role: Annotated[list[str], typer.Option(help="A role; repeatable where roles combine.")],
    name: Annotated[str, typer.Option(help="The name people see.")],
    institution: Annotated[str | None, typer.Option(help="Institution code, for staff.")] = None,
    person: Annotated[str | None, typer.Option(help="Code in the register, for readers.")] = None,
    region: Annotated[str | None, typer.Option(help="Area-code prefix, for regulators.")] = None,
    data_dir: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Make an account; the password is asked for. Begin a server with a security_admin."""
    settings = load_settings(config, data_dir=data_dir)
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    account_acts.check_strength(password, user)
    new = account_acts.NewAccount(
        username=user,
        password_hash=account_acts.hash_password(password),
        name=name,
        roles=role,
        institution_id=institution,
        person_id=person,
        region=region,
    )
    store = assemble.open_store(settings)
    catalogue = load_catalogue(settings.configs)
    now = assemble.clock_of(store)()
    store.write_now(
        lambda tx: account_acts.add_account(Act(tx, SYSTEM, now, assemble.new_id, catalogue), new)
    )
    store.close()
    out.print(f"Made the account {user}.")


# --- machine tokens ---------------------------------------------------------------------------


@token_app.command("create")
def token_create(
    user: Annotated[str, typer.Argument(help="The account the token acts for.")],
    data_dir: DataOption = None,
    config: ConfigOption = None,
    days: Annotated[int, typer.Option(help="Valid for so many days.", min=1, max=366)] = 30,
    scope: Annotated[
        list[str] | None, typer.Option(help="Allow only this permission; repeatable.")
    ] = None,
    label: Annotated[str, typer.Option(help="What it is for.")] = "command line",
) -> None:
    """Print a bearer token. It is shown once and kept only as a hash."""
    settings = load_settings(config, data_dir=data_dir)
    unknown = set(scope or []) - {p.value for p in Permission}
    if unknown:
        _fail(f"Unknown scope {sorted(unknown)}. Known: {', '.join(p.value for p in Permission)}")
    store = assemble.open_store(settings)
    catalogue = load_catalogue(settings.configs)
    account = store.read_now(lambda tx: accounts.by_username(tx, user))
    if account is None:
        _fail(f"There is no account {user}.")
    assert account is not None
    now = assemble.clock_of(store)()
    new = account_acts.NewToken(
        token=secrets.token_urlsafe(32),
        account_id=account["id"],
        label=label,
        scopes=frozenset(Permission(name) for name in scope) if scope else None,
        lives=timedelta(days=days),
    )
    store.write_now(
        lambda tx: account_acts.make_token(Act(tx, SYSTEM, now, assemble.new_id, catalogue), new)
    )
    store.close()
    sys.stdout.write(new.token + "\n")


# --- studies ----------------------------------------------------------------------------------


@study_app.command("import")
def study_import(
    folder: Annotated[Path, typer.Argument(help="A folder of DICOM files.")],
    institution: Annotated[str, typer.Option(help="The institution they belong to (its code).")],
    data_dir: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """File a folder of DICOM under an institution. Running it again changes nothing."""
    settings = load_settings(config, data_dir=data_dir)
    services = assemble.open_services(settings)
    if services.store.read_now(lambda tx: network.institution(tx, institution)) is None:
        _fail(f"There is no institution {institution}. See: telemed network import --help")
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    if not files:
        _fail(f"No files in {folder}.")
    counts = demo.import_files(services, institution, track(files, "importing", console=err))
    services.store.close()
    out.print(", ".join(f"{n} {fate}" for fate, n in sorted(counts.items())))
    if counts.get("refused") or counts.get("conflict"):
        raise SystemExit(1)


# --- the tally --------------------------------------------------------------------------------


@app.command()
def tally(
    month: Annotated[str, typer.Option(help="YYYY-MM; this month when left out.")] = "",
    by: Annotated[str, typer.Option(help="institution, county, city, alliance, service")] = (
        "institution"
    ),
    side: Annotated[str, typer.Option(help="requester or provider")] = "provider",
    urgency: Annotated[str, typer.Option(help="routine, urgent or stat; all when left out")] = "",
    format: Annotated[str, typer.Option(help="table, csv or json")] = "table",
    rebuild_it: Annotated[bool, typer.Option("--rebuild", help="Fold the whole log anew.")] = False,
    data_dir: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Print a month's tally; --rebuild folds the log again and says whether anything differs."""
    if urgency and urgency not in URGENCY_WORDS:
        raise typer.BadParameter("routine, urgent or stat", param_hint="--urgency")
    settings = load_settings(config, data_dir=data_dir)
    services = assemble.open_services(settings)
    if rebuild_it:
        done = rebuild(services.store)
        services.store.close()
        out.print(f"Rebuilt {done.entries} entries: {_what_differed(done)}.")
        raise SystemExit(0 if done.same else 1)
    catch_up_fully(services.store, TALLIES)
    shown = services.store.read_now(
        lambda tx: monthly(
            services.make_act(tx, demo.EVERYWHERE), month or None, by, side, urgency or None
        )
    )
    services.store.close()
    _print_tally(shown, format)


def _what_differed(done: Rebuilt) -> str:
    if done.same:
        return "no difference"
    sums = f", sums of {', '.join(done.months_off)}" if done.months_off else ""
    return f"DIFFERENT, put right: {done.entries_off} entries{sums}"


_ON_TERMINAL = (
    "submitted",
    "issued",
    "turnaround_median",
    "on_time_share",
    "positive",
    "critical",
    "returned",
)
"""What fits a terminal; `--format csv` and `json` print every indicator."""


def _print_tally(shown: dict[str, Any], format: str) -> None:
    if format == "json":
        sys.stdout.write(orjson.dumps(shown, default=str).decode() + "\n")
        return
    known = [i["code"] for i in shown["indicators"]]
    codes = known if format == "csv" else [c for c in _ON_TERMINAL if c in known]
    rows = [
        [row["name"], *(_figure(row["values"][c]) for c in codes)]
        for row in [*shown["rows"], shown["total"]]
    ]
    if format == "csv":
        csv.writer(sys.stdout).writerows([["name", *codes], *rows])
        return
    table = Table("", *codes, box=None)
    for line in rows:
        table.add_row(*line)
    of = f" · {shown['urgency']}" if shown["urgency"] else ""
    out.print(f"{shown['month']} · {shown['by']} · {shown['side']}{of}")
    out.print(table)


def _figure(value: float | None) -> str:
    """A figure; missing is a dash and never zero."""
    return "—" if value is None else f"{value:g}"


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the JSON API."""
    sys.stdout.write(orjson.dumps(document(), option=orjson.OPT_INDENT_2).decode() + "\n")
