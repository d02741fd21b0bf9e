"""./run chaos: writers against rollups with kill -9, for as long as you like.

The exit code is 1 when a difference is found.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.pages import serve_storm
from tests.chaos.storm import Report, storm
from tests.servers import SERVING, Server, citus_is_installed, citus_server, plain_server


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (default 1)")
    parser.add_argument("--seed", type=int, default=None, help="repeats a run's choices")
    parser.add_argument("--server", choices=["plain", "citus"], default="plain")
    parser.add_argument(
        "--serve",
        action="store_true",
        help="kill rollupctl serve and its database, at 5,000 events a second with 50 streams",
    )
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.randrange(10**6)
    if given.server == "citus" and not citus_is_installed():
        print("citus is not installed", file=sys.stderr)
        return 2
    print(f"{given.minutes:g} minutes on {given.server}, --seed {seed}", flush=True)
    with citus_server() if given.server == "citus" else plain_server() as server:
        if not server.clusters:
            print("chaos kills servers: it only runs on its own", file=sys.stderr)
            return 2
        if given.serve:
            return _report(_serve(server, given.minutes * 60, seed))
        # pg_cron works from the database named like this.
        database = server.database(name="rollup")
        with server.admin() as admin:
            admin.execute("alter database rollup set rollup.max_wait = '2s'")
        _schedule(server.dsn(database))
        return _report(storm(server, database, given.minutes * 60, seed))


def _serve(server: Server, seconds: float, seed: int) -> Report:
    database = server.database(SERVING)
    with tempfile.TemporaryDirectory(prefix="rollup-chaos-") as spool:
        return serve_storm(server, database, seconds, Path(spool), rate=5_000, pages=50, seed=seed)


def _report(report: Report) -> int:
    for what, number in report.figures.items():
        print(f"{number:>10}  {what}")
    for wrong in report.wrong[:50]:
        print(f"DIFFERENCE: {wrong}")
    print("no difference found" if not report.wrong else f"{len(report.wrong)} differences")
    return 1 if report.wrong else 0


def _schedule(dsn: str) -> None:
    import psycopg

    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(
            "select current_setting('cron.database_name', true) = current_database()"
        ).fetchone()
        if row and row[0]:
            connection.execute("select rollup.schedule('1 minute')")


if __name__ == "__main__":
    sys.exit(main())
