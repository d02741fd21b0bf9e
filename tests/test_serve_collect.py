"""Every event that was accepted is stored exactly once, whatever is killed meanwhile."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rollupctl.postmaster import clear_leftovers, find_postmaster
from tests.helpers import Task, alter_in_use, until
from tests.servers import SERVING, Server, plain_server, rollupctl, start_rollupctl
from tests.serving import Serving, serving, stored


@pytest.fixture(scope="module")
def service(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    name = server.database(SERVING)
    with server.connect(name) as db:
        db.execute("alter table events add constraint no_poison check (path <> '/poison')")
    with serving(server.dsn(name), tmp_path_factory.mktemp("spool")) as service:
        yield service
    server.drop(name)


@pytest.fixture
def db(service: Serving) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(service.dsn, autocommit=True) as db:
        yield db


def event(site: str, number: int = 0, **fields: Any) -> dict[str, Any]:
    return {"site_id": site, "event_type": "pageview", "path": f"/{number}", **fields}


def test_a_batch_as_array_and_as_lines(service: Serving) -> None:
    events = [event("batch", n) for n in range(3)]
    answer = service.post("/events", [*events[:2], {"site_id": "batch"}, "x", events[2]])
    assert answer.status == 202
    assert answer.json == {
        "status": "accepted",
        "accepted": 3,
        "rejected": 2,
        "errors": [
            {"line": 3, "pointer": "/event_type", "detail": "event_type required"},
            {"line": 4, "pointer": "", "detail": "an event is a JSON object"},
        ],
    }
    lines = "\n".join(json.dumps(each) for each in events) + "\n\n{\n"
    answer = service.post("/events", lines, Content_Type="application/x-ndjson")
    assert (answer.json["accepted"], answer.json["rejected"]) == (3, 1)
    assert answer.json["errors"][0]["line"] == 5
    answer = service.post("/events", [{}, {}])
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert [error["line"] for error in answer.json["errors"]] == [1, 2]
    service.until_drained()
    assert [each["path"] for each in stored(service.dsn, "batch")] == ["/0", "/1", "/2"] * 2


def test_all_columns_arrive(service: Serving) -> None:
    sent = event(
        "columns", user_id="ü\t\\N\n", source="ads", campaign="c", product_id="p", category="k",
        status="paid", country="de", browser="Firefox", device_id=-(2**63), session_id=5, quantity=-3,
        amount="12.50", currency="EUR", value=1e-300, path=None, plan={"a": [1, None, "\\"]},
        timestamp="2024-01-15T10:30:00.123456Z",
    )  # fmt: skip
    assert service.post("/event?wait=true", sent).json == {"status": "stored"}
    (found,) = stored(service.dsn, "columns")
    del sent["site_id"], sent["timestamp"]
    plan = {"plan": sent.pop("plan")}
    assert found["properties"] == plan
    assert found["event_time"] == "2024-01-15T10:30:00.123456+00:00"
    assert {name: found[name] for name in sent} == {**sent, "amount": 12.5}


def test_events_that_come_again(service: Serving, db: psycopg.Connection[Any]) -> None:
    # Without a table of keys, a key is a property like any other.
    assert service.post("/event?wait=true", event("keys", 1, event_key="a")).status == 200
    assert stored(service.dsn, "keys")[0]["properties"] == {"event_key": "a"}
    db.execute("select rollup.set_retention('public.events', '1 day', keys => true)")
    try:
        keys = [("a", 2), ("b", 3), ("a", 4), (None, 5), ("c", 6)]
        sent = [event("keys", n, **({"event_key": k} if k else {})) for k, n in keys]
        poison = {**event("keys", event_key="c"), "path": "/poison"}
        assert service.post("/events?wait=true", sent[:-1]).status == 200
        # The key of an event that is set aside is free.
        answer = service.post(
            "/events?wait=true", [sent[0], poison, sent[-1], event("other", event_key="a")]
        )
        assert (answer.status, answer.json["set_aside"]) == (200, 1)
        paths = [each["path"] for each in stored(service.dsn, "keys")]
        assert sorted(paths) == ["/1", "/2", "/3", "/5", "/6"]
        assert len(stored(service.dsn, "other")) == 1
        counts = "select duplicates, rejected from rollup.loads where channel like 'spool %'"
        assert db.execute(counts).fetchone() == (2, 1)
        assert service.post("/event", event("keys", event_key="x" * 256)).status == 400
    finally:
        db.execute("drop table public.events_keys")


def test_events_that_were_set_aside_are_stored_again(
    service: Serving, db: psycopg.Connection[Any]
) -> None:
    sent = [
        {**event("again", n, amount="0.10", deep={"a": [n, 1.5]}), "path": f"/{n}", "value": 0.1}
        for n in range(4)
    ]
    alter_in_use(
        db, "alter table public.events add constraint odd check (path !~ '^/[0123]$') not valid"
    )
    try:
        answer = service.post("/events?wait=true", sent)
        assert answer.status == 422, answer.body
        done = rollupctl(service.dsn, "set-aside", "--retry", "-o", "json")
        assert "0 events stored" in done.stderr
        of_site = [each for each in json.loads(done.stdout) if each["site"] == "again"]
        assert ["odd" in each["reason"] for each in of_site] == [True] * 4
        # One of two that is not there: neither is dropped.
        last = ("--drop", of_site[3]["event"])
        done = rollupctl(service.dsn, "set-aside", *last, "--drop", "nothing")
        assert (done.returncode, "no event nothing is set aside" in done.stderr) == (1, True)
        assert last[1] in rollupctl(service.dsn, "set-aside", "-o", "json").stdout
        done = rollupctl(service.dsn, "set-aside", *last)
        assert done.returncode == 0, done.stderr
        alter_in_use(db, "alter table public.events drop constraint odd")
        alter_in_use(
            db, "alter table public.events add constraint odd check (path <> '/2') not valid"
        )
        for found in (
            "2 events stored",
            "0 events stored",
        ):  # those of the first time are there once
            done = rollupctl(service.dsn, "set-aside", "--retry", "-o", "json")
            assert found in done.stderr
        (left,) = (each for each in json.loads(done.stdout) if each["site"] == "again")
        assert left["event"] == of_site[2]["event"]
    finally:
        alter_in_use(db, "alter table public.events drop constraint odd")
    rows = stored(service.dsn, "again")
    assert [row["path"] for row in rows] == ["/0", "/1"]
    assert (rows[1]["amount"], rows[1]["value"]) == (0.1, 0.1)
    assert rows[1]["properties"]["deep"] == {"a": [1, 1.5]}
    # What is stored is counted by rollups as any other event.
    until(lambda: bool(service.stats("again")["total_views"] == 2), "they are counted")
    done = rollupctl(service.dsn, "set-aside", "--drop", "nothing")
    assert (done.returncode != 0, "no event nothing is set aside" in done.stderr) == (True, True)
    done = rollupctl(service.dsn, "set-aside", "--drop", "all", "-o", "json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_waiting_answers_after_the_commit(service: Serving) -> None:
    answer = service.post("/events?wait=true", [event("waiting", n) for n in range(5)])
    assert (answer.status, answer.json) == (200, {"status": "stored", "accepted": 5, "rejected": 0})
    assert len(stored(service.dsn, "waiting")) == 5


def test_an_event_that_the_database_rejects_is_set_aside(
    service: Serving, db: psycopg.Connection[Any]
) -> None:
    batch = [event("poison", n, path="/poison" if n in (3, 4, 50) else f"/{n}") for n in range(60)]
    answer = service.post("/events?wait=true", batch)
    assert answer.status == 200
    assert (answer.json["accepted"], answer.json["set_aside"]) == (60, 3)
    assert "no_poison" in answer.json["reasons"][0]
    assert len(stored(service.dsn, "poison")) == 57
    kept = db.execute(
        "select event ->> 'path', sqlstate, reason from rollup_serve.set_aside"
        " where event ->> 'site_id' = 'poison'"
    ).fetchall()
    assert len(kept) == 3
    assert {row[:2] for row in kept} == {("/poison", "23514")}
    answer = service.post("/event?wait=true", event("poison", path="/poison"))
    assert answer.status == 422
    assert "no_poison" in answer.json["error"]
    assert service.metric("rollup_spool_set_aside_total") >= 4


def test_the_same_key_gets_the_same_answer(service: Serving) -> None:
    body = [event("key", n) for n in range(2)] + [{}]
    first = service.post("/events", body, Idempotency_Key="k1")
    again = service.post("/events", body, Idempotency_Key="k1")
    assert first.status == again.status == 202
    assert first.json == again.json
    assert again.headers["idempotency-replayed"] == "true"
    other = service.post("/events", [event("key", 9)], Idempotency_Key="k1")
    assert other.status == 422
    assert service.post("/event", event("key", 7), Idempotency_Key="k1").status == 202
    service.until_drained()
    assert [each["path"] for each in stored(service.dsn, "key")] == ["/0", "/1", "/7"]
    assert service.post("/event", event("key"), Idempotency_Key="x" * 300).status == 400


def test_a_key_whose_request_is_under_way(service: Serving, db: psycopg.Connection[Any]) -> None:
    with psycopg.connect(service.dsn) as other:
        other.execute("lock table events in share row exclusive mode")
        waiting = Task(
            lambda: service.post("/event?wait=true", event("way"), Idempotency_Key="way")
        )
        until(lambda: service.get("/readyz").json["spool_events"] == 1, "it is in the spool")
        assert service.post("/event", event("way"), Idempotency_Key="way").status == 409
        other.rollback()
    assert waiting.result().json == {"status": "stored"}
    assert len(stored(service.dsn, "way")) == 1


def test_long_bodies_are_not_read(service: Serving) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    with contextlib.closing(connection):
        connection.putrequest("POST", "/events")
        connection.putheader("Content-Length", str(100 * 1024**2))
        connection.endheaders()
        assert connection.getresponse().status == 413
    assert service.post("/event", b"x" * 70_000).status == 413


def test_many_sites_and_odd_names(service: Serving) -> None:
    names = [f"odd {n}" for n in range(1000)] + ["Straße.example", "*", "'; drop table events;--"]
    assert (
        service.post("/events?wait=true", [event(name) for name in names]).json["accepted"] == 1003
    )
    for name in names[-3:]:
        assert service.stats(name)["total_views"] == 1
    answer = service.post("/event", event("x" * 1000))
    assert answer.json == {"error": "site_id is longer than 200 characters"}


def test_a_full_spool_answers_503_and_loses_nothing(plain: Server, tmp_path: Path) -> None:
    name = plain.database(SERVING)
    dsn = plain.dsn(name)
    with serving(dsn, tmp_path, "--spool-limit", "1") as service:
        with psycopg.connect(dsn) as other:
            other.execute("lock table events in share row exclusive mode")
            accepted = 0
            batch = [event("full", n, note="x" * 1000) for n in range(100)]
            while (answer := service.post("/events", batch)).status == 202:
                accepted += 100
                assert accepted < 5000
            assert answer.status == 503
            assert int(answer.headers["retry-after"]) > 0
            assert service.metric("rollup_spool_bytes") <= 1024**2
            other.rollback()
        service.until_drained()
        assert service.post("/events", batch).status == 202
        service.until_drained()
        assert len(stored(dsn, "full")) == accepted + 100
        second = start_rollupctl(dsn, "serve", "--port", "0", "--spool", str(tmp_path))
        _, said = second.communicate(timeout=60)
        assert second.returncode == 1
        assert b"another serve has the spool" in said
        # A stop drains: the answer to the signal waits for the database.
        with psycopg.connect(dsn) as other:
            other.execute("lock table events in share row exclusive mode")
            assert service.post("/event", event("last")).status == 202
            stopping = Task(service.stop)
            until(lambda: bool(service.logged("stopping")), "it stops")
            other.rollback()
        assert stopping.result() == 0
        assert len(stored(dsn, "last")) == 1
    plain.drop(name)


def test_a_database_that_was_never_reached_is_an_error(tmp_path: Path) -> None:
    dsn = "host=127.0.0.1 port=1 dbname=x connect_timeout=2"
    process = start_rollupctl(dsn, "serve", "--port", "0", "--spool", str(tmp_path))
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.startswith(b"rollupctl: error: cannot connect to")


def test_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    """The database and the service are killed in turn while clients send with keys and retry."""
    with plain_server(own=True) as server, contextlib.ExitStack() as killed:
        (cluster,) = server.clusters
        dsn = server.dsn(server.database(SERVING))
        service = killed.enter_context(serving(dsn, tmp_path))
        done = threading.Event()
        accepted: list[list[int]] = [[], []]

        def send(client: int) -> None:
            number = 0
            while not done.is_set():
                number += 1
                body = [event(f"kill{client}", number * 10 + n) for n in range(5)]
                while True:
                    try:
                        key = f"{client}-{number}"
                        answer = service.post("/events", body, Idempotency_Key=key)
                    except (OSError, http.client.HTTPException):
                        if done.wait(0.05):
                            return  # not known whether it was accepted
                        continue
                    if answer.status == 202:
                        accepted[client] += [number * 10 + n for n in range(5)]
                        break
                    assert answer.status in (409, 503), answer.body

        def more() -> None:
            """Wait until both clients have sent more."""
            before = [len(each) for each in accepted]
            until(
                lambda: all(len(each) > n for each, n in zip(accepted, before, strict=True)),
                "clients send more",
            )

        clients = [Task(lambda n=n: send(n)) for n in (0, 1)]  # type: ignore[misc]
        try:
            more()
            service.kill()
            service.start()
            more()
            postmaster = find_postmaster(cluster.data)
            assert postmaster
            os.kill(postmaster.pid, signal.SIGQUIT)
            clear_leftovers(cluster.data)
            more()  # accepted without a database
            service.kill()
            service.start()  # and starts without one
            more()
            cluster.up()
            # The spool need not be empty at any moment while clients send.
            last = [f"/{each[-1]}" for each in accepted]
            until(
                lambda: all(
                    any(e["path"] == path for e in stored(dsn, f"kill{n}"))
                    for n, path in enumerate(last)
                ),
                "what was accepted during the outage is stored",
            )
            more()
            service.kill()
            service.start()
            more()
        finally:
            done.set()
        for client in clients:
            client.result()
        service.until_drained()
        found = [[int(e["path"][1:]) for e in stored(dsn, f"kill{n}")] for n in (0, 1)]
        for n in (0, 1):
            assert len(found[n]) == len(set(found[n]))
            # The last request of a client may have been accepted without its knowledge.
            assert set(accepted[n]) <= set(found[n])
            assert len(found[n]) - len(accepted[n]) in (0, 5)
            assert service.stats(f"kill{n}")["total_views"] == len(found[n])
        assert service.stop() == 0
