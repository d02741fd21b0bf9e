"""serve: the HTTP service."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import click

from rollupctl.errors import UsageError
from rollupctl.options import Settings, dsn_option, pass_settings

_NEEDED = ("httptools", "msgspec", "prometheus_client", "starlette", "uvicorn", "uvloop")


@click.command()
@click.option("--host", default="localhost", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="Port; 0: any."
)
@click.option(
    "--spool",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("rollup-spool"),
    show_default=True,
    help="Directory that keeps accepted events until the database has them.",
)
@click.option(
    "--spool-limit",
    type=click.IntRange(min=1),
    default=1024,
    show_default=True,
    metavar="MB",
    help="Size of the events in the spool above which requests get 503.",
)
@click.option(
    "--rollup-every",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How often rollups run, unless pg_cron runs them; 0 leaves it to others.",
)
@dsn_option
@pass_settings
def serve(
    settings: Settings, host: str, port: int, spool: Path, spool_limit: int, rollup_every: float
) -> None:
    """Accept events over HTTP, answer questions about rollups, and show them on a page.

    POST /event takes an event and POST /events a batch; an event that was accepted is on disk and
    is stored exactly once, whatever is killed. GET /stats answers for one site and day. Creates
    what it does not find: the package, the table of sites and rollups of page views. Needs
    `pip install 'rollupctl[serve]'`. Stops on SIGTERM or Ctrl-C, after the spool is empty.

    \b
    Example:
      rollupctl serve --port 5000 --spool /var/lib/rollup/spool
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"serve needs {', '.join(missing)}", "pip install 'rollupctl[serve]' installs them"
        )
    from rollupctl.serve.server import Options
    from rollupctl.serve.server import serve as serve_http

    every = rollup_every or None
    serve_http(Options(settings.dsn, host, port, spool, spool_limit * 1024**2, every))


COMMANDS = (serve,)
