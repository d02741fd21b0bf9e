"""rollupctl load beside psql's \\copy of the same rows, in other formats and by other ways."""

from __future__ import annotations

import contextlib
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.lab import Lab, run_child, say
from bench.scenarios import COLUMNS, Row, Sizes
from rollupctl.generate import Sample

FOLLOWED = 20_000  # events a second


def loading(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """Formats, compression, mapped columns and a pipe, each with its ratio to \\copy."""
    database = "bench_loading"
    lab.make(database)
    rows = sizes.file // 4
    with tempfile.TemporaryDirectory(prefix="rollup-bench-") as folder:
        Sample(files=2, rows=rows).write(Path(folder))
        plain = Path(folder) / "1.csv"
        ways = {
            "CSV": ([str(plain)], 0.95),
            "CSV in gzip": ([str(_gzipped(plain))], 0.8),
            "CSV, four columns mapped, two constant": (_mapped(plain), 0.85),
            "JSON lines": ([str(_documents(plain))], 0.5),
        }
        with contextlib.suppress(ImportError):
            ways["Parquet"] = ([str(_parquet(plain))], 0.9)
        psql_copy = f"\\copy events ({COLUMNS}) from '{plain}' with (format csv, header)"
        peaks: list[float] = []

        def empty() -> None:
            with lab.connect(database) as db:
                db.execute("truncate events, rollup_internal.loads, rollup_internal.load_parts")
                db.execute("checkpoint")

        def by_rollupctl(args: list[str]) -> Callable[[], float]:
            def run() -> float:
                empty()
                command = [sys.executable, "-m", "rollupctl", "load", *args]
                seconds, peak = run_child(command, lab.dsn(database))
                peaks.append(peak)
                return seconds

            return run

        def by_psql() -> float:
            empty()
            return run_child(["psql", "-Xqc", psql_copy, lab.dsn(database)], "")[0]

        say(f"loading {rows} rows in {len(ways)} ways ", end="")
        theirs, *mine = lab.alternate(by_psql, *(by_rollupctl(args) for args, _ in ways.values()))
        for (what, (_, target)), seconds in zip(ways.items(), mine, strict=True):
            yield Row(
                f"{what}, {rows:,} rows (ratio of rates)", seconds, "psql \\copy", theirs,
                theirs / seconds, target, at_least=True,
            )  # fmt: skip
        yield Row("peak memory of these", max(peaks), "", None, max(peaks), 200, unit="MB")
        both = [str(plain), str(plain.with_name("2.csv"))]
        say(f"loading two files of {rows} rows one after the other and side by side ", end="")
        one, two = lab.alternate(by_rollupctl(both), by_rollupctl([*both, "--jobs", "2"]))
        yield Row(
            "two files of CSV, --jobs 2 (ratio of rates)", two, "--jobs 1", one, one / two, 1.5,
            at_least=True,
        )  # fmt: skip
        empty()
        yield from _followed(lab, database)
    lab.drop(database)


def _followed(lab: Lab, database: str) -> Iterator[Row]:
    """Processor time of a follower per second, and how long events are on their way."""
    seconds = 10
    line = b'{"customer_id":7,"event_type":"click","country":"DE","device_id":70,"session_id":1}\n'
    environment = os.environ | {"ROLLUPCTL_DSN": lab.dsn(database)}
    command = [sys.executable, "-m", "rollupctl", "load", "--format", "ndjson", "--follow", "-"]
    child = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert child.stdin
    say(f"following {FOLLOWED} events a second for {seconds} seconds")
    lags = []
    with lab.connect(database) as db:
        child.stdin.write(line)
        child.stdin.flush()
        count = "select count(*) from events"
        while not _number(db, count):
            time.sleep(0.05)
        began, sent = time.monotonic(), 1
        while (passed := time.monotonic() - began) < seconds:
            due = int(passed * FOLLOWED) + 1
            child.stdin.write(line * (due - sent))
            child.stdin.flush()
            sent = due
            lags.append((sent - _number(db, count)) / FOLLOWED)
            time.sleep(0.02)
    child.stdin.close()
    _, _, usage = os.wait4(child.pid, 0)
    child.returncode = 0
    spent = (usage.ru_utime + usage.ru_stime) / seconds
    yield Row("a pipe of 20,000 events/s: processor", spent, "", None, spent, 0.5, unit="cores")
    lags.sort()
    late = lags[int(len(lags) * 0.95)]
    yield Row("a pipe of 20,000 events/s: delay, p95", late, "", None, late, 2, unit="s")


def _number(db: object, query: str) -> int:
    ((found,),) = db.execute(query).fetchall()  # type: ignore[attr-defined]
    return int(found)


def _gzipped(plain: Path) -> Path:
    packed = plain.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(plain.read_bytes(), 6))
    return packed


def _mapped(plain: Path) -> list[str]:
    text = plain.read_text()
    header, _, body = text.partition("\n")
    names = header.split(",")
    other = plain.with_name("mapped.csv")
    other.write_text(",".join([*names[:2], *(f"x_{n}" for n in names[2:6])]) + "\n" + body)
    args = [str(other), "--set", "source=archive", "--set", "status=done"]
    for name in names[2:6]:
        args += ["--map", f"{name}=x_{name}"]
    return args


def _documents(plain: Path) -> Path:
    written = plain.with_suffix(".ndjson")
    with plain.open() as source, written.open("w") as sink:
        for record in csv.DictReader(source):
            numbers = {k: int(v) for k, v in record.items() if v.isdigit()}
            sink.write(json.dumps({**record, **numbers}) + "\n")
    return written


def _parquet(plain: Path) -> Path:
    import pyarrow.csv
    import pyarrow.parquet

    written = plain.with_suffix(".parquet")
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(plain), written)
    return written
