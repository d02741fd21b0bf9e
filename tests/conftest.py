"""Fixtures. Every test that asks for a database runs on plain PostgreSQL and, where the extension
is installed, on a Citus coordinator with two workers. Tests of behaviour run once more in the second
configuration: tests/hostile.py."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest

from rollupctl.errors import ClusterError
from rollupctl.pgbinaries import find_binaries
from tests import servers
from tests.helpers import Lab
from tests.hostile import BEHAVIOUR, SAMPLES, hostile_server
from tests.servers import EMPTY, INSTALLED, Server

Connection = psycopg.Connection[tuple[Any, ...]]


class Rollupctl(Protocol):
    def __call__(
        self, *args: str, input: str | bytes | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]: ...


CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


MOST_WORKERS = 4  # each has its own servers: with Citus installed, four and more


@pytest.hookimpl
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker per core and one more, as some tests mostly wait; for a whole directory.

    No workers for single files: starting more servers would take longer than their tests. No
    workers on a given server either, where they would share templates and roles.
    """
    files = all(Path(argument.split("::")[0]).is_file() for argument in config.args)
    if files or servers.GIVEN:
        return 0
    return min(len(os.sched_getaffinity(0)) + 1, MOST_WORKERS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A failed test shows what its server logged meanwhile."""
    report = yield
    given = getattr(item, "funcargs", {})
    server = given.get("server", given.get("single_server"))
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


@pytest.fixture(scope="session", autouse=True)
def _psql_itself(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Debian's `psql` is a Perl program that takes longer to start than what it chooses to start."""
    place = tmp_path_factory.mktemp("psql")
    with pytest.MonkeyPatch.context() as patch:
        with contextlib.suppress(ClusterError):  # tests that need no server run without one
            program = find_binaries().bindir / "psql"
            if program.exists():
                (place / "psql").symlink_to(program)
        patch.setenv("PATH", str(place), prepend=os.pathsep)
        yield


@pytest.fixture(scope="session")
def wheel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as pip would: once for all workers."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    with (place / "wheel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not [*place.glob("wheel/*.whl")]:
            done = subprocess.run(
                [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(place / "wheel"),
                 str(servers.ROOT)],
                capture_output=True, text=True, timeout=300, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
    (built,) = place.glob("wheel/*.whl")
    return built


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


@pytest.fixture(scope="session")
def hostile() -> Iterator[Server]:
    """The server of the second configuration."""
    if servers.GIVEN:
        pytest.skip("the second configuration needs a server of its own")
    with hostile_server() as server:
        yield server


HOSTILE = pytest.param("hostile", marks=pytest.mark.hostile)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with `server` runs on each kind of server, one with `plain_lab` on those of one node."""
    marks = [*metafunc.definition.iter_markers("parametrize")]
    module = metafunc.module.__name__.rpartition(".")[2]
    is_behaviour = module in BEHAVIOUR | SAMPLES and not metafunc.definition.get_closest_marker(
        "no_hostile"
    )
    second = [HOSTILE] if is_behaviour else []
    if "server" in metafunc.fixturenames:
        if not any("server" in mark.args[0] for mark in marks):
            metafunc.parametrize("server", ["plain", *second, "citus"], indirect=True)
    elif "single_server" in metafunc.fixturenames and second:
        metafunc.parametrize("single_server", ["plain", *second], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In the second configuration, a test of SAMPLES runs with its first parameters only."""
    seen: set[tuple[str, str]] = set()
    left_out: list[pytest.Item] = []
    for item in items:
        module, _, test = item.nodeid.partition("::")
        key = (module, test.partition("[")[0])
        if Path(module).stem in SAMPLES and item.get_closest_marker("hostile"):
            if key in seen:
                left_out.append(item)
            seen.add(key)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Server:
    """The server that the test runs on: one of each kind in turn."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def single_server(request: pytest.FixtureRequest) -> Server:
    """The server of one node that the test runs on: the plain one, and the hostile one in turn."""
    found: Server = request.getfixturevalue(getattr(request, "param", "plain"))
    return found


@pytest.fixture
def own_session(request: pytest.FixtureRequest) -> bool:
    """Whether the sessions of the test keep what a pooler does not."""
    return request.node.get_closest_marker("own_session") is not None


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
def connect(
    server: Server, database: str, own_session: bool
) -> Iterator[Callable[..., Connection]]:
    """Makes more connections to the fresh database: connect(node=0, autocommit=True, **options)."""
    with contextlib.ExitStack() as opened:

        def make(node: int = 0, autocommit: bool = True, **options: Any) -> Connection:
            connection = server.connect(
                database, node, own_session=own_session, autocommit=autocommit, **options
            )
            opened.callback(connection.close)
            return connection

        yield make


@pytest.fixture
def db(connect: Callable[..., Connection]) -> Connection:
    """An autocommit connection to the fresh database."""
    return connect()


@contextlib.contextmanager
def fresh_lab(server: Server, own_session: bool) -> Iterator[Lab]:
    lab = Lab.make(server, own_session)
    yield lab
    lab.close()
    lab.drop()


@pytest.fixture
def plain_lab(single_server: Server, own_session: bool) -> Iterator[Lab]:
    """A fresh database on plain PostgreSQL with the engine and no rollups."""
    with fresh_lab(single_server, own_session) as lab:
        yield lab


@pytest.fixture(scope="module")
def citus_lab_of_module(citus: Server) -> Iterator[Lab]:
    lab = Lab.make(citus)
    yield lab
    lab.drop()


@pytest.fixture
def citus_lab(citus_lab_of_module: Lab) -> Iterator[Lab]:
    """The same on Citus, where a database takes seconds to make: one a file, emptied."""
    citus_lab_of_module.empty()
    yield citus_lab_of_module
    citus_lab_of_module.close()


@pytest.fixture
def lab(request: pytest.FixtureRequest, server: Server, own_session: bool) -> Iterator[Lab]:
    """As plain_lab or citus_lab: on each kind of server in turn."""
    if server.is_citus:
        yield request.getfixturevalue("citus_lab")
        return
    with fresh_lab(server, own_session) as lab:
        yield lab


@pytest.fixture
def tdigest() -> None:
    """Skips the test where the server does not offer the tdigest extension."""
    if not find_binaries().has_library("tdigest"):
        pytest.skip("tdigest is not installed")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, where it and playwright are installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as run:
        browser = run.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


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
