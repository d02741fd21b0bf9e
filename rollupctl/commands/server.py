"""up, down, demo: the embedded PostgreSQL."""

from __future__ import annotations

import click

from rollupctl import demo as show
from rollupctl.cluster import Cluster
from rollupctl.commands.http import require_libraries, serve_http
from rollupctl.options import Settings, output_option, pass_settings, shared_options
from rollupctl.output import Table, note


@click.command()
@output_option
@pass_settings
def up(settings: Settings) -> None:
    """Start the embedded PostgreSQL, creating it if necessary.

    It is a private cluster in a directory of its own (ROLLUPCTL_HOME), on a free port; later
    commands find it automatically. Safe to run again.

    \b
    Example:
      rollupctl up
    """
    cluster = Cluster.default()
    started = cluster.up()
    told = Table(("status", "dsn", "log"))
    told.add("started" if started else "already up", cluster.dsn(), str(cluster.log))
    settings.emit(told)


@click.command()
@output_option
@pass_settings
def down(settings: Settings) -> None:
    """Stop the embedded PostgreSQL. Its data are kept.

    \b
    Example:
      rollupctl down
    """
    told = Table(("status",))
    told.add("stopped" if Cluster.default().down() else "was not up")
    settings.emit(told)


@click.command()
@click.option(
    "--serve",
    "is_served",
    is_flag=True,
    help="Then show a page that moves, with imaginary visitors, until Ctrl-C.",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="With --serve."
)
@shared_options
@pass_settings
def demo(settings: Settings, is_served: bool, port: int) -> None:
    """Demonstrate everything: start PostgreSQL, install, load sample data, roll up, query.

    Uses the embedded PostgreSQL, or the server of --dsn or ROLLUPCTL_DSN. DATABASE_URL and the PG*
    variables are ignored, so that no sample data is written to an unrelated database. Running it
    again loads nothing twice.

    \b
    Example:
      rollupctl demo
      rollupctl demo --serve
    """
    if is_served:
        require_libraries()
    show.run(settings.dsn, settings.form)
    if is_served:
        from rollupctl.serve import visitors

        note(f"http://localhost:{port}/ shows what imaginary visitors do, until Ctrl-C")
        stop = visitors.start(port)
        try:
            home = Cluster.default().home
            spool = home.with_name(f"{home.name}-spool")
            serve_http(settings.dsn, "localhost", port, spool)
        finally:
            stop.set()


COMMANDS = (up, down, demo)
