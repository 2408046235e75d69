"""The command line as a page shows it: every command, argument and option, with its help.

Walks the commands that `telemed --help` walks. Knows nothing about what they do.
"""

from collections.abc import Iterator

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from telemed.cli import app

Row = tuple[str, str, str]


def commands() -> Iterator[tuple[str, TyperCommand]]:
    """Every command that does something, with the words that call it, in alphabetical order."""
    yield from sorted(_below("telemed", get_command(app)), key=lambda found: found[0])


def _below(name: str, command: object) -> Iterator[tuple[str, TyperCommand]]:
    if isinstance(command, TyperGroup):
        for word, each in command.commands.items():
            yield from _below(f"{name} {word}", each)
    elif isinstance(command, TyperCommand):
        yield name, command


def usage(name: str, command: TyperCommand) -> str:
    """The line to type: the words of the command and what must follow them."""
    needed = [_typed(p) for p in command.params if p.required]
    return " ".join([name, *needed])


def rows(command: TyperCommand) -> Iterator[Row]:
    """Each argument and option: what to type, its default, its help. Hidden ones are no one's."""
    for p in command.params:
        assert isinstance(p, TyperArgument | TyperOption)
        if not p.hidden:
            yield _typed(p), _default(p), str(p.help or "")


def _typed(parameter: object) -> str:
    if isinstance(parameter, TyperOption):
        names = ", ".join([*parameter.opts, *parameter.secondary_opts])
        value = str(parameter.name).rpartition("_")[2].upper()
        return names if parameter.is_flag else f"{names} {value}"
    assert isinstance(parameter, TyperArgument)
    return str(parameter.name).upper()


def _default(parameter: TyperArgument | TyperOption) -> str:
    is_flag = isinstance(parameter, TyperOption) and parameter.is_flag
    absent = parameter.required or is_flag or parameter.default in (None, "", [])
    return "" if absent else str(parameter.default)
