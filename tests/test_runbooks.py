"""docs/runbooks: each page is followed to its end, in the situation that it is for."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from docs.generate import DOCS
from docs.proofs import files_of_tests
from docs.transcript import examples, rewrite
from rollupctl.cluster import ROLE, Cluster
from rollupctl.clusterhome import Home
from tests import servers
from tests.backups import archiving_server, base_backup, kill_server, program, until_replayed
from tests.helpers import Connection, rows, value
from tests.servers import EMPTY, INSTALLED, ROOT, Server, rollupctl, warm_path

RUNBOOKS = sorted(path for path in (DOCS / "runbooks").glob("*.md") if path.name != "index.md")


def fill(db: Connection) -> None:
    """Some days of events of ten customers, counted."""
    db.execute(
        "insert into events (event_time, customer_id, event_type, device_id)"
        " select now() - n % 50 * interval '1 hour', n % 10, 'view', n % 100"
        " from generate_series(1, 3000) n"
    )
    db.execute("insert into events (customer_id, event_type, device_id) values (7, 'buy', 4711)")
    db.execute("call rollup.run_all()")


def more(db: Connection, number: int = 200, ago: str = "0") -> None:
    """Events that are not counted."""
    db.execute(
        "insert into events (event_time, customer_id, event_type, device_id)"
        " select now() - %s::interval, n %% 10, 'more', n from generate_series(1, %s) n",
        [ago, number],
    )


@contextmanager
def filled(server: Server) -> Iterator[tuple[str, Connection]]:
    name = server.database(INSTALLED)
    with server.connect(name, autocommit=True) as db:
        fill(db)
        yield server.dsn(name), db
    server.drop(name)


Scene = Callable[..., AbstractContextManager[tuple[str, dict[str, str]]]]


@contextmanager
def lag_grows(plain: Server) -> Iterator[tuple[str, dict[str, str]]]:
    with filled(plain) as (dsn, db):
        more(db, ago="2 hours")
        db.execute("update rollup_internal.watermarks set as_of = now() - interval '1 hour'")
        yield dsn, {}
        assert value(db, "select sum(lag_events) from rollup.status") == 0


@contextmanager
def run_deferred(plain: Server) -> Iterator[tuple[str, dict[str, str]]]:
    with filled(plain) as (dsn, db):
        with psycopg.connect(dsn, application_name="importer") as writer:
            more(writer)
            yield make_conninfo(dsn, options="-c rollup.max_wait=200ms"), {}
            assert writer.closed or not _answers(writer)
        assert value(db, "select count(*) from events where event_type = 'more'") == 0


def _answers(session: Connection) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        session.execute("select")
        return True
    return False


@contextmanager
def default_partition_fills(plain: Server) -> Iterator[tuple[str, dict[str, str]]]:
    with filled(plain) as (dsn, db):
        db.execute(
            "insert into events (event_time, customer_id) select day, 1"
            " from unnest(array[now() - interval '400 days', now() - interval '399 days',"
            " now() + interval '5 years']) day"
        )
        db.execute("call rollup.run_all()")
        yield dsn, {}
        assert value(db, "select count(*) from only events_default") == 0
        assert value(db, "select count(*) from events") == 3003
        assert rows(db, "select * from rollup.verify('rollup_events_1hr')") == []


@contextmanager
def disk_fills(plain: Server) -> Iterator[tuple[str, dict[str, str]]]:
    with filled(plain) as (dsn, db):
        db.execute("select pg_create_physical_replication_slot('gone', true)")
        yield dsn, {}
        assert rows(db, "select slot_name from pg_replication_slots") == []


@contextmanager
def wrong_numbers(plain: Server) -> Iterator[tuple[str, dict[str, str]]]:
    with filled(plain) as (dsn, db):
        db.execute("update rollup_events_1hr set event_count = 7 where customer_id = 1")
        yield dsn, {}


@contextmanager
def erase_a_person(plain: Server) -> Iterator[tuple[str, dict[str, str]]]:
    with filled(plain) as (dsn, db):
        yield dsn, {}
        assert value(db, "select sum(events) from rollup.erasures") == 1
        assert value(db, "select sum(event_count) from rollup_events_1hr") == 3000


@contextmanager
def restore(plain: Server, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    new = plain.database(EMPTY)
    with filled(plain) as (dsn, db):
        db.execute("select rollup.follow_changes('events')")
        db.execute("delete from events where customer_id = 3")
        yield dsn, {"NEW_DSN": plain.dsn(new), "BACKUP": str(tmp_path)}
        with psycopg.connect(plain.dsn(new)) as copy:
            assert value(copy, "select sum(event_count) from rollup_events_1hr") == value(
                copy, "select count(*) from events"
            )
            assert value(copy, "select count(*) from rollup.loads") == 10
    plain.drop(new)


@contextmanager
def failover(plain: Server) -> Iterator[tuple[str, dict[str, str]]]:
    with archiving_server() as server:
        (cluster,) = server.clusters
        with filled(server) as (dsn, db), base_backup(cluster, "standby", "-R") as standby:
            standby.start("standby.signal")
            more(db)
            there = standby.server().dsn(str(conninfo_to_dict(dsn)["dbname"]))
            until_replayed(db, there)
            kill_server(cluster.data)
            db.close()
            yield dsn, {"STANDBY_DSN": there}
            with psycopg.connect(there) as copy:
                counted = value(copy, "select sum(event_count) from rollup_events_1hr")
                assert counted == value(copy, "select count(*) from events")
                assert counted > 3201
            cluster.up()


@contextmanager
def upgrade_postgresql(plain: Server, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    old = servers.private_cluster({}, [], trust_tcp=False)
    home = Home(old.home)
    try:
        server = Server("old", [old.dsn()], [old.log], [old])
        with server.connect("rollup", autocommit=True) as db:
            assert rollupctl(old.dsn(), "install").returncode == 0
        with server.connect("rollup", autocommit=True) as db:
            fill(db)
            more(db)
        new = Cluster(old.home / "made")
        make = [program("initdb"), "-D", str(new.home), "-U", ROLE, "--data-checksums"]
        done = home.run([*make, "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust"])
        assert done.returncode == 0, done.stderr
        port, socket = conninfo_to_dict(old.dsn())["port"], str(old.home / "run")
        old.down()
        bindir = str(Path(program("postgres")).parent)
        yield (
            "",
            {
                "OLD_BIN": bindir,
                "NEW_BIN": bindir,
                "OLD_DATA": str(old.data),
                "NEW_DATA": str(new.home),
                "NEW_OPTIONS": f"-p {port} -k {socket} -c max_locks_per_transaction=256",
                "NEW_DSN": make_conninfo(host=socket, port=str(port), dbname="rollup", user=ROLE),
                "PGUSER": ROLE,
            },
        )
        kill_server(new.home)
    finally:
        servers.discard(old)


@contextmanager
def growing_cluster(nodes: int) -> Iterator[tuple[Server, str]]:
    """A Citus cluster with the example, and one more node that is not part of it if `nodes` is 4."""
    if not servers.citus_is_installed():
        pytest.skip("citus is not installed")
    with servers.citus_server(nodes=nodes) as server:
        apart = server.nodes[3:]
        del server.nodes[3:]
        server.create_empty("analytics")
        server.nodes += apart
        for node in range(3, nodes):
            with server.admin(node) as admin:
                admin.execute("create database analytics")
            with server.connect("analytics", node, autocommit=True) as db:
                db.execute("create extension citus")
        done = rollupctl(server.dsn("analytics"), "install", "--shard-count", "6")
        assert done.returncode == 0, done.stderr
        with server.connect("analytics", autocommit=True) as db:
            shards = "select count(*) from citus_shards where table_name = 'events'::regclass"
            assert value(db, shards) == 6
            fill(db)
            db.execute("select rollup.follow_changes('events')")
        yield server, server.dsn("analytics")


def address(server: Server, node: int) -> dict[str, str]:
    return {"NEW_HOST": "localhost", "NEW_PORT": str(conninfo_to_dict(server.nodes[node])["port"])}


@contextmanager
def big_tenant(plain: Server) -> Iterator[tuple[str, dict[str, str]]]:
    with growing_cluster(3) as (server, dsn):
        where = address(server, 2)
        with psycopg.connect(dsn, autocommit=True) as db:
            db.execute("update events set country = 'x' where customer_id = 1")
            yield dsn, where
            shard = "select get_shard_id_for_distribution_column('events', 1)"
            placed = f"select nodeport from citus_shards where shardid = ({shard})"
            assert str(value(db, placed)) == where["NEW_PORT"]


@contextmanager
def add_a_node(plain: Server) -> Iterator[tuple[str, dict[str, str]]]:
    with growing_cluster(4) as (server, dsn):
        yield dsn, address(server, 3)
        with psycopg.connect(dsn) as db:
            assert value(db, "select count(*) from pg_dist_node where groupid > 0") == 2


@contextmanager
def node_lost(plain: Server) -> Iterator[tuple[str, dict[str, str]]]:
    with growing_cluster(3) as (server, dsn):
        worker = server.clusters[2]
        with base_backup(worker, "standby", "-R") as standby:
            standby.start("standby.signal")
            with psycopg.connect(dsn, autocommit=True) as db:
                more(db)
            with server.connect("analytics", 2, autocommit=True) as db:
                more(db, 50)
                until_replayed(db, standby.server().dsn("analytics"))
            kill_server(worker.data)
            user = str(conninfo_to_dict(dsn)["user"])
            yield (
                dsn,
                {
                    "STANDBY_HOST": "localhost",
                    "STANDBY_PORT": str(standby.port),
                    "LOST_PORT": str(conninfo_to_dict(server.nodes[2])["port"]),
                    "PGUSER": user,
                    "PGDATABASE": "analytics",
                },
            )
            with psycopg.connect(dsn) as db:
                assert value(db, "select sum(event_count) from rollup_events_1hr") == 3251


def as_the_servers_user(folder: Path) -> Path:
    """A directory with a `sudo` for machines that have none, or whose tests run as root."""
    account = Home(folder).account
    change = (
        f"setpriv --reuid={account.pw_uid} --regid={account.pw_gid} --clear-groups "
        if account
        else ""
    )
    sudo = folder / "sudo"
    sudo.write_text(f'#!/bin/sh\nshift 2\nexec {change}"$@"\n', encoding="utf-8")
    sudo.chmod(sudo.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_the_commands_of_a_runbook_lead_to_its_end(
    page: Path, plain: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene: Scene = globals()[page.stem.replace("-", "_")]
    monkeypatch.setenv("PATH", f"{as_the_servers_user(tmp_path)}{os.pathsep}{os.environ['PATH']}")
    takes_folder = "tmp_path" in scene.__wrapped__.__annotations__  # type: ignore[attr-defined]
    path = {"PATH": warm_path()}
    with scene(plain, tmp_path) if takes_folder else scene(plain) as (dsn, variables):
        assert rewrite(page, dsn, ROOT, variables | path) == page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_every_command_of_a_runbook_is_run(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"(.*)\n```(?:sh|sql)\n", text)
    tests = files_of_tests(ROOT / "tests")
    assert blocks
    for mark in blocks:
        tried = re.fullmatch(r"<!-- tried: (test_\w+) -->", mark)
        assert mark in ("<!-- run -->", "<!-- run: fails -->") or (tried and tried[1] in tests), (
            mark
        )
    assert examples(text, page.name)


def test_the_list_of_runbooks_is_complete() -> None:
    listed = re.findall(r"\]\((\S+\.md)\)", (DOCS / "runbooks" / "index.md").read_text("utf-8"))
    assert sorted(listed) == [page.name for page in RUNBOOKS]
