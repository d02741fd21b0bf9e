"""Writes docs/cli.md from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from rollupctl.cli import main
from rollupctl.output import FORMATS

_HEAD = """\
# Command line

<!-- Written by `./run docs` from the commands' own help. Change that, not this. -->

"""
_SHARED = ("dsn", "form")


def cli_reference() -> str:
    """The text of docs/cli.md."""
    parts = [_HEAD, *_command(main, "rollupctl", level=2)]
    for name in main.list_commands(click.Context(main)):
        command = main.commands[name]
        parts += _command(command, f"rollupctl {name}", level=2)
        if isinstance(command, click.Group):
            for sub in command.list_commands(click.Context(command)):
                parts += _command(command.commands[sub], f"rollupctl {name} {sub}", level=3)
    return "".join(parts).rstrip() + "\n"


def _command(command: click.Command, name: str, level: int) -> Iterator[str]:
    prose, example, rest = _help(command)
    yield f"{'#' * level} {name}\n\n"
    yield f"```text\n{' '.join([name, *_usage(command)])}\n```\n\n"
    yield f"{prose}\n\n"
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    is_group = isinstance(command, click.Group)
    shared = [_names(p) for p in options if p.name in _SHARED and not is_group]
    own = [p for p in options if is_group or p.name not in _SHARED]
    if own:
        yield "| option | |\n| --- | --- |\n"
        for option in own:
            yield f"| {_names(option)} | {_describe(option)} |\n"
        yield "\n"
    if shared:
        yield f"{'Also takes' if own else 'Takes'} {' and '.join(shared)}, as all commands do that "
        yield "talk to a server.\n\n" if "dsn" in {p.name for p in options} else "print.\n\n"
    if isinstance(command, click.Group):
        yield "| command | does |\n| --- | --- |\n"
        for sub in command.list_commands(click.Context(command)):
            summary = _help(command.commands[sub])[0].split("\n\n")[0].replace("\n", " ")
            yield f"| [`{sub}`](#{name.replace(' ', '-')}-{sub}) | {summary} |\n"
        yield "\n"
    if example:
        yield f"Example:\n\n```sh\n{example}\n```\n\n"
    if rest:
        yield f"{rest}\n\n"


def _help(command: click.Command) -> tuple[str, str, str]:
    """A command's help as prose, the example's lines, and what follows the example."""
    text = inspect.cleandoc(command.help or "")
    prose: list[str] = []
    example = ""
    rest: list[str] = []
    for paragraph in text.split("\n\n"):
        plain = paragraph.replace("\b\n", "").strip("\n")
        if plain.startswith("Example:"):
            lines = plain.splitlines()[1:]
            example = "\n".join(line.removeprefix("  ") for line in lines)
        else:
            (rest if example else prose).append(plain)
    return "\n\n".join(prose), example, "\n\n".join(rest)


def _usage(command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        yield "COMMAND"
    if any(isinstance(p, click.Option) for p in command.params):
        yield "[OPTION…]"
    for argument in command.params:
        if isinstance(argument, click.Argument):
            yield argument.metavar or str(argument.name).upper()


def _names(option: click.Option) -> str:
    value = "" if option.is_flag else f" {option.metavar or _kind(option.type)}"
    return ", ".join(f"`{name}{value}`" for name in option.opts)


def _kind(kind: object) -> str:
    if isinstance(kind, click.Choice):
        return "FORM" if tuple(kind.choices) == FORMATS else "WORD"
    if isinstance(kind, click.types.IntParamType | click.types.FloatParamType):
        return "NUMBER"
    if isinstance(kind, click.DateTime):
        return "TIME"
    return "TEXT"


def _describe(option: click.Option) -> str:
    told = (option.help or "").replace("  [", " [").replace("|", "\\|")
    if isinstance(option.type, click.Choice):
        told += f" FORM is {', '.join(map(str, option.type.choices))}."
    shown = option.show_default and not option.is_flag and option.default is not None
    return f"{told} [default: {option.default}]".strip() if shown else told
