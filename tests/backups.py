"""Copies of a server: dumps, base backups, standbys, and servers recovered to a point in time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from rollupctl.cluster import ROLE, Cluster
from rollupctl.clusterconf import free_ports
from rollupctl.clusterhome import Home
from rollupctl.pgbinaries import find_binaries
from rollupctl.postmaster import clear_leftovers, find_postmaster
from tests.helpers import Connection, until, value
from tests.servers import Server, command_environment, private_cluster


def program(name: str) -> str:
    """The path of a program of the server's version."""
    return find_binaries().program(name)


def call(*command: str) -> str:
    """Run a program that must succeed. Returns what it printed."""
    done = subprocess.run(
        command, capture_output=True, text=True, env=command_environment(None), check=False
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def dump(dsn: str, file: Path, *options: str) -> Path:
    call(program("pg_dump"), "-Fc", "-f", str(file), *options, dsn)
    return file


def restore(file: Path, dsn: str, *options: str) -> None:
    call(program("pg_restore"), "--exit-on-error", *options, "-d", dsn, str(file))


@dataclass
class Copy:
    """A data directory beside that of `cluster`, with a server of its own."""

    cluster: Cluster
    data: Path
    port: int = field(default_factory=lambda: next(free_ports(None)))
    servers: list[Server] = field(default_factory=list)  # that were asked for

    @property
    def log(self) -> Path:
        return Path(f"{self.data}.log")

    def server(self) -> Server:
        socket = str(self.cluster.home / "run")
        dsn = make_conninfo(host=socket, port=str(self.port), dbname="rollup", user=ROLE)
        self.servers.append(Server("copy", [dsn], [self.log]))
        return self.servers[-1]

    def run(self, *command: str) -> None:
        done = Home(self.cluster.home).run([*command])
        assert done.returncode == 0, done.stderr

    def start(self, signal_file: str, **settings: str) -> None:
        """Start in recovery, with settings that win over those of the server it is a copy of."""
        settings = {"port": str(self.port), "archive_mode": "off"} | settings
        lines = "".join(f"{name} = '{setting}'\n" for name, setting in settings.items())
        Home(self.cluster.home).write(self.data / "copy.conf", lines)
        add = 'echo "include \'copy.conf\'" >> "$1/postgresql.conf" && touch "$1/$2"'
        self.run("sh", "-c", add, "sh", str(self.data), signal_file)
        command = [program("pg_ctl"), "start", "-s", "-w", "-D", str(self.data)]
        done = Home(self.cluster.home).launch([*command, "-l", str(self.log)])
        assert done.returncode == 0, done.stderr + self.log.read_text()

    def promote(self) -> None:
        self.run(program("pg_ctl"), "promote", "-s", "-w", "-D", str(self.data))


def kill_server(data: Path) -> None:
    """End a server as a power failure would."""
    postmaster = find_postmaster(data)
    if postmaster is not None:
        os.kill(postmaster.pid, signal.SIGQUIT)
        clear_leftovers(data)


@contextlib.contextmanager
def base_backup(cluster: Cluster, name: str, *options: str) -> Iterator[Copy]:
    """A copy of a running server's files, with the log that makes them consistent."""
    copy = Copy(cluster, cluster.home / name)
    command = [program("pg_basebackup"), "-D", str(copy.data), "-d", cluster.dsn(), "-c", "fast"]
    copy.run(*command, *options)
    try:
        yield copy
    finally:
        for server in copy.servers:
            server.discard()
        kill_server(copy.data)
        copy.run("rm", "-rf", str(copy.data))


@contextlib.contextmanager
def archiving_server() -> Iterator[Server]:
    """A server that keeps its write-ahead log in the directory `archive` of its home."""
    cluster = private_cluster(
        {
            "archive_mode": "on",
            "archive_command": 'mkdir -p ../archive && cp "%p" "../archive/%f"',
            "full_page_writes": "on",
        },
        [],
        trust_tcp=False,
    )
    server = Server("archiving", [cluster.dsn()], [cluster.log], [cluster])
    try:
        yield server
    finally:
        server.discard()


def until_replayed(primary: Connection, standby_dsn: str) -> None:
    """Wait until a standby has what the primary has written, committed or not."""
    primary.execute("select pg_switch_wal()")
    position = value(primary, "select pg_current_wal_flush_lsn()::text")
    with psycopg.connect(standby_dsn, autocommit=True) as standby:
        query = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"
        until(lambda: bool(value(standby, query, position)), "the standby has replayed")
