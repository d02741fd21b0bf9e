"""Row security on sources and targets: the engine sees all rows, or stops."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from tests.conftest import Connection
from tests.helpers import Lab, insert, rows, run, value

PASSWORD = "owner"


@pytest.fixture
def owner(plain_lab: Lab) -> Connection:
    """A connection of a role that owns everything and is no superuser."""
    lab = plain_lab
    lab.source()
    db = lab.connect()
    db.execute(
        f"""do $$ begin
                create role rollup_test_owner login password '{PASSWORD}';
            exception when duplicate_object then null; end $$"""
    )
    for schema in ("rollup", "rollup_internal"):
        db.execute(f"grant all on schema {schema} to rollup_test_owner".encode())
        db.execute(f"grant all on all tables in schema {schema} to rollup_test_owner".encode())
        db.execute(f"grant all on all sequences in schema {schema} to rollup_test_owner".encode())
    db.execute("alter schema lab owner to rollup_test_owner")
    for (table,) in rows(db, "select relid::text from pg_partition_tree('lab.e')"):
        db.execute(f"alter table {table} owner to rollup_test_owner".encode())
    owner = lab.connect(user="rollup_test_owner", password=PASSWORD)
    lab.declare(db=owner)
    return owner


def hide(owner: Connection, table: str) -> None:
    owner.execute(f"alter table {table} enable row level security".encode())
    owner.execute(f"alter table {table} force row level security".encode())
    owner.execute(
        f"create policy mine on {table}"
        " using (customer_id = nullif(current_setting('app.customer', true), '')::bigint) with check (true)".encode()
    )


CALLS = [
    "select * from rollup.run('visits')",
    "select * from rollup.run_family('visits')",
    "select * from rollup.verify('visits')",
    "select * from rollup.rebuild('visits')",
    "select * from rollup.repair('visits')",
    "select * from rollup.expire('lab.e', '1 day')",
    "call rollup.run_all()",
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("customer", ["", "1"])
def test_trap_32_hidden_events_are_an_error(
    plain_lab: Lab, owner: Connection, call: str, customer: str
) -> None:
    insert(owner, 10)
    insert(owner, 10, customer_id=2)
    hide(owner, "lab.e")
    owner.execute("select set_config('app.customer', %s, false)", [customer])
    # Policies of the parent do not hide events from expire, which reads partitions one by one.
    with pytest.raises(psycopg.Error, match="row-level security policy|has not counted 20 events"):
        owner.execute(call.encode())
    db = plain_lab.connect()
    assert rows(db, "select last_id from rollup.watermarks") == []
    assert value(db, "select count(*) from rollup.set_aside") == 0
    owner.execute("alter table lab.e no force row level security")
    assert run(owner).events == 20
    assert value(db, "select count(*) from lab.e") == 20


def test_trap_32_rows_of_the_rollup_are_not_overlooked_either(owner: Connection) -> None:
    insert(owner, 10)
    run(owner)
    hide(owner, "lab.visits")
    insert(owner, 5)
    for call in CALLS[:5]:
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security policy"):
            owner.execute(call.encode())


def test_trap_32_readers_keep_their_policies(plain_lab: Lab, owner: Connection) -> None:
    insert(owner, 10)
    insert(owner, 10, customer_id=2)
    run(owner)
    owner.execute("alter table lab.visits enable row level security")
    owner.execute("create policy mine on lab.visits using (customer_id = 1)")
    owner.execute("grant usage on schema lab to public")
    owner.execute("grant select on lab.visits, lab.visits_bi to public")
    db = plain_lab.connect()
    db.execute("drop role if exists rollup_test_reader")
    db.execute("create role rollup_test_reader login password 'reader'")
    try:
        reader = plain_lab.connect(user="rollup_test_reader", password="reader")
        assert value(reader, "select sum(n) from lab.visits_bi") == 10
    finally:
        reader.close()
        db.execute("drop owned by rollup_test_reader")
        db.execute("drop role rollup_test_reader")
    insert(owner, 1)
    assert run(owner).events == 1
