"""Export: what a file holds is what the table holds, in every format, and a file is complete."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Connection, Rollupctl
from tests.helpers import rows, value

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
EVENTS = """
insert into events (event_time, customer_id, event_type, country, device_id)
select timestamptz '2024-06-01 10:00:00+00' + n * interval '1 minute', n % 3 + 1, 'click', 'DE', n % 7
  from generate_series(0, 179) n
"""


@pytest.fixture
def filled(db: Connection) -> Connection:
    db.execute(EVENTS.encode())
    db.execute("call rollup.run_all()")
    return db


def as_dicts(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_rollup_as_csv_has_the_numbers_of_its_view(
    filled: Connection, rollupctl: Rollupctl
) -> None:
    done = rollupctl("export", "rollup_events_1hr")
    assert (done.returncode, done.stderr) == (0, "9 rows\n"), done.stderr
    columns = "customer_id::text, event_count::text, device_distinct_count::text"
    expected = rows(filled, f"select {columns} from rollup_events_1hr_bi")
    found = [(r["customer_id"], r["event_count"], r["device_distinct_count"])
             for r in as_dicts(done.stdout)]  # fmt: skip
    assert sorted(found) == sorted(expected)
    assert len(found) == 9


def test_range_tenant_and_zone(filled: Connection, rollupctl: Rollupctl) -> None:
    """Adjacent ranges have no row in common and lack none; their times are of the zone."""
    zone = ("--time-zone", "Europe/Berlin", "--tenant", "2")
    halves = [
        as_dicts(rollupctl("export", "rollup_events_1hr", *zone, option, "2024-06-01 13:00").stdout)
        for option in ("--to", "--from")
    ]
    times = [[each["hour"] for each in half] for half in halves]
    assert times == [["2024-06-01 12:00:00+02"],
                     ["2024-06-01 13:00:00+02", "2024-06-01 14:00:00+02"]]  # fmt: skip
    assert {each["customer_id"] for half in halves for each in half} == {"2"}


def test_live_has_what_is_not_counted_yet(filled: Connection, rollupctl: Rollupctl) -> None:
    filled.execute(EVENTS.encode())
    for options, count in (((), 180), (("--live",), 360)):
        lines = rollupctl("export", "rollup_events_1hr", "--format", "ndjson", *options).stdout
        assert sum(json.loads(line)["event_count"] for line in lines.splitlines()) == count


def test_sketches_go_out_and_come_back(filled: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:  # fmt: skip
    file = tmp_path / "sketches.csv"
    assert rollupctl("export", "rollup_events_1hr", str(file), "--sketches").returncode == 0
    filled.execute("create temp table copied (like rollup_events_1hr)")
    with (
        filled.cursor() as cursor,
        cursor.copy("copy copied from stdin (format csv, header)") as copy,
    ):
        copy.write(file.read_bytes())
    assert value(filled, "select count(*) from copied") == 9
    assert not rows(
        filled, "select copied::text from copied except select r::text from rollup_events_1hr r"
    )


ODD = [
    ("", None, 'a,b\r\n"c" \\ \\.', '{"x": [1, "\\u00e4"]}', b"\x00\xff", True),
    ("\\.", "x", "\t{}%s", "null", b"", False),
    ("ä\x01\x02", "", "\N{GRINNING FACE}", "[]", None, None),
]


@pytest.fixture
def odd(lab_of_odd: Connection) -> Connection:
    return lab_of_odd


@pytest.fixture
def lab_of_odd(db: Connection) -> Connection:
    """A source whose columns have many types, and values that formats stumble over."""
    db.execute("create schema shop")
    db.execute("""create table shop."Odd events" (id bigint generated always as identity,
        at timestamptz not null default '2024-06-01 10:00:00.123456+00', tenant int not null default 1,
        t text, u varchar(10), "v ""{}%" text, j json, b bytea, f bool,
        n numeric default 12345678901234567890.123456789, m numeric(10, 2) default -1.5,
        d date default '2024-02-29', x float8 default 'NaN', a int[] default '{1,NULL}',
        i interval default '1 mon 2 days', l timestamp default '1969-12-31 23:59:59')""")
    if value(db, "select count(*) from pg_extension where extname = 'citus'"):
        db.execute("""select create_distributed_table('shop."Odd events"', 'tenant')""")
    db.execute("""select rollup.create_rollup('odd', 'shop."Odd events"', '1 hour', tenant => 'tenant',
        id_column => 'id', time_column => 'at', measures => '{"total": {"sum": "n"}}')""")
    for each in ODD:
        db.execute('insert into shop."Odd events" (t, u, "v ""{}%%", j, b, f)'
                   " values (%s, %s, %s, %s, %s, %s)", each)  # fmt: skip
    return db


def test_values_of_all_types_come_through(odd: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:  # fmt: skip
    def read_ndjson(file: Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in file.read_text().split("\n") if line]

    def read_arrow(file: Path) -> list[dict[str, Any]]:
        return list(pa.ipc.open_file(str(file)).read_all().to_pylist())

    def read_parquet(file: Path) -> list[dict[str, Any]]:
        return list(parquet.read_table(file).to_pylist())

    readers: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
        "ndjson": read_ndjson, "arrow": read_arrow, "parquet": read_parquet}  # fmt: skip
    for form, read in readers.items():
        file = tmp_path / f"odd.{form}"
        done = rollupctl("export", 'shop."Odd events"', str(file), "-o", "csv",
                         "--time-zone", "Europe/Berlin")  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[1].startswith(f"{file},3,{file.stat().st_size},")
        found = sorted(read(file), key=lambda each: each["id"])
        assert [(r["t"], r["u"], r['v "{}%']) for r in found] == [each[:3] for each in ODD]
        as_hex = [None if each[4] is None else "\\x" + each[4].hex() for each in ODD]
        assert [(r["b"], r["f"]) for r in found] == [
            *zip(as_hex, [each[5] for each in ODD], strict=True)
        ]
        jsons = [r["j"] if form == "ndjson" else json.loads(r["j"]) for r in found]
        assert jsons == [json.loads(each[3]) for each in ODD]
        first = found[0]
        if form == "ndjson":
            assert first["at"] == "2024-06-01T12:00:00.123456+02:00"
            continue
        assert first["at"] == datetime(2024, 6, 1, 10, 0, 0, 123456, timezone.utc)
        assert str(first["at"].tzinfo) == "Europe/Berlin"
        assert (first["n"], str(first["m"])) == ("12345678901234567890.123456789", "-1.50")
        assert (str(first["d"]), str(first["l"])) == ("2024-02-29", "1969-12-31 23:59:59")
        assert (first["x"] != first["x"], first["a"], first["i"]) == (
            True,
            "{1,NULL}",
            "1 mon 2 days",
        )


def test_numbers_of_a_rollup_are_numbers_in_parquet(
    filled: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    file = tmp_path / "hours.parquet"
    assert rollupctl("export", "rollup_events_1hr", str(file)).returncode == 0
    table = parquet.read_table(file)
    assert sum(table.column("event_count").to_pylist()) == 180
    kinds = {f.name: str(f.type) for f in table.schema}
    assert kinds["hour"] == "timestamp[us, tz=UTC]"


def test_exact_numbers_of_a_rollup_are_double_in_parquet(
    odd: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    odd.execute("call rollup.run_all()")
    for options, total in (
        ((), 3 * 12345678901234567890.123456789),
        (
            ("--sketches",),
            "37037036703703703670.370370367",
        ),
    ):
        file = tmp_path / f"{len(options)}.parquet"
        assert rollupctl("export", "odd", str(file), *options).returncode == 0
        assert parquet.read_table(file).column("total").to_pylist() == [total]


def test_a_value_without_a_form_says_so_and_leaves_no_file(
    odd: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    odd.execute("""insert into shop."Odd events" (at) values ('infinity')""")
    done = rollupctl("export", 'shop."Odd events"', str(tmp_path / "x.parquet"))
    assert done.returncode == 1
    assert "infinity" in done.stderr
    assert "csv or ndjson" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_complete_or_as_it_was(
    filled: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    file = tmp_path / "events.csv"
    file.write_text("precious")
    refused = rollupctl("export", "events", str(file))
    assert (refused.returncode, file.read_text()) == (1, "precious")
    assert "--force" in refused.stderr
    link = tmp_path / "link.csv"
    link.symlink_to(file)
    assert rollupctl("export", "events", str(link), "--force").returncode == 0
    assert link.is_symlink()
    assert len(as_dicts(file.read_text())) == 180
    assert stat.S_IMODE(file.stat().st_mode) & 0o600 == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["events.csv", "link.csv"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nothing",), 1, "there is no rollup nothing, and no source of that name"),
        (("events", "--sketches"), 1, "has no sketches"),
        (("events", "--live"), 1, "has no live view"),
        (
            ("events", "--from", "2024-06-02", "--to", "2024-06-01"),
            1,
            "a range ends after it begins",
        ),
        (("events", "--tenant", "x"), 1, "there is no tenant 'x'"),
        (("events", "--time-zone", "+02"), 2, "--time-zone"),
        (("events", "missing/x.csv"), 1, "there is no directory missing"),
        (("events", "."), 1, "is a directory"),
    ],
)
def test_what_is_wrong_is_said(
    rollupctl: Rollupctl, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = rollupctl("export", *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stdout == ""


def test_without_pyarrow_it_says_how_to_get_it(rollupctl: Rollupctl, tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ImportError")
    done = rollupctl("export", "events", "x.parquet", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    assert "pip install 'rollupctl[parquet]'" in done.stderr
