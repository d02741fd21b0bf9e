"""The home directory of the embedded PostgreSQL: its owner, and how it is written to.

The server refuses to run as root. If root calls, it runs as another user, who then owns everything
in the home directory. root itself never writes there, because the owner could have created a
symbolic link, but runs commands as that user.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from rollupctl.errors import ClusterError
from rollupctl.postmaster import Postmaster, find_postmaster

# A socket's path is limited to 107 bytes on Linux; "/.s.PGSQL.65535" takes 15 of them.
LONGEST_SOCKET_DIR = 107 - 15
# What may be in the directory while there is no complete cluster yet. `write` appends the suffix to
# the name of a file that is not complete.
_OURS = {"data", "data.new", "run", "log", "password", "pgpass", "state.json", "lost+found"}
_UNFINISHED = ".tmp"

# Bytes. An hll aggregate's state is 128 kB, exactly the threshold from which glibc returns memory
# to the system at once. A query over many groups would fault it in again for each group, and take
# several times as long.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 1024 * 1024),
}


def default_home() -> Path:
    """The default directory of the cluster."""
    named = os.environ.get("ROLLUPCTL_HOME")
    if named:
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/lib/rollupctl")
    data_home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data_home).expanduser() / "rollupctl"


def last_line(text: str) -> str:
    """The last line of a program's output that is not empty, or an empty string."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


@dataclass
class Home:
    """The directory `path` and the user that runs its server."""

    path: Path
    _lock: int | None = field(default=None, init=False, repr=False)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.path / "data"

    def has_cluster(self) -> bool:
        """Whether the data directory exists. Raises ClusterError if this user may not know."""
        try:
            (self.data / "PG_VERSION").stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except PermissionError as error:
            raise self.not_ours() from error
        return True

    def postmaster(self) -> Postmaster | None:
        """The server that runs here. Raises ClusterError if this user may not know."""
        try:
            return find_postmaster(self.data)
        except PermissionError as error:
            raise self.not_ours() from error

    def not_ours(self) -> ClusterError:
        """The error for a user without access to this cluster."""
        try:
            owner = pwd.getpwuid(self.path.stat().st_uid).pw_name
        except (OSError, KeyError):
            owner = "another user"
        return ClusterError(
            f"the embedded PostgreSQL in {self.path} belongs to {owner}",
            "run this as that user or as root, name a server with --dsn, "
            "or set ROLLUPCTL_HOME to a directory of your own",
        )

    @cached_property
    def account(self) -> pwd.struct_passwd | None:
        """The user to run the server as; None for the caller itself, who is not root."""
        if os.geteuid() != 0:
            return None
        with contextlib.suppress(OSError, KeyError):
            owner = self.path.stat().st_uid
            if owner != 0:
                return pwd.getpwuid(owner)
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise ClusterError(
            "PostgreSQL refuses to run as root, and there is no user postgres or nobody",
            "make one: useradd --system postgres",
        )

    def run(self, command: list[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `command` as the server's user, without the caller's PG* and locale variables.

        `command` inherits the lock if this process holds it. If this process is killed while
        `command` continues, the next holder of the lock waits for the end of `command`.
        """
        shared = () if self._lock is None else (self._lock,)
        return self._run(command, input=stdin, pass_fds=shared)

    def launch(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """`run` a command that starts a server.

        The server would inherit the lock and keep it as long as it runs. Therefore only a shell
        holds the lock while the command runs, as its standard input.
        """
        script = '"$@" </dev/null; exit $?'
        return self._run(["sh", "-c", script, "sh", *command], stdin=self._lock)

    def _run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
        env |= {"LC_ALL": "C", "PGPASSFILE": str(self.path / "pgpass")} | KEEP_MEMORY
        if self.account is not None:
            name = self.account.pw_name
            env |= {"HOME": str(self.path), "USER": name, "LOGNAME": name}
            options |= {"user": self.account.pw_uid, "group": self.account.pw_gid}
            options["extra_groups"] = []
        return subprocess.run(command, capture_output=True, text=True, env=env, cwd="/", **options)

    def must(self, command: list[str], problem: str, stdin: str = "") -> None:
        """`run` a command that must succeed. Raises ClusterError with `problem` and the command's
        output.
        """
        done = self.run(command, stdin)
        if done.returncode != 0:
            said = last_line(done.stderr) or f"{command[0]} exited with {done.returncode}"
            raise ClusterError(
                f"{problem}: {said}", f"look at the owner of {self.path} and the space there"
            )

    def write(self, path: Path, text: str) -> None:
        """Write `text` to `path` atomically, readable by the server's user only.

        The shell checks the size, because its input ends early if this process is killed.
        """
        script = 'umask 077 && cat > "$2" && [ "$(wc -c < "$2")" -eq "$3" ] && mv -f "$2" "$1"'
        size = str(len(text.encode()))
        command = ["sh", "-c", script, "sh", str(path), f"{path}{_UNFINISHED}", size]
        self.must(command, f"cannot write {path}", text)

    @contextlib.contextmanager
    def make(self) -> Iterator[None]:
        """Create the directory if necessary, `lock` it, and ensure that the server's user can work
        in it.

        The contents are examined only under the lock. Without it, files that another process is
        writing would look like files of another program.
        """
        # pg_ctl puts its arguments into a shell's command, between double quotes.
        if set(str(self.path)) & set('"$`\\\n'):
            raise ClusterError(
                f"{str(self.path)!r} has a character that a shell would take apart",
                "set ROLLUPCTL_HOME to a path of plain characters",
            )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise self._cannot_make(error) from error
        with self.lock():
            self._take_possession()
            yield

    def _take_possession(self) -> None:
        """Give the directory to the server's user, and ensure that this user can work in it."""
        account = self.account
        try:
            owner = self.path.stat().st_uid
            if account is None and owner != os.geteuid():
                raise self.not_ours()
            found = {p.name.removesuffix(_UNFINISHED) for p in self.path.iterdir()}
            if not found <= _OURS and not self.has_cluster():
                raise ClusterError(
                    f"{self.path} is not empty and holds no cluster of rollupctl",
                    "set ROLLUPCTL_HOME to a new or an empty directory",
                )
            if account is not None and owner == 0:
                os.chown(self.path, account.pw_uid, account.pw_gid, follow_symlinks=False)
        except OSError as error:
            raise self._cannot_make(error) from error
        script = 'umask 077 && cd "$1" && mkdir -p run log'
        done = self.run(["sh", "-c", script, "sh", str(self.path)])
        if done.returncode != 0:
            raise ClusterError(
                f"the server's user ({account.pw_name if account else 'this user'}) "
                f"cannot work in {self.path}: {last_line(done.stderr)}",
                "a directory above it shuts that user out, or the disk is read-only or full: "
                "set ROLLUPCTL_HOME to another place",
            )

    def _cannot_make(self, error: OSError) -> ClusterError:
        return ClusterError(
            f"cannot make {self.path}: {error.strerror}",
            "set ROLLUPCTL_HOME to a directory that this user can write to",
        )

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Let one process at a time start or stop the cluster.

        The lock ends with the process that took it and the commands that this process ran.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except PermissionError as error:
            raise self.not_ours() from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._lock = descriptor
            yield
        finally:
            self._lock = None
            os.close(descriptor)

    def socket_dir(self, remembered: str | None) -> str:
        """A directory for the server's socket that only its user (and root) can enter.

        In the home directory if the path is short enough for a socket; otherwise in the system's
        temporary directory, preferably the `remembered` one of the last start.
        """
        inside = str(self.path / "run")
        # libpq parses a comma as the end of a host's name.
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_DIR and "," not in inside:
            return inside
        if remembered:
            self.run(["mkdir", "-m", "700", remembered])
            uid = os.geteuid() if self.account is None else self.account.pw_uid
            with contextlib.suppress(OSError):
                status = os.lstat(remembered)
                mode = stat.S_IMODE(status.st_mode)
                if stat.S_ISDIR(status.st_mode) and status.st_uid == uid and mode == 0o700:
                    return remembered
        parent = tempfile.gettempdir()
        if len(os.fsencode(parent)) > LONGEST_SOCKET_DIR - 20 or "," in parent:
            parent = "/tmp"  # noqa: S108 - mktemp -d makes it safe
        done = self.run(["mktemp", "-d", f"{parent}/rollupctl-XXXXXX"])
        if done.returncode != 0:
            raise ClusterError(
                f"cannot make a directory for the socket: {last_line(done.stderr)}",
                "set ROLLUPCTL_HOME to a directory with a shorter path",
            )
        return done.stdout.strip()
