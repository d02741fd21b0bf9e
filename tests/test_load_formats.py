"""rollupctl load: Parquet, Arrow and logs of web servers."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import sys
import uuid
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rollupctl.connect import Session, open_session
from rollupctl.errors import BadFileError, UsageError
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.jobs import load_side_by_side
from rollupctl.loading.load import RESULT, Options
from rollupctl.loading.rejects import RejectFile
from rollupctl.output import Table
from tests.conftest import Connection
from tests.helpers import rows, value
from tests.test_load import write
from tests.test_load_documents import load_as, rejected
from tests.test_load_parts import Pipe

UTC = timezone.utc
DAY = datetime(2024, 6, 1, 12, 30, 0, 7, UTC)


def columnar(form: str, columns: dict[str, Any]) -> bytes:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    table = pa.table(columns)
    sink = io.BytesIO()
    if form == "parquet":
        pyarrow.parquet.write_table(table, sink, row_group_size=2)
    else:
        make = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
        with make(sink, table.schema) as writer:
            writer.write_table(table, 2)
    return sink.getvalue()


@pytest.mark.parametrize("form", ["parquet", "file", "stream"])
def test_columnar_files(
    db: Connection, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    pa = pytest.importorskip("pyarrow")
    data = columnar(
        form,
        {
            "customer_id": [1, 2, 3],
            "event_time": pa.array([DAY] * 3, pa.timestamp("ns", "Europe/Berlin")),
            "event_type": pa.array(['a,"b"\n', "", None]).dictionary_encode(),
            "amount": [Decimal("12345678901234567.89"), None, Decimal("0.10")],
            "user": [{"id": "u1", "tags": [1, 2]}, {"id": None, "tags": None}, None],
            "value": [0.1, None, 1e300],
        },
    )
    mapped: dict[str, Any] = {"fields": {"user.id": "user_id", "user.tags": "properties"}}
    path = write(tmp_path / "a.bin", data)
    assert load_as(dsn, path, Dialect(**mapped)) == (3, 0)
    found = rows(
        db,
        "select event_type, amount, user_id, value, properties from events order by event_id",
    )
    assert found == [
        ('a,"b"\n', Decimal("12345678901234567.89"), "u1", 0.1, [1, 2]),
        ("", None, None, None, None),
        (None, Decimal("0.10"), None, 1e300, None),
    ]
    assert value(db, "select count(distinct event_time) from events") == 1
    assert value(db, "select max(event_time) from events").astimezone(UTC) == DAY
    # One content, however it comes.
    assert load_as(dsn, path, Dialect(**mapped)) == (0, 0)
    assert load_as(dsn, write(tmp_path / "b", gzip.compress(data)), Dialect(**mapped)) == (0, 0)
    with Pipe(data) as pipe:
        monkeypatch.setattr(sys, "stdin", pipe)
        assert load_as(dsn, "-", Dialect(**mapped)) == (0, 0)
    with pytest.raises(BadFileError, match="is damaged"):
        load_as(dsn, write(tmp_path / "c", data[: len(data) - 30]), Dialect(**mapped))
    if form != "stream":  # whose sign is not recognized in another encoding
        with pytest.raises(UsageError, match="are for files of text"):
            load_as(dsn, path, Dialect(encoding="latin1"))


def test_types_that_csv_does_not_have(db: Connection, dsn: str, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    db.execute(
        "create table odd (a text, b bytea, c interval, d interval, e uuid, f jsonb, g text)"
    )
    number = uuid.UUID(int=7)
    columns = {
        "a": pa.array(["x", None], pa.string_view()),
        "b": pa.array([b"\xff", None], pa.binary_view()),
        "c": pa.array([timedelta(days=1, microseconds=5), None], pa.duration("ns")),
        "d": pa.array([pa.MonthDayNano([1, 2, 3000]), None]),
        "e": pa.array([number.bytes, None], pa.uuid()),
        "f": pa.array([[b"\xff"], None], pa.list_(pa.binary())),
        "g": pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), pa.array(["y"])),
    }
    path = write(tmp_path / "a", columnar("file", columns))
    assert load_as(dsn, path, table="odd") == (2, 0)
    assert rows(db, "select a, b, c::text, d::text, e, f, g from odd order by a nulls last") == [
        ("x", b"\xff", "24:00:00.000005", "1 mon 2 days 00:00:00.000003", number, ["\\xff"], "y"),
        (None, None, None, None, None, None, "y"),
    ]


def test_nanoseconds_at_any_depth(db: Connection, dsn: str, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    db.execute("create table fine (a timestamptz, b time, c jsonb, d jsonb, e jsonb)")
    time = pa.timestamp("ns", "UTC")
    number = 1_700_000_000_000_001_001  # nanoseconds

    def nested(values: Any, plain: Any, kind: Any) -> Any:
        return pa.array(values, plain).cast(kind)

    columns = {
        "a": nested([number], pa.int64(), time),
        "b": nested([1_001], pa.int64(), pa.time64("ns")),
        "c": nested([[number, None]], pa.list_(pa.int64()), pa.list_(time)),
        "d": nested(
            [[{"at": number}]],
            pa.list_(pa.struct([("at", pa.int64())])),
            pa.list_(pa.struct([("at", time)])),
        ),
        "e": nested(
            [[("k", number)]], pa.map_(pa.string(), pa.int64()), pa.map_(pa.string(), time)
        ),
    }
    path = write(tmp_path / "a", columnar("file", columns))
    assert load_as(dsn, path, table="fine") == (1, 0)
    shown = "2023-11-14 22:13:20.000001+00:00"
    query = "select (a at time zone 'UTC')::text, b::text, c, d, e from fine"
    assert rows(db, query) == [
        (
            "2023-11-14 22:13:20.000001",
            "00:00:00.000001",
            [shown, None],
            [{"at": shown}],
            [["k", shown]],
        )
    ]


def test_bad_rows_of_parquet(db: Connection, dsn: str, tmp_path: Path) -> None:
    data = columnar("parquet", {"customer_id": ["1", "x", "3"], "event_type": ["a", 'b"', "c"]})
    path, file = write(tmp_path / "a.parquet", data), tmp_path / "bad"
    with pytest.raises(BadFileError, match="line 3, column customer_id"):
        load_as(dsn, path)
    with RejectFile(str(file), 10) as rejects:
        assert load_as(dsn, path, rejects=rejects) == (2, 1)
    assert [(line, column, row) for line, _, column, row in rejected(file)] == [
        (3, "customer_id", b'"x","b"""')
    ]


LOG = rb"""203.0.113.7 - frank [10/Oct/2023:13:55:36 -0700] "GET /a.html?x=1 HTTP/1.1" 200 2326 "https://example.com/\"q\"" "Mozilla/5.0 (X11)"
203.0.113.8 - - [01/Feb/2024:13:55:37 +0000] "POST /b HTTP/1.0" 404 -
2001:db8::1 - - [31/Dec/2023:23:59:59 +0100] "\x16\x03" 400 150 "-" "-"
"""


def test_logs_of_web_servers(db: Connection, dsn: str, tmp_path: Path) -> None:
    form = Dialect(
        constants={"customer_id": "1", "event_type": "view"},
        fields={"referer": "source", "user": "user_id"},
        rest="properties",
    )
    assert load_as(dsn, write(tmp_path / "access.log", LOG), form) == (3, 0)
    found = rows(
        db,
        "select event_time at time zone 'UTC', path, status, user_id, source, properties"
        " from events order by event_id",
    )
    assert found == [
        (
            datetime(2023, 10, 10, 20, 55, 36),
            "/a.html",
            "200",
            "frank",
            'https://example.com/\\"q\\"',
            {
                "host": "203.0.113.7",
                "method": "GET",
                "query": "x=1",
                "protocol": "HTTP/1.1",
                "bytes": "2326",
                "agent": "Mozilla/5.0 (X11)",
            },
        ),
        (
            datetime(2024, 2, 1, 13, 55, 37),
            "/b",
            "404",
            None,
            None,
            {"host": "203.0.113.8", "method": "POST", "protocol": "HTTP/1.0"},
        ),
        (
            datetime(2023, 12, 31, 22, 59, 59),
            None,
            "400",
            None,
            None,
            {"host": "2001:db8::1", "request": "\\x16\\x03", "bytes": "150"},
        ),
    ]
    path = write(tmp_path / "b.log", LOG + b"garbage\n")
    with pytest.raises(BadFileError, match="line 4: is not a line of the common or combined"):
        load_as(dsn, path, form)
    # Its other fields have no columns.
    with RejectFile(str(tmp_path / "bad"), 1) as rejects:
        other = Dialect(constants={"customer_id": "2"})
        assert load_as(dsn, path, other, rejects=rejects) == (3, 1)


SEEDS = range(2)


def test_lines_that_are_cut_off_or_of_another_format(
    db: Connection, dsn: str, tmp_path: Path
) -> None:
    line = LOG.splitlines()[0]
    bad = [
        b"shop.example:80 " + line,  # a log all the same, and no CSV with a strange header
        line[:-1],
        line.replace(b"2326", b"2326.5"),
        line.replace(b"frank", b"frank m"),
        b"garbage",
    ]
    good = [line, line + b' 0.012 "-"', line.partition(b' "https')[0] + b" 0.012", line + b"\r"]
    form = Dialect(constants={"customer_id": "1"}, rest="properties")
    path, file = write(tmp_path / "a.log", b"\n".join([*bad, *good])), tmp_path / "bad"
    with pytest.raises(BadFileError, match="line 1: is not a line of the common or combined"):
        load_as(dsn, path, form)
    with RejectFile(str(file), 10) as rejects:
        assert load_as(dsn, path, form, rejects=rejects) == (len(good), len(bad))
    assert [row for *_, row in rejected(file)] == bad


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_each_line_is_loaded_or_rejected_once(
    db: Connection, dsn: str, tmp_path: Path, form: str, seed: int
) -> None:
    """Lines of random bytes among good ones; some hold quotes, that lines may be joined."""
    chosen = random.Random(seed)
    alphabet = [
        b'"',
        b",",
        b"\\",
        b"\0",
        b"\xff",
        b"1",
        b"a",
        b"{",
        b"}",
        b":",
        b"\xc3\xa9",
        b"\t",
        b"\r",
    ]
    lines = [] if form == "ndjson" else [b"customer_id,device_id,event_type"]
    good = 0
    for number in range(200):
        if chosen.random() < 0.8:
            lines.append(
                b"1,%d,a" % number
                if form == "csv"
                else b'{"customer_id":1,"device_id":%d,"event_type":"a"}' % number
            )
            good += 1
        else:
            lines.append(b"~" + b"".join(chosen.choices(alphabet, k=chosen.randint(1, 12))))
    data = b"\n".join(lines) + b"\n"
    file = tmp_path / "bad"
    with RejectFile(str(file), 1000) as rejects:
        loaded, bad = load_as(
            dsn, write(tmp_path / "a", data), Dialect(form=form), rejects=rejects, part_size=500
        )
    assert loaded == good == value(db, "select count(distinct device_id) from events")
    # Each of the others is in the file, at its place.
    found = list(rejected(file))
    assert len(found) == bad
    for _, byte, _, row in found:
        assert data[byte : byte + len(row)] == row
    assert b"\n".join(row for *_, row in found).count(b"~") == 200 - good
    assert rows(db, "select rows, rejected, bytes from rollup.loads") == [(good, bad, len(data))]


def test_files_side_by_side(db: Connection, dsn: str, tmp_path: Path) -> None:
    def connect() -> Session:
        return open_session(dsn, "test")

    def load_all(**options: Any) -> Table:
        report = Table(RESULT)
        load_side_by_side(connect, [str(tmp_path)], Options(**options), 3, report=report)
        return report

    for number in range(5):
        text = "customer_id\n" + f"{number}\n" * (number + 1)
        write(tmp_path / f"{number}.csv", text)
    report = load_all()
    assert report.column("rows") == [1, 2, 3, 4, 5]
    assert [Path(name).name for name in report.column("file")] == [f"{n}.csv" for n in range(5)]
    assert load_all().column("status") == ["skipped"] * 5
    assert value(db, "select count(*) from events") == 15
    # A header that does not fit is told before anything is loaded, a bad row when it is met.
    write(tmp_path / "5.csv", "customer_id\n6\n")
    write(tmp_path / "6.csv", "nothing\n")
    with pytest.raises(BadFileError, match="has no column 'nothing'"):
        load_all()
    assert value(db, "select count(*) from events") == 15
    write(tmp_path / "6.csv", "customer_id\nx\n")
    with pytest.raises(BadFileError, match=r"6.csv, line 2"):
        load_all()
    (tmp_path / "6.csv").unlink()
    load_all()
    assert value(db, "select count(*) from events") == 16
    for names, options in (["-"], Options()), ([str(tmp_path)], Options(dry_run=True)):
        with pytest.raises(UsageError, match="--jobs does not go with"):
            load_side_by_side(connect, names, options, 2, report=Table(RESULT))


def test_pyarrow_is_imported_without_numpy() -> None:
    pytest.importorskip("numpy")
    pytest.importorskip("pyarrow")
    program = """
import sys
from rollupctl.exporting.columnar import import_pyarrow
pa = import_pyarrow("this")
assert "numpy" not in sys.modules
import numpy
assert pa.array([1, None]).to_pylist() == [1, None]
"""
    subprocess.run([sys.executable, "-c", program], check=True)
