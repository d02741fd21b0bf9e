"""The embedded PostgreSQL: a private cluster in a directory of its own.

It shares nothing with the system's clusters: it has its own data directory, a free TCP port of
127.0.0.1, and a socket in a directory that only its owner (and root) can enter. The socket
therefore needs no password; TCP requires one.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from rollupctl.clusterconf import free_ports, reason, render_settings, server_settings
from rollupctl.clusterdb import complete
from rollupctl.clusterhome import Home, default_home, last_line
from rollupctl.errors import ClusterError
from rollupctl.pgbinaries import Binaries, find_binaries
from rollupctl.postmaster import PID_FILE, Postmaster, clear_leftovers

# Not the name of the package's schema, which "$user" would then put first in search_path.
ROLE = "rollupctl"
# Seconds that a server may take to restart after one of its processes crashed.
RESTART = 15.0
# Bytes. A log larger than this is renamed at the next start; one older log is kept.
LARGEST_LOG = 16 * 1024 * 1024


@dataclass
class Cluster:
    """A private PostgreSQL cluster in the directory `home`.

    `settings` override the default server settings; `preload` lists the libraries to preload (by
    default citus and pg_cron, if installed). `trust_tcp` lets any user of this machine connect over
    TCP without a password; it is meant for tests and fixed when the cluster is created.
    `start_timeout` is in seconds, and long because a server may have to recover first.

    Every method raises ClusterError, with a message and a hint, for problems that the user can
    solve.
    """

    home: Path
    database: str = "rollup"
    settings: dict[str, str] = field(default_factory=dict)
    preload: list[str] | None = None
    trust_tcp: bool = False
    start_timeout: float = 300.0

    def __post_init__(self) -> None:
        self.home = Path(self.home).expanduser().absolute()
        self._home = Home(self.home)

    @classmethod
    def default(cls) -> Cluster:
        """The cluster in the default home: ROLLUPCTL_HOME, or a directory of this user."""
        return cls(default_home())

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.home / "log" / "postgresql.log"

    @property
    def password_file(self) -> Path:
        """The file with the password of the role `rollupctl` over TCP; its owner can read it."""
        return self.home / "password"

    def up(self) -> bool:
        """Create the cluster if necessary, start it, and wait until it accepts connections.

        Returns whether this call started it; False if it was running already. Safe to call
        repeatedly, from two processes at once, and after a crash.
        """
        with self._home.make():
            started = False
            if self._serving() is None:
                binaries = self._binaries()
                if not self._home.has_cluster():
                    self._initialise(binaries)
                self._start(binaries)
                started = True
            self._complete()
            return started

    def down(self) -> bool:
        """Stop the server; open transactions are rolled back. Returns whether it was running."""
        if not self._home.has_cluster():
            return False
        with self._home.lock():
            postmaster = self._home.postmaster()
            if postmaster is None:
                clear_leftovers(self.data)
                return False
            command = [self._binaries().program("pg_ctl"), "stop", "-s", "-w", "-D", str(self.data)]
            for how in (["-m", "fast", "-t", "60"], ["-m", "immediate", "-t", "30"]):
                done = self._home.run(command + how)
                if self._home.postmaster() is None:
                    return True
            raise ClusterError(
                f"the embedded PostgreSQL (process {postmaster.pid}) does not stop: "
                f"{last_line(done.stderr)}",
                f"see its log: {self.log}",
            )

    def is_running(self) -> bool:
        """Whether a server is running, or still starting, on the data directory."""
        return self._home.has_cluster() and self._home.postmaster() is not None

    def dsn_if_running(self) -> str | None:
        """The conninfo string of the cluster if it is running, else None."""
        if not self._home.has_cluster():
            return None
        postmaster = self._home.postmaster()
        if postmaster is None or postmaster.stopping or not postmaster.listening:
            return None
        return self._dsn(postmaster)

    def dsn(self, *, tcp: bool = False) -> str:
        """The conninfo string of the running cluster in libpq's keyword form, without a password.

        Connects over the private socket; with `tcp` over 127.0.0.1, with the name of the password
        file.
        """
        postmaster = self._home.postmaster() if self._home.has_cluster() else None
        if postmaster is None or not postmaster.listening:
            hint = "start it with `rollupctl up`"
            raise ClusterError("the embedded PostgreSQL is not running", hint)
        return self._dsn(postmaster, tcp=tcp)

    def _dsn(self, postmaster: Postmaster, *, tcp: bool = False) -> str:
        where = {"host": postmaster.socket_dir}
        if tcp:
            where = {"host": "127.0.0.1", "passfile": str(self.home / "pgpass")}
        port = str(postmaster.port)
        return make_conninfo(**where, port=port, dbname=self.database, user=ROLE)

    def _binaries(self) -> Binaries:
        """The server programs: of the version that created the data directory, if it exists."""
        if not self._home.has_cluster():
            return find_binaries()
        return find_binaries(int((self.data / "PG_VERSION").read_text()))

    def _serving(self) -> Postmaster | None:
        """The server that is running or starting; waits for one that is shutting down."""
        until = time.monotonic() + self.start_timeout
        postmaster = self._home.postmaster()
        while postmaster is not None and postmaster.stopping and time.monotonic() < until:
            time.sleep(0.05)
            postmaster = self._home.postmaster()
        return postmaster

    def _initialise(self, binaries: Binaries) -> None:
        """Create the data directory, under a temporary name until it is complete."""
        problem = "cannot make the data directory"
        new = self.home / "data.new"
        self._home.must(["rm", "-rf", str(new)], problem)
        password = secrets.token_urlsafe(24)
        self._home.write(self.password_file, f"{password}\n")
        lines = (f"{host}:*:*:{ROLE}:{password}\n" for host in ("127.0.0.1", "localhost"))
        self._home.write(self.home / "pgpass", "".join(lines))
        command = [binaries.program("initdb"), "-D", str(new), "-U", ROLE, "--data-checksums"]
        command += ["--encoding=UTF8", f"--pwfile={self.password_file}", "--auth-local=trust"]
        command += ["--auth-host=" + ("trust" if self.trust_tcp else "scram-sha-256")]
        if self._home.run([*command, "--locale=C.UTF-8"]).returncode != 0:
            self._home.must(["rm", "-rf", str(new)], problem)
            self._home.must([*command, "--locale=C"], problem)
        # Before the first start, so that pg_cron finds its database and logs no error.
        single = [binaries.program("postgres"), "--single", "-D", str(new), "postgres"]
        create = sql.SQL("create database {}\n").format(sql.Identifier(self.database))
        self._home.must(single, "cannot make the database", create.as_string())
        script = 'echo "include \'rollupctl.conf\'" >> "$1/postgresql.conf" && mv "$1" "$2"'
        self._home.must(["sh", "-c", script, "sh", str(new), str(self.data)], problem)

    def _start(self, binaries: Binaries) -> None:
        """Start the server, with another port if the chosen one turns out to be taken."""
        clear_leftovers(self.data)
        state = self._state()
        socket_dir = self._home.socket_dir(state.get("socket_dir"))
        # Lock files of processes that have ended. The server detects that by itself, except if the
        # process id was reused, or belongs to a zombie that is never reaped, as in a container
        # without an init.
        script = 'rm -f "$1" "$2"/.s.PGSQL.*'
        self._home.run(["sh", "-c", script, "sh", str(self.data / PID_FILE), socket_dir])
        self._rotate_log()
        until = time.monotonic() + self.start_timeout
        said = ""
        for port in free_ports(state.get("port")):
            conf = server_settings(binaries, port, socket_dir, self.database, self.preload)
            self._home.write(self.data / "rollupctl.conf", render_settings(conf | self.settings))
            state = {"port": port, "socket_dir": socket_dir}
            self._home.write(self.home / "state.json", json.dumps(state) + "\n")
            begin = self.log.stat().st_size if self.log.exists() else 0
            command = [binaries.program("pg_ctl"), "start", "-s", "-w", "-l", str(self.log)]
            command += ["-D", str(self.data), "-t", str(int(self.start_timeout))]
            done = self._home.launch(command)
            if done.returncode == 0 or self._home.postmaster() is not None:
                return
            said = self._log_from(begin) or done.stderr
            if "is still in use" in said:
                clear_leftovers(self.data)
            elif "Address already in use" not in said or time.monotonic() > until:
                break
        raise ClusterError(
            f"the embedded PostgreSQL did not start: {reason(said)}", f"see its log: {self.log}"
        )

    def _await_ready(self) -> Postmaster:
        """Wait for a server that was started and may still be recovering."""
        until = time.monotonic() + self.start_timeout
        while time.monotonic() < until:
            postmaster = self._home.postmaster()
            if postmaster is None or postmaster.ready:
                break
            time.sleep(0.05)
        if postmaster is not None and postmaster.ready:
            return postmaster
        raise ClusterError(
            "the embedded PostgreSQL does not accept connections", f"see its log: {self.log}"
        )

    def _complete(self) -> None:
        """Set up the database; wait for a server that restarts itself meanwhile."""
        until = time.monotonic() + RESTART
        while True:
            postmaster = self._await_ready()
            try:
                return complete(self._dsn(postmaster), postmaster)
            except psycopg.Error as error:
                lost = isinstance(error, psycopg.OperationalError) and time.monotonic() < until
                if not lost:
                    said = " ".join((error.diag.message_primary or str(error)).split())
                    hint = f"see its log: {self.log}"
                    raise ClusterError(
                        f"the embedded PostgreSQL is up, but: {said}", hint
                    ) from error
            time.sleep(0.2)

    def _state(self) -> dict[str, Any]:
        """The port and the socket directory of the last start; empty when there was none."""
        with contextlib.suppress(OSError, ValueError):
            state = json.loads((self.home / "state.json").read_text())
            return state if isinstance(state, dict) else {}
        return {}

    def _log_from(self, begin: int) -> str:
        """The server's log from byte `begin` on."""
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            log.seek(begin)
            return log.read().decode(errors="replace")
        return ""

    def _rotate_log(self) -> None:
        with contextlib.suppress(OSError):
            if self.log.stat().st_size > LARGEST_LOG:
                self._home.run(["mv", "-f", str(self.log), f"{self.log}.1"])
