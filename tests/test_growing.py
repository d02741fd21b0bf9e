"""Citus clusters that change while events come in: a node is added, shards move, a tenant gets a node
of its own, the coordinator is replaced by its standby. Every event is counted once."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests import servers
from tests.backups import base_backup, kill_server, until_replayed
from tests.helpers import (
    Connection,
    Lab,
    assert_exact,
    counted,
    expected,
    insert,
    rows,
    until,
    value,
    watermarks,
)
from tests.servers import rollupctl

pytestmark = pytest.mark.citus

TENANTS = 12


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A coordinator, two workers, and a node that is not part of the cluster yet: the last one."""
    if not servers.citus_is_installed():
        pytest.skip("citus is not installed")
    with servers.citus_server(nodes=4) as server:
        spare = server.nodes.pop()
        server.create_empty("growing")
        done = rollupctl(server.dsn("growing"), "install", "--engine-only")
        assert done.returncode == 0, done.stderr
        server.nodes.append(spare)
        with server.admin(3) as admin:
            admin.execute("create database growing")
        with server.connect("growing", 3, autocommit=True) as db:
            db.execute("create extension citus")
        lab = Lab(server, "growing")
        with lab.connect() as db:
            db.execute("create schema lab")
        lab.source()
        lab.declare()
        lab.declare("hours", bucket="1 hour")
        yield lab
        with contextlib.suppress(psycopg.OperationalError):
            lab.close()


def port(lab: Lab, node: int) -> int:
    return int(str(conninfo_to_dict(lab.server.nodes[node])["port"]))


class Load:
    """Events and changes that come in through several nodes, and jobs that count them.

    A statement whose error matches `tried_again` is rolled back and repeated, as clients would."""

    def __init__(self, lab: Lab, tried_again: str = "^$") -> None:
        self.lab = lab
        self.tried_again = tried_again
        self.problems: list[str] = []
        self.statements = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(node,)) for node in range(3)]
        self._threads += [threading.Thread(target=self._change), threading.Thread(target=self._run)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        self.until_more()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        assert self.problems == []

    def until_more(self) -> None:
        """Wait until all of it has gone on for a while."""
        begun = self.statements
        until(lambda: self.statements > begun + 30 or bool(self.problems), "events come in")

    def _repeat(self, node: int, work: Any) -> None:
        number = 0
        with self.lab.server.connect(self.lab.database, node, autocommit=True) as db:
            while not self._stop.is_set():
                number += 1
                try:
                    work(db, number)
                    self.statements += 1
                except psycopg.Error as error:
                    if not re.search(self.tried_again, str(error)):
                        self.problems.append(f"{node}: {error}")
                        return

    def _write(self, node: int) -> None:
        self._repeat(node, lambda db, number: insert(db, 3, customer_id=number % TENANTS))

    def _change(self) -> None:
        update = "update lab.e set amount = amount + 1 where customer_id = %s and device_id = 1"
        self._repeat(0, lambda db, number: db.execute(update, [number % TENANTS]))

    def _run(self) -> None:
        self._repeat(0, lambda db, number: db.execute("call rollup.run_all()"))


def assert_all_counted(db: Connection) -> None:
    db.execute("call rollup.run_all()")
    db.execute("call rollup.run_all()")
    assert rows(db, "select * from rollup.pending_changes") == []
    assert_exact(db)
    assert counted(db, "lab.hours") == expected(db, bucket="1 hour")
    for name in ("visits", "hours"):
        assert rows(db, "select * from rollup.verify(%s)", name) == []
    wrong = "status = 'fail' and check_name not like 'partitions of %'"
    assert rows(db, f"select check_name, finding from rollup.doctor() where {wrong}") == []


def shards_on(db: Connection, lab: Lab, node: int) -> int:
    found: int = value(
        db,
        "select count(*) from citus_shards where table_name = 'lab.e'::regclass and nodeport = %s",
        port(lab, node),
    )
    return found


def test_a_node_is_added_and_a_tenant_moves_while_events_come_in(lab: Lab) -> None:
    db = lab.connect(options="-c statement_timeout=0")
    for tenant in range(TENANTS):
        insert(db, 20, customer_id=tenant)
    db.execute("select rollup.follow_changes('lab.e')")
    db.execute("call rollup.run_all()")
    with Load(lab) as load:
        db.execute("select citus_add_node('localhost', %s)", [port(lab, 3)])
        # No alarm because events are newer than what was read of their sequence.
        wrong = "status = 'fail' and check_name not like 'partitions of %'"
        assert rows(db, f"select check_name, finding from rollup.doctor() where {wrong}") == []
        move = "select rebalance_table_shards('lab.e', shard_transfer_mode => 'block_writes')"
        db.execute(move)
        load.until_more()
    assert shards_on(db, lab, 3) > 0
    assert_all_counted(db)

    # The triggers have moved with the shards, and so have the tables that generated code uses.
    db.execute("update lab.e set amount = 5 where device_id = 2")
    db.execute("delete from lab.e where device_id = 3")
    insert(lab.connect(3), 4, customer_id=3)
    assert_all_counted(db)
    assert [group for group, _ in watermarks(db)] == [0, 1, 2, 3]
    # A truncation is noted once, for the partition, not for the shards that have moved too.
    db.execute("truncate lab.e_2")
    db.execute("select rollup_internal.collect_changes(waits => true)")
    assert rows(db, "select emptied::regclass::text from rollup_internal.changes") == [("lab.e_2",)]
    assert_all_counted(db)

    # A tenant on a node of its own. Citus fails statements that have planned for the shard before.
    with Load(lab, tried_again="could not find valid entry for shard") as load:
        isolate = "select isolate_tenant_to_new_shard('lab.e', 3, 'CASCADE', 'block_writes')"
        shard = value(db, isolate)
        placed = "select nodename, nodeport from citus_shards where shardid = %s"
        (source,) = rows(db, placed, shard)
        if source[1] != port(lab, 3):
            db.execute(
                "select citus_move_shard_placement(%s, %s, %s, %s, %s, 'block_writes')",
                [shard, *source, "localhost", port(lab, 3)],
            )
        load.until_more()
    assert rows(db, placed, shard) == [("localhost", port(lab, 3))]
    db.execute("update lab.e set amount = 6 where customer_id = 3")
    assert_all_counted(db)


def test_notes_of_changes_outlive_their_shard(lab: Lab) -> None:
    db = lab.connect()
    for tenant in range(TENANTS):
        insert(db, 5, customer_id=tenant)
    db.execute("select rollup.follow_changes('lab.e')")
    db.execute("call rollup.run_all()")
    db.execute("update lab.e set amount = 4")
    for group in (1, 2):  # every shard leaves its node, or is divided
        shards = (
            "select shardid, nodename, nodeport from pg_dist_placement join pg_dist_node using (groupid)"
            " join pg_dist_shard using (shardid) where logicalrelid = 'lab.e'::regclass and groupid = %s"
        )
        for shard in rows(db, shards, group):
            move = "select citus_move_shard_placement(%s, %s, %s, 'localhost', %s, 'block_writes')"
            db.execute(move, [*shard, port(lab, 3 - group)])
    db.execute("call citus_cleanup_orphaned_resources()")
    assert_all_counted(db)
    db.execute("update lab.e set amount = 5")
    db.execute("select isolate_tenant_to_new_shard('lab.e', 3, 'CASCADE', 'block_writes')")
    db.execute("call citus_cleanup_orphaned_resources()")
    assert_all_counted(db)


def test_the_coordinator_is_replaced_by_its_standby(lab: Lab) -> None:
    db = lab.connect()
    insert(db, 50)
    db.execute("call rollup.run_all()")
    cluster = lab.server.clusters[0]
    with base_backup(cluster, "standby", "-R") as standby:
        standby.start("standby.signal")
        copy = Lab(standby.server(), lab.database)
        insert(db, 7, country="late")
        insert(lab.connect(1), 5, country="worker")
        insert(lab.connect(autocommit=False), 3, country="lost")
        until_replayed(db, copy.server.dsn(lab.database))
        kill_server(cluster.data)
        standby.promote()
        with copy.connect() as now:
            now.execute(
                "select citus_update_node(nodeid, 'localhost', %s) from pg_dist_node"
                " where groupid = 0",
                [standby.port],
            )
            now.execute("select recover_prepared_transactions()")
            assert_all_counted(now)
            assert value(now, "select count(*) from lab.e") == 62
            insert(now, 2)
            insert(lab.connect(2), 2)
            assert_all_counted(now)
