"""Writers that stay open for longer than a run waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.conftest import Connection
from tests.helpers import until
from tests.servers import Server

Connect = Callable[..., Connection]
INSERT = "insert into events (customer_id) values (1)"
TOTALS = (
    "select (select sum(event_count) from rollup_events_5min),"
    " (select sum(event_count) from rollup_events_1hr)"
)


def run_all(db: Connection, max_wait: str = "0.1s") -> bool:
    """Run everything; whether it was not deferred."""
    db.execute(f"set rollup.max_wait = '{max_wait}'".encode())
    try:
        db.execute("call rollup.run_all()")
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def test_long_writers_that_overlap_do_not_starve_the_rollups(
    db: Connection, connect: Connect
) -> None:
    first, second = connect(autocommit=False), connect(autocommit=False)
    first.execute(INSERT)
    db.execute(INSERT)
    assert not run_all(db)
    second.execute(INSERT)
    first.commit()
    db.execute(INSERT)
    # There has been no moment without a writer; what came before the second one is counted.
    assert run_all(db)
    assert db.execute(TOTALS).fetchone() == (2, 2)
    assert not run_all(db)
    assert db.execute(TOTALS).fetchone() == (2, 2)
    second.commit()
    assert run_all(db)
    assert db.execute(TOTALS).fetchone() == (4, 4)
    for name in ("rollup_events_5min", "rollup_events_1hr"):
        assert db.execute("select * from rollup.verify(%s)", [name]).fetchall() == []


def test_a_writer_that_is_still_open_holds_its_sample_back(
    db: Connection, connect: Connect
) -> None:
    writer = connect(autocommit=False)
    writer.execute(INSERT)
    db.execute(INSERT)
    for _ in range(3):
        assert not run_all(db)
    assert db.execute(TOTALS).fetchone() == (None, None)
    writer.commit()
    assert run_all(db)
    assert db.execute(TOTALS).fetchone() == (2, 2)


@pytest.fixture
def plain_connect(plain: Server) -> Iterator[Callable[[], psycopg.Connection[Any]]]:
    """Connections to a database on plain PostgreSQL: Citus takes no user's PREPARE TRANSACTION."""
    name = plain.database()
    yield lambda: psycopg.connect(plain.dsn(name))
    plain.drop(name)


def test_trap_10_a_writer_that_is_prepared_during_the_wait_is_waited_for(
    plain_connect: Callable[[], psycopg.Connection[Any]],
) -> None:
    db, writer, runner = plain_connect(), plain_connect(), plain_connect()
    db.autocommit = runner.autocommit = True
    writer.execute(INSERT)
    db.execute(INSERT)
    done: list[bool] = []
    thread = threading.Thread(target=lambda: done.append(run_all(runner, "2s")))
    thread.start()
    sleeping = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and pid = %s"
    until(lambda: db.execute(sleeping, [runner.info.backend_pid]).fetchone() == (1,), "run waits")
    # It goes on under another virtual transaction from here.
    writer.execute("prepare transaction 'slow'")
    thread.join(60)
    assert done == [False]
    assert db.execute(TOTALS).fetchone() == (None, None)
    assert not run_all(db)
    db.execute("commit prepared 'slow'")
    assert run_all(db)
    assert db.execute(TOTALS).fetchone() == (2, 2)
    for connection in (db, writer, runner):
        connection.close()


def test_a_part_without_its_front_is_waited_for(citus: Server) -> None:
    """A session on a worker that goes on writing after its coordinator's has been killed."""
    name = citus.database()
    with psycopg.connect(citus.dsn(name), autocommit=True) as db:
        partition, shard, port, event_id = next(
            db.execute(
                "select s.table_name::text, s.shard_name, s.nodeport,"
                " nextval('public.events_event_id_seq') from citus_shards s"
                " join rollup.partitions('public.events') p on p.partition = s.table_name"
                " where now() >= p.range_from and now() < p.range_to limit 1"
            )
        )
        ports = [psycopg.conninfo.conninfo_to_dict(node)["port"] for node in citus.nodes]
        orphan = psycopg.connect(citus.dsn(name, ports.index(str(port))))
        customer = next(
            customer
            for customer in range(1000)
            if db.execute(
                "select shard_name(%s::regclass, get_shard_id_for_distribution_column(%s, %s))",
                [partition, partition, customer],
            ).fetchone()
            == (shard,)
        )
        orphan.execute("set citus.enable_manual_changes_to_shards to on")
        orphan.execute(
            f"insert into {shard} (event_id, event_time, customer_id)"
            " values (%s, now(), %s)".encode(),
            [event_id, customer],
        )
        db.execute(INSERT)
        assert not run_all(db, "0.3s")
        orphan.commit()
        assert run_all(db, "5s")
        assert db.execute(TOTALS).fetchone() == (2, 2)
        orphan.close()
    citus.drop(name)
