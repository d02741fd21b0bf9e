"""A PgBouncer in transaction mode in front of a server of the suite."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_SECONDS = 20.0


def find_pgbouncer() -> str | None:
    """The program, which Debian installs where only root looks for programs."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextlib.contextmanager
def pooled(dsn: str, pool_size: int) -> Iterator[str]:
    """Conninfo of the same database and user through a pool of `pool_size` server sessions.

    Skips the test where there is no PgBouncer.
    """
    program = find_pgbouncer()
    if program is None:
        pytest.skip("pgbouncer is not installed")
    server = conninfo_to_dict(dsn)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="rollup-pool-", dir="/tmp"))
    folder.chmod(0o755)
    place = " ".join(f"{key}={server[key]}" for key in ("host", "port") if key in server)
    users = folder / "users.txt"
    users.write_text(f'"{server["user"]}" "{server.get("password") or ""}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"""[databases]
* = {place}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = {pool_size}
"""
    )
    # It refuses to be root; the server's own user may use the server's socket.
    host = Path(str(server.get("host", "")))
    owner = host.owner() if host.is_absolute() else "nobody"
    as_user = ["-u", owner] if os.geteuid() == 0 else []
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, *as_user, str(folder / "pgbouncer.ini")], stdout=log, stderr=log
        )
    try:
        through = make_conninfo(dsn, host="127.0.0.1", port=port)
        until = time.monotonic() + _SECONDS
        while True:
            try:
                psycopg.connect(through, connect_timeout=5).close()
                break
            except psycopg.OperationalError:
                said = (folder / "log").read_text()
                assert process.poll() is None, said
                assert time.monotonic() < until, said
                time.sleep(0.05)
        yield through
    finally:
        process.terminate()
        process.wait(_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)
