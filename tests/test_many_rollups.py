"""Monitoring stays cheap with many partitions, sources and failed runs, and without a node."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator

import pytest

from rollupctl.postmaster import find_postmaster
from tests.helpers import Connection, Lab, insert, row, rows, run, value

STATUS = "select * from rollup.status"
DOCTOR = "select * from rollup.doctor()"
METRICS = "select * from rollup.metrics"
CALLS = "select funcname, sum(calls)::int from pg_stat_xact_user_functions group by 1"
# Of a busy machine; an idle one needs a tenth of a second.
SECONDS = 10

plain = pytest.mark.parametrize("single_server", ["plain"], indirect=True)


def add_partitions(db: Connection, table: str, since: int, number: int) -> None:
    """Daily partitions of years ago."""
    db.execute(
        f"""do $$ begin for i in {since}..{since + number - 1} loop
            execute format('create table {table}_old_%s partition of {table}
                            for values from (%L) to (%L)',
                           i, date '2018-01-01' + i, date '2018-01-02' + i);
            end loop; end $$""".encode()
    )


@plain
@pytest.mark.parametrize("query", [STATUS, DOCTOR, METRICS])
def test_no_function_is_called_for_each_partition(plain_lab: Lab, query: str) -> None:
    plain_lab.source()
    plain_lab.declare()
    db = plain_lab.connect()
    db.execute("select rollup.set_retention('lab.e', '30 years')")
    calls: list[dict[str, int]] = []
    for since in (0, 100):
        add_partitions(db, "lab.e", since, 100)
        db.execute("select rollup.follow_changes('lab.e')")
        with plain_lab.connect() as asking, asking.transaction():
            asking.execute("set track_functions = 'all'")
            rows(asking, query)
            calls.append(dict(rows(asking, CALLS)))
    before, after = calls
    assert "rollup_lags" in after
    assert {name for name in after if after[name] > before.get(name, 0) + 20} == set()


@plain
def test_the_partitions_of_all_sources_together_count(plain_lab: Lab) -> None:
    db = plain_lab.connect()
    for name in ("a", "b", "c"):
        plain_lab.source(f"lab.{name}")
        add_partitions(db, f"lab.{name}", 0, 70)
        db.execute(
            f"create table lab.{name}_now partition of lab.{name}"
            " for values from ('2026-01-01') to ('2126-01-01')".encode()
        )
        plain_lab.declare(f"of_{name}", source=f"lab.{name}")
        insert(db, 4, table=f"lab.{name}", event_time="now")
    locker = plain_lab.connect(autocommit=False)
    locker.execute("lock table lab.a_old_7, lab.b_old_7 in access exclusive mode")
    found = rows(db, "select lag_events, note from rollup.status")
    assert found == [(4, None)] * 3
    locker.rollback()


def test_the_last_success_is_known_however_many_runs_failed_since(lab: Lab) -> None:
    lab.source()
    lab.declare()
    db = lab.connect()
    insert(db, 3)
    run(db)
    done = value(db, "select last_done from rollup.status")
    assert done is not None
    db.execute("delete from rollup_internal.runs")  # as finish_run does with old rows
    db.execute(
        "insert into rollup_internal.runs (rollup, status, started_at, finished_at, message)"
        " select 'visits', 'failed', now(), now(), 'no' from generate_series(1, 100)"
    )
    query = "select last_done, last_status from rollup.status"
    assert row(db, query) == (done, "failed")


@contextlib.contextmanager
def silent(lab: Lab, node: int) -> Iterator[None]:
    """While it lasts, a node accepts connections and does not answer them."""
    postmaster = find_postmaster(lab.server.clusters[node].data)
    assert postmaster is not None
    os.kill(postmaster.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(postmaster.pid, signal.SIGCONT)


@pytest.mark.parametrize("role", ["owner", "monitor"])
def test_answers_take_seconds_at_most_and_name_what_is_missing(lab: Lab, role: str) -> None:
    lab.source()
    db = lab.connect()
    add_partitions(db, "lab.e", 0, 30 if lab.server.is_citus else 300)
    for number in range(10):
        lab.declare(f"visits_{number}", filter=f"amount <> {number}", db=db)
    insert(db, 100_000)
    monitor = f"monitor_{lab.database}"
    if role == "monitor":
        db.execute(f"create role {monitor}".encode())
        db.execute("select rollup.grant_role(%s, 'monitor')", [monitor])
    asking = lab.connect()
    with contextlib.ExitStack() as until:
        if role == "monitor":
            until.callback(drop_role, db, monitor)
            asking.execute(f"set role {monitor}".encode())
        if lab.server.is_citus:
            until.enter_context(silent(lab, 1))
        began = time.monotonic()
        assert {r[3] for r in rows(asking, STATUS)} == {100_000}
        notes = {note for (note,) in rows(asking, "select note from rollup.status")}
        findings = [r[2] for r in rows(asking, DOCTOR)]
        hidden = {
            labels["metric"]
            for (labels,) in rows(asking, "select labels from rollup.metrics"
                                          " where metric = 'rollup_hidden'")
        }  # fmt: skip
        assert time.monotonic() - began < SECONDS
        asking.execute("reset role")
    said = " ".join(f"{text}" for text in (*notes, *findings))
    assert ("did not answer" in said) == lab.server.is_citus
    assert ("rollup_partition_bytes" in hidden) == lab.server.is_citus
    if role == "monitor":
        assert "permission denied" in said
        assert "rollup_load_rows_total" in hidden


def drop_role(db: Connection, role: str) -> None:
    db.execute(f"drop owned by {role}".encode())
    db.execute(f"drop role {role}".encode())


@plain
def test_doctor_asks_for_the_partitions_of_a_source_once(plain_lab: Lab) -> None:
    # For each of them PostgreSQL reads the text of its bounds.
    db = plain_lab.connect()
    for name in ("a", "b", "c"):
        plain_lab.source(f"lab.{name}")
        plain_lab.declare(f"of_{name}", source=f"lab.{name}")
        add_partitions(db, f"lab.{name}", 0, 30)
    db.execute("create publication p for all tables")
    with plain_lab.connect() as asking, asking.transaction():
        asking.execute("set track_functions = 'all'")
        rows(asking, DOCTOR)
        assert dict(rows(asking, CALLS))["partitions"] == 3
