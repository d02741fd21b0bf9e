"""restore: archived events, back into the database."""

from __future__ import annotations

import click

from rollupctl.archiving.restore import restore as restore_files
from rollupctl.options import Settings, pass_settings, shared_options


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path())
@shared_options
@pass_settings
def restore(settings: Settings, files: tuple[str, ...]) -> None:
    """Restore events that `rollupctl expire --archive` has written to Parquet files.

    They get their ids back, so rollups that have counted them do not count them again, and one that
    is declared later does. Their partition is created again, and the next `rollupctl expire` drops
    it again unless the retention is longer. Events that exist are left out, so a file can be
    restored twice. Each file is one transaction.

    \b
    Example:
      rollupctl restore /var/archive/public.events_p2024_05_06.parquet
    """
    with settings.connect() as session:
        settings.emit(restore_files(session, list(files)))


COMMANDS = (restore,)
