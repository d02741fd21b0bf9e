"""Options for the format of files, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from rollupctl.errors import UsageError
from rollupctl.loading.dialect import AUTO
from rollupctl.loading.inputs import FORMS

Function = TypeVar("Function", bound=Callable[..., Any])


def dialect_options(command: Function) -> Function:
    """Add the options for the format of a CSV file; see dialect.Dialect."""
    for option in (
        click.option(
            "--null",
            metavar="TEXT",
            help="Text that stands for no value: NULL, '\\N', or '' so that \"\" does in columns "
            "that are not text.  [default: an empty field without quotes]",
        ),
        click.option(
            "--encoding",
            default="utf-8",
            show_default=True,
            metavar="NAME",
            help="Encoding of the text: latin1, cp1252, utf-16.",
        ),
        click.option(
            "--columns",
            metavar="NAMES",
            help="Names of the fields of files without a header: customer_id,event_type.",
        ),
        click.option(
            "--map",
            "fields",
            metavar="COLUMN=FIELD",
            multiple=True,
            help="Load a field into the column of another name (may be repeated); "
            "user.id is a field within a field of JSON.",
        ),
        click.option(
            "--set",
            "constants",
            metavar="COLUMN=VALUE",
            multiple=True,
            help="A column that the files lack, and its value in all rows (may be repeated).",
        ),
        click.option(
            "--site",
            "sites",
            metavar="COLUMN=FIELD",
            multiple=True,
            help="The number of the site that a field names, from the table of sites "
            "(`rollupctl install --sites`); unknown names are made sites.",
        ),
        click.option(
            "--rest",
            metavar="COLUMN",
            help="A column of type jsonb that gets all fields that no column has.",
        ),
        click.option(
            "--event-key",
            metavar="FIELD",
            help="The field that identifies an event of a tenant. One that comes again is left "
            "out, as long as its key is kept (`rollupctl retention events '7 days' --keys`).",
        ),
        click.option("--ignore-unknown", is_flag=True, help="Leave out fields that no column has."),
        click.option(
            "--format",
            "file_format",
            type=click.Choice(FORMS),
            default=AUTO,
            show_default=True,
            help="ndjson: a JSON object on each line, whose fields go to the columns of their "
            "names; clf: the common or combined log format.",
        ),
        click.option(
            "--decimal",
            type=click.Choice([".", ","]),
            default=".",
            show_default=True,
            help="What stands before the decimals of numbers: ',' as in 1.234,56.",
        ),
        click.option("--quote", default='"', metavar="CHAR", help='[default: "]'),
        click.option(
            "--delimiter", default=",", metavar="CHAR", help="';', '|' or tab.  [default: ,]"
        ),
    ):
        command = option(command)
    return command


def pairs(option: str, given: tuple[str, ...]) -> dict[str, str]:
    """What stands on both sides of the = of each value of an option that may be repeated."""
    pairs: dict[str, str] = {}
    for each in given:
        column, mark, value = each.partition("=")
        if not mark or not column.strip():
            form = "COLUMN=VALUE" if option == "--set" else "COLUMN=FIELD"
            raise UsageError(f"{option}: {each!r} has no column", f"write {option} {form}")
        if column.strip() in pairs:
            raise UsageError(f"{option}: column {column.strip()} is named twice")
        pairs[column.strip()] = value
    return pairs
