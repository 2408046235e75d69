"""The commands that keep a server's data and bring it back: words for people around `backup`.

What is copied, compared and proved is known there; this knows options, a progress bar, sentences
and the exit status, which is 0 only when the backup or the restore can be relied on.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.progress import track

from telemed.assemble import clock
from telemed.operations import backup
from telemed.operations.manifest import Manifest, Shelf
from telemed.operations.restore import restore
from telemed.settings import load_settings

T = TypeVar("T")
keeping = typer.Typer()
out = Console()
err = Console(stderr=True)

ConfigOption = Annotated[Path | None, typer.Option("--config", help="Settings file (TOML).")]
DataOption = Annotated[
    Path | None, typer.Option("--data-dir", help="Where database, images and keys are kept.")
]


@keeping.command("backup")
def backup_command(
    dest: Annotated[Path, typer.Argument(help="A directory, best on another machine's disk.")],
    config: ConfigOption = None,
    data_dir: DataOption = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read the newest backup there and check every byte.")
    ] = False,
    without_key: Annotated[
        bool,
        typer.Option("--without-key", help="Leave the signing key out; keep it in another place."),
    ] = False,
    keep: Annotated[int | None, typer.Option(help="Keep this many backups.", min=1)] = None,
) -> None:
    """Back up database, images and key while servers run. Exit status 1: do not rely on it."""
    if verify:
        _verify_backup(dest)
        return
    settings = load_settings(config, data_dir=data_dir)
    made = backup.make(
        settings, dest, clock, with_key=not without_key, keep=keep, progress=_progress
    )
    _say(f"{made.folder}: {made.manifest.blobs} images ({made.copied} new)")
    _say(f"log {made.manifest.log_head} · audit head {made.manifest.audit_head}")
    for key, fate in made.manifest.lost.items():
        _complain(f"{fate} on the server: {key}")
    if made.manifest.lost:
        _give_up(
            f"The backup is good but for {len(made.manifest.lost)} images. See docs/backup.md."
        )


def _verify_backup(dest: Path) -> None:
    folder = Shelf(dest).find(None)
    wrong = list(backup.verify(folder, _progress))
    for sentence in wrong:
        _complain(sentence)
    if wrong:
        _give_up(f"{folder} cannot be relied on.")
    manifest = Manifest.read(folder)
    _say(f"{folder} is whole: {manifest.blobs} images, log {manifest.log_head}")


def _progress(steps: Iterable[T], words: str, total: int) -> Iterable[T]:
    """A bar on standard error, for who waits."""
    return track(steps, words, total, console=err)


@keeping.command("restore")
def restore_command(
    src: Annotated[Path, typer.Argument(help="The directory that backups were made to.")],
    config: ConfigOption = None,
    data_dir: DataOption = None,
    set_name: Annotated[
        str | None, typer.Option("--set", help="Which backup; the newest without it.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="The signing key, where the backup is without it.")
    ] = None,
) -> None:
    """Restore a backup into an empty place and prove it. Exit status 1: something is wrong."""
    settings = load_settings(config, data_dir=data_dir)
    done = restore(src, settings, name=set_name, key=key, progress=_progress)
    said = done.manifest
    _say(f"Restored {done.folder.name}, made by {said.made_by}, schema {done.revision}:")
    _say(f"{said.blobs} images, log {said.log_head}, audit head {said.audit_head}")
    for name in ("requests", "signed_reports", "tally_entries", "audit"):
        _say(f"  {said.rows.get(name, 0):>9} {name}")
    if said.lost:
        _say(f"{len(said.lost)} images were lost before the backup was made.")
    for sentence in done.wrong:
        _complain(sentence)
    if done.wrong:
        _give_up("Everything is as the backup has it, but the backup's server was not sound.")
    _say("Audit chain, log, tally and signatures hold.")


def _say(text: str) -> None:
    """A line as it is: unwrapped, so that it can be searched for."""
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def _complain(sentence: str) -> None:
    err.print(sentence, style="red", markup=False, highlight=False, soft_wrap=True)


def _give_up(sentence: str) -> NoReturn:
    _complain(sentence)
    raise typer.Exit(1)
