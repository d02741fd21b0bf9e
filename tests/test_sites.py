"""Sites: tenants that come as names. On Citus, too, and with many sessions at once."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from tests.conftest import Connection, Rollupctl
from tests.helpers import Task, rows, until, value
from tests.servers import Server

FIRST = 1_000_000_001


@pytest.fixture
def sites(db: Connection) -> Connection:
    db.execute("select rollup.create_sites()")
    return db


def ids(db: Connection, *names: str | None, make: bool = True) -> dict[str, int]:
    return dict(rows(db, "select * from rollup.site_ids(%s, %s)", list(names), make))


def test_names_get_numbers_that_stay(sites: Connection) -> None:
    made = ids(sites, "example.com", " Shop.Example.COM\n", "shop.example.com", None, "Österreich")
    assert len(made) == 4
    assert made[" Shop.Example.COM\n"] == made["shop.example.com"]
    assert len(set(made.values())) == 3
    assert min(made.values()) == FIRST
    assert ids(sites, "EXAMPLE.com", "new", make=False) == {"EXAMPLE.com": made["example.com"]}
    assert value(sites, "select rollup.site_id('example.com')") == made["example.com"]
    assert value(sites, "select rollup.site_id('new', make => false)") is None
    assert value(sites, "select rollup.site_id(null)") is None
    assert rows(sites, 'select slug, name from sites order by slug collate "C"') == [
        ("example.com", "example.com"),
        ("shop.example.com", "Shop.Example.COM"),
        ("Österreich", "Österreich"),
    ]
    # A letter and its accent, as some file systems write it, is the same name.
    assert ids(sites, "O\N{COMBINING DIAERESIS}sterreich") == {
        "O\N{COMBINING DIAERESIS}sterreich": made["Österreich"]
    }
    assert value(sites, "select count(*) from sites") == 3


def test_a_name_that_is_none_is_refused_and_makes_nothing(sites: Connection) -> None:
    for name in ("", " \t", "x" * 201, "a\nb", "\x7f"):
        with pytest.raises(errors.InvalidParameterValue, match="name of a site"):
            ids(sites, "good", name)
    assert value(sites, "select count(*) from sites") == 0


def test_without_a_table_the_error_says_how_to_make_it(db: Connection) -> None:
    with pytest.raises(errors.UndefinedTable, match=r"no table of sites, public\.sites") as raised:
        db.execute("select rollup.site_ids('{a}')")
    assert "rollup.create_sites()" in str(raised.value.diag.message_hint)


def test_numbers_begin_above_tenants_that_were_counted(db: Connection) -> None:
    db.execute("insert into events (customer_id) values (3000000000), (9000000000000000000)")
    db.execute("call rollup.run_all()")
    db.execute("select rollup.create_sites()")
    assert value(db, "select rollup.site_id('a')") == 3_000_000_001


def test_two_sessions_that_make_the_same_site_get_one(server: Server, sites: Connection) -> None:
    database = sites.info.dbname

    def queues() -> bool:
        """On Citus the session of a worker waits, and the coordinator's for its answer."""
        query = "select exists (select from pg_stat_activity where datname = %s and wait_event_type = 'Lock')"
        for node in range(len(server.nodes)):
            with psycopg.connect(server.dsn(database, node)) as look:
                if value(look, query, database):
                    return True
        return False

    second = server.connect(database)
    with server.connect(database) as first:
        mine = ids(first, "a", "b")
        waiting = Task(lambda: ids(second, "b", "c", "a"))
        until(queues, "the second waits for the first")
        first.commit()
        theirs = waiting.result()
        second.commit()
        assert {name: theirs[name] for name in mine} == mine
        # What is rolled back is made by the one that waited.
        ids(first, "d")
        waiting = Task(lambda: ids(second, "d"))
        until(queues, "the second waits for the first")
        first.rollback()
        made = waiting.result()
        second.commit()
    second.close()
    assert ids(sites, "d", make=False) == made
    assert value(sites, "select count(*) from sites") == 4


def test_an_older_snapshot_is_refused_before_anything_is_made(sites: Connection) -> None:
    with sites.transaction():
        sites.execute("set transaction isolation level repeatable read")
        assert ids(sites, "a", make=False) == {}
        with pytest.raises(errors.InvalidTransactionState), sites.transaction():
            ids(sites, "a")


def test_a_load_resolves_names_beside_its_rows(server: Server, sites: Connection) -> None:
    with server.connect(sites.info.dbname) as db:
        with db.cursor().copy("copy events (customer_id, event_type) from stdin") as copy:
            for number in range(1, 200):
                copy.write_row((number, "before"))
        made = ids(db, *(f"site {number}" for number in range(50)))
        with db.cursor().copy("copy events (customer_id, event_type) from stdin") as copy:
            for number in made.values():
                copy.write_row((number, "by name"))
        made |= ids(db, "site 51")
        db.execute("insert into events (customer_id) values (rollup.site_id('site 51'))")
        db.commit()
    joined = "select count(*) from events join sites using (customer_id)"
    assert value(sites, joined) == 51
    sites.execute("call rollup.run_all()")
    counted = "select sum(event_count) from rollup_events_1hr join sites using (customer_id)"
    assert value(sites, counted) == 51


def test_a_site_is_set_and_keeps_its_number(sites: Connection, rollupctl: Rollupctl) -> None:
    done = rollupctl("sites", "Example.com", "--customer-id", "7", "--time-zone", "europe/berlin")
    assert done.returncode == 0, done.stderr
    done = rollupctl("sites", "example.com", "--name", "The shop", "-o", "csv")
    assert done.stdout.splitlines() == [
        "slug,customer_id,name,time_zone",
        "example.com,7,The shop,Europe/Berlin",
    ]
    assert ids(sites, "example.com") == {"example.com": 7}
    for arguments, message in (
        (("example.com", "--customer-id", "8"), "has the customer_id 7"),
        (("other", "--customer-id", "7"), "customer_id 7 is the site 'example.com'"),
        (("other", "--time-zone", "CET"), "CET is an abbreviation"),
    ):
        done = rollupctl("sites", *arguments)
        assert done.returncode == 1
        assert message in done.stderr
    done = rollupctl("sites", "--name", "x")
    assert done.returncode == 2
    assert value(sites, "select count(*) from sites") == 1


def test_the_table_is_made_by_install_and_outlives_the_package(
    db: Connection, rollupctl: Rollupctl
) -> None:
    for _ in range(2):
        done = rollupctl("install", "--sites")
        assert done.returncode == 0, done.stderr
        made = ids(db, "a")
    done = rollupctl("install")
    assert done.returncode == 0, done.stderr
    assert ids(db, "a") == made
    done = rollupctl("uninstall", "--yes", "--drop-tables")
    assert done.returncode == 0, done.stderr
    assert rows(db, "select slug, customer_id from sites") == [*made.items()]
    done = rollupctl("install", "--sites")
    assert done.returncode == 0, done.stderr
    assert ids(db, "a", "b") == {**made, "b": made["a"] + 1}


def test_a_table_of_that_name_that_is_something_else_is_left_alone(db: Connection) -> None:
    db.execute("create table sites (slug text, name text)")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="customer_id bigint") as raised:
        db.execute("select rollup.create_sites()")
    assert "rollup.sites_table" in str(raised.value.diag.message_hint)
    with db.transaction():
        db.execute("set local rollup.sites_table = 'public.Web Sites'")
        with pytest.raises(errors.InvalidParameterValue), db.transaction():
            db.execute("select rollup.create_sites()")
        db.execute("set local rollup.sites_table = 'public.tenants'")
        assert value(db, "select rollup.create_sites()::text") == "tenants"
        assert ids(db, "a") == {"a": FIRST}


def test_an_own_table_is_used(db: Connection) -> None:
    db.execute(
        "create table public.shops (customer_id bigserial, slug text unique, name text,"
        " time_zone text, plan text default 'free')"
    )
    with db.transaction():
        db.execute("set local rollup.sites_table = 'public.shops'")
        db.execute("select rollup.create_sites()")
        assert ids(db, "a") == {"a": 1}
        assert rows(db, "select slug, plan from shops") == [("a", "free")]


def test_a_loader_needs_to_read_and_insert_only(server: Server, sites: Connection) -> None:
    sites.execute("create role site_loader login")
    try:
        with sites.transaction():
            sites.execute("set local role site_loader")
            with pytest.raises(errors.InsufficientPrivilege), sites.transaction():
                ids(sites, "a", make=False)
        sites.execute("grant select, insert on sites to site_loader")
        with sites.transaction():
            sites.execute("set local role site_loader")
            assert ids(sites, "a") == {"a": FIRST}
            with pytest.raises(errors.InsufficientPrivilege), sites.transaction():
                sites.execute("select rollup.set_site('a', name => 'b')")
    finally:
        sites.execute("drop owned by site_loader")
        with server.admin() as admin:
            admin.execute("drop role site_loader")


def test_on_citus_names_are_joined_on_the_nodes(server: Server, sites: Connection) -> None:
    if not server.is_citus:
        pytest.skip("plain: there is one node")
    ids(sites, "a", "b")
    for node in range(len(server.nodes)):
        with psycopg.connect(server.dsn(sites.info.dbname, node)) as other:
            assert value(other, "select count(*) from sites") == 2
            assert ids(other, "b", make=False) == {"b": FIRST + 1}
