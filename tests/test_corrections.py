"""Updates and deletes reach the rollups."""

from __future__ import annotations

from tests.conftest import Connection
from tests.helpers import Lab, assert_exact, counted, expected, insert, rows, value


def followed(lab: Lab) -> Connection:
    lab.source()
    lab.declare()
    lab.declare("hours", bucket="1 hour", target="lab.hours")
    db = lab.connect()
    for tenant in (1, 2, 3):
        for time in ("2024-06-01 10:01Z", "2024-06-01 12:30Z", "2024-06-02 10:00Z", "1999-01-01Z"):
            insert(db, 5, customer_id=tenant, event_time=time, country="de", amount=2)
    db.execute("select rollup.follow_changes('lab.e')")
    db.execute("call rollup.run_all()")
    return db


def corrected(db: Connection) -> None:
    db.execute("call rollup.run_all()")
    assert value(db, "select count(*) from rollup_internal.changes") == 0
    assert value(db, "select count(*) from rollup_internal.changed_buckets") == 0
    assert_exact(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")
    for name in ("visits", "hours"):
        assert rows(db, "select * from rollup.verify(%s)", name) == []


def test_every_kind_of_change_reaches_the_rollups(lab: Lab) -> None:
    db = followed(lab)
    corrected(db)
    for change in (
        "update lab.e set amount = 7 where customer_id = 1 and event_time = '2024-06-01 10:01Z'",
        "delete from lab.e where customer_id = 2 and device_id < 3",
        "update lab.e set event_time = '2024-06-02 11:11Z' where customer_id = 1 and device_id = 1",
        "update lab.e set customer_id = 9 where customer_id = 3 and device_id = 2",
        "update lab.e_1 set country = 'fr' where customer_id = 3",
        "delete from lab.e_default where customer_id = 3 and device_id = 5",
        "set session_replication_role = replica; delete from lab.e where device_id = 4;"
        " reset session_replication_role",
        "merge into lab.e using (values (1)) v (c) on customer_id = c"
        " when matched and device_id = 3 then update set amount = 70"
        " when matched and device_id = 5 then delete"
        " when not matched then do nothing",
        "truncate lab.e_2",
        "insert into lab.e (customer_id, country) values (4, 'x')",
        "truncate lab.e",
    ):
        for statement in change.split(";"):
            db.execute(statement.encode())
        corrected(db)
