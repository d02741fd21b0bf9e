"""rollupctl load: any honest CSV goes in exactly once, a bad one leaves a line and nothing else."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rollupctl.connect import open_session
from rollupctl.errors import BadFileError
from rollupctl.loading import csvfile, load
from rollupctl.loading.csvfile import CsvFile
from rollupctl.loading.inputs import open_input
from rollupctl.output import Table
from tests import servers
from tests.conftest import Connection, Rollupctl
from tests.servers import Server

HEADER = "customer_id,event_type,country,browser,device_id,session_id\n"
EVENTS = "select customer_id, event_type, country, browser, device_id, session_id from events"


def events(db: Connection) -> list[tuple[Any, ...]]:
    return db.execute(f"{EVENTS} order by event_id").fetchall()


def count(db: Connection) -> int:
    row = db.execute("select count(*) from events").fetchone()
    assert row is not None
    return int(row[0])


def write(path: Path, text: str | bytes) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def start_load(dsn: str, *args: str) -> subprocess.Popen[bytes]:
    return servers.start_rollupctl(dsn, "load", *args, stdin=subprocess.PIPE)


ROW = (7, "buy", None, "opera", 70, 700)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "7,buy,,opera,70,700\n",
        HEADER + "7,buy,,opera,70,700",
        "session_id,device_id,browser,country,event_type,customer_id\n700,70,opera,,buy,7\n",
        "device_id,session_id,customer_id,event_type,browser\n70,700,7,buy,opera\n",
        "\ufeff" + HEADER + "7,buy,,opera,70,700\n",
        "\ufeff" + HEADER.replace("customer_id", '"customer_id"') + "7,buy,,opera,70,700\n",
        (HEADER + "7,buy,,opera,70,700\n").replace("\n", "\r\n"),
        "  " + HEADER.replace(",", " , ") + "7,buy,,opera,70,700\n",
        HEADER.upper() + "7,buy,,opera,70,700\n",
        HEADER + '"7","buy",,"opera","70","700"\n',
    ],
    ids=["plain", "no-last-newline", "order", "subset", "bom", "bom-quoted", "crlf", "spaces",
         "case", "quoted"],
)  # fmt: skip
def test_forms_of_one_row(db: Connection, rollupctl: Rollupctl, tmp_path: Path, text: str) -> None:
    done = rollupctl("load", write(tmp_path / "a.csv", text))
    assert (done.returncode, done.stderr) == (0, "")
    assert events(db) == [ROW]


def test_values_arrive_unchanged(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    text = HEADER + '1,"a ""b"", c",Österreich,"two\nlines",,\n2,,"",\\.x,-5,9223372036854775807\n'
    assert rollupctl("load", write(tmp_path / "a.csv", text)).returncode == 0
    assert events(db) == [
        (1, 'a "b", c', "Österreich", "two\nlines", None, None),
        (2, None, "", "\\.x", -5, 9223372036854775807),
    ]


def test_every_column_of_events_can_be_loaded(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    text = (
        "properties,status,value,currency,amount,quantity,category,product_id,campaign,source,path,"
        "user_id,session_id,device_id,browser,country,event_type,customer_id,event_time\n"
        '"{""a"": [1, null],\n ""b"": ""ü, \\""x\\""""}",paid,-1.5e3,EUR,-0.10,-3,"a,b",p 1,,news,'
        "/a?b=c,u-1,5,4,opera,Österreich,refund,7,2024-06-01T10:00+02\n"
        ",,,,,,,,,,,,,,,,,7,2024-06-01 10:00Z\n"
        "null,,,,,,,,,,,,,,,,,7,2024-06-01 11:00\n"
    )
    done = rollupctl("load", write(tmp_path / "a.csv", text))
    assert done.returncode == 0, done.stderr
    names = ", ".join(text.split("\n")[0].split(",")[:-1])
    found = db.execute(
        f"select {names}, extract(epoch from event_time)::bigint from events order by event_id".encode()
    ).fetchall()
    ten = 1717236000
    full = ({"a": [1, None], "b": 'ü, "x"'}, "paid", -1500.0, "EUR", Decimal("-0.10"), -3, "a,b",
            "p 1", None, "news", "/a?b=c", "u-1", 5, 4, "opera", "Österreich", "refund", 7,
            ten - 7200)  # fmt: skip
    nothing = (None,) * 17
    assert found == [full, (*nothing, 7, ten), (*nothing, 7, ten + 3600)]
    # JSON's null is a value, the empty field is none.
    is_json_null = "select properties = 'null' from events where properties is not null"
    assert db.execute(f"{is_json_null} order by event_id".encode()).fetchall() == [
        (False,),
        (True,),
    ]


def test_stdin_is_not_read_twice(db: Connection, server: Server, rollupctl: Rollupctl) -> None:
    # What a Citus worker refuses has no line; a file is read again to find it, a pipe cannot be.
    done = rollupctl("load", "-", input="customer_id,properties\n1,{}\n1,{a: 1}\n")
    assert done.returncode == 1
    assert done.stderr.startswith("rollupctl: error: -")
    assert 'Token "a" is invalid' in done.stderr
    assert ("line 3, column properties" in done.stderr) is not server.is_citus
    assert "nothing of this file was loaded" in done.stderr
    assert count(db) == 0


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_header_alone_is_no_error(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    for text in (HEADER, HEADER.strip()):
        done = rollupctl("load", write(tmp_path / "a.csv", text), "-o", "json")
        assert done.returncode == 0
        assert json.loads(done.stdout)[0]["rows"] == 0
    assert count(db) == 0


def test_content_is_loaded_once_whatever_its_name(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    text = HEADER + "1,buy,India,opera,1,1\n" * 3
    first, second = write(tmp_path / "a.csv", text), write(tmp_path / "b.csv", text)
    done = rollupctl("load", first, second, first, "-o", "json")
    assert done.returncode == 0, done.stderr
    assert [(r["status"], r["rows"]) for r in json.loads(done.stdout)] == [
        ("loaded", 3), ("skipped", 0), ("skipped", 0)]  # fmt: skip
    assert '"skipped"' in rollupctl("load", "-", "-o", "json", input=text).stdout
    assert count(db) == 3
    ledger = "select source_table::text, sha256, file_name, rows, bytes from rollup.loads"
    digest = hashlib.sha256(text.encode()).digest()
    assert db.execute(ledger).fetchall() == [("events", digest, first, 3, len(text))]


def test_a_table_made_again_takes_the_file_again(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", "n\n1\n")
    for _ in range(2):
        db.execute("create table public.numbers (n int)")
        assert rollupctl("load", "--table", "numbers", path).returncode == 0
        assert db.execute("select n from numbers").fetchall() == [(1,)]
        db.execute("drop table numbers")


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_same_size_is_not_same_content(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    for customer in (1, 2):
        path = write(tmp_path / f"{customer}.csv", f"{HEADER}{customer},a,b,c,1,1\n")
        assert rollupctl("load", path).returncode == 0
    assert [row[0] for row in events(db)] == [1, 2]


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_concurrent_loads_of_one_content(db: Connection, dsn: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", HEADER + "1,buy,India,opera,1,1\n" * 20_000)
    loads = [start_load(dsn, path, "-o", "json") for _ in range(5)]
    told = [each.communicate(timeout=120) for each in loads]
    assert [each.returncode for each in loads] == [0] * 5, told
    statuses = sorted(json.loads(out)[0]["status"] for out, _ in told)
    assert statuses == ["loaded", *["skipped"] * 4]
    assert count(db) == 20_000


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_killed_loader_leaves_nothing(db: Connection, dsn: str, rollupctl: Rollupctl) -> None:
    text = (HEADER + "1,buy,India,opera,1,1\n" * 100_000).encode()
    copying = "select 1 from pg_stat_progress_copy where relid <> 0 and tuples_processed > 100"
    loading = start_load(dsn, "-")
    assert loading.stdin is not None
    loading.stdin.write(text[: len(text) // 2])
    loading.stdin.flush()
    wait_until(lambda: db.execute(copying).fetchone() is not None)
    loading.kill()
    loading.communicate()
    wait_until(lambda: db.execute("select 1 from pg_stat_progress_copy").fetchone() is None)
    assert count(db) == 0
    assert db.execute("select * from rollup.loads").fetchall() == []
    assert rollupctl("load", "-", input=text).returncode == 0
    assert count(db) == 100_000


def test_interrupted_load_says_so(db: Connection, dsn: str) -> None:
    # At any moment: between two reads the session is in the middle of sending.
    for attempt in range(8):
        loading = start_load(dsn, "-")
        assert loading.stdin is not None
        loading.stdin.write((HEADER + "1,buy,India,opera,1,1\n" * 10_000).encode())
        loading.stdin.flush()
        wait_until(lambda: db.execute("select 1 from pg_stat_progress_copy").fetchone() is not None)
        time.sleep(attempt % 5 / 500)
        loading.send_signal(signal.SIGINT)
        _, told = loading.communicate(timeout=30)
        assert (loading.returncode, told.decode()) == (130, "rollupctl: error: interrupted\n")
    assert count(db) == 0


def test_mistake_shows_before_the_end_of_the_input(dsn: str) -> None:
    loading = start_load(dsn, "-")
    assert loading.stdin is not None
    loading.stdin.write((HEADER + "one,buy,India,opera,1,1\n").encode())
    # A pipe that stays open: only a loader that listens meanwhile can end.
    filler = b"1,buy,India,opera,1,1\n" * 3000
    with contextlib.suppress(BrokenPipeError):
        for _ in range(600):
            loading.stdin.write(filler)
            loading.stdin.flush()
            time.sleep(0.05)
    assert loading.poll() is not None or loading.wait(timeout=10)
    told = loading.communicate()[1]
    assert loading.returncode == 1
    assert b'-, line 2, column customer_id: "one" is not a valid bigint' in told


@pytest.fixture(scope="module")
def untouched(server: Server) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    """A database for files that load nothing: each test finds and leaves it empty."""
    name = server.database()
    with psycopg.connect(server.dsn(name), autocommit=True) as db:
        yield server.dsn(name), db
    server.drop(name)


GOOD = "1,buy,India,opera,1,1\n"
NUL, LATIN1, UTF16 = (
    b"1,b\0y,India,opera,1,1\n",
    "é".encode("latin1"),
    (HEADER + GOOD).encode("utf16"),
)

AGE = "customer_id,event_time\n1,2024-01-01\n1,{}\n"

MONEY = "customer_id,amount,currency\n1,5,EUR\n"
JSON = 'customer_id,properties\n1,"{""a"": 1}"\n'

BAD: dict[str, tuple[str | bytes, str]] = {
    "number": (
        HEADER + GOOD + "x1,a,b,c,1,1\n",
        'line 3, column customer_id: "x1" is not a valid bigint',
    ),
    "range": (
        HEADER + "1,a,b,c,99999999999999999999,1\n",
        'line 2, column device_id: "99999999999999999999" is out of range for bigint',
    ),
    "null": (
        HEADER + GOOD + ",a,b,c,1,1\n",
        "line 3, column customer_id: no value, where one of type bigint must be"
        "|line 3: the partition column of table public.events cannot be NULL",  # Citus
    ),
    "time": (
        AGE.format("yesterdayish"),
        'line 3, column event_time: "yesterdayish" is not a valid timestamp with time zone',
    ),
    "impossible time": (
        AGE.format("2024-02-30"),
        'line 3, column event_time: "2024-02-30" is out of range for timestamp with time zone',
    ),
    "ambiguous date": (
        AGE.format("01/02/2024"),
        '(?s)line 3, column event_time: "01/02/2024" is out of range.*hint: write it as in 2024-',
    ),
    "seconds": (AGE.format("1717200000"), "(?s)column event_time: .*hint: .*--time-format epoch"),
    "no such zone": (AGE.format("2024-06-01 10:00 Mars/Olympus"), "Mars/Olympus. is not a valid t"),
    "no time": (AGE.format(""), "line 3, column event_time: no value|line 3: .*event_time"),
    "comma in a number": (
        MONEY + '1,"12,50",EUR\n',
        'column amount: "12,50" is not a valid numeric',
    ),
    "sign of money": (MONEY + "1,$5,USD\n", r'line 3, column amount: "\$5" is not a valid numeric'),
    "no number": (
        MONEY + "1,NaN,EUR\n",
        'line 3, column amount: does not meet events_amount_is_a_number: CHECK.*reads "1,NaN,EUR"',
    ),
    "no end": (
        "customer_id,value\n1,-inf\n",
        "line 2, column value: does not meet events_value_is",
    ),
    "small letters": (
        MONEY + "1,5,eur\n",
        'line 3, column currency: does not meet events_currency_is_a_code: .*reads "1,5,eur"',
    ),
    "part of a thing": (
        "customer_id,quantity\n1,1.5\n",
        'line 2, column quantity: "1.5" is not a valid integer',
    ),
    "json": (
        JSON + "1,{a: 1}\n",
        'line 3, column properties: "{a: 1}" is not a valid jsonb .*"a"',
    ),
    "json of python": (JSON + "1,\"{'a': None}\"\n", "line 3, column properties: .*valid jsonb"),
    "json over lines": (
        JSON + '1,"{""a"": 1,\n""b"": oops}"\n1,{}\n',
        'line 4, column properties: "{"a": 1, "b": oops}" is not a valid jsonb .*oops',
    ),
    "json cut off": (JSON + '1,"{""a"": ""x\n', r'line 3: a quote \("\) opens here'),
    "json zero": (
        JSON + '1,"{""a"": ""\\u0000""}"\n',
        r"line 3, column properties: .*\\u0000 cannot",
    ),
    "json empty": (JSON + '1,""\n', 'line 3, column properties: "" is not a valid jsonb'),
    "json too deep": (
        JSON + "1," + "[" * 100_000 + "\n",
        r'line 3, column properties: "\[+\.\.\." is nested too deeply',
    ),
    "short line": (
        HEADER + GOOD + "1,buy\n",
        'line 3: missing data .*the line reads "1,buy"',
    ),
    "long line": (HEADER + "1,a,b,c,1,1,9\n", "line 2: extra data"),
    "blank line": (HEADER + GOOD + "\n" + GOOD, "line 3"),
    "line break in quotes": (HEADER + '1,"a\nb\nc",b,c,x,1\n', 'line 4, column device_id: "x"'),
    "crlf": ((HEADER + "x,a,b,c,1,1\n").replace("\n", "\r\n"), "line 2, column customer_id"),
    "open quote": (
        HEADER + GOOD + '1,"buy,India\n' + GOOD * 50,
        r'line 3: a quote \("\) opens here and never closes',
    ),
    "zero byte": ((HEADER + GOOD * 5000).encode() + NUL, "line 5002: a zero byte"),
    "not utf-8": (
        (HEADER + GOOD).encode() + b"1," + LATIN1 + b",c,d,1,1\n",
        "line 3: not UTF-8: 0xe9",
    ),
    "end mark": (HEADER + GOOD + "\\.\n" + GOOD, r"a line holds nothing but \\\."),
    "end mark last": (HEADER + GOOD + "\\.", r"a line holds nothing but \\\."),
    "end mark crlf": ((HEADER + GOOD + "\\.\n").replace("\n", "\r\n"), r"nothing but \\\."),
    "end mark far off": (HEADER + GOOD * 9999 + "\\.\n" + GOOD, r"nothing but \\\."),
    "empty": ("", "is empty"),
    "blank": ("\n" + HEADER + GOOD, "line 1: is blank"),
    "blank names": (" , ,\n" + GOOD, "line 1: is blank"),
    "unnamed": ("customer_id,,country\n", "column 2 of the header has no name"),
    "unknown": (
        HEADER.replace("country", "nation") + GOOD,
        "line 1: public.events has no column 'nation'",
    ),
    "misspelled": (
        HEADER.replace("country", "contry") + GOOD,
        "(?s)'contry'\nhint: perhaps country",
    ),
    "twice": (HEADER.replace("country", "browser") + GOOD, "column browser is named twice"),
    "twice but for case": (HEADER.replace("country", "BROWSER") + GOOD, "is named twice"),
    "missing": ("event_type\nbuy\n", "no column customer_id"),
    "id": (
        "event_id," + HEADER + "1," + GOOD,
        "(?s)column event_id cannot be loaded\nhint: .*sequence",
    ),
    "no header": (GOOD, "line 1: public.events has no column '1'"),
    "semicolons": (HEADER.replace(",", ";"), "(?s)hint: perhaps --delimiter ';' is meant"),
    "quote in header": ('"customer_id,event_type\n' + GOOD, "line 1: "),
    "latin-1 header": (
        HEADER.replace("country", "país").encode("latin1"),
        "line 1: is not UTF-8: byte 0xed",
    ),
    "sep": (
        "sep=;\r\n" + HEADER.replace(",", ";"),
        "(?s)line 1: is for Excel only.*hint: .*tail -n \\+2 FILE .* --delimiter ';'",
    ),
    "utf-32": (HEADER.encode("utf32"), "(?s)is UTF-32\nhint: say --encoding utf-32"),
    "utf-16 without a mark": (HEADER.encode("utf-16-le"), "(?s)zero bytes\nhint: .*utf-16-le"),
    "xlsx": (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "is a workbook of Excel"),
    "xls": (b"\xd0\xcf\x11\xe0" + bytes(99), "is a workbook of Excel"),
    "gzip in gzip": (gzip.compress(gzip.compress(HEADER.encode())), "is compressed twice"),
    "utf-16": (UTF16, "(?s)is UTF-16\nhint: say --encoding utf-16"),
    "gzip": (gzip.compress(HEADER.encode())[:-9], "compressed content is damaged or cut off"),
    "zip": (b"PK\x03\x04" + bytes(99), "(?s)is a zip archive\nhint: .*unzip -p"),
    "binary": (bytes(range(256)) * 100, "is not text"),
    "one endless line": (b"x" * 3_000_000, "line 1: is longer than"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_file(
    untouched: tuple[str, psycopg.Connection[Any]], tmp_path: Path, case: str
) -> None:
    dsn, db = untouched
    text, expected = BAD[case]
    path = write(tmp_path / "bad.csv", text)
    runs: list[tuple[str, str | bytes | None]] = [(path, None)]
    if case in ("number", "zero byte", "end mark last", "gzip", "empty", "ambiguous date"):
        runs.append(("-", text))
    for name, given in runs:
        done = servers.rollupctl(dsn, "load", name, stdin=given)
        assert (done.returncode, done.stdout) == (1, "")
        assert re.search(expected, done.stderr), done.stderr
        assert done.stderr.startswith(f"rollupctl: error: {name}")
        assert [line[:6] for line in done.stderr.splitlines()] == ["rollup", "hint: "]
    assert count(db) == 0
    assert db.execute("select * from rollup.loads").fetchall() == []


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_end_mark_is_found_across_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, end: str
) -> None:
    monkeypatch.setattr(csvfile, "CHUNK", size)
    fine = open_input(write(tmp_path / "1.csv", f'{HEADER}1,\\.{end}1,a\\.b,"\\."\n'))
    bad = open_input(write(tmp_path / "2.csv", f"{HEADER}1,a\n\\.{end}"))
    assert len(b"".join(fine.rows())) == fine.size
    with pytest.raises(BadFileError, match="nothing but"):
        list(bad.rows())
    fine.close()
    bad.close()


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_unreadable_places(untouched: tuple[str, psycopg.Connection[Any]], tmp_path: Path) -> None:
    dsn, _ = untouched
    for place, expected in (
        (str(tmp_path), "a directory without files"),
        (str(tmp_path / "*.csv"), "no file matches"),
        (str(tmp_path / "nowhere.csv"), "No such file"),
        ("/proc/self/mem", "Input/output error"),
        ("", "is a directory"),
        ("x" * 300 + ".csv", "File name too long"),
        ("y" * 100_000 + ".csv", "y….*y.csv: File name too long"),
    ):
        done = servers.rollupctl(dsn, "load", place)
        assert done.returncode == 1
        assert re.search(expected, done.stderr.splitlines()[0])
    assert servers.rollupctl(dsn, "load", "-", "-", stdin=HEADER).returncode == 2


def test_name_that_is_not_utf8(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")
    Path(path).write_text(HEADER + GOOD)
    done = rollupctl("load", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert count(db) == 1


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_first_bad_file_ends_the_command(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    good = write(tmp_path / "1.csv", HEADER + GOOD)
    bad = write(tmp_path / "2.csv", HEADER + "x,a,b,c,1,1\n")
    last = write(tmp_path / "3.csv", HEADER + GOOD * 2)
    done = rollupctl("load", good, bad, last, "-o", "csv")
    assert done.returncode == 1
    assert done.stdout.splitlines()[1].startswith(f"{good},loaded,1,")
    assert len(done.stdout.splitlines()) == 2
    assert count(db) == 1
    write(tmp_path / "2.csv", HEADER + "5,a,b,c,1,1\n")
    done = rollupctl("load", good, bad, last, "-o", "json")
    assert [r["status"] for r in json.loads(done.stdout)] == ["skipped", "loaded", "loaded"]
    assert count(db) == 4


def test_names_are_told_on_one_line(rollupctl: Rollupctl, tmp_path: Path) -> None:
    path = write(tmp_path / "a\nb.csv", HEADER + GOOD)
    assert rollupctl("load", path).returncode == 0
    done = rollupctl("load", path, "-o", "csv")
    assert len(done.stdout.splitlines()) == 2
    assert "a\\nb.csv: loaded before" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_headers_are_checked_before_anything_is_loaded(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    good = write(tmp_path / "1.csv", HEADER + GOOD)
    bad = write(tmp_path / "2.csv", "customer,event_type\n1,a\n")
    assert rollupctl("load", good, bad).returncode == 1
    assert rollupctl("load", good, str(tmp_path / "gone.csv")).returncode == 1
    assert count(db) == 0


def test_dry_run_loads_nothing(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    good = write(tmp_path / "1.csv", HEADER + GOOD)
    done = rollupctl("load", "--dry-run", good)
    assert (done.returncode, done.stderr) == (0, "")
    assert count(db) == 0
    assert rollupctl("load", "--dry-run", write(tmp_path / "2.csv", "x\n1\n")).returncode == 1


def test_fifo_is_read_once(db: Connection, dsn: str, rollupctl: Rollupctl, tmp_path: Path) -> None:
    good = write(tmp_path / "1.csv", HEADER + GOOD * 3)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    loading = start_load(dsn, good, str(fifo))
    fifo.write_text(HEADER + GOOD * 2)
    _, told = loading.communicate(timeout=60)
    assert (loading.returncode, told) == (0, b"")
    assert count(db) == 5


def test_file_that_changes_meanwhile(
    db: Connection, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "1.csv", HEADER + GOOD)
    rows = CsvFile.rows

    def growing(self: CsvFile) -> Iterator[bytes]:
        yield from rows(self)
        with Path(path).open("a") as more:
            more.write(GOOD)

    monkeypatch.setattr(CsvFile, "rows", growing)
    with open_session(dsn, "test") as session, pytest.raises(BadFileError, match="changed while"):
        load.load_files(session, [path], report=Table(load.RESULT))
    assert count(db) == 0
    assert db.execute("select * from rollup.loads").fetchall() == []


def test_times_without_offset_are_utc_unless_told(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    text = "event_time,customer_id\n2024-07-01 12:00,{}\n2024-07-01T12:00+02:00,{}\n"
    told = "select to_char(event_time at time zone 'UTC', 'HH24:MI') from events order by event_id"
    env = {"PGTZ": "America/New_York"}
    path = write(tmp_path / "1.csv", text.format(1, 1))
    assert rollupctl("load", path, env=env).returncode == 0
    path = write(tmp_path / "2.csv", text.format(2, 2))
    assert rollupctl("load", path, "--time-zone", "Asia/Tokyo", env=env).returncode == 0
    assert [row[0] for row in db.execute(told)] == ["12:00", "10:00", "03:00", "10:00"]
    done = rollupctl("load", path, "--time-zone", "Mars/Olympus")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 2)


def test_any_table_with_any_names(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    db.execute('create schema "Odd Schema"')
    table = '"Odd Schema"."My ""Events"""'
    db.execute(
        f"""create table {table} (
            "Id" bigint generated always as identity, "select" bigint not null, "Größe" text,
            "a,b" text, "twice" text generated always as (upper("Größe")) stored)"""
    )
    path = write(tmp_path / "1.csv", '"a,b",select,Größe\nx,1,ü\n')
    assert rollupctl("load", path, "--table", table).returncode == 0
    found = db.execute(f'select "select", "Größe", "a,b", "twice" from {table}').fetchall()
    assert found == [(1, "ü", "x", "Ü")]
    assert db.execute("select source_table::text from rollup.loads").fetchall() == [(table,)]
    for column, expected in (("Id", "sequence"), ("twice", "computes")):
        path = write(tmp_path / "2.csv", f"select,{column}\n1,1\n")
        done = rollupctl("load", path, "--table", table)
        assert done.returncode == 1
        assert expected in done.stderr


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_table_that_cannot_be_loaded(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    db.execute("create view seen as select * from events")
    some = "select inhrelid::regclass::text from pg_inherits where inhparent = 'events'::regclass"
    row = db.execute(some).fetchone()
    assert row is not None
    path = write(tmp_path / "1.csv", HEADER + GOOD)
    for name, expected in (
        ("nowhere", 'there is no table "nowhere"'),
        ("no.where", 'there is no table "no.where"'),
        ("a.b.c", "is not the name of a table"),
        ('"open', "is not the name of a table"),
        ("", "is not the name of a table"),
        ("seen", "is not a table"),
        (str(row[0]), "is a partition"),
    ):
        done = rollupctl("load", path, "--table", name)
        assert done.returncode == 1
        assert expected in done.stderr
        assert len(done.stderr.splitlines()) == 2
    assert count(db) == 0


def test_constraint_and_trigger_of_the_user(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    db.execute("create table own (customer_id bigint, price int constraint fair check (price > 0))")
    path = write(tmp_path / "1.csv", "customer_id,price\n1,5\n1,-1\n")
    done = rollupctl("load", path, "--table", "own")
    assert done.returncode == 1
    assert re.search(r"1\.csv, line 3, column price: .*fair: CHECK .*\"1,-1\"", done.stderr)
    assert len(done.stderr.splitlines()) == 2
    db.execute(
        "create function stop() returns trigger language plpgsql as $$"
        "begin if new.price = 7 then raise exception 'no sevens'; end if; return new; end$$"
    )
    db.execute("create trigger t before insert on own for each row execute function stop()")
    path = write(tmp_path / "1.csv", "customer_id,price\n1,5\n1,7\n")
    done = rollupctl("load", path, "--table", "own")
    assert re.search(r"1\.csv, line 3: no sevens", done.stderr)
    assert db.execute("select count(*) from own").fetchone() == (0,)


@pytest.mark.no_hostile("PgBouncer refuses PGOPTIONS")
def test_table_locked_by_another(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    path = write(tmp_path / "1.csv", HEADER + GOOD)
    with db.transaction():
        db.execute("lock table events in access exclusive mode")
        done = rollupctl("load", path, env={"PGOPTIONS": "-c lock_timeout=200ms"})
    assert done.returncode == 4
    assert count(db) == 0


@pytest.mark.no_hostile("a plain owner creates no roles")
def test_no_right_to_insert(db: Connection, dsn: str, rollupctl: Rollupctl, tmp_path: Path) -> None:
    db.execute("drop role if exists just_reads")
    db.execute("create role just_reads login in role pg_read_all_data")
    db.execute("grant usage on schema rollup to just_reads")
    path = write(tmp_path / "1.csv", HEADER + GOOD)
    try:
        options = {"PGOPTIONS": "-c role=just_reads"}
        done = rollupctl("load", path, env=options)
        assert done.returncode == 1
        assert "permission denied" in done.stderr
        assert len(done.stderr.splitlines()) == 2
    finally:
        db.execute("drop owned by just_reads")
        db.execute("drop role just_reads")


def test_without_the_package(empty_dsn: str, tmp_path: Path) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as db:
        db.execute("create table events (customer_id bigint)")
    done = servers.rollupctl(empty_dsn, "load", write(tmp_path / "1.csv", "customer_id\n1\n"))
    assert done.returncode == 1
    assert "hint: run `rollupctl install`" in done.stderr


def test_memory_does_not_grow_with_the_file(db: Connection, dsn: str) -> None:
    db.execute("create unlogged table wide (customer_id bigint, filler text)")
    db.execute("alter table wide alter filler set storage external")  # saves compressing it
    args = ("load", "-", "--table", "wide")
    loading = servers.start_rollupctl(dsn, *args, stdin=subprocess.PIPE, forked=False)
    assert loading.stdin is not None
    loading.stdin.write(b"customer_id,filler\n")
    row = b"1," + b"x" * 1_000_000 + b"\n"
    for _ in range(180):
        loading.stdin.write(row)
    # All but what is in the pipe has been read. (The maximum that wait4 returns begins with that of the parent.)
    status = Path(f"/proc/{loading.pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])  # type: ignore[index]
    loading.communicate(timeout=120)
    assert loading.returncode == 0
    assert db.execute("select count(*) from wide").fetchone() == (180,)
    assert peak < 150 * 1024


# CSV as exporters write it

EXPORTED = [
    ("quoted nothing", HEADER + '"7","buy","","opera","70",""\n', ["--null", ""]),
    ("NULL", HEADER + '7,buy,NULL,opera,70,NULL\n"7","buy",NULL,"opera","70","NULL"\n', ["--null", "NULL"]),
    ("\\N", HEADER + "7,buy,\\N,opera,70,\\N\n", ["--null", "\\N"]),
    ("semicolons", HEADER.replace(",", ";") + "7;buy;;opera;70;\n", ["--delimiter", ";"]),
    ("tabs", HEADER.replace(",", "\t") + "7\tbuy\t\topera\t70\t\n", ["--delimiter", "tab"]),
    ("tabs \\t", HEADER.replace(",", "\t") + "7\tbuy\t\topera\t70\t\n", ["--delimiter", "\\t"]),
    ("bars", HEADER.replace(",", "|") + "7|buy||opera|70|\n", ["--delimiter", "|"]),
    ("quote", HEADER + "7,buy,,'opera',70,\n", ["--quote", "'"]),
    ("quoted header", "'customer_id','event_type','country','browser','device_id'\n7,buy,,opera,70\n",
     ["--quote", "'"]),
    ("lone cr", (HEADER + "7,buy,,opera,70,\n").replace("\n", "\r"), []),
    ("crlf and bom", "\ufeff" + (HEADER + "7,buy,,opera,70,\n").replace("\n", "\r\n"), []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "options"), EXPORTED, ids=[x[0] for x in EXPORTED])
def test_trap_50_csv_as_exporters_write_it(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path, name: str, text: str, options: list[str]
) -> None:
    done = rollupctl("load", write(tmp_path / "a.csv", text), *options)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    country = "" if name == "quoted nothing" else None
    assert set(events(db)) == {(7, "buy", country, "opera", 70, None)}


def test_trap_50_nothing_in_quotes_is_explained(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    done = rollupctl("load", write(tmp_path / "a.csv", HEADER + '"7","buy","","opera","70",""\n'))
    assert done.returncode == 1
    assert "line 2, column session_id" in done.stderr
    assert "--null ''" in done.stderr


def test_trap_50_texts_in_quotes_stay_texts(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    text = HEADER + '7,buy,"NULL",,70,NULL\n'
    assert rollupctl("load", write(tmp_path / "a.csv", text), "--null", "NULL").returncode == 0
    assert events(db) == [(7, "buy", "NULL", "", 70, None)]


@pytest.mark.parametrize(
    "options",
    [
        ["--delimiter", ""],
        ["--delimiter", "ab"],
        ["--delimiter", "§"],
        ["--delimiter", "\n"],
        ["--quote", ""],
        ["--quote", "''"],
        ["--delimiter", '"'],
        ["--null", "a,b"],
        ["--null", '"'],
        ["--null", "a\nb"],
        ["--map", "country=a", "--set", "country=b"],
        ["--rest", "properties", "--set", "properties={}"],
        ["--site", "customer_id=a", "--map", "customer_id=b"],
        ["--follow", "--jobs", "2"],
    ],
)
def test_trap_50_dialects_that_are_none(options: list[str]) -> None:
    done = servers.rollupctl("host=/nowhere", "load", "a.csv", *options)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) <= 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER + "7,buy,,opera,70\n", "line 2.*missing data"),
        (HEADER + "7,buy,,opera,70,1,2\n", "line 2.*extra data"),
        (HEADER + "7,buy,,opera,70,1\n\n", "line 3"),
        (HEADER.replace("country", "browser"), "named twice"),
        (HEADER.replace("country", ""), "has no name"),
        (HEADER.replace("country", "contry"), "perhaps country is meant"),
        ("event_type\nbuy\n", "no column customer_id"),
    ],
)
def test_trap_50_ragged_lines_and_wrong_headers(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path, text: str, said: str
) -> None:
    done = rollupctl("load", write(tmp_path / "a.csv", text))
    assert (done.returncode, count(db)) == (1, 0)
    assert re.search(said, done.stderr), done.stderr
    assert len(done.stderr.splitlines()) <= 2


# Files whose rows are gone

GONE = {
    "truncate": "truncate events",
    "truncate, restarted": "truncate events restart identity",
    "delete": "delete from events",
    "some": "delete from events where device_id = 70",
    "expire": "call rollup.run_all(); select rollup.expire('events', '1 day')",
    "drop": "drop table events_old",
}
OLD = HEADER.strip() + ",event_time\n" + "".join(
    f"7,buy,,opera,{device},1,2024-06-01 10:00\n" for device in (70, 71, 72)
)  # fmt: skip


@pytest.mark.parametrize("how", GONE)
def test_trap_51_a_file_whose_rows_are_gone(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path, how: str
) -> None:
    if how == "drop":
        db.execute(
            "create table events_old partition of events"
            " for values from ('2024-01-01') to ('2025-01-01')"
        )
    path = write(tmp_path / "a.csv", OLD)
    other = write(tmp_path / "b.csv", OLD.replace("7,buy", "8,buy"))
    assert rollupctl("load", path).returncode == 0
    assert rollupctl("load", path).returncode == 0  # nothing is gone
    for statement in GONE[how].split("; "):
        db.execute(statement.encode())
    left = count(db)
    done = rollupctl("load", path, "-o", "json")
    assert (done.returncode, json.loads(done.stdout)[0]["status"]) == (3, "rows gone")
    assert f"{left} of its 3 rows are left in public.events" in done.stderr
    assert ("load --again" in done.stderr) == (left == 0)
    assert count(db) == left
    again = rollupctl("load", path, "--again")
    assert again.returncode == (0 if left == 0 else 3), again.stderr
    assert count(db) == (left or 3)
    # Never twice.
    assert rollupctl("load", path, other, "--again").returncode == again.returncode
    assert count(db) == (left or 3) + 3


@pytest.mark.no_hostile("it takes seconds and depends on no setting")
def test_trap_51_what_an_older_version_loaded(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", OLD)
    assert rollupctl("load", path).returncode == 0
    db.execute("update rollup_internal.loads set after_id = null, through_id = null")
    assert rollupctl("load", path).returncode == 0
    db.execute("truncate events")
    assert rollupctl("load", path).returncode == 3
    assert rollupctl("load", path, "--again").returncode == 0
    assert (count(db), rollupctl("load", path).returncode) == (3, 0)
