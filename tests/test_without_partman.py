"""Where a server does not offer pg_partman, the package creates the partitions of sources itself."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from tests import servers
from tests.conftest import Connection
from tests.helpers import rows, value
from tests.hostile import OWNER, hostile_server
from tests.servers import EMPTY, INSTALLED, ROOT, Server
from tests.upgrades import DATA, drop_roles, run_script

STEPS = (
    "schema-1.sql",
    "schema-2.sql",
    "setup_rollup.sql",
    "5minutely_aggregation.sql",
    "hourly_aggregation.sql",
)
SERVERS: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "plain": lambda: servers.plain_server(own=True),
    "citus": lambda: servers.citus_server(nodes=2),
    "hostile": lambda: hostile_server(without_partman=True),
}


@pytest.fixture(
    scope="module",
    params=["plain", pytest.param("hostile", marks=pytest.mark.hostile), "citus"],
)
def bare(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Each kind of server in turn, with every extension but pg_partman."""
    if request.param == "citus" and not servers.citus_is_installed():
        pytest.skip("citus is not installed")
    with servers.without_extension("pg_partman"), SERVERS[request.param]() as server:
        with server.admin() as admin:
            offered = rows(admin, "select name from pg_available_extensions")
        assert ("hll",) in offered
        assert ("pg_partman",) not in offered
        yield server


@pytest.fixture
def dsn(bare: Server) -> Iterator[str]:
    """A fresh database with everything installed by rollupctl."""
    name = bare.database(INSTALLED)
    yield bare.dsn(name)
    bare.drop(name)


@pytest.fixture
def db(bare: Server, dsn: str) -> Iterator[Connection]:
    with bare.connect(database_of(dsn), autocommit=True) as connection:
        yield connection


def database_of(dsn: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(dsn)["dbname"])


def ranges(db: Connection) -> list[tuple[datetime, datetime]]:
    """Where partitions of events begin and end, but for the default one; in order."""
    return [
        (since, until)
        for since, until in rows(
            db,
            "select range_from, range_to from rollup.partitions('events')"
            " where not is_default order by 1",
        )
    ]


def assert_seamless(db: Connection, length: timedelta) -> None:
    """Partitions of one length without gaps, from four before now to some after."""
    found = ranges(db)
    now = value(db, "select now()")
    assert {until - since for since, until in found} == {length}
    assert [until for _, until in found[:-1]] == [since for since, _ in found[1:]]
    assert found[0][0] <= now - 4 * length
    assert found[-1][0] > now + 2 * length


def partition_findings(db: Connection) -> set[tuple[str, str]]:
    return {
        (name, status)
        for name, status in rows(db, "select check_name, status from rollup.doctor()")
        if "partition" in name
    }


def drop_coming(db: Connection) -> list[tuple[datetime, datetime]]:
    """As if maintenance had not run for four intervals; returns the ranges then missing."""
    last = rows(
        db,
        "select partition::text, range_from, range_to from rollup.partitions('events')"
        " where not is_default order by range_from desc limit 4",
    )
    for name, *_ in last:
        db.execute(f"drop table {name}".encode())
    return sorted((since, until) for _, since, until in last)


def test_steps_by_psql_make_partitions(bare: Server) -> None:
    name = bare.database(EMPTY)
    try:
        for step in STEPS * 2:
            # The setting applies to the first step only, and only when it makes the table.
            setting = "set rollup.partition_interval = '5 minutes'"
            done = subprocess.run(
                ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", bare.dsn(name)],
                input=f"{setting if step == STEPS[0] else ''};\n\\i {step}\n",
                capture_output=True,
                text=True,
                cwd=ROOT,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, (step, done.stderr)
        with bare.connect(name, autocommit=True) as db:
            assert_seamless(db, timedelta(minutes=5))
            assert value(db, "select partition_interval from rollup.sources") == timedelta(
                minutes=5
            )
            db.execute("insert into events (customer_id) values (1), (2)")
            assert value(db, "select count(*) from events_default") == 0
            if bare.is_citus:
                ((tables, distributed),) = rows(
                    db,
                    "select count(*), count(d.logicalrelid) from pg_partition_tree('events') t"
                    " left join pg_dist_partition d on d.logicalrelid = t.relid",
                )
                assert tables == distributed > 8
            db.execute("call rollup.run_all()")
            assert value(db, "select sum(event_count) from rollup_events_1hr") == 2
    finally:
        bare.drop(name)


def test_maintenance_makes_what_is_coming(bare: Server, db: Connection) -> None:
    assert_seamless(db, timedelta(days=1))
    assert value(db, "select bool_or(j = 'rollup-partitions') from rollup_internal.wanted_jobs() j")
    before = ranges(db)
    missing = drop_coming(db)
    db.execute(
        "insert into events (event_time, customer_id) select %s::timestamptz + interval '1 hour', n"
        " from generate_series(1, 3) n",
        [missing[0][0]],
    )
    assert value(db, "select count(*) from events_default") == 3
    found = partition_findings(db)
    assert ("partitions of public.events", "warn") in found
    assert ("default partition of public.events", "warn") in found
    # Whoever has maintained it, the partitions are the owner's.
    with psycopg.connect(bare.superuser_dsn(db.info.dbname), autocommit=True) as admin:
        admin.execute("select rollup.maintain_partitions()")
    assert ranges(db) == before
    assert value(db, "select count(*) from events_default") == 0
    assert value(db, "select count(*) from events") == 3
    owners = rows(
        db,
        "select distinct c.relowner::regrole::text from pg_partition_tree('events') t"
        " join pg_class c on c.oid = t.relid",
    )
    assert owners == [(OWNER if bare.owner else value(db, "select current_user::text"),)]
    found = partition_findings(db)
    assert ("partitions of public.events", "ok") in found
    assert ("default partition of public.events", "ok") in found


def test_back_dated_events_get_partitions_and_expire(
    bare: Server, dsn: str, db: Connection, tmp_path: Path
) -> None:
    file = tmp_path / "old.csv"
    file.write_text(
        "event_time,customer_id\n"
        + "".join(f"{value(db, 'select now()::date')}T00:00:0{n}Z,1\n" for n in range(3))
        + "".join(f"2020-05-0{n}T10:00:00Z,1\n" for n in range(1, 4))
    )
    done = servers.rollupctl(dsn, "load", str(file))
    assert done.returncode == 0, done.stderr
    assert value(db, "select count(*) from events_default") == 0
    assert min(ranges(db))[0].isoformat().startswith("2020-0")
    db.execute("call rollup.run_all()")
    assert value(db, "select sum(event_count) from rollup_events_1hr") == 6
    db.execute("select * from rollup.expire('events', interval '100 days')")
    assert value(db, "select count(*) from events") == 3
    assert min(ranges(db))[0].isoformat() > "2021"
    assert rows(db, "select * from rollup.verify('rollup_events_1hr')") == []
    db.execute("select rollup.maintain_partitions()")
    assert_seamless(db, timedelta(days=1))


def test_the_length_can_change(db: Connection) -> None:
    before = ranges(db)
    said = value(db, "select rollup.set_partition_interval('events', '1 week')")
    assert said.startswith("the package creates partitions of public.events, each of ")
    found = ranges(db)
    assert found[: len(before)] == before
    assert [until for _, until in found[:-1]] == [since for since, _ in found[1:]]
    assert {until - since for since, until in found[len(before) + 1 :]} == {timedelta(days=7)}
    assert found[-1][0] > value(db, "select now() + interval '3 weeks'")


def test_nobody_creates_them_is_said(bare: Server, dsn: str, db: Connection) -> None:
    db.execute("select rollup.set_partition_interval('events', null)")
    assert value(db, "select partition_interval from rollup.sources") is None
    with pytest.raises(psycopg.errors.UndefinedObject, match="nothing creates the part") as told:
        db.execute("select rollup.maintain_partitions()")
    hint = told.value.diag.message_hint
    assert hint is not None
    assert hint.startswith("select rollup.set_partition_interval('")
    assert value(
        db, "select bool_and(j <> 'rollup-partitions') from rollup_internal.wanted_jobs() j"
    )
    missing = drop_coming(db)
    ((status, todo),) = rows(
        db,
        "select status, todo from rollup.doctor() where check_name = 'partitions of public.events'",
    )
    assert status == "warn"
    assert todo == f"{hint}, or create them as before"
    # The hint, and an installation, do it.
    db.execute(hint.encode())
    assert ranges(db)[-4:] == missing
    db.execute("select rollup.set_partition_interval('events', null)")
    drop_coming(db)
    done = servers.rollupctl(dsn, "install")
    assert done.returncode == 0, done.stderr
    assert ranges(db)[-4:] == missing


def test_an_installation_of_0_1_0_restored_here_goes_on(bare: Server) -> None:
    if bare.owner:
        pytest.skip("the dump is of a superuser's database")
    name = bare.database(EMPTY)
    try:
        run_script(bare.dsn(name), DATA / "roles.sql")
        run_script(bare.dsn(name), DATA / "dump.sql", stop=False)
        if bare.is_citus:
            run_script(bare.dsn(name), DATA / "citus.sql", stop=False)
        with bare.connect(name, autocommit=True) as db:
            before = rows(db, "select count(*) from events")
            tables = rows(
                db, "select count(*) from pg_inherits where inhparent = 'events'::regclass"
            )
            done = servers.rollupctl(bare.dsn(name), "install")
            assert done.returncode == 0, done.stderr
            found = ranges(db)
            assert found[-1][0] > value(db, "select now() + interval '3 days'")
            assert len(found) + 1 > tables[0][0]
            db.execute("select rollup.maintain_partitions()")
            assert rows(db, "select count(*) from events") == before
            assert ("partitions of public.events", "ok") in partition_findings(db)
    finally:
        bare.drop(name)
        drop_roles(bare)
