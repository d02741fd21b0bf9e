"""The recipes that need a broker do what docs/loading-recipes.md says; it runs the others itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest

from tests.conftest import Connection
from tests.helpers import rows
from tests.servers import ROOT, command_environment, warm_path
from tests.test_consume import broker as broker  # the fixture

PAGE = (ROOT / "docs" / "loading-recipes.md").read_text()
SAMPLES = ROOT / "tests" / "data" / "loading"


def recipe(heading: str, number: int = 0) -> str:
    """The nth command below a heading of the page."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found: list[str] = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return found[number]


def produce(producer: Any, topic: str, sample: str) -> None:
    """Send each line of a sample; an empty one is a tombstone."""
    for line in (SAMPLES / sample).read_bytes().splitlines():
        producer.produce(topic, line or None, partition=0)  # as messages of one key are
    assert producer.flush(60) == 0


def run(dsn: str, command: str, address: str, topic: str, name: str) -> None:
    """Run a recipe on a broker, until nothing more comes."""
    # The simulated cluster lets a group wait for a member that has left until its session ends.
    with_session = f"/{name}?session.timeout.ms=6000&"
    command = command.replace("broker:9092", address).replace(f"/{topic}?", with_session)
    done = subprocess.run(
        ["sh", "-eu", "-c", command],
        env=command_environment(dsn) | {"PATH": warm_path()},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


CLICKS = [
    (9, "view", "/p/12", None, "2026-03-10 08:00:00.123"),
    (9, "cart", "/cart", 2, "2026-03-10 08:00:02.456"),
    (11, "view", "/", None, "2026-03-10 08:00:03"),
    (9, "buy", "/checkout", 2, "2026-03-10 08:01:39.999"),
]
FOUND = """select customer_id, event_type, path, quantity, (event_time at time zone 'UTC')::text
             from events order by event_time"""


def test_kcat(db: Connection, dsn: str, broker: tuple[Any, str]) -> None:
    if shutil.which("kcat") is None:
        pytest.skip("kcat is not installed")
    producer, address = broker
    topic = f"kcat-{db.info.dbname}"
    produce(producer, topic, "clicks.ndjson")
    command = recipe("A topic of Kafka, through kcat")
    # A group would wait for more, so the topic is read to its end.
    assert "-G rollup clicks" in command
    run(dsn, command.replace("-G rollup clicks", f"-e -o beginning -t {topic}"), address, "", "")
    assert rows(db, FOUND) == CLICKS
    channel = "select channel, rows from rollup.loads"
    assert rows(db, channel) == [("clicks", 4)]


def test_consume(db: Connection, dsn: str, broker: tuple[Any, str]) -> None:
    producer, address = broker
    topic = f"clicks-{db.info.dbname}"
    produce(producer, topic, "clicks.ndjson")
    command = recipe("A topic of Kafka, exactly once").rstrip() + " --once --every 1.5"
    for _ in range(2):
        run(dsn, command, address, "clicks", topic)
        assert rows(db, FOUND) == CLICKS


def test_debezium(db: Connection, dsn: str, broker: tuple[Any, str]) -> None:
    producer, address = broker
    topic = f"orders-{db.info.dbname}"
    produce(producer, topic, "orders.ndjson")
    stored = "select customer_id, event_type, amount::float from events order by event_id"
    heading = "A table, through Debezium"
    run(dsn, recipe(heading).rstrip() + " --once --every 1.5", address, "orders", topic)
    assert rows(db, stored) == [
        (9, "new", 27.5),
        (9, "new", 8.0),
        (9, "paid", 27.5),
        (11, "new", 100.0),
    ]
    db.execute("truncate events")
    db.execute("select rollup.follow_changes('events')")
    run(dsn, recipe(heading, 1).rstrip() + " --once --every 1.5", address, "orders", topic)
    assert rows(db, stored) == [(9, "paid", 27.5), (11, "new", 100.0)]
