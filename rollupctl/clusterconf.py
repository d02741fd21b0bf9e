"""The settings of the embedded PostgreSQL, and the reason in its log if it does not start."""

from __future__ import annotations

import os
import random
import re
import socket
from collections.abc import Iterator

from rollupctl.pgbinaries import Binaries

# Below the range that Linux uses for outgoing connections, above the usual servers.
_PORTS = range(20000, 32000)
_HEADER = """\
# Written by `rollupctl up`, every time. Settings of your own belong into postgresql.conf, below the
# line that includes this file, or into ALTER SYSTEM.
"""
_LINE = re.compile(r"^.*?\b(PANIC|FATAL|ERROR|LOG):\s+(.*?)\s*$", re.M)


def server_settings(
    binaries: Binaries, port: int, socket_dir: str, database: str, preload: list[str] | None
) -> dict[str, str]:
    """The settings of a small private server that listens on `port` and in `socket_dir`.

    `preload` None means citus and pg_cron, if installed.
    """
    if preload is None:
        preload = [name for name in ("citus", "pg_cron") if binaries.has_library(name)]
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": '"{}"'.format(socket_dir.replace('"', '""')),
        "unix_socket_permissions": "0700",
        "cluster_name": "rollupctl",
        "shared_preload_libraries": ",".join(preload),
        "timezone": "UTC",
        "log_timezone": "UTC",
        "shared_buffers": f"{shared_buffers()}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        # Short analytic statements: JIT compilation takes longer than running them.
        "jit": "off",
        # A partitioned table consists of many tables, on Citus multiplied by its shards.
        "max_locks_per_transaction": "256",
        # Two for each connection, as Citus recommends for its two-phase commits.
        "max_prepared_transactions": "200",
        "max_worker_processes": "16",
        "log_line_prefix": "%m [%p] %q%u@%d %a ",
        "log_checkpoints": "off",
    }
    if "pg_cron" in preload:
        # pg_cron connects like any client; over the private socket it needs no password. It records
        # every run in cron.job_run_details, so the log need not contain it too.
        settings |= {
            "cron.database_name": database,
            "cron.host": socket_dir,
            "cron.log_statement": "off",
        }
    if "citus" in preload:
        # Nodes connect over 127.0.0.1 only. With the default, `require`, creating the extension
        # would enable TLS.
        settings["citus.node_conninfo"] = "sslmode=prefer"
    return settings


def shared_buffers() -> int:
    """MB for `shared_buffers`: a quarter of the machine's memory, as the manual recommends, up to 1
    GB.

    Data that dashboards read repeatedly should be cached. The memory is allocated as it is used.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024**2
    return max(128, min(memory // 4, 1024))


def render_settings(settings: dict[str, str]) -> str:
    """`settings` in the form of a configuration file."""
    lines = (f"{name} = {_quoted(value)}\n" for name, value in settings.items())
    return _HEADER + "".join(lines)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def free_ports(remembered: int | None, tries: int = 20) -> Iterator[int]:
    """Free TCP ports of 127.0.0.1: the `remembered` port of the last start first, then others.

    Nothing reserves a port until the server starts, so the caller tries the next one if the server
    finds it taken.
    """
    for number in range(tries):
        port = random.choice(_PORTS)
        if number == 0 and remembered is not None:
            port = remembered
        if _is_free(port):
            yield port


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Like the server: a port whose last connections are in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def reason(log: str) -> str:
    """The line of `log` (since a failed start) that best describes the reason, shortened."""
    said = _LINE.findall(log)
    for level in ("PANIC", "FATAL", "ERROR"):
        at = [number for number, (found, _) in enumerate(said) if found == level]
        if at:
            # An error in a configuration file is in the preceding line.
            unhelpful = said[at[-1]][1].endswith("contains errors") and at[-1] > 0
            return said[at[-1] - 1][1] if unhelpful else f"{level}: {said[at[-1]][1]}"
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
