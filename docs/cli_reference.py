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
SHARED = ("dsn", "form")


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
    prose, example, rest = help_of(command)
    yield f"{'#' * level} {name}\n\n"
    yield f"```text\n{' '.join([name, *usage_of(command)])}\n```\n\n"
    yield f"{prose}\n\n"
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    is_group = isinstance(command, click.Group)
    shared = [names_of(p) for p in options if p.name in SHARED and not is_group]
    own = [p for p in options if is_group or p.name not in SHARED]
    if own:
        yield "| option | |\n| --- | --- |\n"
        for option in own:
            yield f"| {names_of(option)} | {describe(option)} |\n"
        yield "\n"
    if shared:
        yield f"{'Also takes' if own else 'Takes'} {' and '.join(shared)}, as all commands do that "
        yield "talk to a server.\n\n" if "dsn" in {p.name for p in options} else "print.\n\n"
    if isinstance(command, click.Group):
        yield "| command | does |\n| --- | --- |\n"
        for sub in command.list_commands(click.Context(command)):
            summary = help_of(command.commands[sub])[0].split("\n\n")[0].replace("\n", " ")
            yield f"| [`{sub}`](#{name.replace(' ', '-')}-{sub}) | {summary} |\n"
        yield "\n"
    if example:
        yield f"Example:\n\n```sh\n{example}\n```\n\n"
    if rest:
        yield f"{rest}\n\n"


def help_of(command: click.Command) -> tuple[str, str, str]:
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


def usage_of(command: click.Command) -> Iterator[str]:
    """What follows a command's name: OPTION… and its arguments."""
    if isinstance(command, click.Group):
        yield "COMMAND"
    if any(isinstance(p, click.Option) for p in command.params):
        yield "[OPTION…]"
    for argument in command.params:
        if isinstance(argument, click.Argument):
            yield argument.metavar or str(argument.name).upper()


def names_of(option: click.Option) -> str:
    """The spellings of an option in Markdown, with the kind of its value."""
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


def describe(option: click.Option) -> str:
    """The help of an option in Markdown, with its default."""
    told = (option.help or "").replace("  [", " [").replace("|", "\\|")
    if isinstance(option.type, click.Choice):
        told += f" FORM is {', '.join(map(str, option.type.choices))}."
    shown = option.show_default and not option.is_flag and option.default is not None
    return f"{told} [default: {option.default}]".strip() if shown else told
