"""Finding the PostgreSQL server programs (initdb, pg_ctl, postgres) to run a private cluster."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rollupctl.errors import ClusterError

OLDEST = 15
DEBIAN_VERSIONS = Path("/usr/lib/postgresql")
INSTALL_HINT = (
    "install the server (Debian, Ubuntu: apt-get install postgresql), "
    "or set ROLLUPCTL_PG_BINDIR to the directory that holds initdb and pg_ctl"
)


@dataclass(frozen=True)
class Binaries:
    """The server programs of an installed PostgreSQL: their directory and major version."""

    bindir: Path
    major: int

    def program(self, name: str) -> str:
        """The path of a program, as the first word of a command."""
        return str(self.bindir / name)

    def has_library(self, name: str) -> bool:
        """Whether the server could preload the shared library `name`, such as `pg_cron`."""
        said = _output(self.program("pg_config"), "--pkglibdir")
        libdir = Path(said) if said else self.bindir.parent / "lib"
        return any((libdir / f"{name}.{suffix}").exists() for suffix in ("so", "dylib"))


def find_binaries(major: int | None = None) -> Binaries:
    """The server programs to use: of version `major`, or the newest version found.

    If ROLLUPCTL_PG_BINDIR is set, no other directory is searched. Otherwise: Debian's versioned
    directories, the highest version first, then `pg_config --bindir`, then PATH. Raises
    ClusterError when there is no server, none of that version, or none new enough.
    """
    override = os.environ.get("ROLLUPCTL_PG_BINDIR")
    if override:
        binaries = _probe(Path(override))
        if binaries is None:
            raise ClusterError(
                f"ROLLUPCTL_PG_BINDIR: no initdb, pg_ctl and postgres that run in {override}",
                INSTALL_HINT,
            )
        found = [binaries]
    else:
        found = [b for b in map(_probe, _places()) if b is not None]
    if major is not None:
        fitting = [b for b in found if b.major == major]
        if not fitting:
            there = ", ".join(str(m) for m in sorted({b.major for b in found})) or "none"
            raise ClusterError(
                f"the data directory was made by PostgreSQL {major}, "
                f"and the server programs found here are of version: {there}",
                f"install PostgreSQL {major} again (Debian, Ubuntu: apt-get install "
                f"postgresql-{major}), or start a new cluster with another ROLLUPCTL_HOME",
            )
        return fitting[0]
    new_enough = [b for b in found if b.major >= OLDEST]
    if new_enough:
        return new_enough[0]
    if found:
        raise ClusterError(
            f"PostgreSQL {found[0].major} in {found[0].bindir} is too old: "
            f"version {OLDEST} or later is needed",
            INSTALL_HINT,
        )
    raise ClusterError("no PostgreSQL server is installed here", INSTALL_HINT)


def _places() -> Iterator[Path]:
    """Directories that may contain server programs, in order of preference."""
    versions = [d for d in DEBIAN_VERSIONS.glob("*/bin") if d.parent.name.isdigit()]
    yield from sorted(versions, key=lambda d: int(d.parent.name), reverse=True)
    said = _output("pg_config", "--bindir")
    if said:
        yield Path(said)
    in_path = shutil.which("pg_ctl")
    if in_path:
        yield Path(in_path).resolve().parent


def _probe(bindir: Path) -> Binaries | None:
    """The server in `bindir`, or None if a program is missing or does not run."""
    if not all(os.access(bindir / name, os.X_OK) for name in ("initdb", "pg_ctl", "postgres")):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", _output(str(bindir / "postgres"), "--version"))
    return Binaries(bindir, int(match[1])) if match else None


def _output(*command: str) -> str:
    """The output of `command`, stripped; empty if it cannot be run or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
