"""Examples for tools that build on rollups: dbt, Airflow, Alembic."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.helpers import Connection, rows, value
from tests.servers import EMPTY, INSTALLED, ROOT, Server, command_environment, rollupctl, warm_path

EXAMPLES = ROOT / "examples"
STORY = """
    insert into events (event_time, customer_id, event_type, user_id, path, source, campaign, value, properties)
    values ('2024-06-01 10:00Z', 1, 'view', 'ann', '/a', 'email', null, null, '{"name": "Ann"}'),
           ('2024-06-01 10:05Z', 1, 'click', 'ann', '/a', 'email', 'spring', null, '{"ad_type": "text"}'),
           ('2024-06-02 10:00Z', 1, 'subscribe', 'ann', '/a', null, null, null, '{"plan": "gold"}'),
           ('2024-06-02 11:00Z', 1, 'click', 'bob', '/b', 'social', 'spring', null, '{}'),
           ('2024-06-09 10:00Z', 1, 'unsubscribe', 'ann', '/a', null, null, null, '{}'),
           ('2024-06-03 10:00Z', 1, 'mention', null, null, 'forum', null, 0.9, '{}'),
           ('2024-06-03 11:00Z', 2, 'view', 'bob', '/a', 'sem', null, null, '{}')
"""


@pytest.fixture
def database(plain: Server) -> Iterator[str]:
    name = plain.database(INSTALLED)
    yield name
    plain.drop(name)


@pytest.fixture
def told(plain: Server, database: str) -> Iterator[Connection]:
    """A database with a story of some visitors, counted."""
    with plain.connect(database, autocommit=True) as db:
        db.execute(STORY.encode())
        db.execute("call rollup.run_all()")
        yield db


def server_variables(dsn: str) -> dict[str, str]:
    place = conninfo_to_dict(dsn)
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    return command_environment(dsn) | {names[k]: str(v) for k, v in place.items() if k in names}


class Dbt:
    def __init__(self, dsn: str, folder: Path) -> None:
        program = shutil.which("dbt")
        if program is None:
            pytest.skip("dbt is not installed: pip install dbt-core dbt-postgres")
        self.program = program
        self.folder = folder / "dbt"
        shutil.copytree(EXAMPLES / "dbt", self.folder)
        self.environment = server_variables(dsn) | {
            "DBT_PROFILES_DIR": str(self.folder),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_VERSION_CHECK": "false",
        }

    def __call__(self, *args: str) -> str:
        done = subprocess.run(
            [self.program, "--no-use-colors", *args, "--project-dir", str(self.folder)],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_dbt_builds_dimensions_and_facts(
    plain: Server, database: str, told: Connection, tmp_path: Path
) -> None:
    dbt = Dbt(plain.dsn(database), tmp_path)
    db = told
    said = dbt("build")
    assert "ERROR=0" in said
    assert rows(
        db,
        "select visitor_id, visitor_name, source from happytimes.dim_visitor order by 1",
    ) == [("1/ann", "Ann", "email"), ("1/bob", None, "social"), ("2/bob", None, "sem")]
    assert rows(
        db,
        "select subscriber_id, subscription_type, start_date::text, end_date::text"
        " from happytimes.dim_subscription",
    ) == [("1/ann", "gold", "2024-06-02", "2024-06-09")]
    assert rows(
        db,
        "select visitor_id, subscription_status from happytimes.fact_conversions order by 1",
    ) == [("1/ann", "converted"), ("1/bob", "not converted")]
    visits = "select count(*) from happytimes.fact_retentions where return_visit = 'yes'"
    assert value(db, visits) == 2
    assert rows(
        db, "select social_media_name, sentiment_category from happytimes.dim_social_media"
    ) == [("forum", "positive")]

    # An event whose transaction commits after one with a larger id.
    with plain.connect(database) as slow:
        slow.execute(
            "insert into events (customer_id, event_type, user_id) values (1, 'late', 'eve')"
        )
        db.execute(
            "insert into events (customer_id, event_type, user_id) values (1, 'fast', 'eve')"
        )
        db.execute("set rollup.max_wait = '10ms'")
        with pytest.raises(psycopg.Error, match="still writing"):
            db.execute("call rollup.run_all()")
        dbt("build")
    db.execute("call rollup.run_all()")
    dbt("build")
    new = "select activity_type from happytimes.fact_visitor_activity where visitor_id = '1/eve'"
    assert sorted(rows(db, new)) == [("fast",), ("late",)]


def test_sources_of_the_example_are_what_the_declarations_say(plain: Server, database: str) -> None:
    done = rollupctl(plain.dsn(database), "export-dbt")
    assert done.returncode == 0, done.stderr
    kept = EXAMPLES / "dbt" / "models" / "sources.yml"
    assert kept.read_text(encoding="utf-8") == done.stdout, "rollupctl export-dbt -f … --force"
    done = rollupctl(plain.dsn(database), "export-dbt", "nothing")
    assert (done.returncode, "there is no rollup nothing" in done.stderr) == (2, True)


def test_tasks_of_airflow_load_count_compare_and_expire(
    plain: Server, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES / "airflow"))
    monkeypatch.setenv("PATH", warm_path())
    import rollup_steps  # type: ignore[import-not-found]

    dsn = plain.dsn(database)
    file = tmp_path / "new.csv"
    file.write_text("event_time,customer_id\n" + f"{datetime.now(timezone.utc)},1\n" * 3)
    with plain.connect(database, autocommit=True) as db:
        for _ in range(2):  # a task may be repeated
            rollup_steps.load([str(file)], dsn)
            rollup_steps.count(dsn)
        assert value(db, "select sum(event_count) from rollup_events_1hr") == 3
        rollup_steps.check("2024-01-01", "2100-01-01", dsn)
        rollup_steps.expire(dsn)
        with plain.connect(database) as slow:
            slow.execute("insert into events (customer_id) values (1)")
            with pytest.raises(rollup_steps.DeferredError, match="still writing"):
                rollup_steps.count(f"{dsn} options='-c rollup.max_wait=10ms'")
        db.execute("update rollup_events_1hr set event_count = 7")
        with pytest.raises(RuntimeError, match="rollup_events_1hr"):
            rollup_steps.check("2024-01-01", "2100-01-01", dsn)


def test_the_dag_of_airflow_runs(plain: Server, database: str, tmp_path: Path) -> None:
    airflow = shutil.which("airflow")
    if airflow is None:
        pytest.skip("airflow is not installed: pip install apache-airflow")
    environment = command_environment(plain.dsn(database)) | {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(EXAMPLES / "airflow"),
        "ROLLUP_INBOX": str(ROOT / "data" / "1.csv"),
    }
    for command in (
        [airflow, "db", "migrate"],
        [airflow, "dags", "test", "rollups", "2024-06-01"],
    ):
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=600, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    with plain.connect(database, autocommit=True) as db:
        assert value(db, "select sum(event_count) from rollup_events_1hr") == value(
            db, "select count(*) from events"
        )
        assert value(db, "select count(*) from rollup.loads") == 1


# Columns and indexes of the tables.
SCHEMA = """
    select c.oid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'shop'::regnamespace and c.relkind in ('r', 'p', 'v')
    union all
    select indexrelid::regclass::text, pg_get_indexdef(indexrelid), '', true, '' from pg_index
     where indrelid in (select oid from pg_class where relnamespace = 'shop'::regnamespace)
     order by 1, 2
"""


def alembic(dsn: str, *args: str) -> str:
    place = conninfo_to_dict(dsn)
    url = "postgresql+psycopg:///{dbname}?host={host}&port={port}&user={user}".format(**place)
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "-c", str(EXAMPLES / "alembic" / "alembic.ini"), *args],
        capture_output=True,
        text=True,
        env=command_environment(dsn) | {"DATABASE_URL": url},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_migrations_of_alembic_make_the_same_rollup(plain: Server) -> None:
    shown = []
    for way in ("migrations", "by hand"):
        name = plain.database(EMPTY)
        dsn = plain.dsn(name)
        assert rollupctl(dsn, "install", "--engine-only").returncode == 0
        with plain.connect(name, autocommit=True) as db:
            if way == "migrations":
                alembic(dsn, "upgrade", "head")
            else:
                db.execute((ROOT / "docs" / "shop.sql").read_bytes())
                average = 'add_measures => \'{"average": {"avg": "price"}}\''
                db.execute(f"select rollup.alter_rollup('orders_by_hour', {average})".encode())
            shown.append((rollupctl(dsn, "show").stdout, rows(db, SCHEMA)))
            if way == "migrations":
                db.execute(
                    "insert into shop.orders (placed_at, shop_id, product, price)"
                    " values (now(), 1, 'tea', 4)"
                )
                db.execute("call rollup.run_all()")
                assert "No new upgrade operations detected" in alembic(dsn, "check")
                alembic(dsn, "downgrade", "base")
                assert value(db, "select count(*) from rollup.rollups") == 0
                assert value(db, "select to_regnamespace('shop')") is None
        plain.drop(name)
    assert shown[0] == shown[1]
    assert "orders_by_hour" in shown[0][0]
