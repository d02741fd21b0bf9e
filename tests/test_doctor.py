"""doctor: each thing that can be wrong is broken once, and must be found with its cure."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import Connection, Rollupctl
from tests.servers import Server


def checks(db: Connection, status: str = "fail") -> dict[str, tuple[str, str | None]]:
    rows = db.execute(
        "select check_name, finding, todo from rollup.doctor() where status = %s", [status]
    ).fetchall()
    return {name: (finding, todo) for name, finding, todo in rows}


@pytest.fixture
def counted(db: Connection) -> Connection:
    db.execute(
        "insert into events (customer_id, device_id) select i, i from generate_series(1, 50) i"
    )
    db.execute("call rollup.run_all()")
    return db


@pytest.fixture
def plain_dsn(plain: Server) -> Iterator[str]:
    """A database on plain PostgreSQL: Citus takes no PREPARE TRANSACTION of a user's."""
    name = plain.database()
    yield plain.dsn(name)
    plain.drop(name)


def test_a_sound_installation_has_nothing_to_fail(
    counted: Connection, rollupctl: Rollupctl
) -> None:
    assert checks(counted) == {}
    assert rollupctl("doctor").returncode == 0


def test_a_failing_check_is_exit_3(counted: Connection, rollupctl: Rollupctl) -> None:
    counted.execute("drop function five_minutely_aggregation")
    told = rollupctl("doctor")
    assert told.returncode == 3
    assert "five_minutely_aggregation" in told.stdout


def test_sequence_with_a_cache(plain_dsn: str) -> None:
    # Citus alters no sequence that it has spread.
    with psycopg.connect(plain_dsn, autocommit=True) as db:
        db.execute("alter sequence events_event_id_seq cache 50")
        ((name, (finding, todo)),) = checks(db).items()
    assert name == "ids of public.events"
    assert "cache 50" not in str(todo)
    assert "one by one" in finding
    assert "cache 1" in str(todo)


def test_sequence_behind_its_watermark(counted: Connection) -> None:
    counted.execute("select setval('events_event_id_seq', 3)")
    found = checks(counted)
    (name,) = found
    assert name.startswith("sequence of public.events")
    assert "setval" in str(found[name][1])
    counted.execute(str(found[name][1]).split(", then")[0].encode())
    assert checks(counted) == {}


def test_sequence_behind_the_tables_ids(counted: Connection) -> None:
    counted.execute("insert into events (event_id, customer_id) values (1000, 1)")
    (finding, _) = next(iter(checks(counted).values()))
    assert "behind event 1000" in finding


def test_events_that_come_in_meanwhile_are_no_alarm(counted: Connection) -> None:
    counted.execute(
        "create temporary table seen as select rollup_internal.node_reports() as reports"
    )
    counted.execute("insert into events (customer_id) select n from generate_series(1, 9) n")
    counted.execute("call rollup.run_all()")
    check = "select status from rollup_internal.check_sources((select reports from seen))"
    assert {status for (status,) in counted.execute(check.encode())} == {"ok"}


def test_ids_below_the_watermark(counted: Connection) -> None:
    counted.execute("select nextval('events_event_id_seq') from generate_series(1, 5)").fetchall()
    counted.execute("insert into events (customer_id) values (1)")
    counted.execute("call rollup.run_all()")
    counted.execute("insert into events (event_id, customer_id) values (52, 1), (53, 1)")
    found = checks(counted)
    assert found["counted events of public.events"][0].startswith("2 events have come in below")


def test_a_missing_key(counted: Connection) -> None:
    counted.execute("drop index rollup_events_1hr_key")
    found = checks(counted)["table of rollup_events_1hr"]
    assert "unique key" in found[0]
    counted.execute(str(found[1]).encode())
    assert checks(counted) == {}


def test_a_table_that_is_gone(counted: Connection) -> None:
    counted.execute("drop table rollup_events_1hr cascade")
    assert "gone" in checks(counted)["table of rollup_events_1hr"][0]


def test_partitions_run_out(counted: Connection) -> None:
    rows = counted.execute(
        "select partition::text from rollup.partitions('public.events')"
        " where range_from > now() - interval '1 day' and not is_default"
    ).fetchall()
    for (partition,) in rows:
        counted.execute(f"drop table {partition}".encode())
    finding, todo = checks(counted)["partitions of public.events"]
    assert "end at" in finding
    assert "maintain_partitions" in str(todo)


def test_events_in_the_default_partition(counted: Connection) -> None:
    counted.execute("insert into events (event_time, customer_id) values ('2001-01-01', 1)")
    found = checks(counted, "warn")["default partition of public.events"]
    assert found[0].startswith("1 event")


def test_a_failing_rollup(counted: Connection) -> None:
    counted.execute("alter table rollup_events_1hr add check (event_count < 0) not valid")
    counted.execute("insert into events (customer_id) values (1)")
    with pytest.raises(Exception, match="failed"):
        counted.execute("call rollup.run_all()")
    assert "last run failed" in checks(counted)["lag of rollup_events_1hr"][0]


def test_prepared_transactions_left_behind(plain_dsn: str) -> None:
    db = psycopg.connect(plain_dsn, autocommit=True)
    writer = psycopg.connect(plain_dsn)
    writer.execute("insert into events (customer_id) values (1)")
    writer.execute("prepare transaction 'forgotten'")
    try:
        # A minute is grace; the check's clock is moved instead of waiting for it.
        text = db.execute(
            "select pg_get_functiondef('rollup_internal.node_reports()'::regprocedure)"
        ).fetchone()
        assert text is not None
        db.execute(text[0].replace("1 minute", "0 seconds").encode())
        time.sleep(0.05)
        finding, todo = checks(db)["prepared transactions on this server"]
        assert "forgotten" in finding
        assert "rollback prepared" in str(todo)
    finally:
        db.execute("rollback prepared 'forgotten'")
        db.close()
        writer.close()
