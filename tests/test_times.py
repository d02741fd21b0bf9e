"""Times and zones that PostgreSQL takes and a person does not mean: refused where they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from rollupctl.loading.timevalue import problem
from tests.conftest import Connection, Rollupctl
from tests.helpers import rows, value
from tests.servers import Server
from tests.test_load import count, write

ZONES = [
    ("UTC+3", "'Etc/GMT-3'"),
    ("utc-03:30", "such as 'Europe/Berlin'."),
    ("GMT+5", "'Etc/GMT-5'"),
    ("+03", "'Etc/GMT-3'"),
    ("-3", "'Etc/GMT+3'"),
    ("3", "'Etc/GMT-3'"),
    ("05:30", "such as 'Europe/Berlin'."),
    ("<+03>-3", "such as 'Europe/Berlin'."),
    ("UTC+0", "or 'UTC'"),
    ("EST", "'America/New_York'"),
    ("cet", "'Europe/Berlin'"),
    ("IST", "'Asia/Kolkata'"),
    ("Z", "'UTC'"),
    ("XYZ-3", "pg_timezone_names"),
    ("posix/Europe/Berlin", "There are Europe/Berlin"),
    ("localtime", "pg_timezone_names"),
    ("Factory", "pg_timezone_names"),
    ("Berlin", "There are Europe/Berlin"),
    (" UTC", "There are "),
    ("", "pg_timezone_names"),
]


@pytest.fixture(scope="module")
def shared(plain: Server) -> Iterator[Connection]:
    """One database for tests that only ask."""
    name = plain.database()
    with psycopg.connect(plain.dsn(name), autocommit=True) as db:
        yield db
    plain.drop(name)


@pytest.mark.parametrize(("zone", "cure"), ZONES)
def test_trap_49_zones_go_by_name(shared: Connection, zone: str, cure: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue) as told:
        shared.execute("select rollup_internal.validate_time_zone(%s)", [zone])
    assert cure in (told.value.diag.message_hint or "")


@pytest.mark.parametrize(
    "zone", ["UTC", "GMT", "Etc/GMT-3", "europe/berlin", "Asia/Kolkata", "America/New_York"]
)
def test_trap_49_names_are_taken(shared: Connection, zone: str) -> None:
    named = value(shared, "select rollup_internal.validate_time_zone(%s)", zone)
    assert named.lower() == zone.lower()


def test_trap_49_zones_of_a_rollup_and_of_a_load(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", "customer_id,event_type,event_time\n1,buy,2024-06-01 10:00\n")
    for zone, cure in (("UTC+3", "Etc/GMT-3"), ("EST", "America/New_York"), ("+03", "Etc/GMT-3")):
        done = rollupctl("load", path, "--time-zone", zone)
        assert (done.returncode, count(db)) == (2, 0)
        assert done.stderr.startswith("rollupctl: error: --time-zone: ")
        assert cure in done.stderr
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            db.execute(
                "select rollup.create_rollup(name => 'd', source => 'events', bucket => '1 day',"
                """ measures => '{"n": {"count": "*"}}', time_zone => %s)""",
                [zone],
            )
    assert rollupctl("load", path, "--time-zone", "Europe/Berlin").returncode == 0
    assert rows(db, "select event_time = '2024-06-01 08:00Z' from events") == [(True,)]


MEANT = """2024-06-01
2024-06-01 10:00
2024-06-01T10:00:00.123456Z
2024-06-01 10:00 UTC
2024-06-01 10:00:00+03
2024-06-01 10:00:00.5 -05:30
2024-06-01 10:00 Europe/Berlin
2024-06-01 10:00 Etc/GMT-3
2024-06-01 10:00 PM
20240601
20240601T100000Z
2024/06/01
June 1, 2024
01-Jun-2024 10:00
Sat, 01 Jun 2024 10:00:00 +0000
Sat Jun 01 10:00:00 2024
1900-01-01
2199-12-31""".splitlines()
NOT_MEANT = """2024-06-01 10:00 UTC+3
2024-06-01 10:00:00 GMT-05:00
Sat Jun 01 2024 10:00:00 GMT+0200
2024-06-01 10:00 <+03>-3
2024-06-01 10:00 EST5EDT
2024-06-01 10:00 Z+3
2024-06-01 10:00 EST
2024-06-01 10:00 ist
1717200229
1717200229000
1717200229.5
240601
infinity
-infinity
Infinity
now
NOW
today
tomorrow
yesterday 10:00
epoch
allballs
J2451187
44-03-15 BC
0044-03-15 BC
01-06-24
24-06-01 10:00
0001-01-01
0024-06-01
1899-12-30
2200-01-01
9999-12-31
20000-01-01
171720-02-29""".splitlines()


@pytest.mark.parametrize("text", MEANT)
def test_trap_49_times_that_are_meant(shared: Connection, text: str) -> None:
    assert problem(text) is None
    shared.execute("select set_config('DateStyle', 'ISO, YMD', false), %s::timestamptz", [text])


@pytest.mark.parametrize("text", NOT_MEANT)
def test_trap_49_times_that_are_not(text: str) -> None:
    wrong = problem(text)
    assert wrong is not None
    assert all(wrong)


@pytest.mark.parametrize(
    "text",
    ["yesterdayish", "2024-13-45", "", "soon", "31.12.2024 14:30", "31.12.2024 14:30:00.123456"],
)
def test_trap_49_what_postgresql_refuses_is_left_to_it(text: str) -> None:
    assert problem(text) is None


@pytest.fixture
def refused(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> Callable[..., str]:
    """Loads a value that must be refused, on line 3; gives what was said."""

    def load(text: str, *options: str) -> str:
        content = f'customer_id,event_time,event_type\n1,2024-06-01 10:00,"a\nb"\n1,"{text}",buy\n'
        done = rollupctl("load", write(tmp_path / "a.csv", content), *options)
        assert (done.returncode, done.stdout, count(db)) == (1, "", 0)
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) == 2
        return done.stderr

    return load


def test_trap_49_a_value_is_told_with_its_place(refused: Callable[..., str]) -> None:
    for text, option in (("1717200229", "--time-format epoch"), ("infinity", "leave the field"),
                         ("2024-06-01 10:00 UTC+3", "offset"), ("9999-12-31", "--time-format any"),
                         ("now", "leave the field")):  # fmt: skip
        told = refused(text)
        assert f'a.csv, line 4, column event_time: "{text}" ' in told
        assert option in told
        assert "nothing of this file was loaded" in told
    assert "is not a number" in refused("2024-06-01", "--time-format", "epoch_ms")


@pytest.mark.parametrize("number", ["1717200229000", "1e300", "-1e12"])
def test_trap_49_an_epoch_in_another_unit(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path, number: str
) -> None:
    text = f"customer_id,event_type,event_time\n1,buy,1717200229\n1,buy,{number}\n"
    done = rollupctl("load", write(tmp_path / "a.csv", text), "--time-format", "epoch")
    assert (done.returncode, count(db)) == (1, 0)
    assert f'line 3, column event_time: "{number}" is not between the years' in done.stderr
    assert "epoch_ms" in done.stderr


def test_trap_49_words_in_other_columns_are_none_of_it(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    text = "customer_id,event_type,event_time,path\n1,now,2024-06-01 10:00,1717200229\n"
    assert rollupctl("load", write(tmp_path / "a.csv", text)).returncode == 0
    assert rows(db, "select event_type, path from events") == [("now", "1717200229")]


@pytest.mark.parametrize(
    ("form", "number"),
    [("epoch", "1717200229.25"), ("epoch_ms", "1717200229250"), ("epoch_us", "1717200229250000"),
     ("epoch", "1.71720022925e9")],
)  # fmt: skip
def test_trap_49_epochs_are_an_option(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path, form: str, number: str
) -> None:
    text = (
        "event_time,customer_id,event_type,path,country\r\n"
        f'{number},1,"a,""b""\nc",,""\r\n"{number}",2,buy,"x",Österreich\r\n{number},3,buy,,'
    )
    path = write(tmp_path / "a.csv", text)
    for zone in ("Asia/Kolkata", "UTC"):  # a number has no zone
        db.execute("truncate events; delete from rollup.loads")
        done = rollupctl("load", path, "--time-format", form, "--time-zone", zone)
        assert (done.returncode, "error" in done.stderr) == (0, False)
    at = "event_time = '2024-06-01 00:03:49.25Z'"
    found = rows(
        db, f"select {at}, customer_id, event_type, path, country from events order by customer_id"
    )
    assert found == [
        (True, 1, 'a,"b"\nc', None, ""),
        (True, 2, "buy", "x", "Österreich"),
        (True, 3, "buy", None, None),
    ]


def test_trap_49_any_time_on_request(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    text = "customer_id,event_type,event_time\n1,buy,1850-01-01\n"
    path = write(tmp_path / "a.csv", text)
    assert rollupctl("load", path).returncode == 1
    assert rollupctl("load", path, "--time-format", "any").returncode == 0
    assert count(db) == 1


@pytest.mark.parametrize("before", [0, 1, 3000])
@pytest.mark.parametrize("odd", [False, True])
def test_trap_49_the_line_is_right_wherever_it_is(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path, before: int, odd: bool
) -> None:
    """Lines are matched many at once as long as nothing is unusual."""
    fine = '1,buy,2024-06-01 10:00,"a, b"\n2,buy,"2024-06-01",\n3,buy,2024-06-01 10:00:00.5+02,x\n'
    unusual = '4,"a\nb",2024-06-01 10:00,\n' if odd else ""
    text = "customer_id,event_type,event_time,path\n" + fine * before + unusual
    path = write(tmp_path / "a.csv", text + "5,buy,infinity,\n" + fine)
    done = rollupctl("load", path)
    assert (done.returncode, count(db)) == (1, 0)
    line = 1 + 3 * before + (2 if odd else 0) + 1
    assert f'line {line}, column event_time: "infinity"' in done.stderr
    assert rollupctl("load", write(tmp_path / "b.csv", text + fine)).returncode == 0
    assert count(db) == 3 * before + 3 + odd
