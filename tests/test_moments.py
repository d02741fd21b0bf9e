"""Standard deviations and variances, beside numpy's of all events at once, around 1e9 too, where most
ways to add up squares lose every digit."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from statistics import variance
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers import Connection, Lab, row, rows, run, run_family, value

START = datetime(2024, 6, 1, tzinfo=timezone.utc)
GRAINS = {"visits": 300, "hours": 3600}
COLUMNS = ", dbl double precision, num numeric, single real, big bigint, small smallint"
TYPES = ("dbl", "num", "single", "big", "small", "amount")
FLOATS = ("dbl", "single")
READ = {"single": "single::double precision"}  # the text of a real is short, and another number


LEAST = 1e-249  # rollup_internal.to_double


def declare(lab: Lab, measures: dict[str, Any], **options: Any) -> None:
    for name, seconds in GRAINS.items():
        lab.declare(name, bucket=f"{seconds} seconds", measures=measures, dimensions=[], **options)


def write(db: Connection, second: float, customer: int = 1, **columns: Any) -> None:
    names = ", ".join(columns)
    db.execute(
        f"insert into lab.e (event_time, customer_id, {names})"
        f" values (%s, %s{', %s' * len(columns)})".encode(),
        [START + timedelta(seconds=second), customer, *columns.values()],
    )


def exact_variance(column: str, values: list[Any], population: bool = False) -> float | None:
    """Numpy's for floats; for numerics, which numpy does not have, that of fractions."""
    if len(values) < (1 if population else 2):
        return None
    if column in FLOATS:
        return float(np.var(np.array(values, dtype=np.float64), ddof=0 if population else 1))
    found = variance([Fraction(v) for v in values]) if len(values) > 1 else Fraction(0)
    return float(found * (len(values) - 1) / len(values) if population else found)


def assert_close(found: float | None, wanted: float | None, size: float) -> None:
    """Within a billionth. Of equal doubles numpy leaves something of the size of their last digit,
    and numerics become doubles with 250 decimals."""
    if wanted is None:
        assert found is None
    else:
        assert found == pytest.approx(wanted, rel=1e-9, abs=max((1e-15 * size) ** 2, LEAST))


def assert_exact(db: Connection, columns: tuple[str, ...] = TYPES) -> None:
    for name, seconds in GRAINS.items():
        for column in columns:
            groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
            for customer, second, number in rows(
                db,
                f"select customer_id, extract(epoch from event_time - %s)::int, {READ.get(column, column)} from lab.e",
                START,
            ):
                key = customer, START + timedelta(seconds=second // seconds * seconds)
                groups[key] += [] if number is None else [number]
            shown = rows(
                db,
                f"select customer_id, bucket, s_{column}_stddev, s_{column}_count, s_{column}_mean,"
                f" v_{column}_variance, p_{column}_stddev from lab.{name}_bi",
            )
            assert {(customer, bucket) for customer, bucket, *_ in shown} == set(groups)
            for customer, bucket, stddev, count, mean, sample, population in shown:
                values = groups[customer, bucket]
                assert count == len(values)
                size = max((abs(float(v)) for v in values), default=0.0)
                assert_close(sample, exact_variance(column, values), size)
                assert_close(stddev and stddev**2, exact_variance(column, values), size)
                assert_close(
                    population and population**2, exact_variance(column, values, True), size
                )
                if values:
                    exact_mean = float(sum(map(Fraction, values)) / len(values))
                    assert mean == pytest.approx(
                        exact_mean, rel=1e-15, abs=max(1e-15 * size, LEAST)
                    )
                else:
                    assert mean is None


def as_float(number: Any) -> float | None:
    return None if number is None else float(number)


def spread(columns: tuple[str, ...] = TYPES) -> dict[str, Any]:
    measures: dict[str, Any] = {}
    for column in columns:
        measures[f"s_{column}"] = {"stddev": column}
        measures[f"v_{column}"] = {"variance": column}
        measures[f"p_{column}"] = {"stddev": column, "population": True}
    return measures


@pytest.mark.parametrize("together", [True, False])
def test_stddev_and_variance_equal_numpys_around_a_billion(lab: Lab, together: bool) -> None:
    lab.source(columns=COLUMNS)
    declare(lab, spread())
    db = lab.connect()
    draw = random.Random(7)
    for number in (1, 2, 150, 1, 400):
        for _ in range(number):
            number_drawn = 1e9 + draw.gauss(0, 1)
            write(
                db, draw.randrange(7200), draw.randint(1, 2), dbl=number_drawn,
                num=f"{1e9 + draw.gauss(0, 1):.4f}", single=draw.gauss(0, 1),
                big=10**17 + draw.randint(0, 9), small=draw.choice([None, -3, 0, 5]),
                amount=draw.randint(-5, 5),
            )  # fmt: skip
        if together:
            run_family(db, "visits")
        else:
            for name in GRAINS:
                run(db, name)
    assert_exact(db)
    for name in GRAINS:
        assert rows(db, "select * from rollup.verify(%s)", name) == []


NUMBERS = st.one_of(
    st.none(),
    st.sampled_from([0.1, -0.1, 0.2, -0.3, 0.0, 2.5, 1e9, 1e9 + 1, 1e9 + 0.1, 1e9 + 0.7, -1e9]),
    st.floats(1e9 - 1, 1e9 + 1),
    st.floats(-1e3, 1e3),
)
EVENTS = st.tuples(st.integers(1, 2), st.sampled_from([0, 1, 299, 300, 4000]), NUMBERS)
WAYS = st.tuples(st.sampled_from(["visits", "hours", "family"]), st.sampled_from([None, 3, 40]))
BATCHES = st.lists(st.tuples(st.lists(EVENTS, max_size=12), WAYS), min_size=1, max_size=6)


@pytest.mark.no_hostile("long: many random batches")
def test_any_split_and_order_of_batches_gives_numpys(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source(columns=COLUMNS)
    declare(lab, spread(("dbl", "num")))
    db = lab.connect()

    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(BATCHES)
    def check(batches: list[tuple[list[tuple[Any, ...]], tuple[str, int | None]]]) -> None:
        db.execute("truncate lab.e, lab.visits, lab.hours; delete from rollup.watermarks")
        db.execute("alter sequence lab.e_event_id_seq restart")
        for events, (way, limit) in batches:
            for customer, second, number in events:
                exact = None if number is None else repr(number)
                write(db, second, customer, dbl=number, num=exact)
            if way == "family":
                run_family(db, "visits", limit)
            else:
                run(db, way, limit)
        db.execute("call rollup.run_all()")
        assert_exact(db, ("dbl", "num"))
        for name in GRAINS:
            assert rows(db, "select * from rollup.verify(%s)", name) == []

    check()


def test_null_and_single_values(lab: Lab) -> None:
    lab.source(columns=COLUMNS)
    declare(lab, spread(("dbl", "num")))
    db = lab.connect()
    shown = ", ".join(
        f"s_{c}_stddev, p_{c}_stddev, v_{c}_variance, s_{c}_count, s_{c}_mean"
        for c in ("dbl", "num")
    )
    nothing = (None, None, None, 0, None)
    one = (None, 0, None, 1, 2.5)
    two = (pytest.approx(0.5**0.5), 0.5, 0.5, 2, 3)
    for number, wanted in ((None, nothing), (2.5, one), (None, one), (3.5, two), (None, two)):
        write(db, 0, dbl=number, num=number)
        run_family(db, "visits")
        for name in GRAINS:
            assert row(db, f"select {shown} from lab.{name}_bi") == (*wanted, *wanted)


def test_numbers_that_have_no_square_do_not_count(lab: Lab) -> None:
    lab.source(columns=COLUMNS)
    declare(lab, spread(("dbl", "num")))
    db = lab.connect()
    odd = ("NaN", "Infinity", "-Infinity", "1e140", "-1e300", None, "2.5", "NaN", "3.5")
    for number in odd:
        write(db, 0, dbl=number, num=number)
        run_family(db, "visits")
    for name in GRAINS:
        for column in ("dbl", "num"):
            found = row(db, f"select s_{column}_count, v_{column}_variance from lab.{name}_bi")
            assert found == (2, 0.5)
        assert rows(db, "select * from rollup.verify(%s)", name) == []
    # Neither do large ones overflow, nor tiny ones underflow, alone or together.
    for batch in (
        [(2, "9e139"), (3, "5e-324"), (3, "1e-170"), (3, "3e-324")],
        [(2, "-9e139"), (3, "-1e-162"), (3, "2e-200")],
    ):
        for customer, number in batch:
            write(db, 0, customer, dbl=number, num=number)
        run_family(db, "visits")
    for name in GRAINS:
        for column in ("dbl", "num"):
            large, tiny = rows(
                db,
                f"select s_{column}_stddev from lab.{name}_bi where customer_id > 1 order by customer_id",
            )
            assert large[0] == pytest.approx(float(np.std([9e139, -9e139], ddof=1)), rel=1e-9)
            assert 0 <= tiny[0] < 1e-120
        assert rows(db, "select * from rollup.verify(%s)", name) == []


def test_live_view_shows_what_the_next_run_will_write(lab: Lab) -> None:
    lab.source(columns=COLUMNS)
    declare(lab, spread(("dbl", "num")))
    db = lab.connect()
    draw = random.Random(3)
    for number in (1, 30, 30):
        for _ in range(number):
            drawn = 1e9 + draw.gauss(0, 1)
            write(db, draw.randrange(7200), draw.randint(1, 3), dbl=drawn, num=drawn)
        live = {name: rows(db, f"select * from lab.{name}_live order by 1, 2") for name in GRAINS}
        run_family(db, "visits")
        for name, seen in live.items():
            written = rows(db, f"select * from lab.{name} order by 1, 2")
            for before, after in zip(seen, written, strict=True):
                assert before[:2] == after[:2]
                # In the order in which events are read, the last digit may be another.
                assert tuple(map(as_float, before[2:])) == pytest.approx(
                    tuple(map(as_float, after[2:])), rel=1e-12
                )


def test_verify_sees_and_repair_mends_each_column(lab: Lab) -> None:
    lab.source(columns=COLUMNS)
    declare(lab, {"s": {"stddev": "dbl"}, "v": {"variance": "num", "where": "amount > 0"}})
    db = lab.connect()
    for n in range(60):
        write(db, n * 60, n % 2 + 1, dbl=1e9 + n % 7, num=n % 5, amount=n % 3)
    run_family(db, "visits")
    for column, change in {
        "s_count": "s_count + 1",
        "s_mean": "s_mean + 5",
        "s_m2": "s_m2 * 1.00001",
        "v_count": "null",
        "v_mean": "v_mean * 1.000000000000001",
        "v_m2": "0",
    }.items():
        changed = f"update lab.hours set {column} = {change} where customer_id = 1"
        db.execute(changed.encode())
        found = rows(db, "select distinct tenant_id, measure from rollup.verify('hours')")
        assert found == [("1", column)]
        db.execute("select * from rollup.repair('hours')")
        assert rows(db, "select * from rollup.verify('hours')") == []


@pytest.mark.parametrize(
    "batches",
    [
        [[0.1], [0.2], [-0.3]],
        [[1e9, -1e9], [0.7], [1e9 + 0.1], [-1e9 - 0.1]],
        [[1e17], [0.3], [-1e17], [0.3]],
        [[0.1] * 7, [0.1] * 5, [0.1]],
        [[1e9 + 0.1] * 3, [1e9 + 0.1] * 11],
        [[0.1] * 300, [0.1] * 211],
        [[1e-9], [1e9], [1e-9]],
    ],
)
def test_verify_takes_rounding_for_no_difference(
    plain_lab: Lab, batches: list[list[float]]
) -> None:
    lab = plain_lab
    lab.source(columns=COLUMNS)
    declare(lab, spread(("dbl", "num")))
    db = lab.connect()
    for batch in batches:
        for n, number in enumerate(batch):
            write(db, n * 400 % 3600, dbl=number, num=number)
        run_family(db, "visits")
    for name in GRAINS:
        assert rows(db, "select * from rollup.verify(%s)", name) == []
    assert_exact(db, ("dbl", "num"))


def test_counted_again_from_raw_events_and_filled_in(lab: Lab) -> None:
    lab.source(columns=COLUMNS)
    lab.declare(bucket="300 seconds", dimensions=[], measures={"n": {"count": "*"}})
    lab.declare("hours", bucket="1 hour", dimensions=[], measures={"n": {"count": "*"}})
    db = lab.connect()
    draw = random.Random(5)

    def events() -> None:
        for _ in range(60):
            drawn = 1e9 + draw.gauss(0, 1)
            write(db, draw.randrange(7200), draw.randint(1, 2), dbl=drawn, num=drawn)
        run_family(db, "visits")

    events()
    for name in GRAINS:
        db.execute(
            "select rollup.alter_rollup(%s, add_measures => %s)",
            [name, json.dumps(spread(("dbl", "num")))],
        )
    events()
    for name in GRAINS:
        db.execute("call rollup.backfill_measures(%s)", [name])
        assert rows(db, "select * from rollup.verify(%s)", name) == []
    assert_exact(db, ("dbl", "num"))
    events()
    db.execute("select * from rollup.rebuild('hours', '2024-06-01 00:00Z', '2024-06-01 01:00Z')")
    assert_exact(db, ("dbl", "num"))


def test_series_and_rows_united_by_hand(lab: Lab) -> None:
    lab.source(columns=COLUMNS)
    declare(lab, {"s": {"stddev": "dbl"}})
    db = lab.connect()
    draw = random.Random(11)
    drawn = [1e9 + draw.gauss(0, 1) for _ in range(200)]
    for n, number in enumerate(drawn):
        write(db, n * 36, n % 5, dbl=number)
    run_family(db, "visits")
    wanted = [float(np.std(drawn[:100], ddof=1)), float(np.std(drawn[100:], ddof=1)), None]
    for name in GRAINS:
        series = "select value from rollup.gapfill(%s, %s, '2024-06-01 00:00Z', '2024-06-01 03:00Z', step => '1 hour')"
        for found, exact in zip(rows(db, series, name, "s_stddev"), wanted, strict=True):
            assert as_float(found[0]) == (None if exact is None else pytest.approx(exact, rel=1e-9))
        assert [float(n) for (n,) in rows(db, series, name, "s_count")] == [100, 100, 0]
        # As docs/querying.md says.
        united = value(
            db,
            f"""select sqrt((sum(s_m2) + (sum(s_count * s_mean ^ 2) - sum(s_count * s_mean) ^ 2 / sum(s_count))::float8)
                            / (sum(s_count) - 1)) from lab.{name}""",
        )
        assert float(united) == pytest.approx(float(np.std(drawn, ddof=1)), rel=1e-9)


@pytest.mark.parametrize(
    ("measure", "says", "hint"),
    [
        ({"stddev": "country"}, "measure m: there is no stddev of text", ""),
        ({"variance": "event_time"}, "there is no variance of timestamp with time zone", ""),
        ({"stddev": "amount", "population": "maybe"}, "population must be true or false, not maybe", ""),
        ({"variance": "amount", "sample": True}, "variance does not take 'sample'", "where, population."),
        ({"stddev": "*"}, "* is not one expression", ""),
        ({"deviation": "amount"}, "does not say what it measures", "avg, count, distinct, first, last, max, min, quantiles, stddev, sum, top, variance"),
    ],
)  # fmt: skip
def test_a_wrong_measure_gets_one_clear_error(
    plain_lab: Lab, measure: dict[str, Any], says: str, hint: str
) -> None:
    plain_lab.source()
    with pytest.raises(psycopg.Error) as error:
        plain_lab.declare(measures={"m": measure})
    assert says in str(error.value.diag.message_primary)
    assert hint in (error.value.diag.message_hint or "")


def test_a_kind_is_one_function(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source(columns=COLUMNS)
    db = lab.connect()
    db.execute(
        """create function rollup_internal.kind_either(m rollup_internal.measure, flip text default 'false')
               returns setof rollup_internal.measure_column language sql as $$
               select m.name, 'boolean', format('bool_or(%s > 0)', m.argument), '%1$s or %2$s', 'bool_or(%1$s)',
                      null, null, null::json, null::json, null::jsonb, null, null, null::json $$"""
    )
    declare(lab, {"any": {"either": "amount", "flip": "true"}})
    for amount in (-1, 3, -5):
        write(db, 0, amount=amount)
        run_family(db, "visits")
    assert value(db, 'select "any" from lab.hours_bi') is True
    assert rows(db, "select * from rollup.verify('hours')") == []
