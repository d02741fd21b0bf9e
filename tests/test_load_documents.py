"""rollupctl load: JSON lines, rows that are rejected, and the range of times."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rollupctl.connect import open_session
from rollupctl.errors import BadFileError, UsageError
from rollupctl.loading import load
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.load import RESULT, Options
from rollupctl.loading.rejects import RejectFile
from rollupctl.loading.timerange import TimeRange, parse_range
from rollupctl.output import Table
from tests.conftest import Connection, Rollupctl
from tests.helpers import rows, value
from tests.test_load import write


def lines(*documents: dict[str, Any] | str | bytes) -> bytes:
    shown = [json.dumps(d) if isinstance(d, dict) else d for d in documents]
    return b"".join((d.encode() if isinstance(d, str) else d) + b"\n" for d in shown)


def load_as(dsn: str, path: str, form: Dialect | None = None, **options: Any) -> tuple[int, int]:
    """The numbers of rows that this load added and rejected."""
    report = Table(RESULT)
    with open_session(dsn, "test") as session:
        given = Options(dialect=form or Dialect(), **options)
        load.load_files(session, [path], given, report=report)
    return report.column("rows")[0], report.column("rejected")[0]


def rejected(path: Path) -> Iterator[tuple[int, int, str | None, bytes]]:
    """Line, byte, column and row of each rejected row."""
    for line in path.read_text().splitlines():
        row = json.loads(line)
        raw = row["row"].encode() if "row" in row else base64.b64decode(row["row_base64"])
        yield row["line"], row["byte"], row["column"], raw


def test_fields_go_to_the_columns_of_their_names(db: Connection, dsn: str, tmp_path: Path) -> None:
    text = lines(
        {"customer_id": 1, "event_type": "a\tb\\\n\"", "amount": 12345678901234567890.5, "currency": "EUR"},
        "",
        {"customer_id": 2, "event_time": "2024-06-01T10:00:00+02:00", "properties": {"a": [1, None]}},
        b'{"customer_id":3,"amount":0.10000000000000000001,"country":null}\r',
        {"customer_id": "4", "device_id": 9007199254740993},
    )  # fmt: skip
    path = write(tmp_path / "a.txt", b"\xef\xbb\xbf" + text.rstrip(b"\n"))
    assert load_as(dsn, path) == (4, 0)
    found = rows(
        db,
        "select customer_id, event_type, amount::text, country, device_id, properties"
        " from events order by event_id",
    )
    assert found == [
        (1, 'a\tb\\\n"', "12345678901234567000", None, None, None),
        (2, None, None, None, None, {"a": [1, None]}),
        (3, None, "0.10000000000000000001", None, None, None),
        (4, None, None, None, 9007199254740993, None),
    ]
    assert value(db, "select event_time from events where customer_id = 2").hour == 8
    # A field that is missing gets the default of its column.
    assert (
        value(db, "select count(*) from events where event_time > now() - interval '1 hour'") == 3
    )
    assert value(db, "select upper_inf(ids) is false from rollup.load_parts")
    assert load_as(dsn, path) == (0, 0)


def test_mapped_constant_and_unknown_fields(db: Connection, dsn: str, tmp_path: Path) -> None:
    db.execute("select rollup.create_sites()")
    db.execute("select rollup.set_site('shop.example', 42)")
    text = lines(
        {"host": "Shop.Example", "user": {"id": "u1", "age": 3}, "log.level": "x", "extra": [1]},
        {
            "host": "new.example",
            "user": {"id": "u2"},
            "properties": {"b": 2},
            "log": {"level": "y"},
        },
    )
    mapped: dict[str, Any] = {
        "fields": {"user.id": "user_id", "log.level": "status"},
        "constants": {"event_type": "it's", "source": "import"},
        "sites": {"customer_id": "host"},
    }
    path = write(tmp_path / "a.json", text)
    with pytest.raises(BadFileError, match="line 1: .*no column '(extra|user)'") as caught:
        load_as(dsn, path, Dialect(**mapped))
    assert "--rest COLUMN" in str(caught.value.hint)
    assert load_as(dsn, path, Dialect(**mapped, rest="properties")) == (2, 0)
    found = rows(
        db,
        "select customer_id, user_id, status, event_type, source, properties from events order by event_id",
    )
    new = value(db, "select customer_id from public.sites where slug = 'new.example'")
    assert found == [
        (42, "u1", "x", "it's", "import", {"user": {"age": 3}, "extra": [1]}),
        (new, "u2", "y", "it's", "import", {"b": 2, "log": {}, "user": {}}),
    ]
    taken = write(tmp_path / "d.json", lines({"customer_id": 1, "land": "DE", "country": "FR"}))
    with pytest.raises(BadFileError, match="no column takes field 'country'"):
        load_as(dsn, taken, Dialect(fields={"land": "country"}))
    other = write(tmp_path / "b.json", lines({"host": "shop.example", "extra": 1}))
    form = Dialect(sites={"customer_id": "host"}, ignore_unknown=True)
    assert load_as(dsn, other, form) == (1, 0)
    # The same for CSV, whose unknown columns are strings.
    text = b"host,land,age\nshop.example,DE,3\nnew.example,,\n"
    form = Dialect(sites={"customer_id": "host"}, fields={"land": "country"}, rest="properties")
    assert load_as(dsn, write(tmp_path / "c.csv", text), form) == (2, 0)
    assert rows(
        db,
        "select customer_id, country, properties from events order by event_id desc limit 2",
    ) == [(new, None, None), (42, "DE", {"age": "3"})]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"customer_id":1}\n{"customer_id":"x"}\n', 'line 2, column customer_id: invalid input syntax for type bigint: "x"'),
        ('{"customer_id":1}\n{"event_type":"a"}\n', "line 2, column customer_id: no value, where one of type bigint must be"),
        ('{"customer_id":1}\n\n{"customer_id":1\n', "line 3: invalid input syntax for type json"),
        ('{"customer_id":1}\n[]\n', "line 2: is not a JSON object"),
        ('{"customer_id":1,"foo":1}\n', "line 1: public.events has no column 'foo'"),
        ('{"customer_id":1,"event_id":1}\n', "line 1: public.events has no column 'event_id'"),
        ('{"customer_id":1,"event_time":"now"}\n', 'line 1, column event_time: "now" is a word'),
        ('{"customer_id":1,"event_time":"infinity"}\n', 'line 1, column event_time: "infinity" is a word'),
        ('{"customer_id":1,"event_time":"1999-12-31"}\n', 'line 1, column event_time: "1999-12-31" is not between'),
        ('{"customer_id":1,"currency":"eur"}\n', "line 1, column currency: does not meet events_currency_is_a_code"),
        ('{"customer_id":1,"user_id":"\\u0000"}\n', "line 1: unsupported Unicode escape sequence"),
        ('{"customer_id":1,"x":' + "[" * 10_000 + "]" * 10_000 + "}", "line 1: public.events has no column 'x'"),
        ("[\n{}]", "is a JSON array, not one object a line"),
    ],
)  # fmt: skip
def test_the_first_bad_line_stops(plain_dsn: str, tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadFileError) as caught:
        load_as(plain_dsn, write(tmp_path / "a.ndjson", text))
    assert said in caught.value.message
    with open_session(plain_dsn, "test") as session:
        assert session.execute("select count(*) from events").fetchone() == (0,)


def test_seconds_since_1970_are_told(plain_dsn: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ndjson", '{"customer_id":1,"event_time":1717236000}')
    with pytest.raises(BadFileError, match="column event_time: .*1717236000") as caught:
        load_as(plain_dsn, path)
    assert "--time-format epoch" in str(caught.value.hint)


@pytest.fixture(scope="module")
def plain_dsn(plain: Any) -> Iterator[str]:
    """A database that the tests leave as they find it."""
    name = plain.database()
    yield plain.dsn(name)
    plain.drop(name)


def test_columns_that_cannot_be_loaded(plain_dsn: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", lines({"customer_id": 1}))
    for form, said in (
        (Dialect(fields={"x": "nation"}), "--map: public.events has no column 'nation'"),
        (Dialect(constants={"event_id": "1"}), "--set: column event_id cannot be loaded"),
        (Dialect(rest="country"), "--rest: column country is not of type jsonb"),
        (Dialect(columns=("customer_id",), form="ndjson"), "--columns is for CSV files"),
    ):
        with pytest.raises(UsageError) as caught:
            load_as(plain_dsn, path, form)
        assert said in caught.value.message


GOOD = b"1,2024-06-01,3,a"
BAD_CSV = [
    (b"x,2024-06-01,3,a", "customer_id"),
    (b",2024-06-01,3,a", "customer_id"),
    (b"1,now,3,a", "event_time"),
    (b"1,1999-01-01,3,a", "event_time"),
    (b"1,2999-01-01,3,a", "event_time"),
    (b"1,2024-06-01,3", None),
    (b"1,2024-06-01,3,a,b", None),
    (b"", None),
    (b"\\.", None),
    (b"1,2024-06-01,3,\xff", None),
    (b"1,2024-06-01,3,a\0", None),
    (b'1,2024-06-01,3,"a', None),
    (b'1,2024-06-01,3,"a"b"', None),
    (b"1,2024-06-01,99999999999999999999,a", "device_id"),
    (b"1,2024-06-01,3,a\rb", None),
]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_bad_rows_of_csv(db: Connection, dsn: str, tmp_path: Path, end: bytes) -> None:
    records = [b"customer_id,event_time,device_id,event_type"]
    wanted = []
    for raw, column in BAD_CSV:
        records += [GOOD, b'1,2024-06-01,3,"b' + end + b'c"']
        byte = len(end.join([*records, b""]))
        wanted.append((end.join([*records, b""]).count(b"\n") + 1, byte, column, raw))
        records.append(raw)
    path = write(tmp_path / "a.csv", end.join([*records, GOOD, b""]))
    file = tmp_path / "rejected"
    with RejectFile(str(file), 100) as rejects:
        assert load_as(dsn, path, rejects=rejects) == (len(BAD_CSV) * 2 + 1, len(BAD_CSV))
    assert list(rejected(file)) == wanted
    assert rows(db, "select rows, rejected, bytes from rollup.loads") == [
        (len(BAD_CSV) * 2 + 1, len(BAD_CSV), Path(path).stat().st_size)
    ]
    assert value(db, "select count(*) from events") == len(BAD_CSV) * 2 + 1
    # The ids are known, so that the load can be unloaded.
    assert value(db, "select ids is not null from rollup.load_parts")


def test_rows_that_only_the_table_refuses(db: Connection, dsn: str, tmp_path: Path) -> None:
    db.execute("create unique index on events (customer_id, event_time)")
    text = lines(*({"customer_id": n % 7, "event_time": "2024-06-01"} for n in range(10)))
    file = tmp_path / "rejected"
    with RejectFile(str(file), 100) as rejects:
        assert load_as(dsn, write(tmp_path / "a.json", text), rejects=rejects) == (7, 3)
    assert [line for line, _, _, _ in rejected(file)] == [8, 9, 10]
    with pytest.raises(BadFileError, match="line 1: duplicate key value"):
        load_as(dsn, write(tmp_path / "b.json", text + b"\n"))


def test_the_file_of_rejected_rows(db: Connection, dsn: str, tmp_path: Path) -> None:
    bad = lines({"customer_id": "x"}, {"customer_id": 1}, {"customer_id": "y"})
    path, file = write(tmp_path / "a.json", bad), tmp_path / "rejected"
    with RejectFile(str(file), 1) as rejects:
        with pytest.raises(BadFileError, match="another loader"):
            RejectFile(str(file), 1)
        with pytest.raises(BadFileError, match="line 3: more than 1 rows are bad"):
            load_as(dsn, path, rejects=rejects)
    assert value(db, "select count(*) from events") == 0
    with RejectFile(str(file), 2) as rejects:
        assert load_as(dsn, path, rejects=rejects) == (1, 2)
    committed = file.read_text()
    # A loader that ended before its commit has left rows, the last of them in part.
    file.write_text(committed + committed.replace('"load": ', '"load": 99') + '{"load"')
    with RejectFile(str(file), 2) as rejects:
        other = write(tmp_path / "b.json", lines({"customer_id": 3}))
        assert load_as(dsn, other, rejects=rejects) == (1, 0)
    assert file.read_text() == committed
    with pytest.raises(BadFileError, match="bad rows are kept in a file"):
        RejectFile("-", 1)
    notes = tmp_path / "notes"
    notes.write_text("my notes\n")
    with (
        RejectFile(str(notes), 2) as rejects,
        pytest.raises(BadFileError, match="is not a rejected row"),
    ):
        load_as(dsn, path, rejects=rejects)
    assert notes.read_text() == "my notes\n"


@pytest.mark.parametrize("place", ["/dev/null", "/dev/full", "pipe", ""])
def test_rejected_rows_are_kept_in_a_regular_file(
    rollupctl: Rollupctl, tmp_path: Path, place: str
) -> None:
    if place == "pipe":
        place = str(tmp_path / place)
        os.mkfifo(place)
    path = write(tmp_path / "a.csv", "customer_id\nx\n")
    done = rollupctl("load", path, "--reject", place)
    assert done.returncode == 1
    assert done.stderr.startswith(f"rollupctl: error: --reject {place}")
    assert "regular file" in done.stderr or not place


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_each_row_once_though_the_loader_dies(
    db: Connection, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """It dies again and again, each time with the bad rows of a part written, but not committed."""
    head = ["customer_id,device_id"] if form == "csv" else []
    line = "1,{}" if form == "csv" else '{{"customer_id":1,"device_id":{}}}'
    chosen = random.Random(1)
    numbers = [str(n) if chosen.random() < 0.9 else f"x{n}" for n in range(300)]
    text = "\n".join([*head, *map(line.format, numbers)]) + "\n"
    path, file = write(tmp_path / "a", text), tmp_path / "bad"
    write_rows = RejectFile.write

    def dying(self: RejectFile, *args: Any) -> None:
        write_rows(self, *args)
        if chosen.random() < 0.4:
            raise LostError

    with monkeypatch.context() as patch:
        patch.setattr(RejectFile, "write", dying)
        for _ in range(8):
            with contextlib.suppress(LostError), RejectFile(str(file), 300) as rejects:
                load_as(dsn, path, rejects=rejects, part_size=400)
    with RejectFile(str(file), 300) as rejects:
        load_as(dsn, path, rejects=rejects, part_size=400)
    devices = rows(db, "select device_id from events order by device_id")
    assert [str(d) for (d,) in devices] == [n for n in numbers if n[0] != "x"]
    bad = [row.decode() for *_, row in rejected(file)]
    assert bad == [line.format(n) for n in numbers if n[0] == "x"]
    assert rows(db, "select sum(rows), sum(rejected) from rollup.loads") == [
        (len(devices), len(bad))
    ]


class LostError(Exception):
    """Stands for the end of the loader."""


def test_the_range_of_times(db: Connection, dsn: str, tmp_path: Path) -> None:
    span = parse_range("2010-03-05..2020-11-20")
    head = "customer_id,event_time\n"
    inside = [
        "2010-03-05",
        "2010-03-31 23:00",
        "2010-04-01",
        "2015-01-01",
        "2020-10-31",
        "2020-11-20 23:59",
    ]
    outside = [
        "2010-03-04",
        "2010-02-28",
        "2009-12-31",
        "2020-11-21",
        "2020-12-01",
        "2021-01-01",
        "20210101",
        "2010-3-4",
        "Mar 4 2009",
        "4 March 2021 10:00 +0200",
        "2021-001",
    ]
    text = head + "".join(f"1,{each}\n" for each in inside)
    assert load_as(dsn, write(tmp_path / "a.csv", text), time_range=span) == (len(inside), 0)
    for each in outside:
        path = write(tmp_path / "b.csv", head + f"1,2015-01-01\n1,{each}\n")
        with pytest.raises(BadFileError, match=f'line 3.*"{re.escape(each)}" is not between 2010'):
            load_as(dsn, path, time_range=span)
    for form, first, last, before, after in (
        ("dmy", "5.3.2010", "20/11/2020 23:59", "4.3.2010", "21.11.2020"),
        ("mdy", "3/5/2010", "11-20-2020", "3/4/2010", "11/21/2020"),
    ):
        path = write(tmp_path / "b.csv", head + f"1,{first}\n1,{last}\n")
        assert load_as(dsn, path, time_range=span, time_format=form) == (2, 0)
        for each in (before, after):
            path = write(tmp_path / "b.csv", head + f"1,{first}\n1,{each}\n")
            with pytest.raises(BadFileError, match=f'line 3.*"{re.escape(each)}" is not between'):
                load_as(dsn, path, time_range=span, time_format=form)
    path = write(tmp_path / "b.csv", head + "1,1583020800\n1,1800000000\n")
    with pytest.raises(BadFileError, match='line 3.*"1800000000" is not between'):
        load_as(dsn, path, time_range=span, time_format="epoch")
    for wrong in ("2020-01-01", "2020-01-01..2010-01-01", "2020..2021", ".."):
        with pytest.raises(UsageError, match="is not a range of days"):
            parse_range(wrong)


def test_the_pattern_of_a_range_has_its_days_only() -> None:
    from datetime import date, timedelta

    for first, last in (
        (date(2010, 3, 5), date(2012, 11, 20)),
        (date(2010, 12, 31), date(2011, 1, 1)),
        (date(2010, 3, 5), date(2010, 3, 9)),
        (date(2010, 3, 5), date(2010, 4, 1)),
    ):
        pattern = re.compile(TimeRange(first, last).pattern())
        day = first - timedelta(days=400)
        while day < last + timedelta(days=400):
            assert bool(pattern.fullmatch(str(day))) == (first <= day <= last), day
            day += timedelta(days=1)


def test_values_are_checked_as_they_are_by_copy(db: Connection, dsn: str, tmp_path: Path) -> None:
    """A longer value is refused and not cut, and epochs keep their zone in a type of a precision."""
    db.execute("create domain short as varchar(3)")
    db.execute("create domain shorter as short")
    db.execute(
        "alter table events add code varchar(3), add fixed char(3), add mask bit(3),"
        " add bits varbit(3), add domain short, add nested shorter, add codes varchar(3)[],"
        " add masks bit(3)[], add seen timestamptz(0)"
    )
    good = {"code": "abc", "fixed": "ab", "mask": "101", "bits": "1", "domain": "abc",
            "nested": "abc", "codes": ["abc"], "masks": ["101"]}  # fmt: skip
    bad: list[dict[str, Any]] = [
        {"code": "abcd"}, {"fixed": "abcd"}, {"mask": "1011"}, {"mask": "10"}, {"bits": "1011"},
        {"domain": "abcd"}, {"nested": "abcd"}, {"codes": ["a", "abcd"]}, {"masks": ["1011"]},
    ]  # fmt: skip
    start: dict[str, Any] = {"customer_id": 1, "event_time": 1767225600.4, "seen": 1767225600.4}
    path = write(tmp_path / "a", lines({**start, **good}, *({**start, **row} for row in bad)))
    file = tmp_path / "rejects"
    with RejectFile(str(file), 100) as rejects:
        assert load_as(dsn, path, time_format="epoch", rejects=rejects) == (1, len(bad))
    assert [line for line, *_ in rejected(file)] == list(range(2, len(bad) + 2))
    columns = "code, fixed, mask::text, bits::text, domain, nested, codes, masks::text"
    stored = ("abc", "ab ", "101", "1", "abc", "abc", ["abc"], "{101}")
    assert rows(db, f"select {columns} from events") == [stored]
    assert value(db, "select extract(epoch from seen) from events") == 1767225600
    with pytest.raises(BadFileError, match="value too long"):
        text = write(tmp_path / "b", b"customer_id\n1\n")
        load_as(dsn, text, Dialect(constants={"code": "abcd"}))
