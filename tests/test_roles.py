"""The roles of docs/roles.md, created by its SQL: what each may do, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import psycopg
import pytest

from docs.transcript import examples
from tests import servers
from tests.helpers import Connection, rows, script
from tests.servers import EMPTY, ROOT, Server

ROLES = ("owner", "loader", "writer", "runner", "reader", "monitor")
PAGE = (ROOT / "docs" / "roles.md").read_text(encoding="utf-8")
BLOCKS = [each.text for each in examples(PAGE, "roles.md") if each.language == "sql"]
Act = Callable[..., Connection]


@pytest.fixture(scope="module")
def roles(server: Server) -> Iterator[str]:
    """A database that the owner of the page has installed, and all its other roles."""
    name = server.database(EMPTY)
    owner, on_every_node, *others, _ = BLOCKS
    try:
        with psycopg.connect(server.dsn(name), autocommit=True) as db:
            script(db, owner)
        for node in range(len(server.nodes)):
            with psycopg.connect(server.dsn(name, node), autocommit=True) as db:
                db.execute(on_every_node.encode())
        done = servers.rollupctl(server.dsn(name), "install", env=as_role("owner"))
        assert done.returncode == 0, done.stderr
        with psycopg.connect(server.dsn(name), autocommit=True) as db:
            for block in others:
                script(db, block)
            insert_events(db, 10)
            db.execute("call rollup.run_all()")
            insert_events(db, 5)
        yield name
    finally:
        server.drop(name)
        with server.admin() as db:
            db.execute(f"drop role if exists {', '.join(ROLES)}".encode())


def as_role(role: str) -> dict[str, str]:
    return {"PGOPTIONS": f"-c role={role}"}


def insert_events(db: Connection, number: int) -> None:
    db.execute(
        "insert into events (customer_id, device_id, event_type)"
        f" select i, i, 'buy' from generate_series(1, {number}) i".encode()
    )


@pytest.fixture
def act(server: Server, roles: str) -> Iterator[Act]:
    """act(role): a connection with the rights of a role; what it does is undone."""
    opened: list[Connection] = []

    def connect(role: str) -> Connection:
        connection = psycopg.connect(server.dsn(roles))
        opened.append(connection)
        connection.execute(f"set role {role}".encode())
        connection.commit()
        return connection

    yield connect
    for connection in opened:
        connection.rollback()
        connection.close()


READ = "select count(*) from rollup_events_1hr"
LIVE = "select count(*) from rollup_events_1hr_live"
BI = "select count(*) from rollup_events_5min_bi"
EVENTS = "select customer_id from events"
WRITE = "insert into events (customer_id) values (1)"
RUN = "select * from rollup.run_family('rollup_events_1hr')"
STATUS = "select * from rollup.status"
DOCTOR = "select * from rollup.doctor()"
VERIFY = "select * from rollup.verify('rollup_events_1hr')"
CHANGE = "update rollup_events_1hr set event_count = 0"
DECLARE = """select rollup.create_rollup(name => 'r', source => 'events', bucket => '1 day',
                    measures => '{"n": {"count": "*"}}')"""
DROP = "select rollup.drop_rollup('rollup_events_1hr')"
REBUILD = "select * from rollup.rebuild('rollup_events_1hr')"
KEEP = "select rollup.set_retention('rollup_events_1hr', '1 year')"
EXPIRE = "select * from rollup.expire('events', '30 days')"
PURGE = "select rollup.declare_purged('events', now() - interval '1 day', now())"
PARTITION = "insert into events_default (event_time, customer_id) values ('2001-01-01', 1)"
DELETE = "delete from events"
MARKS = "update rollup_internal.watermarks set last_id = 0"
LOADS = "select * from rollup.loads"
ASIDE = "select rollup, event_id, sqlstate, set_aside_at from rollup.set_aside"
REASON = "select reason from rollup.set_aside"
TENANT = "select tenant from rollup_internal.set_aside"
UNINSTALL = "select * from rollup.uninstall()"
ALLOWED = {
    "owner": {READ, LIVE, BI, EVENTS, WRITE, RUN, STATUS, DOCTOR, VERIFY, CHANGE, DECLARE, DROP,
              REBUILD, KEEP, EXPIRE, PURGE, PARTITION, DELETE, MARKS, LOADS, UNINSTALL, ASIDE, REASON, TENANT},
    "writer": {WRITE, STATUS, DOCTOR, ASIDE},
    "loader": {WRITE, STATUS, DOCTOR, LOADS, ASIDE},
    "runner": {READ, BI, EVENTS, RUN, STATUS, DOCTOR, VERIFY, CHANGE, MARKS, ASIDE, REASON, TENANT},
    "reader": {READ, LIVE, BI, STATUS, DOCTOR, ASIDE},
    "monitor": {STATUS, DOCTOR, ASIDE},
}  # fmt: skip
# Citus nodes check the privileges of a reader on the events, too.
SHARDS = ("reader", LIVE)
ACTS = sorted(set.union(*ALLOWED.values()))


@pytest.mark.parametrize("statement", ACTS, ids=lambda each: " ".join(each.split())[:45])
@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_what_the_page_says_and_nothing_else(
    act: Act, server: Server, role: str, statement: str
) -> None:
    db = act(role)
    if statement in ALLOWED[role] and not (server.is_citus and (role, statement) == SHARDS):
        db.execute(statement.encode())
        return
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
        db.execute(statement.encode())
    assert re.search("permission denied|must be owner|may not read sequence", str(caught.value))


@pytest.mark.citus
@pytest.mark.parametrize("server", ["citus"], indirect=True)
def test_a_reader_of_a_live_view_on_citus_reads_events(
    act: Act, server: Server, roles: str
) -> None:
    with psycopg.connect(server.dsn(roles), autocommit=True) as db:
        db.execute("grant select on events to reader")
        act("reader").execute(LIVE.encode())
        db.execute("revoke select on events from reader")


def test_commands_of_each_role(server: Server, roles: str) -> None:
    for role, command in (
        ("runner", ["rollup"]),
        ("owner", ["rollup"]),
        ("owner", ["verify"]),
        ("owner", ["expire", "--older-than", "30 days", "--yes"]),
        ("owner", ["retention", "rollup_events_1hr", "1 year"]),
        ("owner", ["doctor"]),
        ("owner", ["install"]),
        ("monitor", ["status", "--max-lag", "3600"]),
        ("monitor", ["doctor"]),
        ("owner", ["uninstall", "--dry-run"]),
    ):
        done = servers.rollupctl(server.dsn(roles), *command, env=as_role(role))
        assert (done.returncode, done.stderr.count("error:")) == (0, 0), (role, command, done)


def test_a_monitor_knows_the_lag_without_reading_events(
    act: Act, server: Server, roles: str
) -> None:
    with psycopg.connect(server.dsn(roles), autocommit=True) as db:
        db.execute("call rollup.run_all()")
        insert_events(db, 7)
        lags = rows(act("monitor"), "select lag_events, lag_seconds < 3600, note from rollup.status")
        for events, is_recent, note in lags:
            assert (events, is_recent) == (7, True)
            assert "events could not be read: permission denied" in note
        assert rows(db, "select lag_events, note from rollup.status") == [(7, None)] * 2


def test_doctor_says_what_it_may_not_check(act: Act) -> None:
    found = rows(act("monitor"), DOCTOR)
    unseen = [(name, todo) for name, _, finding, todo in found if finding.startswith("not checked")]
    assert unseen
    assert all("grant" in todo for _, todo in unseen)
    assert [name for name, status, _, _ in found if status == "fail"] == []


def test_a_sequence_that_may_not_be_read_is_an_error(act: Act, server: Server, roles: str) -> None:
    with psycopg.connect(server.dsn(roles), autocommit=True) as db:
        db.execute("revoke select on sequence events_event_id_seq from runner")
        try:
            with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
                act("runner").execute(RUN.encode())
            diag = caught.value.diag
            assert "role runner may not read sequence public.events_event_id_seq" in str(
                diag.message_primary
            )
            assert diag.message_hint == (
                "grant select on sequence public.events_event_id_seq to runner"
            )
            db.execute(str(diag.message_hint).encode())
            act("runner").execute(RUN.encode())
        finally:
            db.execute("grant select on sequence events_event_id_seq to runner")


def test_trap_59_a_writer_of_another_role_is_named_with_what_is_hidden(
    act: Act, server: Server, roles: str
) -> None:
    with psycopg.connect(server.dsn(roles), autocommit=True) as db:
        writer = act("writer")
        insert_events(writer, 1)
        insert_events(db, 1)
        runner = act("runner")
        runner.execute("set rollup.max_wait = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable) as caught:
            runner.execute(RUN.encode())
        diag = caught.value.diag
        assert f"pid {writer.info.backend_pid} on" in str(diag.message_primary)
        assert str(diag.message_detail).startswith("Role runner may not see its state and its age")
        hint = str(diag.message_hint).split("To see its state and age: ")[1]
        runner.rollback()
        db.execute(hint.encode())
        try:
            runner.execute("set rollup.max_wait = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable) as caught:
                runner.execute(RUN.encode())
            assert str(caught.value.diag.message_detail).startswith(
                "Its transaction is idle in transaction and 00:00:"
            )
        finally:
            writer.rollback()
            db.execute("revoke pg_read_all_stats from runner")
