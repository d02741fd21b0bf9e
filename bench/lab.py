"""The measured server, and the stopwatch."""

from __future__ import annotations

import compileall
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import click
import psycopg
from psycopg.conninfo import make_conninfo

from rollupctl import clusterhome
from rollupctl.cluster import Cluster
from rollupctl.connect import open_session
from rollupctl.files import project_root
from rollupctl.install import install

Connection = psycopg.Connection[tuple[Any, ...]]

# No background work may start during a measurement; all other settings are those of `rollupctl up`.
SETTINGS = {"autovacuum": "off", "checkpoint_timeout": "1h", "max_wal_size": "32GB"}


@dataclass(frozen=True)
class Lab:
    """A private server for the benchmarks, and the number of repetitions."""

    cluster: Cluster
    runs: int

    def dsn(self, database: str) -> str:
        return make_conninfo(self.cluster.dsn(), dbname=database)

    def connect(self, database: str) -> Connection:
        return psycopg.connect(self.dsn(database), autocommit=True)

    def make(self, database: str, partition_interval: str = "1 day") -> None:
        """Create a database with everything installed."""
        with self.connect("postgres") as admin:
            admin.execute(f"create database {database}".encode())
        self.install(database, partition_interval)

    def install(self, database: str, partition_interval: str = "1 day") -> None:
        with open_session(self.dsn(database), "the bench") as session:
            install(session, partition_interval=partition_interval)

    def copy(self, database: str, name: str) -> None:
        with self.connect("postgres") as admin:
            admin.execute(f"create database {name} template {database} strategy file_copy".encode())
        self.install(name)

    def drop(self, database: str) -> None:
        with self.connect("postgres") as admin:
            admin.execute(f"drop database {database}".encode())

    def value(self, database: str, query: str) -> Any:
        with self.connect(database) as db:
            row = db.execute(query.encode()).fetchone()
            assert row is not None
            return row[0]

    def seconds(self, database: str, *statements: str) -> float:
        """Duration of statements in a session of their own, including the connection."""
        with self.connect(database) as db:
            db.execute("checkpoint")
        began = time.perf_counter()
        with self.connect(database) as db:
            for statement in statements:
                db.execute(statement.encode())
        return time.perf_counter() - began

    def alternate(self, *variants: Callable[[], float]) -> list[float]:
        """The median seconds of each variant. They take turns, so that what else the machine does
        meanwhile falls on all of them; every other round goes backwards."""
        found: list[list[float]] = [[] for _ in variants]
        order = list(range(len(variants)))
        for number in range(self.runs):
            for index in order if number % 2 == 0 else reversed(order):
                found[index].append(variants[index]())
                say(".", end="")
        say("")
        return [median(each) for each in found]


@contextlib.contextmanager
def laboratory(runs: int, preload: Sequence[str] = (), *, trust_tcp: bool = False) -> Iterator[Lab]:
    # The embedded server keeps memory that others give back; what is shown must hold for others.
    clusterhome.KEEP_MEMORY.clear()
    # An installation has compiled modules, whatever the environment says of bytecode.
    compileall.compile_dir(str(project_root() / "rollupctl"), quiet=2)
    home = Path(tempfile.mkdtemp(prefix="rollup-bench-"))
    home.chmod(0o755)  # the server may run as another user
    cluster = Cluster(home / "pg", settings=SETTINGS, preload=list(preload), trust_tcp=trust_tcp)
    try:
        cluster.up()
        yield Lab(cluster, runs)
    finally:
        cluster.down()
        shutil.rmtree(home)


def run_child(command: list[str], dsn: str) -> tuple[float, float]:
    """Duration of a program in seconds, and its peak memory in MB."""
    environment = os.environ | {"ROLLUPCTL_DSN": dsn}
    began = time.perf_counter()
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise click.ClickException(f"{command[0]} exited with {child.returncode}")
    # Kilobytes on Linux, bytes on macOS.
    return seconds, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)


def say(text: str, end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)
