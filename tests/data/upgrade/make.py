"""Makes the fixture in this folder again: a database of rollup 0.1.0, as SQL.

Usage, with a checkout of 0.1.0 and from the project's folder:

    python -m tests.data.upgrade.make ../rollup-0.1.0

README.md says what the files hold.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from rollupctl.pgbinaries import find_binaries
from rollupctl.sqlscript import read_script
from tests.servers import discard, private_cluster

HERE = Path(__file__).parent
CSV = "customer_id,event_type,country,browser,device_id,session_id\n1,view,de,firefox,1,1\n"


def parts() -> dict[str, list[str]]:
    """The statements of state.sql, by the part that they belong to."""
    state = HERE / "state.sql"
    found: dict[str, list[str]] = {}
    begins = {
        number: line.removeprefix("-- part: ")
        for number, line in enumerate(state.read_text().splitlines(), 1)
        if line.startswith("-- part: ")
    }
    for statement in read_script(state):
        part = begins[max(number for number in begins if number < statement.line)]
        found.setdefault(part, []).append(statement.text)
    return found


def without_topn(checkout: Path, folder: Path) -> Path:
    """A copy of 0.1.0 that leaves the topn extension out, so that its stand-ins are used."""
    copy = folder / "rollup-0.1.0"
    shutil.copytree(checkout, copy, ignore=shutil.ignore_patterns(".*"))
    schema = copy / "sql" / "schema.sql"
    text = schema.read_text()
    assert "create extension topn schema public;" in text
    schema.write_text(text.replace("create extension topn schema public;", "null;"))
    return copy


def run(old: Path, dsn: str, *args: str, expect: int = 0) -> None:
    """Run the command line of 0.1.0."""
    command = [sys.executable, "-m", "rollupctl", *args, "--dsn", dsn]
    done = subprocess.run(command, cwd=old, check=False)
    assert done.returncode == expect, args


def build(dsn: str, old: Path) -> None:
    """Bring an empty database to the state that the fixture holds."""

    def load(name: str, rows: int) -> None:
        (old / name).write_text(CSV + "2,order,fr,opera,2,2\n" * rows)
        run(old, dsn, "load", name)

    run(old, dsn, "install", "--example", "sales")
    steps = parts()
    with psycopg.connect(dsn, autocommit=True) as db:

        def do(name: str) -> None:
            for statement in steps[name]:
                db.execute(statement.encode())

        db.execute((HERE / "roles.sql").read_bytes())
        do("declare")
        do("events")
        load("monday.csv", 3)
        run(old, dsn, "rollup")
        do("more")
        load("tuesday.csv", 5)
        # An order of nothing makes a run fail: the rollup "prices" divides by the amount.
        db.execute(
            "insert into shop.orders (ordered_at, customer_id, amount, price)"
            " values ('2024-04-09 12:00Z', 1, 0, 1)"
        )
        run(old, dsn, "rollup", expect=1)
        db.execute("update shop.orders set amount = 1 where amount = 0")
        do("alter")
        # An open writer defers the runs of its source.
        with psycopg.connect(dsn) as writer:
            writer.execute("insert into events (customer_id) values (1)")
            db.execute("set rollup.max_wait = '10ms'")
            try:
                db.execute("call rollup.run_all(1000)")
            except psycopg.errors.LockNotAvailable:
                pass
            else:
                raise AssertionError("no run was put off")
            writer.rollback()
        do("uncounted")
        do("grants")
        do("views")


def dump(dsn: str) -> str:
    """The database as SQL for any server of that version or later, and for drivers without psql."""
    program = find_binaries().program("pg_dump")
    command = [program, "--no-owner", "--inserts", "--rows-per-insert=50", "--dbname", dsn]
    # pg_partman keeps its settings in other forms from version to version; settings.sql has them.
    command += ["--exclude-table-data=partman.*", "--exclude-schema=cron"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # psql's alone, and of servers that are newer or older than the one that restores.
    text = re.sub(
        r"^\\(un)?restrict .*\n|^SET (default_table_access_method|transaction_timeout).*\n",
        "",
        text,
        flags=re.M,
    )
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"^--.*\n", "", text, flags=re.M)).strip() + "\n"


def jobs(dsn: str) -> str:
    """Statements that make the jobs which rollup.schedule made."""
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute("select rollup.schedule('5 minutes')")
        made = db.execute(
            "select format('select cron.schedule(%L, %L, %L);', jobname, schedule, command)"
            " from cron.job order by jobid"
        )
        return "".join(f"{statement}\n" for (statement,) in made)


def main(checkout: Path) -> None:
    """Write dump.sql and jobs.sql."""
    folder = Path(tempfile.mkdtemp(prefix="rollup-"))
    cluster = private_cluster({}, ["pg_cron"], trust_tcp=False)
    try:
        admin = cluster.dsn()
        with psycopg.connect(admin, autocommit=True) as db:
            db.execute("create database made template template0")
        dsn = psycopg.conninfo.make_conninfo(admin, dbname="made")
        old = without_topn(checkout, folder)
        build(dsn, old)
        (HERE / "dump.sql").write_text(dump(dsn))
        # pg_cron works in one database only, and what is restored from the dump is another.
        run(old, admin, "install")
        (HERE / "jobs.sql").write_text(jobs(admin))
    finally:
        discard(cluster)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
