"""rollupctl generate: the tutorial's shape, the same bytes for the same seed."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import accumulate
from pathlib import Path

import pytest

from rollupctl.errors import RollupError
from rollupctl.generate import BROWSERS, COUNTRIES, EVENT_TYPES, Sample
from tests import servers
from tests.conftest import Connection, Rollupctl

UNTIL = datetime(2024, 5, 1, tzinfo=timezone.utc)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def test_same_seed_same_bytes_everywhere(tmp_path: Path) -> None:
    # Written down once: it must hold on every Python and every machine.
    Sample(files=2, rows=30_000, seed=1).write(tmp_path / "a")
    Sample(files=1, rows=30_000, seed=1, until=UNTIL, skew=True).write(tmp_path / "b")
    Sample(files=1, rows=30_000, seed=1, until=UNTIL, shop=True).write(tmp_path / "c")
    names = ("a/1.csv", "a/2.csv", "b/1.csv", "c/1.csv")
    assert [digest(tmp_path / name) for name in names] == DIGESTS


DIGESTS = ["3b3b118ce418bb48", "f56c4cf054b9dae7", "4b9b2d7c15915c83", "225cce70577763cd"]


def test_files_do_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    Sample(files=1, rows=500).write(tmp_path / "a")
    Sample(files=3, rows=500).write(tmp_path / "b")
    Sample(files=1, rows=500, seed=2).write(tmp_path / "c")
    first = digest(tmp_path / "a/1.csv")
    assert digest(tmp_path / "b/1.csv") == first
    assert first not in (digest(tmp_path / "b/2.csv"), digest(tmp_path / "c/1.csv"))


def test_shape_is_the_tutorials(tmp_path: Path) -> None:
    Sample(files=1, rows=20_000).write(tmp_path)
    with (tmp_path / "1.csv").open(newline="") as lines:
        reader = csv.DictReader(lines)
        rows = list(reader)
    assert reader.fieldnames == [
        "customer_id", "event_type", "country", "browser", "device_id", "session_id"]  # fmt: skip
    assert len(rows) == 20_000
    for name, low, high in (
        ("customer_id", 1, 1000),
        ("device_id", 1, 10_000),
        ("session_id", 1, 100_000),
    ):
        values = [int(row[name]) for row in rows]
        assert low <= min(values) < low + high // 100
        assert high - high // 100 < max(values) <= high
    assert {row["event_type"] for row in rows} == set(EVENT_TYPES)
    assert {row["browser"] for row in rows} == set(BROWSERS)
    countries = Counter(row["country"] for row in rows)
    assert set(countries) == set(COUNTRIES)
    assert 0.26 < countries["China"] / 20_000 < 0.31  # two in seven
    assert 0.12 < countries["India"] / 20_000 < 0.17  # one in seven


def test_times_cover_the_days_before_until(tmp_path: Path) -> None:
    Sample(files=4, rows=2500, until=UNTIL, days=2).write(tmp_path)
    times = []
    for number in range(1, 5):
        with (tmp_path / f"{number}.csv").open(newline="") as lines:
            times += [
                datetime.fromisoformat(row["event_time"] + ":00") for row in csv.DictReader(lines)
            ]
    assert len(times) == 10_000
    assert times == sorted(times)
    assert times[0] == UNTIL - timedelta(days=2)
    assert UNTIL - timedelta(minutes=1) < times[-1] < UNTIL


def test_times_reach_far_back_without_overflow(tmp_path: Path) -> None:
    Sample(files=100_000, rows=1_000_000, until=UNTIL, days=36_500)
    first = next(Sample(100_000, 1_000_000, until=UNTIL, days=36_500)._times(0))
    assert first.year == 1924


def test_skew(tmp_path: Path) -> None:
    Sample(files=1, rows=20_000, skew=True).write(tmp_path)
    with (tmp_path / "1.csv").open(newline="") as lines:
        customers = Counter(int(row["customer_id"]) for row in csv.DictReader(lines))
    assert min(customers) == 1
    assert max(customers) <= 1000
    assert 0.08 < customers[1] / 20_000 < 0.12  # (1/1000) ** (1/3)


def test_shape_of_the_shop(tmp_path: Path) -> None:
    Sample(files=2, rows=10_000, customers=10, until=UNTIL, days=2, shop=True).write(tmp_path)
    found = []
    for number in (1, 2):
        with (tmp_path / f"{number}.csv").open(newline="") as lines:
            found += list(csv.DictReader(lines))
    assert not any(None in row or None in row.values() for row in found)  # as many as the header
    kinds = Counter(row["event_type"] for row in found)
    assert kinds.keys() == {"view", "cart", "order", "refund"}
    assert kinds["view"] > 10 * kinds["order"] > 40 * kinds["refund"] > 1000
    money = [row for row in found if row["amount"]]
    assert {row["event_type"] for row in money} == {"order", "refund"}
    assert all((Decimal(r["amount"]) < 0) is (r["event_type"] == "refund") for r in money)
    assert all((int(r["quantity"]) < 0) is (r["event_type"] == "refund") for r in money)
    assert {row["currency"] for row in money} == {"USD", "GBP", "EUR", "INR", "CNY"}
    assert {row["status"] for row in found} == {"", "paid", "failed", "done"}
    for name in ("country", "user_id", "source", "campaign", "product_id", "category", "path"):
        assert any(row[name] for row in found)
        assert any(not row[name] for row in found), name
    properties = [json.loads(row["properties"]) for row in found if row["properties"]]
    assert {name for each in properties for name in each} == {"query", "order", "coupon"}
    times = [row["event_time"] for row in found]
    late = sum(time < latest for time, latest in zip(times, accumulate(times, max), strict=True))
    assert 0.015 < late / len(times) < 0.025


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "2.csv").write_text("mine")
    with pytest.raises(RollupError, match=r"2\.csv: is there already"):
        Sample(files=3, rows=10).write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["2.csv"]
    Sample(files=3, rows=10).write(tmp_path, force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.csv", "2.csv", "3.csv"]
    assert (tmp_path / "2.csv").read_text() != "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--rows", "-1"),
        ("--files", "0"),
        ("--seed", "-1"),
        ("--customers", "0"),
        ("--days", "0", "--event-time"),
        ("--until", "2024-01-01"),
        ("--until", "soon", "--event-time"),
        ("--days", "nan", "--event-time"),
        ("--until", "0001-01-05", "--event-time"),
        ("--shop", "--skew"),
    ],
)
def test_usage_errors(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = servers.rollupctl(None, "generate", str(tmp_path / "new"), *arguments)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2
    assert not (tmp_path / "new").exists()


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = servers.rollupctl(None, "generate", str(tmp_path / "file" / "below"))
    assert done.returncode == 1
    assert done.stderr == f"rollupctl: error: {tmp_path}/file/below: Not a directory\n"


def test_generated_files_load(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    made = rollupctl("generate", str(tmp_path), "--files", "2", "--rows", "50", "-o", "csv")
    assert made.stdout.splitlines()[1].startswith(f"{tmp_path}/1.csv,50,")
    dated = rollupctl("generate", str(tmp_path / "t"), "--files=1", "--rows=50", "--event-time")
    assert dated.returncode == 0
    files = [str(path) for path in sorted(tmp_path.rglob("*.csv"))]
    assert rollupctl("load", *files).returncode == 0
    assert db.execute("select count(*) from events").fetchone() == (150,)
