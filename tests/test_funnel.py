"""Funnels against brute force over all chains, and against ClickHouse."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.analytics import BEGIN, END, Event, Shop, open_shop
from tests.servers import Server

FUZZ = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# An event of type "ab" can serve step a or step b.
TYPES = ["a", "b", "c", "ab", "bc", "abc", "x", "!"]
STEPS = [f"event_type like '%{letter}%'" for letter in "abc"]
SECONDS = timedelta(seconds=1)


@pytest.fixture(scope="module")
def shop(server: Server) -> Iterator[Shop]:
    with open_shop(server) as shop:
        yield shop


def chains(
    events: list[tuple[int, str]], steps: str, within: int, mode: str, ties: str, exclude: bool
) -> Iterator[list[int]]:
    """Every chain of a user: places of events in order of the steps."""

    def between(low: int, high: int, chain: tuple[int, ...]) -> bool:
        return any(
            low < t < high and ((mode == "strict" and i not in chain) or (exclude and kind == "!"))
            for i, (t, kind) in enumerate(events)
        )

    for length in range(1, len(steps) + 1):
        for chain in itertools.permutations(range(len(events)), length):
            times = [events[i][0] for i in chain]
            if not all(step in events[i][1] for i, step in zip(chain, steps, strict=False)):
                continue
            if max(times) - min(times) > within or between(min(times), max(times), chain):
                continue
            pairs = list(itertools.pairwise(times))
            if mode == "any" or all(a <= b if ties == "any" else a < b for a, b in pairs):
                yield list(chain)


def brute_force(
    users: list[list[tuple[int, str]]], within: int, mode: str, ties: str, exclude: bool
) -> list[tuple[int, float | None]]:
    """Users and the median of their fastest seconds, by step."""
    fastest: list[list[int]] = [[], [], []]
    for events in users:
        best: dict[int, int] = {}
        for chain in chains(events, "abc", within, mode, ties, exclude):
            times = [events[i][0] for i in chain]
            level = len(chain)
            best[level] = min(best.get(level, within), max(times) - min(times))
        for level, seconds in best.items():
            fastest[level - 1].append(seconds)
    return [(len(s), statistics.median(s) if s else None) for s in fastest]


histories = st.lists(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from(TYPES)), max_size=6), max_size=8
)
simple_histories = st.lists(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abcx")), min_size=1, max_size=9),
    min_size=1,
    max_size=12,
)


def write(shop: Shop, users: list[list[tuple[int, str]]]) -> str:
    return shop.insert(
        Event(f"u{n}", BEGIN + t * SECONDS, kind)
        for n, events in enumerate(users)
        for t, kind in events
    )


@FUZZ
@given(
    users=histories,
    within=st.integers(0, 12),
    mode=st.sampled_from(["ordered", "strict", "any"]),
    ties=st.sampled_from(["any", "strict"]),
    exclude=st.booleans(),
)
def test_funnel_equals_brute_force(
    shop: Shop, users: list[list[tuple[int, str]]], within: int, mode: str, ties: str, exclude: bool
) -> None:
    found = shop.ask(
        "funnel",
        write(shop, users),
        steps=STEPS,
        within=within * SECONDS,
        mode=mode,
        ties=ties,
        exclude=["event_type = '!'"] if exclude else [],
    )
    counted = [(row["users"], row["median_seconds"]) for row in found]
    assert counted == brute_force(users, within, mode, ties, exclude)


@settings(FUZZ, max_examples=60)
@given(users=simple_histories, within=st.integers(0, 20))
def test_ordered_funnel_equals_clickhouse(
    shop: Shop, users: list[list[tuple[int, str]]], within: int
) -> None:
    chdb = pytest.importorskip("chdb", reason="chdb is not installed")
    values = ",".join(f"({n},{t},'{k}')" for n, events in enumerate(users) for t, k in events)
    answer = chdb.query(
        f"""select countIf(l >= 1), countIf(l >= 2), countIf(l >= 3) from (
            select u, windowFunnel({within}, 'strict_once')(toUInt32(t), k = 'a', k = 'b', k = 'c') l
              from values('u Int64, t Int64, k String', {values}) group by u)""",
        "CSV",
    )
    found = shop.ask("funnel", write(shop, users), steps=STEPS, within=within * SECONDS, ties="any")
    assert [row["users"] for row in found] == [int(n) for n in str(answer).split(",")]


def ask(shop: Shop, users: list[list[tuple[int, str]]], **options: Any) -> list[dict[str, Any]]:
    return shop.ask(
        "funnel", write(shop, users), **{"steps": STEPS, "within": 10 * SECONDS} | options
    )


def test_users_still_inside_the_window_are_open(shop: Shop) -> None:
    tenant = shop.insert([
        Event("ended", END - timedelta(days=2), "a"),
        Event("edge", END - timedelta(days=1), "a"),
        Event("past the edge", END - timedelta(days=1, microseconds=1), "a"),
        Event("done", END - timedelta(hours=2), "a"),
        Event("done", END - timedelta(hours=1), "b"),
        Event("later", END, "a"),
        Event(None, BEGIN, "a"),
    ])  # fmt: skip
    found = shop.ask("funnel", tenant, steps=STEPS[:2], within=timedelta(days=1))
    assert [(row["users"], row["open"]) for row in found] == [(4, 1), (1, 0)]
    assert [row["of_first"] for row in found] == [1, pytest.approx(0.25)]


def test_other_event_ends_a_strict_chain_that_was_open(shop: Shop) -> None:
    tenant = shop.insert([
        Event("open", END - 2 * SECONDS, "a"),
        Event("closed", END - 2 * SECONDS, "a"),
        Event("closed", END - 1 * SECONDS, "x"),
    ])  # fmt: skip
    found = shop.ask("funnel", tenant, steps=STEPS[:2], within=10 * SECONDS, mode="strict")
    assert [(row["users"], row["open"]) for row in found] == [(2, 1), (0, 0)]


def test_overlapping_steps_in_any_order_do_not_compare_all_events_with_all(shop: Shop) -> None:
    """Twenty thousand events take a second; in pairs they would take minutes."""
    kinds = itertools.cycle(["a", "ab", "x", "abc", "b"])
    tenant = shop.insert(
        Event(f"u{n % 4000}", BEGIN + n * SECONDS, next(kinds)) for n in range(20000)
    )
    shop.db.execute("set statement_timeout = '15s'")
    try:
        found = shop.ask("funnel", tenant, steps=STEPS, within=timedelta(days=1), mode="any")
    finally:
        shop.db.execute("reset statement_timeout")
    # Every user has five events of one kind: 800 users each.
    assert [row["users"] for row in found] == [2400, 1600, 800]


def test_nobody_gives_zeros(shop: Shop) -> None:
    assert [(r["step"], r["users"], r["open"], r["of_first"]) for r in ask(shop, [])] == [
        (1, 0, 0, None), (2, 0, 0, None), (3, 0, 0, None),
    ]  # fmt: skip


def test_breakdown_is_by_the_first_step(shop: Shop) -> None:
    tenant = shop.insert([
        Event("u1", BEGIN, "a", path="/one"), Event("u1", BEGIN + SECONDS, "b", path="/two"),
        Event("u2", BEGIN, "a", path="/two"), Event("u3", BEGIN, "a"),
    ])  # fmt: skip
    found = shop.ask("funnel", tenant, steps=STEPS[:2], within=SECONDS, breakdown="path")
    assert [(r["breakdown"], r["step"], r["users"]) for r in found] == [
        ("/one", 1, 1), ("/one", 2, 1), ("/two", 1, 1), ("/two", 2, 0), (None, 1, 1), (None, 2, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": []}, "a funnel has 1 to 20 steps"),
        ({"steps": ["count(*) > 1"]}, "is not an expression over one event"),
        ({"steps": ["path"]}, "step 1 must be a condition"),
        ({"steps": ["true) or (true"]}, "is not one expression"),
        ({"steps": [None]}, "step 1 is NULL"),
        ({"within": timedelta(days=-1)}, "within must be a length of time"),
        ({"mode": "fast"}, "mode must be one of ordered, strict, any"),
        ({"ties": None}, "ties must be one of"),
        ({"range_from": END, "range_to": BEGIN}, "must be two times in order"),
        ({"range_to": None}, "must be two times in order"),
        ({"source": "nowhere"}, "there is no table nowhere"),
        ({"user_column": "nobody"}, 'column "nobody" does not exist'),
    ],
)
def test_bad_parameters_are_one_clear_line(
    shop: Shop, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(psycopg.Error) as raised:
        ask(shop, [], **options)
    assert message in str(raised.value.diag.message_primary)
    assert "\n" not in str(raised.value.diag.message_primary)
    with pytest.raises(psycopg.Error, match="there is no tenant 'x'"):
        shop.ask("funnel", "x", steps=STEPS, within=SECONDS)
