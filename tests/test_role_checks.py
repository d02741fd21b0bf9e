"""Roles made by one command: what each needs, what it lacks later, and what it should not have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests import servers
from tests.helpers import Lab, insert, rows, script, value

NAMES = [f"made_{purpose}" for purpose in ("runner", "writer", "loader", "reader", "monitor")]


@pytest.fixture
def made(lab: Lab) -> Iterator[Lab]:
    """A lab in which tests make roles; they are dropped afterwards."""
    lab.source()
    lab.declare()
    yield lab
    lab.close()
    with lab.server.connect(lab.database, autocommit=True) as admin:
        there = rows(admin, "select rolname from pg_roles where rolname like 'made\\_%%'")
        for (name,) in there:
            script(admin, f"drop owned by {name}; drop role {name}")


def roles(lab: Lab, *args: str) -> tuple[int, list[dict[str, Any]], str]:
    done = servers.rollupctl(lab.server.dsn(lab.database), "roles", *args, "-o", "json")
    return done.returncode, json.loads(done.stdout or "[]"), done.stderr


def test_roles_are_made_and_can_do_their_work(made: Lab) -> None:
    for name in NAMES:
        code, found, said = roles(made, name, name.removeprefix("made_"), "--create")
        assert code == 0, (found, said)
        assert f"create role {name} login;" in said
    db = made.connect()
    assert rows(db, "select role, status from rollup.check_roles()") == sorted(
        (name, "ok") for name in NAMES
    )
    writer = made.connect()
    writer.execute("set role made_writer")
    insert(writer, 3)
    runner = made.connect()
    runner.execute("set role made_runner")
    runner.execute("call rollup.run_all()")
    reader = made.connect()
    reader.execute("set role made_reader")
    for relation in ("lab.visits", "lab.visits_bi", "lab.visits_live"):
        assert value(reader, f"select sum(n) from {relation}") == 3
    monitor = made.connect()
    monitor.execute("set role made_monitor")
    assert value(monitor, "select lag_events from rollup.status") == 0
    assert value(monitor, "select rollup.metrics_text() ~ 'rollup_hidden'")
    for role, statement in (
        (reader, "delete from lab.visits"),
        (writer, "select * from lab.e"),
        (monitor, "select * from lab.visits"),
        (runner, "drop table lab.visits"),
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            role.execute(statement.encode())


def test_a_later_rollup_is_reported_and_completed(made: Lab) -> None:
    roles(made, "made_reader", "reader", "--create")
    made.declare("later", bucket="1 hour")
    code, found, _ = roles(made)
    assert (code, found[0]["status"]) == (3, "warn")
    assert "select on lab.later" in found[0]["finding"]
    assert found[0]["todo"] == "select rollup.grant_role('made_reader', 'reader')"
    code, found, said = roles(made, "--all")
    assert (code, found[0]["status"]) == (0, "ok")
    assert "grant select on lab.later to made_reader;" in said


def test_trap_30_schemas_whose_names_need_quotes(made: Lab) -> None:
    db = made.connect()
    script(db, 'create schema "Odd ""one"; alter table lab.e set schema "Odd ""one"')
    try:
        code, found, said = roles(made, "made_writer", "writer", "--create")
        assert (code, found[0]["status"]) == (0, "ok"), said
        assert 'grant usage on schema "Odd ""one" to made_writer;' in said
        db.execute("set role made_writer")
        db.execute("""insert into "Odd ""one".e (customer_id) values (1)""")
    finally:
        script(db, 'reset role; alter table "Odd ""one".e set schema lab; drop schema "Odd ""one"')


def test_privileges_that_a_role_should_not_have(made: Lab) -> None:
    for purpose in ("reader", "monitor"):
        roles(made, f"made_{purpose}", purpose, "--create")
    db = made.connect()
    db.execute("grant delete on lab.visits to made_reader")
    db.execute("alter role made_monitor bypassrls")
    found = {name: (status, finding, todo) for name, status, finding, todo in rows(
        db, "select role, status, finding, todo from rollup.check_roles()")}  # fmt: skip
    assert found["made_reader"][:2] == ("fail", "it may change lab.visits")
    assert found["made_monitor"][:2] == ("fail", "it bypasses row-level security")
    for _, _, todo in found.values():
        db.execute(todo.encode())
    assert {s for (s,) in rows(db, "select status from rollup.check_roles()")} == {"ok"}


def test_what_is_refused(made: Lab) -> None:
    db = made.connect()
    with pytest.raises(psycopg.errors.UndefinedObject, match="role made_none does not exist"):
        db.execute("select rollup.grant_role('made_none', 'reader')")
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="not a purpose"):
        db.execute("select rollup.grant_role(current_user, 'king')")
    assert ("current_user",) not in rows(db, "select role::text from rollup.roles")
    assert roles(made, "made_reader")[0] == 2
    assert roles(made, "made_reader", "king")[0] == 2
