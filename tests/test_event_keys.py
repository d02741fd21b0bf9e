"""Events that come again are counted once, by the keys that their producers give them."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from rollupctl.connect import open_session
from rollupctl.errors import RollupError, UsageError
from rollupctl.loading import load
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.load import RESULT, Options
from rollupctl.loading.rejects import RejectFile
from rollupctl.output import Table
from tests.conftest import Connection, Rollupctl
from tests.helpers import rows, value
from tests.servers import Server
from tests.test_load_parts import dying_at

KEYED = Dialect(event_key="id")
HEADER = "id,customer_id,device_id\n"
DEVICES = "select device_id from events order by 1"
KEYS = "select tenant, event_key from events_keys order by 1, 2"


def load_file(
    dsn: str,
    path: Path,
    text: str,
    dialect: Dialect = KEYED,
    reject: Path | None = None,
    **options: Any,
) -> tuple[int, int, int]:
    """Rows, rejected and duplicates."""
    path.write_text(text)
    report = Table(RESULT)
    with open_session(dsn, "test") as session:
        if reject is None:
            load.load_files(
                session, [str(path)], Options(dialect=dialect, **options), report=report
            )
        else:
            with RejectFile(str(reject), 100) as rejects:
                chosen = Options(dialect=dialect, rejects=rejects, **options)
                load.load_files(session, [str(path)], chosen, report=report)
    done = report.rows[0]
    return done[2], done[3], done[4]


def test_events_that_come_again(db: Connection, dsn: str, tmp_path: Path) -> None:
    first = HEADER + "a,1,1\nb,1,2\na,1,3\na,2,4\n"
    assert load_file(dsn, tmp_path / "1.csv", first) == (3, 0, 1)
    # In another order, another format, with new ones between them; the field may fill a column too.
    lines = [{"id": k, "customer_id": t, "device_id": d} for k, t, d in
             [("c", 1, 5), ("b", 1, 6), ("a", 2, 7), ("a", 3, 8), ("c", 1, 9)]]  # fmt: skip
    text = "".join(json.dumps(line) + "\n" for line in lines)
    form = Dialect(event_key="id", fields={"id": "user_id"})
    assert load_file(dsn, tmp_path / "2.json", text, form) == (2, 0, 3)
    assert rows(db, "select device_id, user_id from events order by 1") == [
        (1, None), (2, None), (4, None), (5, "c"), (8, "a")
    ]  # fmt: skip
    assert rows(db, KEYS) == [(1, "a"), (1, "b"), (1, "c"), (2, "a"), (3, "a")]
    ledger = "select rows, duplicates from rollup.loads order by load_id"
    assert rows(db, ledger) == [(3, 1), (2, 3)]
    assert rows(db, ledger.replace("loads", "load_parts")) == [(3, 1), (2, 3)]
    # A file of which nothing is new is loaded nevertheless, and skipped the second time.
    assert load_file(dsn, tmp_path / "3.csv", HEADER + "a,1,1\n") == (0, 0, 1)
    assert load_file(dsn, tmp_path / "4.csv", HEADER + "a,1,1\n") == (0, 0, 0)
    # Without the option, keys are not looked at.
    text = "customer_id,device_id,user_id\n1,10,a\n"
    assert load_file(dsn, tmp_path / "5.csv", text, Dialect(event_key=None)) == (1, 0, 0)


def test_header_that_differs_in_case(db: Connection, dsn: str, tmp_path: Path) -> None:
    text = "User_ID,customer_id,device_id\nx,1,1\nx,1,2\n"
    form = Dialect(event_key="User_ID")
    assert load_file(dsn, tmp_path / "1.csv", text, form) == (1, 0, 1)
    assert rows(db, "select user_id from events") == [("x",)]


def test_rows_without_a_key_are_bad(db: Connection, dsn: str, tmp_path: Path) -> None:
    long = "x" * 1001
    text = HEADER + f"a,1,1\n,1,2\n{long},1,3\nb,oops,4\na,1,5\nc,1,6\n"
    with pytest.raises(RollupError, match="line 3: has no event key"):
        load_file(dsn, tmp_path / "1.csv", text)
    assert rows(db, KEYS) == []
    reject = tmp_path / "bad"
    assert load_file(dsn, tmp_path / "1.csv", text, reject=reject) == (2, 3, 1)
    said = [json.loads(line)["reason"] for line in reject.read_text().splitlines()]
    assert said[:2] == ["has no event key", "its event key is longer than 1000 bytes"]
    # The key of a bad row is free for a good one.
    assert load_file(dsn, tmp_path / "2.csv", HEADER + "b,1,4\n") == (1, 0, 0)
    text = '{"customer_id":1,"device_id":7}\n{"id":7,"customer_id":1,"device_id":8}\n'
    assert load_file(dsn, tmp_path / "3.json", text, reject=reject) == (1, 1, 0)
    assert rows(db, DEVICES) == [(1,), (4,), (6,), (8,)]


def test_rows_that_only_the_table_refuses(db: Connection, dsn: str, tmp_path: Path) -> None:
    db.execute("alter table events add constraint no_13 check (device_id <> 13)")
    # A constraint that the stage has too is found there; one of an index only by the table.
    db.execute("create unique index on events (customer_id, event_time, country)")
    text = "id,customer_id,device_id,event_time,country\n" + "".join(
        f"{key},1,{device},2026-03-01 00:00:{second}+00,DE\n"
        for key, device, second in [
            ("a", 1, 10),
            ("b", 2, 10),
            ("b", 3, 11),
            ("c", 13, 12),
            ("c", 4, 13),
        ]
    )
    done = load_file(dsn, tmp_path / "1.csv", text, reject=tmp_path / "bad")
    assert (done, rows(db, DEVICES)) == ((3, 2, 0), [(1,), (3,), (4,)])
    assert rows(db, KEYS) == [(1, "a"), (1, "b"), (1, "c")]


def test_options_that_do_not_fit(db: Connection, dsn: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no field 'id'"):
        load_file(dsn, tmp_path / "1.csv", "customer_id\n1\n")
    with pytest.raises(
        errors.UndefinedObject, match="not the source of a rollup|no source of that name"
    ):
        db.execute("create table flat (customer_id bigint)")
        load_file(dsn, tmp_path / "2.csv", "id,customer_id\na,1\n", table="flat")
    db.execute("create table events_keys ()")
    with pytest.raises(errors.DuplicateTable, match="events_keys already exists"):
        load_file(dsn, tmp_path / "3.csv", "id,customer_id\na,1\n")


def test_loaders_of_the_same_events_at_once(db: Connection, dsn: str, tmp_path: Path) -> None:
    db.execute("select rollup.set_retention('events', '7 days', keys => true)")
    events = [(f"key {n}", n % 5, n) for n in range(400)]
    chance = random.Random(8)
    done: list[tuple[int, int, int]] = []
    failed: list[BaseException] = []

    def run(number: int, text: str) -> None:
        try:
            done.append(load_file(dsn, tmp_path / f"{number}.csv", text, part_size=700))
        except BaseException as error:
            failed.append(error)

    loaders = []
    for number in range(4):
        chance.shuffle(events)
        text = HEADER + "".join(f"{key},{tenant},{device}\n" for key, tenant, device in events)
        loaders.append(threading.Thread(target=run, args=(number, text)))
    for loader in loaders:
        loader.start()
    for loader in loaders:
        loader.join()
    assert failed == []
    assert sum(each[0] for each in done) == 400
    assert sum(each[2] for each in done) == 1200
    assert rows(db, DEVICES) == [(n,) for n in range(400)]


def test_a_loader_that_dies(
    db: Connection, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = HEADER + "".join(f"key {n},1,{n}\n" for n in range(100))
    with dying_at(monkeypatch, 2):
        load_file(dsn, tmp_path / "1.csv", text, part_size=700)
    committed = value(db, "select count(*) from events")
    assert 0 < committed < 100
    assert value(db, "select count(*) from events_keys") == committed
    assert load_file(dsn, tmp_path / "1.csv", text, part_size=700) == (100 - committed, 0, 0)
    assert rows(db, DEVICES) == [(n,) for n in range(100)]


def test_what_is_unloaded_can_be_loaded_again(db: Connection, dsn: str, tmp_path: Path) -> None:
    text = HEADER + "a,1,1\nb,1,2\n"
    assert load_file(dsn, tmp_path / "1.csv", text) == (2, 0, 0)
    assert load_file(dsn, tmp_path / "2.csv", HEADER + "c,1,3\na,1,4\n") == (1, 0, 1)
    db.execute("call rollup.unload(1)")
    assert rows(db, KEYS) == [(1, "c")]
    assert load_file(dsn, tmp_path / "1.csv", text) == (2, 0, 0)
    db.execute("truncate events")
    assert load_file(dsn, tmp_path / "1.csv", text, again=True) == (2, 0, 0)
    assert rows(db, DEVICES) == [(1,), (2,)]


def test_keys_expire(db: Connection, dsn: str, rollupctl: Rollupctl, tmp_path: Path) -> None:
    text = HEADER + "".join(f"{key},{n},{n}\n" for n, key in enumerate("abcde"))
    assert load_file(dsn, tmp_path / "1.csv", text) == (5, 0, 0)
    listed = "select kind, name, keep::text from rollup.retention where kind = 'keys'"
    assert rows(db, listed) == [("keys", "public.events_keys", "7 days")]
    assert rollupctl("retention", "events", "2 days", "--keys").returncode == 0
    assert rows(db, listed) == [("keys", "public.events_keys", "2 days")]
    for tenant in range(3):
        db.execute(
            "update events_keys set seen_at = now() - make_interval(days => %s) where tenant = %s",
            [5 - tenant, tenant],
        )
    would = "select kind, rows, action from rollup.expirable()"
    assert rows(db, would) == [("keys", 3, "would delete rows")]
    assert "older keys" in value(
        db,
        "select finding from rollup.doctor() where check_name = 'retention of public.events_keys'",
    )
    # Two in each step.
    db.execute("call rollup.expire_all(2)")
    assert rows(db, KEYS) == [(3, "d"), (4, "e")]
    assert rows(db, would) == []
    assert load_file(dsn, tmp_path / "2.csv", text + "a,0,9\n") == (3, 0, 3)
    done = rollupctl("expire", "-o", "json")
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stderr


def test_roles_that_load(db: Connection, server: Server, dsn: str, tmp_path: Path) -> None:
    role = "keys_loader"
    db.execute("select rollup.set_retention('events', '7 days', keys => true)")
    db.execute(f"create role {role} login")
    try:
        db.execute(f"select rollup.grant_role('{role}', 'loader')")
        (tmp_path / "1.csv").write_text(HEADER + "a,1,1\na,1,2\n")
        report = Table(RESULT)
        with open_session(dsn, "test") as session:
            session.execute(f"set role {role}")
            options = Options(dialect=KEYED)
            load.load_files(session, [str(tmp_path / "1.csv")], options, report=report)
        assert report.rows[0][2:5] == (1, 0, 1)
    finally:
        db.execute(f"drop owned by {role}")
        db.execute(f"drop role {role}")


def test_keys_are_beside_their_events(db: Connection, server: Server) -> None:
    db.execute("select rollup.set_retention('events', null, keys => true)")
    if server.name == "citus":
        together = """select count(distinct colocation_id) from citus_tables
                       where table_name in ('events'::regclass, 'events_keys')"""
        assert value(db, together) == 1
    listed = value(db, "select array_agg(name) from rollup.uninstall(dry_run => true)")
    assert "public.events_keys" in listed
    db.execute("drop table events_keys")
    assert rows(db, "select * from rollup.event_keys") == []
    assert (
        value(db, "select rollup.set_retention('events', '1 day', keys => true)")
        == "public.events_keys keeps 1 day"
    )


def test_following(db: Connection, rollupctl: Rollupctl) -> None:
    text = "".join(f'{{"id":"{n % 3}","customer_id":1,"device_id":{n}}}\n' for n in range(7))
    done = rollupctl("load", "--follow", "-", "--event-key", "id", "-o", "json", input=text)
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)
    assert (told["rows"], told["duplicates"]) == (3, 4)
    assert "keys of events are kept for 7 days, in events_keys" in done.stderr
    done = rollupctl("loads", "--channel", "stdin", "-o", "json")
    assert json.loads(done.stdout)[0]["duplicates"] == 4


def test_without_a_tenant(plain: Server, tmp_path: Path) -> None:
    name = plain.database()
    with psycopg.connect(plain.dsn(name), autocommit=True) as db:
        db.execute(
            "create table public.pings (id bigint generated always as identity, at timestamptz)"
        )
        db.execute(
            "select rollup.create_rollup('pings_hourly', 'public.pings', '1 hour',"
            """ '{"n": {"count": "*"}}', tenant => null, id_column => 'id', time_column => 'at')"""
        )
        text = "key,at\na,2026-03-01\nb,2026-03-01\na,2026-03-01\n"
        form = Dialect(event_key="key")
        assert load_file(plain.dsn(name), tmp_path / "1.csv", text, form, table="pings") == (
            2,
            0,
            1,
        )
    plain.drop(name)
