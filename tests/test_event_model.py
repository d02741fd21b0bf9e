"""The columns of events: the tutorial's first and as they were, those for products after them."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from rollupctl.shop import COLUMNS
from tests import servers
from tests.conftest import Connection
from tests.helpers import row, rows, value
from tests.servers import ROOT, Server

TUTORIAL = ["event_id", "event_time", "customer_id", "event_type", "country", "browser",
            "device_id", "session_id"]  # fmt: skip
PRODUCT = {
    "user_id": "text",
    "path": "text",
    "source": "text",
    "campaign": "text",
    "product_id": "text",
    "category": "text",
    "quantity": "integer",
    "amount": "numeric",
    "currency": "text",
    "value": "double precision",
    "status": "text",
    "properties": "jsonb",
}
DESCRIPTION = """
    select attname, format_type(atttypid, atttypmod), attnotnull, attnum
      from pg_attribute where attrelid = %s::regclass and attnum > 0 order by attnum
"""
CHECKS = """
    select conname, pg_get_constraintdef(oid) from pg_constraint
     where conrelid = %s::regclass and contype = 'c' order by 1
"""
# As someone has it who made the table by hand from the tutorial.
BY_HAND = """
    create table events (
        event_id bigserial not null, event_time timestamptz not null default now(),
        customer_id bigint not null, event_type text, country text, browser text,
        device_id bigint, session_id bigint)
    partition by range (event_time)
"""


def install(dsn: str) -> None:
    done = servers.rollupctl(dsn, "install")
    assert done.returncode == 0, done.stderr


def copy_tutorial_file(db: Connection, number: int) -> None:
    with db.cursor().copy(
        "copy events(customer_id,event_type,country,browser,device_id,session_id)"
        " from stdin with (format csv, header true)"
    ) as copy:
        copy.write((ROOT / f"data/{number}.csv").read_bytes())


def test_columns_of_events(db: Connection) -> None:
    columns = rows(db, DESCRIPTION, "public.events")
    assert [name for name, *_ in columns] == [*TUTORIAL, *PRODUCT]
    assert {name: kind for name, kind, *_ in columns[len(TUTORIAL) :]} == PRODUCT
    assert [name for name, _, required, _ in columns if required] == TUTORIAL[:3]
    silent = [
        name for name, *_, number in columns[len(TUTORIAL) :]
        if value(db, "select col_description('public.events'::regclass, %s)", number) is None
    ]  # fmt: skip
    assert silent == []


def test_sample_of_the_shop_names_every_column() -> None:
    assert COLUMNS.split(",") == [*TUTORIAL[2:], *PRODUCT]


def test_table_made_by_hand_gets_the_columns(
    empty_dsn: str, server: Server, dsn: str, tmp_path: Path
) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as db:
        db.execute(BY_HAND)
        if server.is_citus:
            db.execute("select create_distributed_table('events', 'customer_id')")
        db.execute("create schema partman")
        db.execute("create extension pg_partman schema partman")
        major = int(value(db, "select split_part(extversion, '.', 1) from pg_extension"
                              " where extname = 'pg_partman'"))  # fmt: skip
        kind = "range" if major >= 5 else "native"
        db.execute(
            "select partman.create_parent(p_parent_table => 'public.events', p_control =>"
            " 'event_time', p_interval => '1 day', p_type => %s)", [kind]
        )  # fmt: skip
        copy_tutorial_file(db, 1)
        before = rows(db, f"select {', '.join(TUTORIAL)} from events order by 1")
        filenode = "select pg_relation_filenode(c) from unnest(%s::regclass[]) c"
        partitions = [name for (name,) in rows(
            db, "select inhrelid::regclass::text from pg_inherits"
                " where inhparent = 'events'::regclass")]  # fmt: skip
        files = rows(db, filenode, partitions)

        for _ in range(2):
            install(empty_dsn)

        assert rows(db, filenode, partitions) == files, "the table was rewritten"
        assert rows(db, f"select {', '.join(TUTORIAL)} from events order by 1") == before
        assert value(db, "select count(*) from events where num_nonnulls"
                         f"({', '.join(PRODUCT)}) > 0") == 0  # fmt: skip
        with psycopg.connect(dsn) as fresh:
            for query in (DESCRIPTION, CHECKS):
                expected = rows(fresh, query, "public.events")
                for table in ("public.events", *partitions):
                    assert rows(db, query, table) == expected
        copy_tutorial_file(db, 2)
        path = tmp_path / "wide.csv"
        path.write_text("customer_id,amount,currency,properties\n5,1.50,EUR,{}\n")
        done = servers.rollupctl(empty_dsn, "load", str(path))
        assert done.returncode == 0, done.stderr
        if server.is_citus:  # each shard has them
            found = rows(
                db,
                "select result from run_command_on_shards('events', $$ select count(*) from"
                " pg_attribute where attrelid = '%s'::regclass and attnum > 0 $$)",
            )
            assert {count for (count,) in found} == {str(len(TUTORIAL) + len(PRODUCT))}
        db.execute("call rollup.run_all()")
        assert value(db, "select sum(event_count) from rollup_events_1hr") == 4001


def test_columns_of_ones_own_are_kept(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as db:
        db.execute(BY_HAND.replace("session_id bigint", "session_id bigint, user_id bigint"))
        install(empty_dsn)
        found = {name: kind for name, kind, *_ in rows(db, DESCRIPTION, "public.events")}
        assert found == dict.fromkeys(TUTORIAL, found["event_id"]) | PRODUCT | {
            "user_id": "bigint",
            "event_time": "timestamp with time zone",
            "event_type": "text",
            "country": "text",
            "browser": "text",
        }


def test_installing_again_stops_no_writer(db: Connection, dsn: str, server: Server) -> None:
    with psycopg.connect(dsn) as writer:
        writer.execute("insert into events (customer_id) values (1)")
        done = servers.rollupctl(dsn, "install", env={"PGOPTIONS": "-c lock_timeout=2s"})
        assert done.returncode == 0, done.stderr
        writer.commit()


def test_new_columns_wait_for_a_writer_only_briefly(db: Connection, dsn: str) -> None:
    db.execute("select rollup.drop_rollup(name, true) from rollup.rollups")
    db.execute("alter table events drop column status")
    with psycopg.connect(dsn) as writer:
        writer.execute("insert into events (customer_id) values (1)")
        done = servers.rollupctl(dsn, "install")
        assert done.returncode == 4
        assert "lock timeout" in done.stderr
        writer.commit()
    install(dsn)
    assert row(db, DESCRIPTION + " offset 20", "public.events")[0] == "status"
    assert value(db, "show lock_timeout") == "0"


@pytest.mark.parametrize(
    ("column", "good", "bad"),
    [
        ("amount", ["-0.01", "1e30", "0"], ["NaN", "Infinity", "-Infinity"]),
        ("value", ["-1.5", "1e300"], ["NaN", "Infinity", "-Infinity"]),
        ("currency", ["EUR", "XXX"], ["eur", "EURO", "€", " EUR", "EUR\n", ""]),
    ],
)
def test_what_would_spoil_a_sum_is_refused(
    db: Connection, column: str, good: list[str], bad: list[str]
) -> None:
    statement = f"insert into events (customer_id, {column}) values (1, %s)".encode()
    for each in good:
        db.execute(statement, [each])
    for each in bad:
        with pytest.raises(psycopg.Error, match=f"events_{column}_is_a"):
            db.execute(statement, [each])
    assert value(db, f"select count({column}) from events") == len(good)
