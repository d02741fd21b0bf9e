"""What the tasks of the DAG do: each calls rollupctl once, and fails with what it said."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

DEFERRED = 4


class DeferredError(Exception):
    """Another session is still writing; nothing was counted, and a later try may count it."""


def rollupctl(*args: str, dsn: str | None = None) -> str:
    """Run a command. Returns what it printed; raises DeferredError or RuntimeError."""
    environment = os.environ | ({"ROLLUPCTL_DSN": dsn} if dsn else {})
    done = subprocess.run(
        ["rollupctl", *args], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode == DEFERRED:
        raise DeferredError(done.stderr.strip())
    if done.returncode != 0:
        raise RuntimeError(f"{done.stderr.strip()}\n{done.stdout}".strip())
    return done.stdout


def load(files: Sequence[str], dsn: str | None = None) -> str:
    """Load files. A task that is repeated loads nothing twice: the ledger knows each file."""
    return rollupctl("load", *files, dsn=dsn) if files else ""


def count(dsn: str | None = None) -> str:
    """Count until nothing is new."""
    return rollupctl("rollup", dsn=dsn)


def check(start: str, end: str, dsn: str | None = None) -> str:
    """Compare the rollups of a range of times with the events."""
    return rollupctl("verify", "--from", start, "--to", end, dsn=dsn)


def expire(dsn: str | None = None) -> str:
    """Remove what is older than its retention."""
    return rollupctl("expire", "--yes", dsn=dsn)
