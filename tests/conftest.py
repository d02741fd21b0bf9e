"""Fixtures. Every test that asks for a database runs on plain PostgreSQL and, where the extension
is installed, on a Citus coordinator with two workers."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest

from rollupctl.pgbinaries import find_binaries
from tests import servers
from tests.helpers import Lab
from tests.servers import EMPTY, INSTALLED, Server

Connection = psycopg.Connection[tuple[Any, ...]]


class Rollupctl(Protocol):
    def __call__(
        self, *args: str, input: str | bytes | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]: ...


MOST_WORKERS = 4  # each has its own servers: with Citus installed, four and more


@pytest.hookimpl
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker per core, for a whole directory.

    No workers for single files: starting more servers would take longer than their tests. No
    workers on a given server either, where they would share templates and roles.
    """
    files = all(Path(argument.split("::")[0]).is_file() for argument in config.args)
    if files or servers.GIVEN:
        return 0
    return min(len(os.sched_getaffinity(0)), MOST_WORKERS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A failed test shows what its server logged meanwhile."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.when == "setup" and isinstance(server, Server):
        item.stash[_LOG_SIZES] = {log: log.stat().st_size for log in server.logs}
    if report.failed and isinstance(server, Server):
        for log, size in item.stash.get(_LOG_SIZES, {}).items():
            with log.open("rb") as stream:
                stream.seek(size)
                said = stream.read().decode(errors="replace")
            report.sections.append((f"server log of {server.name}, {log}", said[-4000:]))
    return report


_LOG_SIZES: pytest.StashKey[dict[Path, int]] = pytest.StashKey()


@pytest.fixture(scope="session")
def plain() -> Iterator[Server]:
    with servers.plain_server() as server:
        yield server


@pytest.fixture(scope="session")
def citus() -> Iterator[Server]:
    if not servers.citus_is_installed():
        pytest.skip("citus is not installed")
    with servers.citus_server() as server:
        yield server


@pytest.fixture(params=["plain", "citus"], scope="session")
def server(request: pytest.FixtureRequest) -> Server:
    """The server that the test runs on: one of each kind in turn."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """Name of a fresh database with everything installed."""
    name = server.database(INSTALLED)
    yield name
    server.drop(name)


@pytest.fixture
def empty_dsn(server: Server) -> Iterator[str]:
    """Conninfo of a fresh database with nothing in it (on Citus: the extension and the nodes)."""
    name = server.database(EMPTY)
    yield server.dsn(name)
    server.drop(name)


@pytest.fixture
def cron_dsn(server: Server) -> Iterator[str]:
    """As dsn, in the one database that pg_cron works in."""
    with server.cron_database() as dsn:
        yield dsn


@pytest.fixture
def empty_cron_dsn(server: Server) -> Iterator[str]:
    """As empty_dsn, in the one database that pg_cron works in."""
    with server.cron_database(EMPTY) as dsn:
        yield dsn


@pytest.fixture
def dsn(server: Server, database: str) -> str:
    """Conninfo of the fresh database; on Citus, on the coordinator."""
    return server.dsn(database)


@pytest.fixture
def connect(server: Server, database: str) -> Iterator[Callable[..., Connection]]:
    """Makes more connections to the fresh database: connect(node=0, autocommit=True, **options)."""
    with contextlib.ExitStack() as opened:

        def make(node: int = 0, autocommit: bool = True, **options: Any) -> Connection:
            connection = psycopg.connect(
                server.dsn(database, node), autocommit=autocommit, **options
            )
            opened.callback(connection.close)
            return connection

        yield make


@pytest.fixture
def db(connect: Callable[..., Connection]) -> Connection:
    """An autocommit connection to the fresh database."""
    return connect()


@pytest.fixture
def plain_lab(plain: Server) -> Iterator[Lab]:
    """A fresh database on plain PostgreSQL with the engine and no rollups."""
    lab = Lab.make(plain)
    yield lab
    lab.close()
    plain.drop(lab.database)


@pytest.fixture(scope="module")
def citus_lab_of_module(citus: Server) -> Iterator[Lab]:
    lab = Lab.make(citus)
    yield lab
    citus.drop(lab.database)


@pytest.fixture
def citus_lab(citus_lab_of_module: Lab) -> Iterator[Lab]:
    """The same on Citus, where a database takes seconds to make: one a file, emptied."""
    citus_lab_of_module.empty()
    yield citus_lab_of_module
    citus_lab_of_module.close()


@pytest.fixture
def lab(request: pytest.FixtureRequest, server: Server) -> Lab:
    """plain_lab or citus_lab: both in turn."""
    found: Lab = request.getfixturevalue("citus_lab" if server.is_citus else "plain_lab")
    return found


@pytest.fixture
def tdigest() -> None:
    """Skips the test where the server does not offer the tdigest extension."""
    if not find_binaries().has_library("tdigest"):
        pytest.skip("tdigest is not installed")


@pytest.fixture
def rollupctl(dsn: str) -> Rollupctl:
    """Runs the command line against the fresh database."""

    def run(
        *args: str, input: str | bytes | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return servers.rollupctl(dsn, *args, stdin=input, env=env)

    return run


@pytest.fixture
def psql(dsn: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs psql against the fresh database, from the project's folder."""
    program = shutil.which("psql")
    if program is None:
        pytest.fail("psql is not installed")

    def run(*args: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, "-X", "-v", "ON_ERROR_STOP=1", "-At", *args, dsn],
            input=input,
            capture_output=True,
            text=True,
            cwd=servers.ROOT,
            timeout=300,
            check=False,
        )

    return run
