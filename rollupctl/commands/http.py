"""serve, keys, set-aside: the HTTP service."""

from __future__ import annotations

import hashlib
import importlib.util
import secrets
from pathlib import Path

import click

from rollupctl.connect import Session, query, transaction
from rollupctl.errors import RollupError, UsageError
from rollupctl.options import Settings, dsn_option, pass_settings, shared_options
from rollupctl.output import note

_NEEDED = ("httptools", "msgspec", "prometheus_client", "starlette", "uvicorn", "uvloop",
           "websockets")  # fmt: skip
_KEYS = """
select key_id, label, pg_catalog.array_to_string(scopes, ' ') as scopes, site,
       created_at, revoked_at
  from rollup_serve.keys
 order by created_at, key_id
"""
_SET_ASIDE = """
select pg_catalog.concat_ws(':', spool, position) as event, event ->> 'site_id' as site,
       event ->> 'event_type' as event_type, set_aside_at, sqlstate, reason
  from rollup_serve.set_aside
 order by set_aside_at, spool, position
 limit %s
"""
_LISTED = 1000
_DROP = """
delete from rollup_serve.set_aside
 where %s = 'all' or pg_catalog.concat_ws(':', spool, position) = %s
returning position
"""


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
    "--queue",
    metavar="URL",
    help="A stream, redis://host:6379/STREAM, that keeps accepted events in place of the spool; "
    "`rollupctl consume` loads them.",
)
@click.option(
    "--rollup-every",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How often rollups run, unless pg_cron runs them; 0 leaves it to others.",
)
@click.option(
    "--rate-limit",
    type=click.FloatRange(min=0),
    default=1000.0,
    show_default=True,
    metavar="N",
    help="Requests a second of each key, or address without keys; 0 for no limit.",
)
@dsn_option
@pass_settings
def serve(
    settings: Settings,
    host: str,
    port: int,
    spool: Path,
    spool_limit: int,
    queue: str | None,
    rollup_every: float,
    rate_limit: float,
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
    require_libraries()
    limits = (spool_limit * 1024**2, rollup_every or None, rate_limit or None)
    serve_http(settings.dsn, host, port, spool, *limits, queue=queue)


def require_libraries() -> None:
    """Raises UsageError if a library of the extra is missing."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"serve needs {', '.join(missing)}", "pip install 'rollupctl[serve]' installs them"
        )


def serve_http(
    dsn: str | None,
    host: str,
    port: int,
    spool: Path,
    spool_bytes: int = 1024**3,
    rollup_every: float | None = 1.0,
    rate_limit: float | None = None,
    queue: str | None = None,
) -> None:
    """Serve until a signal; see rollupctl.serve.server."""
    from rollupctl.serve.server import Options, run

    run(Options(dsn, host, port, spool, spool_bytes, rollup_every, rate_limit, queue))


@click.command()
@click.argument("label", required=False)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(["write", "read", "admin"]),
    multiple=True,
    help="What the key may do: send events, ask questions, read metrics too (may be repeated)."
    "  [default: read]",
)
@click.option("--site", metavar="SITE", help="The only site that the key is for.  [default: all]")
@click.option("--revoke", "revoked", metavar="ID", help="Revoke a key.")
@shared_options
@pass_settings
def keys(
    settings: Settings,
    label: str | None,
    scopes: tuple[str, ...],
    site: str | None,
    revoked: str | None,
) -> None:
    """Show the keys of `rollupctl serve`, after making LABEL or revoking one.

    A new key is printed once, on stderr; the database keeps its digest only. As soon as there is a
    key, requests without one get 401. Running services notice within seconds.

    \b
    Example:
      rollupctl keys website --scope write --site example.com
      rollupctl keys dashboards --scope read
      rollupctl keys --revoke 3f2a9c81
    """
    if label is None and (scopes or site):
        raise UsageError("say what the key is for", "rollupctl keys website --scope write")
    with settings.connect() as session, transaction(session):
        _require_service(session)
        if label is not None:
            key_id, secret = secrets.token_hex(4), f"rk_{secrets.token_urlsafe(32)}"
            digest = hashlib.sha256(secret.encode()).digest()
            call = "select rollup_serve.create_key(%s, %s, %s, %s, %s)"
            query(session, call, key_id, digest, label, list(scopes or ("read",)), site)
        if revoked is not None:
            query(session, "select rollup_serve.revoke_key(%s)", revoked)
        listing = query(session, _KEYS)
    if label is not None:
        note(f"key {key_id}, shown only now: {secret}")
    settings.emit(listing)


@click.command("set-aside")
@click.option("--retry", is_flag=True, help="Try to store all of them again.")
@click.option("--drop", metavar="EVENT", multiple=True, help="Delete an event of the list, or all.")
@shared_options
@pass_settings
def set_aside(settings: Settings, retry: bool, drop: tuple[str, ...]) -> None:
    """List the events that `rollupctl serve` accepted and the database rejected.

    Such an event does not hold up the others: it is kept in rollup_serve.set_aside, with the
    reason. Once the cause is removed, --retry stores it exactly once, and rollups count it. Lists
    what is left afterwards.

    \b
    Example:
      rollupctl set-aside --retry
      rollupctl set-aside --drop 5f0c3a52-7d4e-4a15-9b7d-0a4d2d9f3c11:1042
    """
    if retry:
        require_libraries()
    with settings.connect() as session:
        _require_service(session)
        with transaction(session):  # all of them or none
            for event in drop:
                if not query(session, _DROP, event, event).rows and event != "all":
                    raise RollupError(
                        f"no event {event} is set aside", "`rollupctl set-aside` lists them"
                    )
        if retry:
            from rollupctl.serve.setaside import retry as store_again

            stored, left = store_again(session)
            note(f"{stored} events stored, {left} still set aside")
        listing = query(session, _SET_ASIDE, _LISTED)
    settings.emit(listing)
    if len(listing.rows) == _LISTED:
        note(f"only the first {_LISTED:,} are listed")


def _require_service(session: Session) -> None:
    present = "select pg_catalog.to_regclass('rollup_serve.keys') is not null as there"
    if not all(query(session, present).column("there")):
        raise RollupError(
            "this database has nothing of `rollupctl serve`", "run `rollupctl install --serve`"
        )


COMMANDS = (serve, keys, set_aside)
