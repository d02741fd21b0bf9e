"""The two examples, page views and sales: every number against a count in plain Python."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rollupctl.files import examples
from rollupctl.generate import Sample
from rollupctl.sqlscript import read_script
from tests import servers
from tests.bruteforce import about, bucket
from tests.conftest import Connection, Rollupctl
from tests.helpers import row, rows, value
from tests.servers import EMPTY, ROOT, Server

UNTIL = datetime(2024, 6, 8, tzinfo=timezone.utc)
GRAINS = (("1hr", "hour", 3600), ("1day", "day", 86400))
QUERIES = [ROOT / f"examples/{name}_queries.sql" for name in ("page_views", "sales")]

# What the sample lacks: orders and refunds that arrive days late, in a tenant of their own and in
# others, and values that are missing, tiny, or odd.
LATE = r'''amount,event_time,customer_id,event_type,product_id,user_id,currency,category,quantity,status,path,source,properties
120.50,2024-06-02 10:15+00,1,order,p1,u1,EUR,shoes,2,paid,/checkout,,"{""note"":
 ""a \""quoted\"" word""}"
-120.50,2024-06-05 09:00+00,1,refund,p1,u1,EUR,shoes,-2,done,,,
-7.25,2024-05-20 23:59:59.999999+00,9,refund,p7,,USD,,-1,done,,,
0.001,2024-05-20 23:00+02,9,order,p7,u9,JPY,,1,paid,,,{}
,2024-06-03 12:00+00,2,order,,u5,,hats,,paid,,,null
99999999999999999999.99,2024-06-03 12:00+00,2,order,p8,u6,INR,hats,2147483647,,,,[1]
5,2024-06-03 12:00+00,2,order,p8,u6,INR,hats,1,failed,,,
,2024-06-01 00:00+00,1,view,,u2,,,,,"/ü, ""x""",news,
,2024-06-01 00:00+00,1,view,,,,,,,,,
,2024-06-01 00:00+00,1,cart,p1,u2,,shoes,3,,/cart,,
'''


@dataclass(frozen=True)
class Event:
    """One row of a file; what is missing there is None."""

    time: float
    fields: dict[str, str]

    def __getattr__(self, name: str) -> str | None:
        return self.fields.get(name) or None

    @property
    def money(self) -> Decimal | None:
        return Decimal(self.fields["amount"]) if self.fields["amount"] else None

    @property
    def is_sale(self) -> bool:
        return self.event_type in ("order", "refund") and self.status != "failed"


def read(paths: Iterable[Path]) -> list[Event]:
    events = []
    for path in paths:
        with path.open(newline="", encoding="utf-8") as lines:
            for fields in csv.DictReader(lines):
                time = datetime.fromisoformat(fields["event_time"] + ":00").timestamp()
                events.append(Event(time, fields))
    return events


def grouped(events: Iterable[Event], *columns: str) -> dict[tuple[Any, ...], list[Event]]:
    groups: dict[tuple[Any, ...], list[Event]] = defaultdict(list)
    for event in events:
        groups[tuple(getattr(event, column) for column in columns)].append(event)
    return groups


def total(values: Iterable[Any]) -> Any:
    """As SQL adds up: NULLs do not count, and nothing gives NULL."""
    present = [each for each in values if each is not None]
    return sum(present[1:], present[0]) if present else None


def different(events: Iterable[Event], column: str) -> int:
    return len({getattr(event, column) for event in events} - {None})


def weights(events: Iterable[Event], weight: Callable[[Event], Any]) -> dict[str, Any]:
    found: dict[str, Any] = defaultdict(int)
    for event in events:
        if event.product_id is not None and weight(event) is not None:
            found[event.product_id] += weight(event)
    return dict(found)


def quantity(event: Event) -> int | None:
    return int(event.quantity) if event.quantity else None


def decimals(text: str) -> dict[str, Decimal]:
    return {k: Decimal(v) for k, v in json.loads(text, parse_float=Decimal).items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two files of a week of sample events, and one of what came late."""
    folder = tmp_path_factory.mktemp("shop")
    Sample(files=2, rows=6000, customers=3, until=UNTIL, shop=True).write(folder)
    (folder / "late.csv").write_text(LATE, encoding="utf-8")
    return [folder / "1.csv", folder / "2.csv", folder / "late.csv"]


@pytest.fixture(scope="module")
def counted(server: Server, files: list[Path]) -> Iterator[Connection]:
    """A database in which the examples have counted all files, in several runs."""
    name = server.database(EMPTY)
    dsn = server.dsn(name)
    chosen = [f"--example={example}" for example in examples()]
    commands = [["install", *chosen], ["load", str(files[0])], ["rollup"],
                ["load", *map(str, files[1:])], ["rollup"], ["verify"]]  # fmt: skip
    for command in commands:
        done = servers.rollupctl(dsn, *command)
        assert done.returncode == 0, done.stderr
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute("set timezone = 'UTC'")
        yield db
    server.drop(name)


@pytest.mark.parametrize(("grain", "column", "seconds"), GRAINS)
def test_page_views_are_exact(
    counted: Connection, files: list[Path], grain: str, column: str, seconds: int
) -> None:
    expected = defaultdict(list)
    for event in read(files):
        if event.event_type == "view":
            start = bucket(event.time, seconds)
            expected[(event.customer_id, start, event.source, event.campaign)].append(event)
    found = {
        (str(customer), int(start), source, campaign): rest
        for customer, start, source, campaign, *rest in rows(
            counted,
            f"""select customer_id, extract(epoch from {column}), source, campaign, views,
                       hll_cardinality(users), hll_cardinality(sessions), seconds_sum,
                       seconds_count, top_paths
                  from page_views_{grain}""",
        )
    }
    assert found.keys() == expected.keys()
    for key, (views, users, sessions, seconds_sum, seconds_count, paths) in found.items():
        group = expected[key]
        spent = [float(event.value) for event in group if event.value]
        assert views == len(group)
        assert users == about(different(group, "user_id"))
        assert sessions == about(different(group, "session_id"))
        assert seconds_sum == (pytest.approx(sum(spent)) if spent else None)
        assert seconds_count == len(spent)
        assert paths == Counter(event.path for event in group if event.path), key


@pytest.mark.parametrize(("grain", "column", "seconds"), GRAINS)
def test_sales_are_exact(
    counted: Connection, files: list[Path], grain: str, column: str, seconds: int
) -> None:
    expected = defaultdict(list)
    for event in read(files):
        if event.is_sale:
            start = bucket(event.time, seconds)
            expected[(event.customer_id, start, event.currency, event.category)].append(event)
    found = {
        (str(customer), int(start), currency, category): rest
        for customer, start, currency, category, *rest in rows(
            counted,
            f"""select customer_id, extract(epoch from {column}), currency, category, orders,
                       refunds, revenue, quantity, average_order_sum, average_order_count,
                       hll_cardinality(buyers), top_by_revenue::text, top_by_quantity::text
                  from sales_{grain}""",
        )
    }
    assert found.keys() == expected.keys()
    for key, rest in found.items():
        orders, refunds, revenue, items, ordered, priced, buyers, by_revenue, by_quantity = rest
        group = expected[key]
        made = [event for event in group if event.event_type == "order"]
        assert orders == len(made)
        assert refunds == len(group) - len(made)
        assert revenue == total(event.money for event in group), key
        assert items == total(quantity(event) for event in group), key
        assert ordered == total(event.money for event in made), key
        assert priced == len([event for event in made if event.money is not None])
        assert (buyers or 0) == about(different(made, "user_id"))
        assert decimals(by_revenue) == weights(group, lambda event: event.money), key
        assert decimals(by_quantity) == weights(group, quantity), key


def test_late_events_and_refunds_went_where_they_belong(counted: Connection) -> None:
    # Days before anything else of that tenant, and a refund of an order that nobody has seen.
    assert rows(
        counted,
        """select day::text, currency, orders, refunds, revenue, quantity
             from sales_1day where customer_id = 9 order by currency""",
    ) == [
        ("2024-05-20 00:00:00+00", "JPY", 1, 0, Decimal("0.001"), 1),
        ("2024-05-20 00:00:00+00", "USD", 0, 1, Decimal("-7.25"), -1),
    ]
    # A failed payment is no sale, an order without amount and currency is one.
    assert row(
        counted,
        """select sum(orders), sum(revenue), sum(quantity) from sales_1hr
            where customer_id = 2 and hour = '2024-06-03 12:00Z' and category = 'hats'
              and currency = 'INR' and revenue > 1e15""",
    ) == (1, Decimal("99999999999999999999.99"), 2147483647)
    assert value(
        counted, "select orders from sales_1day where customer_id = 2 and currency is null"
    ) == (1)


def answers(db: Connection, path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The answers to the queries of a file, each under its title."""
    return {statement.title: rows(db, statement.text) for statement in read_script(path)}


def in_week(files: list[Path]) -> list[Event]:
    """Events of the customer and the days that the queries ask for."""
    since = UNTIL.timestamp() - 7 * 86400
    return [e for e in read(files) if e.customer_id == "1" and since <= e.time < UNTIL.timestamp()]


def test_queries_about_page_views(counted: Connection, files: list[Path]) -> None:
    days, paths, sources, hours = answers(counted, QUERIES[0]).values()
    views = [event for event in in_week(files) if event.event_type == "view"]

    by_day = defaultdict(list)
    by_hour = Counter(bucket(event.time, 3600) for event in views)
    for event in views:
        by_day[bucket(event.time, 86400)].append(event)
    assert [day.timestamp() for day, *_ in days] == sorted(by_day)
    for day, number, users, sessions, seconds in days:
        group = by_day[int(day.timestamp())]
        spent = [float(event.value) for event in group if event.value]
        assert number == len(group)
        assert users == about(different(group, "user_id"))
        assert sessions == about(different(group, "session_id"))
        assert float(seconds) == pytest.approx(sum(spent) / len(spent), abs=0.051)

    busy = Counter(event.path for event in views if event.path)
    assert [count for _, count in paths] == [count for _, count in busy.most_common(5)]
    assert all(busy[path] == count for path, count in paths)

    channels = grouped(views, "source", "campaign")
    assert len(sources) == len(channels)
    for source, campaign, number, users in sources:
        group = channels[(None if source == "(direct)" else source, campaign)]
        assert number == len(group)
        assert users == about(different(group, "user_id"))

    assert [n for _, n, _ in hours] == [n for _, n in by_hour.most_common(3)]
    assert all(by_hour[int(hour.timestamp())] == number for hour, number, _ in hours)


def test_queries_about_sales(counted: Connection, files: list[Path]) -> None:
    by_currency, by_category, best, most = answers(counted, QUERIES[1]).values()
    sales = [event for event in in_week(files) if event.is_sale]

    groups = {currency: group for (currency,), group in grouped(sales, "currency").items()}
    assert {currency for currency, *_ in by_currency} == groups.keys()
    for currency, orders, refunds, revenue, average in by_currency:
        made = [event for event in groups[currency] if event.event_type == "order"]
        assert (orders, refunds) == (len(made), len(groups[currency]) - len(made))
        assert revenue == total(event.money for event in groups[currency])
        exact = total(event.money for event in made) / len(made)
        assert average == pytest.approx(exact, abs=Decimal("0.0051"))

    kinds = {category: group for (category,), group in grouped(sales, "category").items()}
    assert {category for category, *_ in by_category} == kinds.keys()
    for category, orders, items, buyers in by_category:
        made = [event for event in kinds[category] if event.event_type == "order"]
        assert orders == len(made)
        assert items == total(quantity(event) for event in kinds[category])
        assert (buyers or 0) == about(different(made, "user_id"))

    for currency, group in groups.items():
        earned = weights(group, lambda event: event.money)
        shown = {product: revenue for each, product, revenue in best if each == currency}
        assert sorted(shown.values()) == sorted(sorted(earned.values())[-3:]), currency
        assert shown.items() <= earned.items()
    sold = weights(sales, quantity)
    assert [number for _, number in most] == sorted(sold.values(), reverse=True)[:5]
    assert dict(most).items() <= sold.items()


def test_examples_install_with_psql(
    db: Connection, psql: Callable[..., Any], rollupctl: Rollupctl, files: list[Path]
) -> None:
    for _ in range(2):  # the second time it changes nothing
        for example in examples():
            done = psql("-q", "-f", f"examples/{example}.sql")
            assert (done.returncode, done.stderr) == (0, "")
    assert rollupctl("load", str(files[2])).returncode == 0
    for example in examples():
        done = psql("-q", "-c", f"select rollup.run_family('{example}_1hr')")
        assert done.returncode == 0, done.stderr
        done = psql("-q", "-f", f"examples/{example}_queries.sql")
        assert (done.returncode, done.stderr) == (0, "")
        # Both grains are counted in one pass.
        assert len(rows(db, "select rollup.family_members(%s)", f"{example}_1hr")) == 2
    assert value(db, "select sum(orders) from sales_1day") == 4
    assert rollupctl("verify").returncode == 0


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_install_example_option(server: Server, empty_dsn: str) -> None:
    done = servers.rollupctl(empty_dsn, "install", "--example=sales", "--example=sales")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("examples/sales.sql")
    done = servers.rollupctl(empty_dsn, "install", "--example=page_views", "-o", "csv")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(empty_dsn) as db:
        names = [name for (name,) in rows(db, "select name from rollup.rollups order by 1")]
    assert names == ["page_views_1day", "page_views_1hr", "rollup_events_1hr",
                     "rollup_events_5min", "sales_1day", "sales_1hr"]  # fmt: skip
    for arguments in (("--example=nothing",), ("--engine-only", "--example=sales")):
        done = servers.rollupctl(empty_dsn, "install", *arguments)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 2)


def test_every_example_has_its_queries_and_titles() -> None:
    there = {path.name for path in (ROOT / "examples").iterdir()}
    expected = {f"{name}{end}" for name in examples() for end in (".sql", "_queries.sql")}
    others = {"airflow", "alembic", "dbt", "monitoring", "rollup-serve.service", "shop.csv"}
    assert there == expected | others
    for path in QUERIES:
        titles = [statement.title for statement in read_script(path)]
        assert all(titles)
        assert len(set(titles)) == len(titles)


def test_sample_of_the_examples_can_be_made_again(tmp_path: Path) -> None:
    # rollupctl generate DIRECTORY --shop --files 1 --rows 2000 --customers 2 --event-time
    #     --until 2024-06-08
    Sample(files=1, rows=2000, customers=2, until=UNTIL, shop=True).write(tmp_path)
    assert (tmp_path / "1.csv").read_bytes() == (ROOT / "examples/shop.csv").read_bytes()
