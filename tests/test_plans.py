"""Rollups as code: declarations in files, what would change, and applying them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests import servers
from tests.helpers import Lab, insert, row, rows, run, value

TOML = """
[rollups.visits]
source = "lab.e"
bucket = "5 minutes"
dimensions = ["country"]
keep = "90 days"

[rollups.visits.measures]
n = { count = "*" }
amount = { sum = "amount" }

[rollups."Odd name"]
source = "lab.e"
bucket = "1 month"
time_zone = "Europe/Berlin"
filter = "country <> '}'';%s'"
measures = { n = { count = "*" } }
"""


class Files:
    """rollupctl against the lab, with files of declarations."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder

    def write(self, text: str, name: str = "rollups.toml") -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def __call__(self, *args: str) -> subprocess.CompletedProcess[str]:
        return servers.rollupctl(self.lab.server.dsn(self.lab.database), *args)

    def actions(self, *args: str) -> dict[str, str]:
        done = self(*args, "-o", "json")
        assert done.returncode in (0, 3), done.stderr
        return {each["rollup"]: each["action"] for each in json.loads(done.stdout)}


@pytest.fixture
def files(lab: Lab, tmp_path: Path) -> Files:
    lab.source()
    return Files(lab, tmp_path)


def test_applying_twice_is_applying_once(files: Files) -> None:
    db = files.lab.connect()
    path = files.write(TOML)
    assert files("plan", path).returncode == 3
    assert rows(db, "select name from rollup.rollups") == []
    created = {"visits": "create", "Odd name": "create"}
    assert files.actions("plan", path) == files.actions("apply", path) == created
    declared = rows(db, "select * from rollup.rollups order by id")
    assert files.actions("apply", path) == dict.fromkeys(created, "unchanged")
    assert files("plan", path).returncode == 0
    assert rows(db, "select * from rollup.rollups order by id") == declared
    assert row(db, "select filter, time_zone from rollup.rollups where name = 'Odd name'") == (
        "country <> '}'';%s'",
        "Europe/Berlin",
    )


def test_what_is_shown_declares_the_same_again(files: Files) -> None:
    db = files.lab.connect()
    files("apply", files.write(TOML))
    files.lab.declare(
        "Mine", target='lab."Tab"', work_mem="64MB", newest_first=True, db=db, filter="amount > 1",
        partition_interval="1 day", bucket="1 hour",
    )  # fmt: skip
    shown = files("show")
    assert shown.returncode == 0, shown.stderr
    path = files.write(shown.stdout, "rollups.sql")
    assert set(files.actions("plan", path).values()) == {"unchanged"}
    query = """select name, source, target::text, bucket, dimensions, measures::text, filter, work_mem,
                      time_zone, keep, partition_interval, newest_first, tenant, function_name
                 from rollup.rollups order by name"""
    before = rows(db, query)
    db.execute("select rollup.drop_rollup(name, true) from rollup.rollups")
    assert set(files.actions("apply", path).values()) == {"create"}
    assert rows(db, query) == before
    assert files("show", "visits").stdout.count("create_rollup") == 1


def test_measures_and_retention_are_altered_and_what_loses_data_is_refused(files: Files) -> None:
    db = files.lab.connect()
    files("apply", files.write(TOML))
    insert(db, 5)
    run(db)
    path = files.write(
        TOML.replace('amount = { sum = "amount" }', 'devices = { distinct = "device_id" }')
    )
    done = files("apply", path)
    assert done.returncode == 1
    assert "data would be lost: visits: values of measures amount" in done.stderr
    assert value(db, "select amount from lab.visits") == 15
    assert files("alter", path, "--accept-loss").returncode == 0
    insert(db, 2)
    run(db)
    assert row(db, "select n, hll_cardinality(devices) from lab.visits") == (7, 2)
    longer = files.write(Path(path).read_text().replace("90 days", "1 year"))
    assert files.actions("alter", longer)["visits"] == "alter"
    assert value(db, "select keep = '1 year' from rollup.rollups where name = 'visits'")
    done = files("apply", files.write(Path(path).read_text().replace("1 year", "1 week")))
    assert "rows older than 7 days, when they expire" in done.stderr


def test_another_bucket_needs_the_table_again(files: Files) -> None:
    db = files.lab.connect()
    files("apply", files.write(TOML))
    insert(db, 5)
    run(db)
    path = files.write(TOML.replace("5 minutes", "1 hour"))
    assert files.actions("plan", path) == {"visits": "replace", "Odd name": "unchanged"}
    for refused in (files("apply", path), files("create", path), files("alter", path)):
        assert refused.returncode == 1
        assert refused.stdout == ""
    assert value(db, "select n from lab.visits") == 5
    assert files("apply", path, "--accept-loss").returncode == 0
    run(db)
    assert row(db, "select bucket, n from lab.visits")[1] == 5
    assert value(db, "select bucket = '1 hour' from rollup.rollups where name = 'visits'")


def test_all_of_a_file_or_nothing(files: Files) -> None:
    db = files.lab.connect()
    bad = TOML + '\n[rollups.bad]\nsource = "lab.e"\nbucket = "1 day"\nfilter = "nope > 1"\n'
    done = files("apply", files.write(bad + 'measures = { n = { count = "*" } }\n'))
    assert done.returncode == 1
    assert "nope" in done.stderr
    assert rows(db, "select name from rollup.rollups") == []


def test_rollups_that_no_file_declares(files: Files) -> None:
    path = files.write(TOML)
    files("apply", path)
    files.lab.declare("extra", target="lab.extra")
    assert "extra" not in files.actions("plan", path)
    assert files.actions("plan", path, "--drop-others")["extra"] == "drop"
    assert files("apply", path, "--drop-others").returncode == 1
    assert files("apply", path, "--drop-others", "--accept-loss").returncode == 0
    db = files.lab.connect()
    assert rows(db, "select to_regclass('lab.extra') is not null") == [(True,)]
    done = files("drop", path)
    assert (done.returncode, "say --yes" in done.stderr) == (1, True)
    assert files("drop", path, "--yes", "--drop-tables").returncode == 0
    assert rows(db, "select name from rollup.rollups") == []
    assert files("drop", "visits", "--yes").returncode == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "[rollups.x", "a.toml: "),
        ("a.toml", "[other]\nx = 1", '"other" is unknown'),
        ("a.toml", "rollups = 1", '"rollups" is not a table'),
        ("a.toml", "[rollups]\nx = 1", "rollups.x is not a table"),
        ("a.toml", '[rollups.x]\nbucket = "1 day"', 'lacks "source"'),
        ("a.toml", '[rollups.x]\nsource = "lab.e"\nwidth = 1', 'unknown parameter "width"'),
        ("a.toml", "[rollups.x]\nsource = 2024-01-01", "dates and times are not values"),
        (
            "a.toml",
            '[rollups.x]\nsource = "no.e"\nbucket = "1 day"\nmeasures = {}',
            "source no.e of rollup x does not exist",
        ),
        ("a.sql", "drop table lab.e;", "a.sql:1: not a declaration"),
        ("a.sql", "\nselect rollup.create_rollup(nme => 'x');", "a.sql:2: "),
        ("none.toml", None, "none.toml: no such file"),
    ],
)
def test_files_that_are_no_declarations(
    files: Files, name: str, text: str | None, said: str
) -> None:
    path = files.write(text, name) if text is not None else str(files.folder / name)
    done = files("apply", path)
    assert done.returncode == 1, done.stdout
    assert said in done.stderr
    assert "internal error" not in done.stderr


def test_plan_writes_nothing(files: Files) -> None:
    db = files.lab.connect(autocommit=False)
    db.execute("set transaction read only")
    declared = {
        "name": "v",
        "source": "lab.e",
        "bucket": "1 day",
        "measures": {"n": {"count": "*"}},
    }
    planned = row(db, "select * from rollup.plan(%s)", json.dumps([declared]))
    assert planned[:2] == ("v", "create")
    with pytest.raises(psycopg.errors.DuplicateObject, match="v is declared twice"):
        db.execute("select * from rollup.plan(%s)", [json.dumps([declared, declared])])
