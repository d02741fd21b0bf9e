"""Random histories of a source: events come, change and expire, rollups are declared, run, altered,
rebuilt and dropped, in any order, by one session and a writer beside it.

After each step every rollup agrees with `rollup.verify`, and from time to time with the events
themselves, counted by the test. Some events cannot be counted: their amount is zero, or their country
fits into no index entry.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg
from psycopg import errors

from tests.helpers import Lab, rows

REFUSED = (errors.LockNotAvailable, errors.ObjectNotInPrerequisiteState)
TENANTS = 3
LONG = "(select string_agg(gen_random_uuid()::text, '') from generate_series(1, 200))"
COLUMNS = "event_id, event_time, customer_id, country, device_id, amount"

MEASURES = (
    '{"n": {"count": "*"}, "amount": {"sum": "amount"}}',
    '{"n": {"count": "*"}, "share": {"sum": "10 / amount"}, "devices": {"distinct": "device_id"}}',
    '{"n": {"count": "*"}, "top": {"top": "device_id"}, "mean": {"avg": "amount"}}',
)
ADDED = ('{"more": {"max": "amount"}}', '{"more": {"distinct": "device_id"}}')
FILTERS = ("true", "true", "amount > 1", "10 / amount > 1")
DIMENSIONS = ("country", "country", "null::text", "(amount % 2)")


@dataclass
class Declared:
    """A rollup, and since which step of the history it exists."""

    since: int
    bucket: str
    time_zone: str | None
    dimension: str
    measures: str
    filter: str
    is_altered: bool = False

    def countable(self) -> str:
        """The condition for events that it can count, which raises no error itself."""
        conditions = [self.filter.replace("10 / amount", "10 / nullif(amount, 0)")]
        if "10 / amount" in self.measures + self.filter:
            conditions.append("amount is distinct from 0")
        if self.dimension == "country":
            conditions.append("coalesce(length(country), 0) < 1000")
        return " and ".join(conditions)

    def bucket_of(self, time: str) -> str:
        if self.time_zone:
            return f"date_trunc('day', {time}, '{self.time_zone}')"
        return f"date_bin('{self.bucket}', {time}, '2000-01-01 00:00Z')"


class History:
    """A source and what happens to it, decided by a seed; `steps` says what happened."""

    def __init__(self, lab: Lab, seed: int) -> None:
        self.dice = random.Random(seed)
        self.steps: list[str] = []
        self.rollups: dict[str, Declared] = {}
        self.db = lab.connect()
        self.writer = lab.connect(autocommit=False)
        self.is_writing = False
        self.is_followed = self.dice.random() < 0.7
        now = datetime.now(timezone.utc)
        self.today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self.db.execute("set rollup.max_wait = '200ms'")
        self.db.execute("set lock_timeout = '1s'")
        self.db.execute("set client_min_messages = error")
        self.writer.execute("set lock_timeout = '2s'")
        self.writer.commit()
        self.db.execute(
            "create table lab.e (event_id bigserial, event_time timestamptz not null, customer_id bigint"
            " not null, country text, device_id bigint, amount int) partition by range (event_time)"
        )
        lab.distribute(self.db, "lab.e")
        for day in range(-6, 2):
            self.db.execute(
                f"create table lab.e_{day + 6} partition of lab.e for values"
                f" from ('{self.day(day)}') to ('{self.day(day + 1)}')".encode()
            )
        self.db.execute("create table lab.e_default partition of lab.e default")
        lab.server.complete_source(self.db, "lab.e")
        self.db.execute(f"create table lab.gone as select 0 as step, {COLUMNS} from lab.e".encode())
        self.insert()
        self.declare()

    def go_on(self, steps: int) -> None:
        """So many steps. Raises AssertionError, with all of them, where a rollup is wrong."""
        for number in range(1, steps + 1):
            kind = self.dice.choices(list(STEPS), list(STEPS.values()))[0]
            try:
                getattr(self, kind)()
            except REFUSED as error:
                self.steps.append(f"  {type(error).__name__}: {str(error).splitlines()[0]}")
            except psycopg.Error as error:
                raise AssertionError("\n".join([*self.steps, str(error)])) from error
            if self.writer.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
                self.end_writing(commits=False)
            self.verify()
            if number % 20 == 0 or number == steps:
                self.settle()

    # -- checks

    def verify(self) -> None:
        for name in self.rollups:
            self.expect_none(name, rows(self.db, "select * from rollup.verify(%s)", name))

    def settle(self) -> None:
        """Have everything counted, and compare it with the events."""
        self.end_writing(commits=True)
        for name in self.rollups:
            self.do(f"call rollup.backfill('{name}', 50)")
        self.do("call rollup.run_all()")
        self.do("call rollup.run_all()")  # what could not be corrected before it was counted
        self.verify()
        for name, rollup in self.rollups.items():
            width = f"'{rollup.bucket}', {_quoted(rollup.time_zone)}"
            found = rows(
                self.db,
                f"""
                with e as (
                    select event_time, customer_id, country, amount from lab.e
                    union all
                    select event_time, customer_id, country, amount from lab.gone where step > {rollup.since}
                ), written as (
                    select customer_id, {rollup.bucket_of("event_time")} as bucket,
                           ({rollup.dimension})::text as dimension, count(*) as n
                      from e where {rollup.countable()} group by 1, 2, 3
                ), counted as (
                    select customer_id, bucket, dimension::text, n from lab.{name}
                ), differing as (
                    (select 'not counted', * from (table written except all table counted) x)
                    union all
                    (select 'counted', * from (table counted except all table written) x)
                )
                select d.* from differing d, rollup_internal.rollups r
                 where r.name = '{name}' and d.bucket >= coalesce(r.expired_before, '-infinity')
                   and not rollup_internal.bucket_range({width}, d.bucket) && rollup.missing_ranges('lab.e')
                """,
            )
            self.expect_none(name, found)

    def expect_none(self, name: str, differences: list[Any]) -> None:
        if differences:
            said = [*self.steps, f"{name}: {self.rollups[name]}", *map(str, differences[:5])]
            raise AssertionError("\n".join(said))

    # -- what may happen

    def do(self, statement: str, session: psycopg.Connection[Any] | None = None) -> None:
        self.steps.append(("writer: " if session is self.writer else "") + statement)
        (session or self.db).execute(statement.encode())

    def day(self, days: float) -> str:
        return (self.today + timedelta(days=days)).isoformat()

    def time(self) -> str:
        """Today as a rule, sometimes on an earlier day or long ago."""
        far = self.dice.random()
        minutes = self.dice.randrange(120 if far < 0.5 else 1440)
        days = (
            0
            if far < 0.5
            else self.dice.randint(-20, -7)
            if far > 0.95
            else self.dice.randint(-6, -1)
        )
        return f"timestamptz '{self.day(days)}' + interval '{minutes} minutes'"

    def new_events(self) -> str:
        country = self.dice.choice(["'de'", "'at'", "null", "''"] * 6 + [LONG])
        amount = self.dice.choice(["0", "1", "2", "3", "3", "7", "null"])
        return (
            "insert into lab.e (event_time, customer_id, country, device_id, amount)"
            f" select {self.time()}, {self.dice.randint(1, TENANTS)}, {country},"
            f" {self.dice.randrange(30)} + g, {amount}"
            f" from generate_series(1, {self.dice.choice([1, 1, 2, 5, 20])}) g"
        )

    def change(self) -> str:
        value = self.dice.choice(
            ["amount = 0", "amount = 1", "amount = null", "country = null", f"country = {LONG}"]
            + [f"event_time = {self.time()}"] * 2
            + [""] * 3
        )
        events = (
            f"device_id % {self.dice.choice([3, 7, 20])} = {self.dice.randrange(3)}"
            f" and customer_id = {self.dice.randint(1, TENANTS)}"
        )
        return (
            f"update lab.e set {value} where {events}"
            if value
            else f"delete from lab.e where {events}"
        )

    def any_rollup(self) -> str:
        return self.dice.choice(list(self.rollups))

    def times(self) -> str:
        hours = sorted(self.dice.sample(range(-6 * 24, 24), 2))
        return ", ".join(self.dice.choice(["null", f"'{self.day(hour / 24)}'"]) for hour in hours)

    def insert(self) -> None:
        self.do(self.new_events())

    def write_aside(self) -> None:
        """The writer begins, goes on, or ends."""
        if self.is_writing and self.dice.random() < 0.5:
            self.end_writing(commits=self.dice.random() < 0.7)
        else:
            changes = self.is_followed and self.dice.random() < 0.3
            self.is_writing = True
            self.do(self.change() if changes else self.new_events(), self.writer)

    def end_writing(self, commits: bool) -> None:
        self.steps.append(f"writer: {'commit' if commits else 'rollback'}")
        self.writer.commit() if commits else self.writer.rollback()
        self.is_writing = False

    def update(self) -> None:
        if self.is_followed:
            self.do(self.change())

    def run(self) -> None:
        function = self.dice.choice(["run", "run", "run_family"])
        limit = self.dice.choice(["null", 3, 10, 50])
        self.do(f"select * from rollup.{function}('{self.any_rollup()}', {limit})")

    def begin_job(self) -> None:
        """Some steps of a job, which nobody finishes."""
        kind = self.dice.choice(["run", "backfill"])
        self.steps.append(f"some steps of {kind}")
        job = rows(self.db, "select rollup.start_job(%s, %s)::text", kind, [self.any_rollup()])[0][
            0
        ]
        for _ in range(self.dice.randint(1, 8)):
            ((job, failure, more),) = rows(
                self.db,
                "select job::text, failure, more from rollup.next_step(%s::rollup.job, %s)",
                job,
                self.dice.choice([3, 10, 100]),
            )
            assert failure is None or failure["sqlstate"] in ("55P03", "55000"), (
                self.steps,
                failure,
            )
            if not more:
                break

    def run_all(self) -> None:
        self.do(f"call rollup.run_all({self.dice.choice([5, 100, 100000])})")

    def divide(self) -> None:
        self.do(
            f"select rollup_internal.divide_backlog('{self.any_rollup()}', {self.dice.choice([1, 3, 20])})"
        )

    def retry(self) -> None:
        if self.dice.random() < 0.5:
            self.do("update rollup_internal.set_aside set last_tried_at = '-infinity'")
        else:
            self.do(f"select * from rollup.retry_set_aside('{self.any_rollup()}')")

    def rebuild(self) -> None:
        tenant = self.dice.choice(["null", "'2'"])
        self.do(f"select * from rollup.rebuild('{self.any_rollup()}', {self.times()}, {tenant})")

    def rebuild_in_steps(self) -> None:
        self.do(
            f"call rollup.rebuild_in_steps('{self.any_rollup()}', {self.times()}, step => '2 days')"
        )

    def repair(self) -> None:
        self.do(f"select * from rollup.repair('{self.any_rollup()}')")

    def note(self) -> None:
        tenant = self.dice.choice(["null", "'2'"])
        self.do(f"select rollup.note_changes('lab.e', {tenant}, {self.times()})")

    def erase(self) -> None:
        person = self.dice.randrange(30)
        tenant = self.dice.randint(1, TENANTS)
        self.do(f"select * from rollup.erase('lab.e', '{tenant}', 'device_id = {person}')")

    def declare(self) -> None:
        if len(self.rollups) == 4:
            return
        name = f"r{len(self.steps)}"
        rollup = Declared(
            since=len(self.steps),
            bucket=self.dice.choice(["5 minutes", "1 hour", "1 day"]),
            time_zone=None,
            dimension=self.dice.choice(DIMENSIONS),
            measures=self.dice.choice(MEASURES),
            filter=self.dice.choice(FILTERS),
        )
        if rollup.bucket == "1 day" and self.dice.random() < 0.5:
            rollup.time_zone = "Europe/Berlin"
        self.do(
            f"select rollup.create_rollup('{name}', 'lab.e', '{rollup.bucket}', '{rollup.measures}',"
            f" array['{rollup.dimension} as dimension'], target => 'lab.{name}', filter => '{rollup.filter}',"
            f" time_zone => {_quoted(rollup.time_zone)}, newest_first => {self.dice.random() < 0.5})"
        )
        self.rollups[name] = rollup
        if self.is_followed and len(self.rollups) == 1:
            self.do("select rollup.follow_changes('lab.e')")

    def alter(self) -> None:
        name = self.any_rollup()
        change = "drop_measures => array['more']"
        if not self.rollups[name].is_altered:
            change = f"add_measures => '{self.dice.choice(ADDED)}'"
        self.do(f"select rollup.alter_rollup('{name}', {change})")
        self.rollups[name].is_altered = not self.rollups[name].is_altered

    def drop(self) -> None:
        if len(self.rollups) > 2:
            name = self.any_rollup()
            self.do(f"select rollup.drop_rollup('{name}', drop_table => true)")
            del self.rollups[name]

    def expire(self) -> None:
        """What goes stays in lab.gone: it was counted."""
        if self.is_writing:
            return
        self.do("drop table if exists lab.before")
        self.db.execute(f"create table lab.before as select {COLUMNS} from lab.e".encode())
        try:
            self.do(f"select * from rollup.expire('lab.e', '{self.dice.choice([4, 5, 8])} days')")
        finally:
            self.db.execute(
                "insert into lab.gone select %s, b.* from lab.before b"
                " where event_id not in (select event_id from lab.e)",
                [len(self.steps)],
            )

    def expire_rows(self) -> None:
        name = self.any_rollup()
        self.do(f"select rollup.set_retention('{name}', '{self.dice.choice([4, 6])} days')")
        self.do(f"select * from rollup.expire_rollup('{name}')")
        self.do(f"select rollup.set_retention('{name}', null)")

    def maintain(self) -> None:
        self.do("select rollup.maintain_partitions()")


def _quoted(text: str | None) -> str:
    return "null" if text is None else f"'{text}'"


# What happens, and how often.
STEPS = {
    "insert": 10,
    "write_aside": 8,
    "update": 6,
    "run": 10,
    "begin_job": 6,
    "run_all": 2,
    "divide": 4,
    "retry": 4,
    "rebuild": 2,
    "rebuild_in_steps": 1,
    "repair": 1,
    "note": 1,
    "erase": 2,
    "declare": 3,
    "alter": 2,
    "drop": 1,
    "expire": 1,
    "expire_rows": 1,
    "maintain": 1,
}
