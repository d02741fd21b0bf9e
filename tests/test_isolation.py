"""Isolation of tenants: what a hostile reader tries, by a setting and by membership."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.helpers import Connection, Lab, insert, row, rows, run, script, value

ROLES = ("iso_reader", "iso_runner", "iso_writer")
OWN, OTHER = 1, 2
SECRET = "geheim"


PLAIN = pytest.mark.parametrize("server", ["plain"], indirect=True)


@pytest.fixture(params=["setting", "members"])
def isolated(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A source of two tenants, of which iso_reader sees the first; some events are not counted."""
    lab.source(columns=", note text")
    db = lab.connect()
    measures = {"n": {"count": "*"}, "amount": {"sum": "amount"}, "last": {"last": "note"}}
    lab.declare(measures=measures, db=db)
    lab.declare("all_of_them", measures=measures, db=db, tenant=None, dimensions=[])
    for tenant in (OWN, OTHER):
        insert(db, 3, customer_id=tenant, note=f"{SECRET} {tenant}")
    run(db)
    for tenant in (OWN, OTHER):
        insert(db, 2, customer_id=tenant, note=f"{SECRET} {tenant}", country="fr")
    for role in ROLES:
        lab.server.on_nodes(f"create role {role} login")
    lab.server.on_nodes("alter role iso_runner bypassrls")
    try:
        if request.param == "setting":
            db.execute("select rollup.isolate('lab.e', setting => 'app.tenant')")
        else:
            db.execute(
                "create table lab.members (member name not null, customer_id bigint not null)"
            )
            db.execute(
                "insert into lab.members values ('iso_reader', %s), ('nobody', %s)", [OWN, OTHER]
            )
            db.execute("grant select on lab.members to iso_reader")
            db.execute("select rollup.isolate('lab.e', members => 'lab.members')")
        db.execute("select rollup.grant_role('iso_reader', 'reader')")
        db.execute("grant usage on schema lab to iso_reader, iso_writer")
        db.execute("grant select on lab.e to iso_reader")
        yield lab
    finally:
        lab.close()
        for node in range(len(lab.server.nodes)):
            with lab.server.connect(lab.database, node, autocommit=True) as admin:
                admin.execute(f"drop owned by {', '.join(ROLES)}".encode())
        lab.server.on_nodes(f"drop role {', '.join(ROLES)}")


@pytest.fixture
def reader(isolated: Lab) -> Connection:
    """A connection of the reader, in a transaction that names its tenant."""
    connection = isolated.connect(autocommit=False)
    connection.commit()
    connection.execute("set role iso_reader")
    connection.execute("select set_config('app.tenant', %s, true)", [str(OWN)])
    connection.execute(f"set local app.tenant = '{OWN}'".encode())
    return connection


RELATIONS = ("lab.e", "lab.visits", "lab.visits_bi", "lab.visits_live")


@PLAIN
def test_a_reader_sees_its_own_rows_only(reader: Connection) -> None:
    for relation in RELATIONS:
        found = rows(reader, f"select distinct customer_id from {relation}")
        assert found == [(OWN,)], relation
        assert rows(reader, f"select 1 from {relation} where customer_id = {OTHER}") == []


@PLAIN
def test_live_views_have_the_events_of_the_reader_that_are_not_counted(reader: Connection) -> None:
    assert row(reader, "select sum(n), sum(amount) from lab.visits_live") == (5, 15)
    assert row(reader, "select sum(n) from lab.visits") == (3,)


@PLAIN
def test_what_is_not_divided_by_tenants_is_not_shown(reader: Connection, isolated: Lab) -> None:
    for relation in ("lab.all_of_them", "lab.all_of_them_bi", "lab.all_of_them_live"):
        assert rows(reader, f"select n from {relation}") == []


LEAKS = (
    # A function that is cheaper than the policy would be called first.
    "select * from {relation} where pg_temp.leak(customer_id::text)",
    "select * from {relation} r where pg_temp.leak(r::text)",
    # Errors that contain the value, or tell whether it exists.
    "select * from {relation} where (customer_id::text || 'x')::int > 0",
    "select 1 / (customer_id - {other}) from {relation}",
    "select * from {relation} where 1 / (customer_id - {other}) > -9",
    "explain (analyze, verbose, costs off) select * from {relation} where pg_temp.leak(customer_id::text)",
    "select * from {relation} where customer_id = {other} or pg_temp.leak(customer_id::text)",
    "select * from {relation} r join (values ({other})) v (c) on r.customer_id = v.c",
)


@PLAIN
def test_functions_casts_and_errors_see_no_other_row(reader: Connection, isolated: Lab) -> None:
    said: list[str] = []
    reader.add_notice_handler(lambda diag: said.append(str(diag.message_primary)))
    reader.execute(
        """create function pg_temp.leak(value text) returns boolean language plpgsql cost 0.0000001
           as $$ begin raise notice 'saw %', value; return true; end $$"""
    )
    for leak, relation in itertools.product(LEAKS, RELATIONS):
        said.clear()
        try:
            with reader.transaction():
                found = str(rows(reader, leak.format(relation=relation, other=OTHER)))
        except psycopg.Error as error:
            found = str(error)
        told = found + "".join(said)
        assert f"{SECRET} {OTHER}" not in told, leak
        assert not re.search(rf"saw {OTHER}\b|\b{OTHER}x|division by zero", told), (leak, told)
        if "leak(customer_id::text)" in leak and "select *" in leak:
            assert f"saw {OWN}" in told, (leak, told)  # the function was called


@PLAIN
def test_functions_of_the_package_show_no_other_rows(reader: Connection, isolated: Lab) -> None:
    def attempt(query: str) -> str:
        try:
            with reader.transaction():
                return str(rows(reader, query))
        except psycopg.Error as error:
            return str(error)

    for query in (
        "select customer_id from rollup.query(null::lab.visits)",
        f"select customer_id from rollup.query(null::lab.visits, tenant => '{OTHER}')",
        "select customer_id from rollup.query(null::lab.visits, live => true)",
        f"select customer_id from rollup.query(null::lab.visits, tenant => '{OTHER}', live => true)",
        "select groups from rollup.current_numbers('visits', null, 1000000)",
        f"select numbers from rollup.current_numbers('visits', '{OTHER}', 1000000)",
        "select tenant_id from rollup.verify('visits')",
        f"select tenant_id from rollup.verify('visits', null, null, '{OTHER}')",
        "select * from rollup.repair('visits')",
        "select tablename, most_common_vals from pg_stats where schemaname = 'lab'",
    ):
        found = attempt(query)
        assert f"{SECRET} {OTHER}" not in found, query
        assert f"({OTHER}," not in found, query
        assert f"'customer_id': {OTHER}" not in found, query
    series = "rollup.gapfill('visits', 'n', '2024-06-01 12:00Z', '2024-06-01 12:05Z', live => true)"
    assert attempt(f"select sum(value) from {series}") in (
        "[(Decimal('5'),)]",
        "[(Decimal('3'),)]",
    ) or ("permission denied" in attempt(f"select sum(value) from {series}"))


@PLAIN
def test_errors_of_runs_and_failed_events_are_hidden(isolated: Lab, reader: Connection) -> None:
    db = isolated.connect()
    db.execute(
        "insert into rollup_internal.set_aside (rollup, event_id, tenant, sqlstate, reason)"
        " values ('visits', 4, %s, '22P02', %s)",
        [str(OTHER), f"invalid input: {SECRET} {OTHER}"],
    )
    db.execute(
        "insert into rollup_internal.runs (rollup, status, started_at, finished_at, message, detail)"
        " values ('visits', 'failed', now(), now(), %s, %s)",
        [f"{SECRET} {OTHER}", f"{SECRET} {OTHER}"],
    )
    for view in ("runs", "status", "waiting", "metrics"):
        found = str(rows(reader, f"select * from rollup.{view}"))
        assert SECRET not in found, view
    for table in ("rollup_internal.runs", "rollup_internal.set_aside", "rollup.set_aside"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), reader.transaction():
            reader.execute(f"select * from {table}".encode())
    assert SECRET in str(rows(db, "select message, detail from rollup.runs"))


@PLAIN
def test_without_a_tenant_nothing_is_shown(isolated: Lab, reader: Connection) -> None:
    db = isolated.connect()
    db.execute("grant select on lab.e to iso_writer")
    if value(db, "select to_regclass('lab.members') is not null"):
        db.execute("grant select on lab.members to iso_writer")
    reader.rollback()
    reader.execute("set role iso_writer")
    assert rows(reader, "select * from lab.e") == []


@PLAIN
def test_partitions_are_not_readable(reader: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("select * from lab.e_1")


@PLAIN
def test_rollups_that_are_declared_later_are_isolated(isolated: Lab, reader: Connection) -> None:
    db = isolated.connect()
    isolated.declare("later", bucket="1 hour", db=db)
    db.execute("call rollup.run_all()")
    db.execute("select rollup.grant_role('iso_reader', 'reader')")
    for relation in ("lab.later", "lab.later_bi", "lab.later_live"):
        assert rows(reader, f"select distinct customer_id from {relation}") == [(OWN,)]


@PLAIN
def test_runs_count_everything_and_writers_write(isolated: Lab) -> None:
    db = isolated.connect()
    db.execute(
        "select rollup.grant_role('iso_runner', 'runner'), rollup.grant_role('iso_writer', 'writer')"
    )
    writer = isolated.connect()
    writer.execute("set role iso_writer")
    insert(writer, 1, customer_id=OTHER, note="x")
    runner = isolated.connect()
    runner.execute("set role iso_runner")
    runner.execute("call rollup.run_all()")
    assert value(db, "select sum(n) from lab.visits") == 11
    assert rows(db, "select * from rollup.verify('visits')") == []
    checks = "select status, finding from rollup.doctor() where check_name = 'isolation of lab.e'"
    assert rows(db, checks) == [("ok", "each role sees its own tenants")]


OPENINGS = (
    (
        "alter table lab.visits disable row level security",
        "row-level security is off on lab.visits",
    ),
    ("drop policy rollup_isolation on lab.e", "row-level security is off on lab.e"),
    (
        "alter view lab.visits_live reset (security_barrier)",
        "no security barrier in lab.visits_live",
    ),
    (
        "grant select on lab.e_1 to iso_reader",
        "partitions are readable by themselves: lab.e_1 to iso_reader",
    ),
    ("grant select on rollup_internal.runs to public", "every role may read errors of runs"),
)


@PLAIN
def test_doctor_finds_what_opens_the_isolation(isolated: Lab) -> None:
    checks = "select status, finding from rollup_internal.check_isolation()"
    for statement, problem in OPENINGS:
        db = isolated.connect(autocommit=False)
        db.execute(statement.encode())
        status, finding = row(db, checks)
        assert status == "fail"
        assert problem in finding
        db.rollback()


@PLAIN
def test_a_longer_name_is_no_tenant(lab: Lab) -> None:
    """It is not cut to become one, also where the tenant's type is a domain."""
    lab.source(columns=", k varchar(3)")
    db = lab.connect()
    db.execute("create domain lab.short as varchar(3)")
    db.execute(
        "alter table lab.e alter k type lab.short, alter k set default 'abc', alter k set not null"
    )
    lab.declare(tenant="k", db=db)
    insert(db, 2)
    run(db)
    lab.server.on_nodes("create role iso_reader login")
    try:
        db.execute("select rollup.isolate('lab.e', setting => 'app.tenant')")
        db.execute("select rollup.grant_role('iso_reader', 'reader')")
        db.execute("grant usage on schema lab to iso_reader")
        db.execute("grant select on lab.e to iso_reader")
        db.execute("set role iso_reader")
        for tenant, seen in (("abc", True), ("abcd", False)):
            db.execute("select set_config('app.tenant', %s, false)", [tenant])
            for relation in ("lab.e", "lab.visits"):
                assert bool(rows(db, f"select from {relation}")) is seen
        db.execute("reset role")
    finally:
        db.execute("reset role")
        db.execute("drop owned by iso_reader")
        lab.server.on_nodes("drop role iso_reader")


@PLAIN
def test_another_policy_does_not_widen_it(isolated: Lab, reader: Connection) -> None:
    isolated.connect().execute("create policy mine on lab.e using (true)")
    assert rows(reader, "select distinct customer_id from lab.e") == [(OWN,)]


@PLAIN
def test_an_installation_keeps_it_and_it_can_end(isolated: Lab, reader: Connection) -> None:
    db = isolated.connect()
    for name in ("visits", "all_of_them"):
        db.execute("select rollup_internal.create_views(%s)", [name])
    assert rows(reader, "select distinct customer_id from lab.visits_live") == [(OWN,)]
    reader.commit()
    db.execute("select rollup.end_isolation('lab.e')")
    assert (
        rows(db, "select relname from pg_class where relrowsecurity and relname in ('e', 'visits')")
        == []
    )
    assert value(reader, "select count(distinct customer_id) from lab.visits_live") == 2


Refused = Callable[[str], str]


@pytest.fixture
def refused(lab: Lab) -> Refused:
    lab.source()
    lab.declare()
    db = lab.connect()

    def attempt(arguments: str) -> str:
        with pytest.raises(psycopg.Error) as caught:
            db.execute(f"select rollup.isolate('lab.e'{arguments})".encode())
        return str(caught.value)

    return attempt


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_what_cannot_isolate(refused: Refused, lab: Lab) -> None:
    assert "either by a setting or by members" in refused("")
    assert "not the name of a setting" in refused(", setting => 'work_mem'")
    assert "lab.visits has no column member" in refused(", members => 'lab.visits'")
    with lab.server.admin() as admin:
        admin.execute("create role iso_runner")
    try:
        lab.connect().execute("select rollup.grant_role('iso_runner', 'runner')")
        assert "role iso_runner runs rollups and would not see all events" in refused(
            ", setting => 'app.tenant'"
        )
    finally:
        with lab.server.connect(lab.database, autocommit=True) as admin:
            script(admin, "drop owned by iso_runner; drop role iso_runner")


@pytest.mark.parametrize("server", ["citus"], indirect=True)
def test_distributed_tables_are_refused(refused: Refused) -> None:
    assert "its tenants cannot be isolated" in refused(", setting => 'app.tenant'")
