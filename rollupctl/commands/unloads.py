"""unload: what was loaded, out again."""

from __future__ import annotations

import json
from typing import Any

import click

from rollupctl import rolling
from rollupctl.confirm import require_confirmation
from rollupctl.connect import query
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.output import Table, note

_START = """
select s::text as job, pg_catalog.to_jsonb(s.waiting)::text as steps
  from rollup_internal.start_unload(%s, %s) s
"""
_LOAD = """
select load_id, source_table::pg_catalog.regclass::text as "table", file_name, rows, unloaded_rows,
       unloaded_at
  from rollup.loads
 where load_id = %s
"""


@click.command()
@click.argument("load", type=int, metavar="LOAD")
@click.option(
    "--max-events",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="Events removed in one transaction, about; at least those of one bucket.",
)
@click.option("--dry-run", is_flag=True, help="List what would be removed; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@shared_options
@pass_settings
def unload(settings: Settings, load: int, max_events: int, dry_run: bool, yes: bool) -> None:
    """Remove the events of LOAD, a load_id of rollup.loads, and count the rollups again.

    Only the buckets that its events were counted in are counted again. Each step is committed with
    them and reported on stderr; an interrupted unload resumes where it stopped. Afterwards the same
    content can be loaded again.

    Refuses, and changes nothing, where it is not known exactly which events are those of the load,
    some of them no longer exist, or the buckets hold events that have expired. Asks for
    confirmation; without a terminal, --yes is required.

    \b
    Example:
      rollupctl unload 12 --dry-run
      rollupctl unload 12 --yes
    """
    with settings.connect() as session:
        ((job, listed),) = query(session, _START, load, max_events).rows
        steps: list[dict[str, Any]] = json.loads(listed)
        (found,) = query(session, _LOAD, load).records()
        if dry_run:
            plan = Table(("range_from", "range_to", "events", "action"))
            for step in steps:
                if "events" in step:
                    plan.add(step["from"], step["to"], step["events"], "would unload")
            settings.emit(plan)
            return
        left = found["rows"] - found["unloaded_rows"]
        what = f"{left} events of {found['file_name']} would be removed from {found['table']}"
        require_confirmation([] if yes else [what])
        for done in rolling.perform(session, job, max_events):
            for part in done.report:
                note(f"{part['name']}: {part['rows']} events before {part['range_to']} unloaded")
        settings.emit(query(session, _LOAD, load))


COMMANDS = (unload,)
