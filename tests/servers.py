"""The servers that the suite runs against, and how a test gets a database of its own on one.

A server is one node (plain PostgreSQL) or three (a Citus coordinator and two workers). A fresh
database is a copy of a template with everything installed; on Citus the template is copied on all
three nodes, whose catalogs only know each other by host and port.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from rollupctl.cluster import Cluster
from rollupctl.pgbinaries import find_binaries
from rollupctl.postmaster import clear_leftovers, find_postmaster
from tests.warm_start import LIMIT, WarmStart

ROOT = Path(__file__).resolve().parent.parent
GIVEN = os.environ.get("ROLLUP_TEST_DSN")
EMPTY = "template_empty"
INSTALLED = "template_installed"
BARE = "template_bare"  # the engine without the example application; a schema "lab"
ANALYTICS = "template_analytics"
SERVING = "template_serving"  # what `rollupctl serve` makes in a database
# Bytes that must be free to keep the files of servers in memory; two workers with Citus need less
# than a third of them.
ROOM = 8 * 1024**3
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "max_wal_size": "128MB",
    "shared_buffers": "128MB",
}


@dataclass
class Begun:
    """What a test has begun with: what the last call answered, and a database to copy, if kept."""

    said: str
    database: str | None = None


@dataclass
class Server:
    """One PostgreSQL, or a Citus cluster whose first node is the coordinator."""

    name: str
    nodes: list[str]
    logs: list[Path] = field(default_factory=list)
    clusters: list[Cluster] = field(default_factory=list)
    owner: str | None = None  # of databases, if not the superuser
    begun: dict[tuple[str, ...], Begun] = field(default_factory=dict)  # of Lab
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _made: set[str] = field(default_factory=set)
    _admins: dict[int, psycopg.Connection] = field(default_factory=dict)

    @property
    def is_citus(self) -> bool:
        return len(self.nodes) > 1

    def dsn(self, database: str, node: int = 0) -> str:
        """Conninfo for tests of a database on one node; 0 is the coordinator."""
        return self.superuser_dsn(database, node)

    def superuser_dsn(self, database: str, node: int = 0) -> str:
        """Conninfo of the same database for a superuser."""
        return make_conninfo(self.nodes[node], dbname=database)

    def connect(
        self, database: str, node: int = 0, *, own_session: bool = False, **options: Any
    ) -> psycopg.Connection[Any]:
        """A connection of a test, which closes it.

        With `own_session` it keeps what a pooler does not: settings, temporary tables, its process.
        """
        return psycopg.connect(self.dsn(database, node), **options)

    def admin(self, node: int = 0) -> psycopg.Connection:
        """A superuser's connection that the caller closes."""
        return psycopg.connect(self.superuser_dsn("postgres", node), autocommit=True)

    def on_nodes(self, statement: str, database: str = "postgres") -> None:
        for node in range(len(self.nodes)):
            with psycopg.connect(self.superuser_dsn(database, node), autocommit=True) as connection:
                connection.execute(statement.encode())

    def database(self, template: str = INSTALLED, name: str | None = None) -> str:
        """Make a database: a copy of a template, on every node. Returns its name."""
        self._make_template(template)
        return self.copy_of(template, name)

    def copy_of(self, database: str, name: str | None = None) -> str:
        """Make a copy of a database that nobody is using, on every node. Returns its name."""
        if name is None:
            name = f"test_{os.getpid()}_{next(self._numbers)}"
        else:
            self.drop(name)
        self._copy(database, name)
        return name

    def drop(self, database: str) -> None:
        drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
        for node in reversed(range(len(self.nodes))):
            self._end_sessions(node, database)
            self._administer(node, drop)

    def cron_name(self) -> str | None:
        """Name of the one database that pg_cron works in; None without pg_cron."""
        with self.admin() as connection:
            row = connection.execute("select current_setting('cron.database_name', true)")
            (name,) = next(iter(row))
            return None if name is None else str(name)

    def prepared(self, database: str) -> list[list[str]]:
        """The names of the transactions that are prepared in a database, for each node."""
        query = sql.SQL("select gid from pg_prepared_xacts where database = {}").format(database)
        return [
            [gid for (gid,) in self._administer(node, query)] for node in range(len(self.nodes))
        ]

    @contextlib.contextmanager
    def cron_database(self, template: str = INSTALLED, *, awake: bool = False) -> Iterator[str]:
        """Conninfo of a fresh database in pg_cron's place; an empty one takes it afterwards.

        Before version 1.5 pg_cron goes to sleep for good when its database is dropped; `awake`
        restarts the server, so that it runs jobs. Skips the test where pg_cron is missing.
        """
        name = self.cron_name()
        if name is None or not self.clusters:
            pytest.skip("pg_cron is not installed, or its database is not for tests")
        try:
            self.database(template, name)
            if awake:
                self.clusters[0].down()
                self.clusters[0].up()
            yield self.dsn(name)
        finally:
            self.database(EMPTY, name)

    def discard(self) -> None:
        """Close kept connections, stop the clusters and remove their files."""
        for connection in self._admins.values():
            connection.close()
        for cluster in self.clusters:
            discard(cluster)

    def _administer(self, node: int, statement: sql.Composed) -> psycopg.Cursor:
        """Execute a statement over a connection that is kept for the next one.

        A connection that was lost, because a test restarted the server, is replaced.
        """
        alive = False
        if node in self._admins:
            with contextlib.suppress(psycopg.OperationalError):
                self._admins[node].execute("select")
                alive = True
        if not alive:
            if node in self._admins:
                self._admins[node].close()
            self._admins[node] = self.admin(node)
        return self._admins[node].execute(statement)

    def _end_sessions(self, node: int, database: str) -> None:
        """End all sessions in a database, and wait until they have ended.

        CREATE and DROP DATABASE wait for sessions, too, also for those that a test has just
        closed, but they check only every 100 ms.
        """
        end = sql.SQL("select pg_terminate_backend(pid) from pg_stat_activity where datname = {}")
        deadline = time.monotonic() + 5
        while self._administer(node, end.format(database)).rowcount:
            if time.monotonic() > deadline:
                break
            time.sleep(0.002)

    def _copy(self, template: str, name: str) -> None:
        # The other strategy writes the whole database to the write-ahead log.
        owner = sql.Identifier(self.owner) if self.owner else sql.SQL("default")
        copy = sql.SQL("create database {} template {} owner {} strategy file_copy").format(
            sql.Identifier(name), sql.Identifier(template), owner
        )
        # A copy does not inherit what ALTER DATABASE … SET said.
        inherit = sql.SQL(
            "insert into pg_db_role_setting select new.oid, setrole, setconfig"
            " from pg_db_role_setting join pg_database old on old.oid = setdatabase"
            " join pg_database new on new.datname = {} where old.datname = {}"
        ).format(name, template)
        for node in range(len(self.nodes)):
            # Citus keeps a maintenance daemon in every database it knows, and other nodes
            # keep connections to it: both may come back between the two statements.
            for last in (*[False] * 20, True):
                self._end_sessions(node, template)
                try:
                    self._administer(node, copy)
                    break
                except psycopg.errors.ObjectInUse:
                    if last:
                        raise
            self._administer(node, inherit)

    def _make_template(self, template: str) -> None:
        if template in self._made:
            return
        self.drop(template)
        if template == EMPTY:
            self.create_empty(EMPTY)
        elif template == SERVING:
            self._make_template(INSTALLED)
            self._copy(INSTALLED, template)
            self._prepare_serving(template)
        elif template == BARE:
            self._make_template(INSTALLED)
            self._copy(INSTALLED, template)
            with self.connect(template, own_session=True, autocommit=True) as db:
                empty(db)
                db.execute("drop table public.events")
        else:
            self._make_template(EMPTY)
            self._copy(EMPTY, template)
            options = ["--analytics", "--serve"] if template == ANALYTICS else []
            done = rollupctl(self.dsn(template), "install", *options)
            assert done.returncode == 0, done.stderr
            with self.connect(template, autocommit=True) as db:
                self.complete_source(db, "public.events")
        self._made.add(template)

    def create_empty(self, name: str) -> None:
        """Make a database that is no copy; on Citus, with the extension and the nodes."""
        for node in range(len(self.nodes)):
            with self.admin(node) as connection:
                connection.execute(f"create database {name} template template0".encode())
        if self.is_citus:
            self.on_nodes("create extension citus", name)
            self._join_nodes(name)

    def _prepare_serving(self, database: str) -> None:
        done = rollupctl(self.dsn(database), "install", "--serve", "--sites")
        assert done.returncode == 0, done.stderr
        with self.connect(database, autocommit=True) as db:
            for (name,) in db.execute("select name from rollup_serve.wanted_rollups()").fetchall():
                db.execute("select rollup_serve.declare_rollup(%s)", [name])

    def complete_source(self, db: psycopg.Connection[Any], table: str) -> None:
        """Give a table of events what the server requires before its rows may be deleted."""

    def _join_nodes(self, database: str) -> None:
        places = [conninfo_to_dict(dsn) for dsn in self.nodes]
        with psycopg.connect(self.dsn(database), autocommit=True) as coordinator:
            coordinator.execute(
                "select citus_set_coordinator_host('localhost', %s)", [int(str(places[0]["port"]))]
            )
            for place in places[1:]:
                coordinator.execute(
                    "select citus_add_node('localhost', %s)", [int(str(place["port"]))]
                )


def empty(db: psycopg.Connection[Any]) -> None:
    """Remove all rollups, and what is in the schema "lab"."""
    db.execute("set client_min_messages to warning")
    db.execute("select rollup.drop_rollup(name, true) from rollup.rollups")
    db.execute("delete from rollup_internal.erasures")
    db.execute("drop schema if exists lab cascade")
    db.execute("create schema lab")


def command_environment(dsn: str | None) -> dict[str, str]:
    """The caller's variables without those that name a server, plus ROLLUPCTL_DSN for `dsn`."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "ROLLUPCTL_DSN"))}
    environment.pop("DATABASE_URL", None)
    return environment if dsn is None else environment | {"ROLLUPCTL_DSN": dsn}


@functools.cache
def warm_start() -> WarmStart:
    """The process that runs of this session are forked from."""
    started = WarmStart()
    atexit.register(started.close)
    return started


def warm_path() -> str:
    """The variable PATH of a user, with a `rollupctl` that starts in a tenth of the time."""
    ours = (str(warm_start().program.parent), str(Path(sys.executable).parent))
    return os.pathsep.join((*ours, os.environ["PATH"]))


def rollupctl(
    dsn: str | None, *args: str, stdin: str | bytes | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, as a user would."""
    environment = command_environment(dsn) | (env or {})
    given = stdin.encode() if isinstance(stdin, str) else stdin or b""
    if any(name.startswith("PYTHON") for name in env or {}):  # the interpreter reads it
        done = subprocess.run(
            [sys.executable, "-m", "rollupctl", *args],
            input=given,
            capture_output=True,
            env=environment,
            timeout=LIMIT,
            check=False,
        )
    else:
        done = warm_start().run(list(args), environment, given)
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def start_rollupctl(
    dsn: str,
    *args: str,
    stdin: int = subprocess.DEVNULL,
    output: int = subprocess.PIPE,
    environment: dict[str, str] | None = None,
    forked: bool = True,
) -> subprocess.Popen[bytes]:
    """Start the command line while the test goes on; SIGINT interrupts it as Ctrl-C would.

    A `forked` one has another process beside it, which stands for it and passes signals on. Killed,
    it has ended when its output has been read to the end.

    A shell starts background commands with SIGINT ignored, and children inherit that. A signal
    with a handler, however, has its default action again in a child.
    """
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        program = [str(warm_start().program)] if forked else [sys.executable, "-m", "rollupctl"]
        return subprocess.Popen(
            [*program, *args],
            stdin=stdin,
            stdout=output,
            stderr=output,
            env=command_environment(dsn) | (environment or {}),
        )
    finally:
        signal.signal(signal.SIGINT, inherited)


def place_for_servers() -> Path:
    """The directory for the files of servers: in memory if there is enough, otherwise /tmp.

    On some disks the suite spends most of its time creating and removing the files of databases.
    """
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= ROOM:
        return memory
    return Path("/tmp")


def private_cluster(settings: dict[str, str], preload: list[str], trust_tcp: bool) -> Cluster:
    """A cluster in a short-named directory that an unprivileged server user can reach."""
    home = Path(tempfile.mkdtemp(prefix="rollup-", dir=place_for_servers()))
    home.chmod(0o755)
    cluster = Cluster(
        home / "pg", settings=SETTINGS | settings, preload=preload, trust_tcp=trust_tcp
    )
    cluster.up()
    return cluster


@contextlib.contextmanager
def without_extension(name: str) -> Iterator[None]:
    """Servers that are started meanwhile offer all extensions of this installation but one.

    PostgreSQL finds its files relative to its program, so a copy of the programs beside links to
    the other files is an installation of its own.
    """
    found = find_binaries()
    places = {
        option: Path(
            subprocess.check_output([found.program("pg_config"), option], text=True).strip()
        )
        for option in ("--bindir", "--sharedir", "--pkglibdir")
    }
    common = os.path.commonpath(places.values())
    root = Path(tempfile.mkdtemp(prefix="rollup-programs-", dir="/tmp"))
    root.chmod(0o755)
    bindir, share, libraries = (root / place.relative_to(common) for place in places.values())
    before = os.environ.get("ROLLUPCTL_PG_BINDIR")
    try:
        bindir.mkdir(parents=True)
        for program in ("initdb", "pg_config", "pg_ctl", "postgres"):
            shutil.copy2(places["--bindir"] / program, bindir)
        libraries.symlink_to(places["--pkglibdir"])
        (share / "extension").mkdir(parents=True)
        for path in [*places["--sharedir"].iterdir(), *places["--sharedir"].glob("extension/*")]:
            if path.name != "extension" and not path.name.startswith((f"{name}.", f"{name}--")):
                (share / path.relative_to(places["--sharedir"])).symlink_to(path)
        os.environ["ROLLUPCTL_PG_BINDIR"] = str(bindir)
        yield
    finally:
        if before is None:
            del os.environ["ROLLUPCTL_PG_BINDIR"]
        else:
            os.environ["ROLLUPCTL_PG_BINDIR"] = before
        shutil.rmtree(root, ignore_errors=True)


def discard(cluster: Cluster) -> None:
    """Stop a private cluster at once, without a checkpoint, and remove its directory."""
    postmaster = find_postmaster(cluster.data)
    if postmaster is not None:
        os.kill(postmaster.pid, signal.SIGQUIT)
        clear_leftovers(cluster.data)
    shutil.rmtree(cluster.home.parent, ignore_errors=True)


def citus_is_installed() -> bool:
    return find_binaries().has_library("citus")


needs_tdigest = pytest.mark.usefixtures("tdigest")  # skips where the server lacks it


@contextlib.contextmanager
def plain_server(own: bool = False) -> Iterator[Server]:
    """The embedded PostgreSQL, or the server that ROLLUP_TEST_DSN names.

    With `own` always the former: one that the caller may kill.
    """
    if GIVEN and not own:
        server = Server("plain", [GIVEN])
    else:
        preload = ["pg_cron"] if find_binaries().has_library("pg_cron") else []
        cluster = private_cluster({}, preload, trust_tcp=False)
        server = Server("plain", [cluster.dsn()], [cluster.log], [cluster])
    try:
        yield server
    finally:
        server.discard()


@contextlib.contextmanager
def citus_server(nodes: int = 3) -> Iterator[Server]:
    """A Citus coordinator and two workers on this machine, or another number of nodes."""
    settings = {
        "citus.shard_count": "4",
        "citus.recover_2pc_interval": "-1",
        "max_connections": "150",
    }
    server = Server("citus", [])
    try:
        for _ in range(nodes):
            cluster = private_cluster(settings, ["citus", "pg_cron"], trust_tcp=True)
            server.clusters.append(cluster)
            server.nodes.append(make_conninfo(cluster.dsn(tcp=True), host="localhost"))
            server.logs.append(cluster.log)
        yield server
    finally:
        server.discard()
