"""The scenarios. Each yields rows of the printed table."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.lab import Lab, run_child, say
from rollupctl.files import project_root
from rollupctl.generate import Sample
from rollupctl.sqlscript import read_script

OBVIOUS = tuple((Path(__file__).parent / "obvious.sql").read_text().split(";")[:2])
# By default the planner uses hash aggregation, which is slower.
SAME_SETTINGS = (
    "select set_config(name, value, false) from rollup_internal.counting_settings()"
    " where name in ('work_mem', 'enable_hashagg')",
)
# hll's states are 128 kB: glibc gets such a block from the system and gives it back, again and
# again, until a session has freed a larger one. Our runs do that first; whether anything has done
# it before obvious SQL is chance. Its fastest way is the standard, the others are shown beside it.
WARM = "select length(repeat(' ', 4000000))"
COLUMNS = "customer_id, event_type, country, browser, device_id, session_id"
REST = (
    "(array['click','buy','scroll','download'])[1 + (random() * 3)::int],"
    " (array['India','France','China','Germany','United States'])[1 + (random() * 4)::int],"
    " (array['chrome','firefox','safari','opera'])[1 + (random() * 3)::int],"
    " (random() * 10000)::bigint, (random() * 100000)::bigint"
)


@dataclass(frozen=True)
class Sizes:
    """Numbers of events."""

    events: int = 1_000_000
    new: int = 100_000
    history: tuple[int, int] = (1_000_000, 20_000_000)
    file: int = 2_000_000
    past: int = 10_000_000
    late: int = 10_000
    minutes: float = 10  # of the scenario sustained


QUICK = Sizes(
    events=200_000,
    new=20_000,
    history=(100_000, 2_000_000),
    file=400_000,
    past=1_000_000,
    late=1_000,
    minutes=0.5,
)


@dataclass(frozen=True)
class Row:
    """One comparison; `ratio` may be at most `target`, or at least, where `at_least` says so."""

    what: str
    figure: float
    against: str
    standard: float | None
    ratio: float
    target: float | None = None
    at_least: bool = False
    unit: str = "s"

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        met = self.ratio >= self.target if self.at_least else self.ratio <= self.target
        return "met" if met else "missed"


def compare(what: str, seconds: float, against: str, standard: float, target: float | None) -> Row:
    return Row(what, seconds, against, standard, seconds / standard, target)


def rollups(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """Both rollups over the tutorial's events, compared with two passes of plain SQL."""
    database = "bench_rollups"
    lab.make(database)
    fill(lab, database, sizes.events)
    databases = {"SQL TopN": database}
    if lab.value(database, "select exists (select from pg_extension where extname = 'topn')"):
        databases["C topn"] = "bench_topn"
        lab.copy(database, "bench_topn")
        drop_topn(lab, database)
    say(f"both rollups over {sizes.events} events: {', '.join(databases)} ", end="")

    ways = (
        ours,
        one_by_one,
        partial(obvious, first=(WARM, *SAME_SETTINGS)),
        partial(obvious, first=SAME_SETTINGS),
        obvious,
    )
    variants = [
        partial(way, lab, name, sizes.events) for name in databases.values() for way in ways
    ]
    medians = iter(lab.alternate(*variants))
    standards: dict[str, float] = {}
    mine: dict[str, float] = {}
    for kind in databases:
        both, single, standard, cold, plain = (next(medians) for _ in ways)
        standards[kind], mine[kind] = standard, both
        what, against = f"call run_all(), {kind}", f"obvious SQL, {kind}"
        yield compare(what, both, against, standard, 0.7)
        yield compare(what, both, f"{against}, memory not warmed up", cold, None)
        yield compare(what, both, f"{against}, the server's settings", plain, None)
        yield compare(f"the two functions in turn, {kind}", single, against, standard, None)
    if "C topn" in databases:
        yield compare(
            "call run_all(), SQL TopN", mine["SQL TopN"],
            "obvious SQL, C topn", standards["C topn"], 1.0,
        )  # fmt: skip
    for name in databases.values():
        lab.drop(name)


def fill(lab: Lab, database: str, events: int) -> None:
    """Load the tutorial's events, all at one time. Vacuumed, so that hint bits are set."""
    say(f"loading {events} events")
    with lab.connect(database) as db:
        with db.cursor().copy(f"copy events ({COLUMNS}) from stdin csv header".encode()) as copy:
            for text in Sample(files=1, rows=events).text(0):
                copy.write(text)
        for table in ("5min", "1hr"):
            db.execute(
                f"create table obvious_{table} (like rollup_events_{table} including all)".encode()
            )
        db.execute("vacuum analyze events")


def drop_topn(lab: Lab, database: str) -> None:
    """As on a server without the extension, where the SQL replacement is used."""
    with lab.connect(database) as db:
        db.execute("drop extension topn cascade")
    with lab.connect(database) as db:
        for script in ("compat/install.sql", "finish/regenerate.sql"):
            for statement in read_script(project_root() / "sql" / script):
                db.execute(statement.text.encode())


def ours(lab: Lab, database: str, events: int) -> float:
    forget(lab, database)
    seconds = lab.seconds(database, "call rollup.run_all()")
    assert counted(lab, database, "rollup_events_5min") == events
    return seconds


def one_by_one(lab: Lab, database: str, events: int) -> float:
    forget(lab, database)
    calls = ("select five_minutely_aggregation()", "select hourly_aggregation()")
    seconds = lab.seconds(database, *calls)
    assert counted(lab, database, "rollup_events_1hr") == events
    return seconds


def obvious(lab: Lab, database: str, events: int, first: tuple[str, ...] = ()) -> float:
    forget(lab, database)
    seconds = lab.seconds(database, *first, *OBVIOUS)
    assert counted(lab, database, "obvious_1hr") == events
    return seconds


def forget(lab: Lab, database: str) -> None:
    """Restore the state before the first run."""
    with lab.connect(database) as db:
        db.execute("truncate rollup_events_5min, rollup_events_1hr, obvious_5min, obvious_1hr")
        db.execute("truncate rollup_internal.watermarks, rollup_internal.runs")
        db.execute("select rollup_internal.refresh_tails(array_agg(name)) from rollup.rollups")


def counted(lab: Lab, database: str, table: str) -> int:
    return int(lab.value(database, f"select sum(event_count) from {table}"))


def history(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """A run over new events, after a short and a long history, at the same rate per day."""
    small, large = sizes.history
    days = {small: 1, large: large // small}
    for events in sizes.history:
        say(f"making a history of {events} events")
        make_history(lab, f"history_{events}", events, days[events])
    say(f"{sizes.new} new events after each history ", end="")
    few, many = lab.alternate(
        *(partial(run_new, lab, f"history_{events}", sizes.new) for events in sizes.history)
    )
    yield compare(
        f"{sizes.new:,} new events, {large:,} of history", many, f"{small:,} of history", few, 1.05
    )
    for events in sizes.history:
        lab.drop(f"history_{events}")


def make_history(lab: Lab, database: str, events: int, days: int) -> None:
    """Events of 5 customers over the last days, a partition for each day, counted and vacuumed."""
    lab.make(database)
    with lab.connect(database) as db:
        for day in range(5, days + 1):
            since, until = (
                f"date_trunc('day', now()) - interval '{n} days'" for n in (day, day - 1)
            )
            row = db.execute(f"select ({since})::text, ({until})::text".encode()).fetchone()
            assert row is not None
            db.execute(
                f"create table events_day_{day} partition of events"
                f" for values from ('{row[0]}') to ('{row[1]}')".encode()
            )
        db.execute("select setseed(0.5)")
        db.execute(
            f"insert into events (event_time, {COLUMNS})"
            f" select now() - interval '{days} days' * (1 - n::float8 / {events}),"
            f" 1 + (random() * 4)::bigint, {REST} from generate_series(1, {events}) n".encode()
        )
        db.execute("vacuum analyze events")
        db.execute("call rollup.run_all()")
        db.execute("vacuum analyze")


def run_new(lab: Lab, database: str, events: int) -> float:
    with lab.connect(database) as db:
        db.execute(
            f"insert into events ({COLUMNS})"
            f" select 1 + (random() * 999)::bigint, {REST}"
            f" from generate_series(1, {events})".encode()
        )
    return lab.seconds(database, "call rollup.run_all()")


def load(lab: Lab, sizes: Sizes) -> Iterator[Row]:
    """rollupctl load compared with psql's \\copy of the same file, including program start."""
    database = "bench_load"
    lab.make(database)
    peaks: list[float] = []
    with tempfile.TemporaryDirectory(prefix="rollup-bench-") as folder:
        Sample(files=1, rows=sizes.file).write(Path(folder))
        file = f"{folder}/1.csv"
        psql_copy = f"\\copy events ({COLUMNS}) from '{file}' with (format csv, header)"

        def empty() -> None:
            with lab.connect(database) as db:
                db.execute("truncate events, rollup_internal.loads, rollup_internal.load_parts")
                db.execute("checkpoint")

        def by_rollupctl() -> float:
            empty()
            command = [sys.executable, "-m", "rollupctl", "load", file]
            seconds, peak = run_child(command, lab.dsn(database))
            peaks.append(peak)
            return seconds

        def by_psql() -> float:
            empty()
            return run_child(["psql", "-Xqc", psql_copy, lab.dsn(database)], "")[0]

        say(f"loading a file of {sizes.file} rows ", end="")
        mine, theirs = lab.alternate(by_rollupctl, by_psql)
    yield Row(
        f"rollupctl load, {sizes.file:,} rows (ratio of rates)", mine, "psql \\copy", theirs,
        theirs / mine, 0.95, at_least=True,
    )  # fmt: skip
    yield Row("rollupctl load, peak memory", max(peaks), "", None, max(peaks), 200, unit="MB")
    lab.drop(database)
