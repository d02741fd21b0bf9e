"""The owner of a database, who is no superuser, does everything but create hll."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from tests import servers
from tests.helpers import rows, value
from tests.servers import Server

OWNER = "rollup_test_plain_owner"


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_trap_31_an_owner_without_superuser(server: Server, empty_dsn: str) -> None:
    name = sql.Identifier(OWNER)
    as_owner = f"-c role={OWNER}"
    with psycopg.connect(empty_dsn, autocommit=True) as admin:
        database = sql.Identifier(str(value(admin, "select current_database()")))
        admin.execute("create extension hll")
        admin.execute(sql.SQL("create role {}").format(name))
        try:
            admin.execute(sql.SQL("alter database {} owner to {}").format(database, name))
            done = servers.rollupctl(
                empty_dsn, "install", "--engine-only", env={"PGOPTIONS": as_owner}
            )
            assert done.returncode == 0, done.stderr
            with psycopg.connect(empty_dsn, autocommit=True, options=as_owner) as db:
                assert not value(
                    db, "select rolsuper from pg_roles where rolname = current_user::name"
                )
                use(db)
        finally:
            admin.execute(sql.SQL("alter database {} owner to current_user").format(database))
            admin.execute(sql.SQL("drop owned by {} cascade").format(name))
            admin.execute(sql.SQL("drop role {}").format(name))


def use(db: psycopg.Connection) -> None:
    # What a declaration writes and a run counts is in terms of UTC and ISO, for this role too.
    db.execute("set timezone = 'Pacific/Chatham'")
    db.execute("set datestyle = 'SQL, DMY'")
    db.execute("set intervalstyle = 'iso_8601'")
    db.execute("create schema lab")
    db.execute(
        "create table lab.e (event_id bigserial, event_time timestamptz not null default '2024-06-01 12:00Z',"
        " customer_id bigint not null, country text) partition by range (event_time)"
    )
    db.execute(
        "create table lab.e_1 partition of lab.e for values from (minvalue) to ('2100-01-01')"
    )
    db.execute(
        "select rollup.create_rollup(name => 'visits', source => 'lab.e', bucket => '1 hour',"
        """ measures => '{"n": {"count": "*"}, "d": {"distinct": "country"}, "t": {"top": "country"},
            "at": {"top": "event_time"}, "span": {"top": "event_time - timestamptz ''2024-05-31 00:00Z''"}}')"""
    )
    db.execute("insert into lab.e (customer_id, country) select 1, 'de' from generate_series(1, 9)")
    db.execute("call rollup.run_all()")
    found = rows(
        db,
        "select n, rollup.top_item(t), rollup.top_item(at), rollup.top_item(span) from lab.visits",
    )
    assert found == [(9, "de", "2024-06-01 12:00:00+00", "1 day 12:00:00")]
    assert rows(db, "select * from rollup.verify('visits')") == []
    db.execute("select * from rollup.rebuild('visits')")
    db.execute("select * from rollup.expire('lab.e', '1 day')")
    assert rows(db, "select finding from rollup.doctor() where status = 'fail'") == []
