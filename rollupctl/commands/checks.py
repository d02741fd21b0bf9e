"""verify, rebuild, doctor: detection and repair of problems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from rollupctl import rolling
from rollupctl.connect import positive_interval, query
from rollupctl.errors import BEHIND, DIFFERENCE, UsageError
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import Table, note

_VERIFY = "select * from rollup.verify(%s, %s, %s, %s)"
_REPAIR = "select * from rollup.repair(%s, %s, %s, %s, %s)"
_LOSS = "see rollup.declare_purged, or remove them with --accept-loss"

Function = TypeVar("Function", bound=Callable[..., Any])


def range_options(command: Function) -> Function:
    """Add --from, --to and --tenant, which restrict what is compared or recomputed."""
    for option in (
        click.option("--tenant", help="One tenant only."),
        click.option("--to", "until", metavar="TIME", help="Buckets before this time."),
        click.option(
            "--from",
            "since",
            metavar="TIME",
            help="Buckets from this time on (UTC).",
        ),
    ):
        command = option(command)
    return command


def _by_row(found: Table) -> list[str]:
    """The differences of each row of a rollup for which rollup.verify returns measures."""
    rows: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for each in found.records():
        key = (each["tenant_id"], each["bucket"], str(each["dimensions"]))
        rows.setdefault(key, []).append(each)
    return [
        "remove"
        if all(m["expected"] is None for m in measures)
        else "add"
        if all(m["counted"] is None for m in measures)
        else "change"
        for measures in rows.values()
    ]


def _changes(found: Table) -> str:
    """A description of what a repair would do."""
    actions = _by_row(found)
    return ", ".join(
        f"{actions.count(action)} rows to {action}" for action in ("add", "change", "remove")
    )


def _is_lost(found: Table) -> bool:
    return "remove" in _by_row(found)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME…]")
@range_options
@click.option("--repair", is_flag=True, help="Rebuild what differs, then compare again.")
@click.option(
    "--accept-loss", is_flag=True, help="With --repair: remove rows whose events no longer exist."
)
@shared_options
@pass_settings
def verify(
    settings: Settings,
    names: tuple[str, ...],
    since: str | None,
    until: str | None,
    tenant: str | None,
    repair: bool,
    accept_loss: bool,
) -> None:
    """Compare the given rollups, or all, with the raw events; print the differences.

    Prints a row for each measure that differs, with the value in the rollup and the value from the
    events. The exit code is 5 if there is one. With --repair the affected buckets are rebuilt, and
    the remaining differences are printed. Rows whose events no longer exist are kept, unless the
    loss is accepted.

    \b
    Example:
      rollupctl verify rollup_events_1hr --from 2024-05-01 --to 2024-05-02
    """
    if accept_loss and not repair:
        raise UsageError("--accept-loss goes with --repair")
    differing = Table(())
    with settings.connect() as session:
        for name in rolling.names_of(session, names):
            where = (name, since, until, tenant)
            found = query(session, _VERIFY, *where)
            if found.rows and repair:
                note(f"{name}: {_changes(found)}")
                rebuilt = query(session, _REPAIR, *where, accept_loss)
                note(f"{name}: {len(rebuilt.rows)} buckets differed and were rebuilt")
                found = query(session, _VERIFY, *where)
                if _is_lost(found):
                    note(f"{name}: rows without events stay; {_LOSS}")
            note(f"{name}: {len(found.rows) or 'no'} differences")
            differing = Table(found.columns, [*differing.rows, *found.rows])
    if differing.rows or settings.form != "table":
        settings.emit(differing)
    click.get_current_context().exit(DIFFERENCE if differing.rows else 0)


@click.command()
@click.argument("name")
@range_options
@click.option("--all", "everything", is_flag=True, help="The whole rollup, not a range of it.")
@click.option(
    "--step",
    metavar="INTERVAL",
    help="Commit after each step of this length, such as '1 day'; for long ranges.",
)
@click.option("--dry-run", is_flag=True, help="Print what differs from the events; change nothing.")
@click.option("--accept-loss", is_flag=True, help="Remove rows whose events no longer exist.")
@shared_options
@pass_settings
def rebuild(
    settings: Settings,
    name: str,
    since: str | None,
    until: str | None,
    tenant: str | None,
    everything: bool,
    step: str | None,
    dry_run: bool,
    accept_loss: bool,
) -> None:
    """Recompute a range of rollup NAME from the raw events, in one transaction or step by step.

    \b
    Example:
      rollupctl rebuild rollup_events_1hr --from 2024-05-01 --to 2024-05-02
    """
    bounded = (since, until, tenant) != (None, None, None)
    if bounded == everything:
        raise click.UsageError("say what to rebuild: either --from, --to or --tenant, or --all")
    with settings.connect() as session:
        rolling.names_of(session, [name])
        if step is not None:
            positive_interval(session, step, "--step")
        where = (name, since, until, tenant)
        if dry_run:
            settings.emit(query(session, _VERIFY, *where))
        elif step is None:
            rebuilt = "select * from rollup.rebuild(%s, %s, %s, %s, %s)"
            settings.emit(query(session, rebuilt, *where, accept_loss))
        else:
            start = "select rollup.start_job('rebuild', %s, %s, %s, %s, %s, %s)::text as job"
            wanted = ([name], step, tenant, since, until, accept_loss)
            (job,) = query(session, start, *wanted).column("job")
            parts = [row for done in rolling.perform(session, job, 1) for row in done.report]
            columns = ("events", "rows_before", "rows_after")
            settings.emit(Table(columns, [tuple(sum(p[c] for p in parts) for c in columns)]))


@click.command()
@shared_options
@pass_settings
def doctor(settings: Settings) -> None:
    """Check the installation; print each finding and the command that repairs it.

    The exit code is 3 when a check failed.

    \b
    Example:
      rollupctl doctor
    """
    with settings.connect() as session:
        table: Table = query(session, "select * from rollup.doctor()")
    settings.emit(table)
    click.get_current_context().exit(BEHIND if "fail" in table.column("status") else 0)


COMMANDS = (verify, rebuild, doctor)
