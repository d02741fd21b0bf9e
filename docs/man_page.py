"""Writes docs/rollupctl.1, the manual page, from the help of the commands."""

from __future__ import annotations

from collections.abc import Iterator

import click

from docs.cli_reference import SHARED, describe, help_of, names_of, usage_of
from rollupctl.cli import main

_ENVIRONMENT = {
    "ROLLUPCTL_DSN, DATABASE_URL, PG*": "The server, in this order, unless --dsn names one.",
    "ROLLUPCTL_HOME": "The directory of the embedded PostgreSQL.",
    "ROLLUPCTL_PG_BINDIR": "The directory of the server's programs, for the embedded PostgreSQL.",
}


def man_page() -> str:
    """The text of docs/rollupctl.1."""
    prose, example, rest = help_of(main)
    lines = [
        r".\" Written by `./run docs` from the commands\(aq own help.",
        ".TH ROLLUPCTL 1",
        ".SH NAME",
        r"rollupctl \- continuous aggregates for PostgreSQL and Citus",
        ".SH SYNOPSIS",
        r".B rollupctl",
        r"\fICOMMAND\fR [\fIOPTION\fR\&...]",
        ".SH DESCRIPTION",
        *_paragraphs(prose),
        ".SH OPTIONS",
        "Of all commands that talk to a server or print:",
        *_options(main.params),
        ".SH COMMANDS",
    ]
    for name, command in _commands(main):
        lines += _command(name, command)
    lines += [".SH ENVIRONMENT"]
    for variable, meaning in _ENVIRONMENT.items():
        lines += [".TP", f".B {_plain(variable)}", _plain(meaning)]
    lines += [".SH EXIT STATUS", *_paragraphs(rest.removeprefix("Exit codes: "))]
    lines += [".SH EXAMPLES", *_example(example)]
    lines += [".SH SEE ALSO", ".BR psql (1)"]
    return "\n".join(lines) + "\n"


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.commands[name]
        yield f"{before}{name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")


def _command(name: str, command: click.Command) -> Iterator[str]:
    prose, example, rest = help_of(command)
    yield f".SS {_plain(' '.join([name, *usage_of(command)]))}"
    yield from _paragraphs(prose)
    yield from _options([option for option in command.params if option.name not in SHARED])
    if rest:
        yield from _paragraphs(rest)
    if example:
        yield from _example(example)


def _options(params: list[click.Parameter]) -> Iterator[str]:
    for option in params:
        if isinstance(option, click.Option) and not option.hidden:
            yield ".TP"
            yield f".B {_plain(names_of(option).replace('`', ''))}"
            yield _plain(describe(option).replace("\\|", "|"))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield ".PP"
        yield from (_plain(line) for line in paragraph.splitlines())


def _example(text: str) -> Iterator[str]:
    yield from (".PP", ".EX", *(_plain(line) for line in text.splitlines()), ".EE")


def _plain(text: str) -> str:
    """Text as roff prints it: no escapes, hyphens that can be copied, no requests."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq")
    return rf"\&{text}" if text.startswith((".", "'")) else text
