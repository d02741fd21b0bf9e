"""The migrations of docs/coming-from, and servers that have the tools that they come from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from rollupctl.pgbinaries import find_binaries
from tests.servers import EMPTY, Server, citus_server, private_cluster

_FOLDER = Path(__file__).resolve().parent / "coming-from"
# Pages, and the extensions that their examples need, which are installed on request only.
MIGRATIONS = {
    _FOLDER / "timescaledb.md": ("timescaledb",),
    _FOLDER / "pg_incremental.md": ("pg_cron", "pg_incremental"),
    _FOLDER / "views.md": ("pg_ivm",),
    _FOLDER / "cron.md": ("pg_cron",),
    _FOLDER / "citus-tutorial.md": ("citus", "topn"),
}


def missing(extensions: Sequence[str]) -> list[str]:
    """Those of the extensions that no server of this machine has."""
    return [name for name in extensions if not find_binaries().has_library(name)]


@contextlib.contextmanager
def database_with(extensions: Sequence[str]) -> Iterator[str]:
    """Conninfo of an empty database on a server of its own that offers the extensions."""
    if "citus" in extensions:
        with citus_server() as cluster:
            yield cluster.dsn(cluster.database(EMPTY))
        return
    settings = {"timescaledb.telemetry_level": "off"} if "timescaledb" in extensions else {}
    preload = [name for name in extensions if name != "pg_incremental"]
    made = private_cluster(settings, preload, trust_tcp=False)
    server = Server("peer", [made.dsn()], [made.log], [made])
    try:
        if "pg_cron" in extensions:
            with server.cron_database(EMPTY) as dsn:
                yield dsn
        else:
            yield server.dsn(server.database(EMPTY))
    finally:
        server.discard()
