"""Alerts: what rules compare, the states they lead to, and what receivers are told, once."""

from __future__ import annotations

import json
import socketserver
import statistics
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analytics import BEGIN, Event, Shop, open_shop
from tests.helpers import until
from tests.servers import Server, rollupctl, start_rollupctl

MINUTE = timedelta(minutes=1)
WEEK = timedelta(days=7)
DECLARED = """
    select rollup.create_rollup(name => 'mins', source => 'events', bucket => '1 minute', dimensions => '{source}',
        measures => '{"n": {"count": "*"}, "mean": {"avg": "amount"}, "people": {"distinct": "user_id"}}')"""


@pytest.fixture(scope="module")
def shop_of_module(server: Server) -> Iterator[Shop]:
    with open_shop(server) as shop:
        shop.db.execute(DECLARED)
        yield shop


@pytest.fixture
def shop(shop_of_module: Shop) -> Shop:
    db = shop_of_module.db
    for table in ("rules", "silences", "receivers", "log"):
        db.execute(f"delete from rollup_analytics.alert_{table}".encode())
    db.execute("delete from events")
    return shop_of_module


def rule(shop: Shop, name: str, **columns: Any) -> str:
    given = {"rule": name, "rollup": "mins", "measure": "n", "threshold": 1} | columns
    given = {key: json.dumps(v) if isinstance(v, dict) else v for key, v in given.items()}
    names, places = ", ".join(given), ", ".join(["%s"] * len(given))
    shop.db.execute(
        f"insert into rollup_analytics.alert_rules ({names}) values ({places})".encode(),
        [*given.values()],
    )
    return name


def evaluate(shop: Shop, at: datetime) -> list[tuple[Any, ...]]:
    found = shop.db.execute("select * from rollup_analytics.evaluate_alerts(%s)", [at]).fetchall()
    return [(r["rule"], r["subject"], r["state_before"], r["state"]) for r in found]


def found_by(shop: Shop, name: str, at: datetime) -> dict[str | None, tuple[str, float | None]]:
    found = shop.db.execute("select * from rollup_analytics.test_alert(%s, %s)", [name, at])
    return {
        r["subject"]: (r["signal"], None if r["value"] is None else float(r["value"]))
        for r in found
    }


def minutes(counts: list[int], begin: datetime = BEGIN, **columns: Any) -> list[Event]:
    return [
        Event(f"u{i}", begin + n * MINUTE + timedelta(seconds=i % 60), **columns)
        for n, count in enumerate(counts)
        for i in range(count)
    ]


# What rules compare


def test_kinds_by_hand(shop: Shop) -> None:
    one = shop.insert(minutes([5, 2, 0, 7]) + minutes([3, 0, 0, 3], source="ads"))
    two = shop.insert(minutes([1]))
    end = BEGIN + 4 * MINUTE
    rule(shop, "each", comparison="<", threshold=3)
    rule(shop, "one", scope="tenant", tenant=one, within="4 minutes", threshold=20)
    rule(shop, "ads", dimensions={"source": "ads"}, within="3 minutes", threshold=2)
    rule(shop, "none", dimensions={"source": None}, scope="all", within="4 minutes", threshold=99)
    rule(shop, "mean", measure="mean", on_no_data="firing", scope="tenant", tenant=two)
    rule(
        shop,
        "people",
        measure="people",
        scope="tenant",
        tenant=one,
        within="4 minutes",
        threshold=8,
    )
    rule(shop, "absent", kind="absence", scope="tenant", tenant=two)
    rule(shop, "late", scope="tenant", tenant=one, delay="1 minute", threshold=0, comparison="<=")
    # A tenant that has nothing in the range and no state is not known to exist.
    assert found_by(shop, "each", end) == {one: ("kept", 10)}
    assert found_by(shop, "one", end) == {one: ("broken", 20)}
    assert found_by(shop, "ads", end) == {one: ("broken", 3)}
    others = 5 + 2 + 7 + 1
    assert found_by(shop, "none", end)[None][0] == "kept"
    assert found_by(shop, "none", end)[None][1] == others
    assert found_by(shop, "mean", end) == {two: ("broken", None)}
    assert found_by(shop, "people", end)[one][0] == "kept"
    assert found_by(shop, "absent", end) == {two: ("broken", 0)}
    assert found_by(shop, "absent", BEGIN + MINUTE) == {two: ("kept", 1)}
    assert found_by(shop, "late", end) == {one: ("broken", 0)}


def test_change_and_zscore_compare_with_the_same_time_in_weeks_before(shop: Shop) -> None:
    weekly = [4, 8, 6, 5]
    events = [e for k, n in enumerate(weekly) for e in minutes([n], BEGIN - (k + 1) * WEEK)]
    tenant = shop.insert(events + minutes([2]) + minutes([3], BEGIN - 5 * WEEK))
    at = BEGIN + MINUTE
    rule(shop, "half", kind="change", comparison="<=", threshold=-0.5)
    rule(shop, "odd", kind="zscore", comparison="outside", threshold=2, weeks=4)
    rule(shop, "short", kind="zscore", comparison="outside", threshold=0, weeks=6)
    assert found_by(shop, "half", at) == {tenant: ("broken", -0.5)}
    median = statistics.median(weekly)
    mad = statistics.median(abs(n - median) for n in weekly)
    signal, z = found_by(shop, "odd", at)[tenant]
    assert z == pytest.approx((2 - median) / (1.482602218505602 * mad))
    assert signal == "broken"
    assert found_by(shop, "short", at) == {tenant: ("kept", None)}  # weeks that are not known
    # Nine o'clock stays nine o'clock: a week before the clocks change it is an hour later in UTC.
    rule(shop, "local", kind="change", comparison=">", threshold=0, time_zone="Europe/Berlin")
    nine = datetime.fromisoformat("2024-04-01 09:01+02:00")
    other = shop.insert(
        minutes([6], nine - MINUTE) + minutes([3], nine - WEEK + timedelta(hours=1) - MINUTE)
    )
    assert found_by(shop, "local", nine)[other] == ("broken", 1)


def test_velocity_and_lag(shop: Shop) -> None:
    shop.db.execute(
        """insert into rollup_analytics.velocity_rules (rule, key, within, events)
           values ('burst', 'user_id', '10 seconds', 3) on conflict do nothing"""
    )
    burst = [Event("u", BEGIN + timedelta(seconds=s)) for s in (1, 2, 3, 40, 50)]
    first, second = shop.insert(burst), shop.insert(burst[2:])
    rule(shop, "robots", kind="velocity", rollup="burst", measure=None, within="1 minute")
    rule(
        shop,
        "all robots",
        kind="velocity",
        rollup="burst",
        measure=None,
        scope="all",
        within="1 minute",
    )
    rule(shop, "behind", kind="lag", rollup="mins", measure=None, threshold=0, comparison=">=")
    assert found_by(shop, "robots", BEGIN + MINUTE) == {first: ("broken", 1)}
    assert found_by(shop, "all robots", BEGIN + MINUTE) == {None: ("broken", 1)}
    assert found_by(shop, "all robots", BEGIN) == {None: ("kept", 0)}
    ((subject, (signal, _)),) = found_by(shop, "behind", BEGIN).items()
    assert (subject, signal) == ("mins", "broken")
    assert second not in found_by(shop, "robots", BEGIN + MINUTE)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"rollup": "nothing"}, "there is no rollup nothing"),
        ({"measure": "x"}, "has no measure x"),
        ({"dimensions": {"country": "de"}}, "has no dimension country"),
        ({"within": "90 seconds"}, "within must be whole buckets of rollup mins, which are 00:01:00 long"),
        ({"threshold": None}, "needs a threshold"),
        ({"kind": "velocity", "rollup": "x"}, "there is no velocity rule 'x'"),
        ({"scope": "tenant", "tenant": "x"}, "there is no tenant 'x'"),
        ({"time_zone": "Mars"}, "Mars"),
        ({"scope": "tenant"}, "tenant_is_given_for_its_scope"),
    ],
)  # fmt: skip
def test_a_rule_that_can_never_be_evaluated_is_rejected(
    shop: Shop, columns: dict[str, Any], said: str
) -> None:
    with pytest.raises(psycopg.Error, match=said):
        rule(shop, "bad", **columns)


def test_a_rule_that_fails_does_not_keep_others_from_being_evaluated(shop: Shop) -> None:
    shop.db.execute(
        "select rollup.create_rollup(name => 'gone', source => 'events', bucket => '1 minute', measures => '{\"n\": {\"count\": \"*\"}}')"
    )
    tenant = shop.insert(minutes([2]))
    rule(shop, "good")
    rule(shop, "lost", rollup="gone")
    shop.db.execute("select rollup.drop_rollup('gone', true)")
    assert evaluate(shop, BEGIN + MINUTE) == [
        ("good", tenant, "normal", "firing"),
        ("lost", None, "normal", "no data"),
    ]
    (note,) = shop.db.execute(
        "select note from rollup_analytics.alerts where rule = 'lost'"
    ).fetchall()
    assert note["note"] == "there is no rollup gone"
    shop.db.execute("update rollup_analytics.alert_rules set rollup = 'mins' where rule = 'lost'")
    assert ("lost", None, "no data", "normal") in evaluate(shop, BEGIN + MINUTE)


# States


def model(signals: list[str], hold: int, keep: int) -> list[str]:
    """States after each signal, minute by minute, told by looking back."""
    states, state = [], "normal"
    for n, signal in enumerate(signals):
        lasted = next((n - i - 1 for i in range(n - 1, -1, -1) if signals[i] != signal), n)
        active = state in ("firing", "recovering", "no data")
        if signal == "kept":
            state = "recovering" if active and lasted < keep else "normal"
        elif signal == "broken" and state in ("firing", "recovering"):
            state = "firing"
        elif lasted >= hold:
            state = {"broken": "firing", "no data": "no data"}[signal]
        elif state not in ("firing", "recovering") and not (signal == state == "no data"):
            state = "pending"
        states.append(state)
    return states


AMOUNTS = {"broken": 5, "kept": 0, "no data": None}
SIGNALS = st.lists(st.sampled_from([*AMOUNTS]), min_size=2, max_size=12)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(signals=SIGNALS, hold=st.integers(0, 3), keep=st.integers(0, 3))
def test_states_follow_the_signals(
    shop_of_module: Shop, signals: list[str], hold: int, keep: int
) -> None:
    shop = shop_of_module
    shop.db.execute("delete from rollup_analytics.alert_rules")
    shop.db.execute("delete from rollup_analytics.alert_log")
    events = [
        Event("u", BEGIN + n * MINUTE, amount=AMOUNTS[signal])  # type: ignore[arg-type]
        for n, signal in enumerate(signals)
        if signal != "no data"
    ]
    tenant = shop.insert(events)
    rule(
        shop,
        "r",
        measure="mean",
        scope="tenant",
        tenant=tenant,
        hold=f"{hold} minutes",
        keep_firing=f"{keep} minutes",
    )
    expected, before = [], "normal"
    for n, state in enumerate(model(signals, hold, keep)):
        if state != before:
            expected.append((n + 1, before, state))
        before = state
    replayed = shop.db.execute(
        "select * from rollup_analytics.replay_alert('r', %s, %s)",
        [BEGIN + MINUTE, BEGIN + (len(signals) + 1) * MINUTE],
    )
    assert [
        ((r["at"] - BEGIN) / MINUTE, r["state_before"], r["state"]) for r in replayed
    ] == expected
    for n in range(len(signals)):
        for _ in range(2):  # repeating an evaluation changes nothing
            evaluate(shop, BEGIN + (n + 1) * MINUTE)
    log = shop.db.execute("select * from rollup_analytics.alert_log order by id")
    assert [((r["at"] - BEGIN) / MINUTE, r["state_before"], r["state"]) for r in log] == expected


def test_a_replay_of_each_tenant_begins_where_the_tenant_does(shop: Shop) -> None:
    tenant = shop.insert(minutes([0, 0, 3, 0, 3]))
    rule(shop, "quiet", comparison="<", enabled=False)
    assert evaluate(shop, BEGIN + 4 * MINUTE) == []  # not enabled
    found = shop.db.execute(
        "select * from rollup_analytics.replay_alert('quiet', %s, %s)", [BEGIN, BEGIN + 6 * MINUTE]
    ).fetchall()
    assert [(r["subject"], (r["at"] - BEGIN) / MINUTE, r["state"]) for r in found] == [
        (tenant, 4, "firing"),
        (tenant, 5, "normal"),
    ]


# Messages


def deliveries(shop: Shop) -> list[tuple[Any, ...]]:
    query = """select l.rule, l.state from rollup_analytics.alert_deliveries d
                 join rollup_analytics.alert_log l on l.id = d.transition order by d.id"""
    return [(r["rule"], r["state"]) for r in shop.db.execute(query.encode())]


def receiver(shop: Shop, target: str, kind: str = "webhook", **columns: Any) -> None:
    given = {"receiver": "r" + target, "kind": kind, "target": target} | columns
    names, places = ", ".join(given), ", ".join(["%s"] * len(given))
    shop.db.execute(
        f"insert into rollup_analytics.alert_receivers ({names}) values ({places})".encode(),
        [*given.values()],
    )


def test_each_transition_is_logged_notified_and_told_once(server: Server, shop: Shop) -> None:
    tenant = shop.insert(minutes([2, 0, 2]))
    rule(shop, "busy", scope="tenant", tenant=tenant, keep_firing="2 minutes")
    receiver(shop, "http://localhost/x")
    with psycopg.connect(shop.db.info.dsn, autocommit=True) as other:
        other.execute("listen rollup_alerts")
        for n in range(8):
            evaluate(shop, BEGIN + n * MINUTE)
        log = shop.db.execute(
            "select id, state from rollup_analytics.alert_log order by id"
        ).fetchall()
        heard = [json.loads(n.payload) for n in other.notifies(timeout=0.5)]
    assert [r["state"] for r in log] == ["firing", "recovering", "firing", "recovering", "normal"]
    assert [r["id"] for r in log] == [h["id"] for h in heard]
    # The receiver did not ask for recovering, so it is not told again of what it knows.
    assert deliveries(shop) == [("busy", "firing"), ("busy", "normal")]


def test_a_silence_holds_back_what_still_is_so_at_its_end(shop: Shop) -> None:
    short, long_, known = (
        shop.insert(minutes(c)) for c in ([2, 0, 0, 0], [2, 2, 2, 2], [2, 2, 0, 0])
    )
    receiver(shop, "http://localhost/x")
    for name, tenant in (("short", short), ("long", long_), ("known", known)):
        rule(shop, name, scope="tenant", tenant=tenant)
    shop.db.execute(
        """insert into rollup_analytics.alert_silences (rule, silent_from, silent_to)
           select rule, %s + case rule when 'known' then interval '90 seconds' else '0' end, %s
             from rollup_analytics.alert_rules""",
        [BEGIN, BEGIN + 4 * MINUTE],
    )
    told: list[list[tuple[Any, ...]]] = []
    for n in range(1, 5):
        evaluate(shop, BEGIN + n * MINUTE)
        told.append(deliveries(shop)[sum(len(each) for each in told) :])
    assert told == [[("known", "firing")], [], [("known", "normal")], [("long", "firing")]]
    states = shop.db.execute("select silenced from rollup_analytics.alert_log where rule = 'short'")
    assert [r["silenced"] for r in states] == [True, True]


class Hook(BaseHTTPRequestHandler):
    """A webhook that answers what its server says, after it has kept the request."""

    server: Receiving

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append((self.headers["Idempotency-Key"], body))
        self.server.answer.wait(60)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


class Receiving(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.answer = threading.Event()
        self.answer.set()
        self.status = 204

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the sender was killed

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?token=1"


@contextmanager
def running(shop: Shop, *args: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command line, killed at the end, or before."""
    with start_rollupctl(shop.db.info.dsn, *args) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def fire(shop: Shop, number: int = 1) -> None:
    tenant = shop.insert(minutes([2]))
    for n in range(number):
        rule(shop, f"rule {n}", scope="tenant", tenant=tenant, description="so what")
    assert len(evaluate(shop, BEGIN + MINUTE)) == number


def due(shop: Shop) -> None:
    shop.db.execute("update rollup_analytics.alert_deliveries set next_attempt_at = now()")


def test_a_webhook_gets_each_message_once(shop: Shop) -> None:
    hook = Receiving()
    receiver(shop, hook.url)
    fire(shop, 3)
    with serving(hook):
        done = rollupctl(shop.db.info.dsn, "alerts", "send", "-o", "json")
        assert done.returncode == 0, done.stderr
        assert [r["outcome"] for r in json.loads(done.stdout)] == ["sent"] * 3
        due(shop)
        assert json.loads(rollupctl(shop.db.info.dsn, "alerts", "send", "-o", "json").stdout) == []
    assert [body["rule"] for _, body in hook.got] == ["rule 0", "rule 1", "rule 2"]
    key, body = hook.got[0]
    assert key == body["key"]
    assert (body["state"], body["state_before"], body["value"]) == ("firing", "normal", 2)
    assert body["description"] == "so what"


def test_failed_attempts_are_repeated_with_the_same_key_and_pauses(shop: Shop) -> None:
    hook = Receiving()
    hook.status = 500
    receiver(shop, hook.url)
    fire(shop)
    dsn = shop.db.info.dsn
    with serving(hook):
        done = rollupctl(dsn, "alerts", "send")
        assert done.returncode == 1
        assert "the webhook answered 500" in done.stdout
        assert "(no rows)" in rollupctl(dsn, "alerts", "send").stdout  # not yet due
        pauses = []
        for _ in range(2):
            due(shop)
            rollupctl(dsn, "alerts", "send")
            query = "select next_attempt_at - now() as pause from rollup_analytics.alert_deliveries"
            pauses += [r["pause"] for r in shop.db.execute(query.encode())]
        assert pauses[1] > 1.5 * pauses[0] > timedelta(0)
        hook.status = 200
        due(shop)
        assert rollupctl(dsn, "alerts", "send").returncode == 0
    assert len(hook.got) == 4
    assert len({key for key, _ in hook.got}) == 1


def test_a_killed_sender_loses_nothing_and_others_do_not_send_the_same(shop: Shop) -> None:
    hook = Receiving()
    hook.answer.clear()
    receiver(shop, hook.url)
    fire(shop, 3)
    dsn = shop.db.info.dsn
    with serving(hook):
        with running(shop, "alerts", "send"):
            until(lambda: len(hook.got) == 1, "the first message arrives")
        hook.answer.set()
        # What the killed one had claimed is left to it until its time is over.
        assert rollupctl(dsn, "alerts", "send").returncode == 0
        assert [body["rule"] for _, body in hook.got] == ["rule 0", "rule 1", "rule 2"]
        due(shop)
        assert rollupctl(dsn, "alerts", "send").returncode == 0
    counts = Counter(key for key, _ in hook.got)
    assert sorted(counts.values()) == [1, 1, 2]  # the receiver recognizes the repetition by its key
    unsent = "select from rollup_analytics.alert_deliveries where sent_at is null"
    assert shop.db.execute(unsent).rowcount == 0


def test_watch_evaluates_and_sends_until_it_is_stopped(shop: Shop) -> None:
    hook = Receiving()
    receiver(shop, hook.url)
    tenant = shop.insert([Event("u", datetime.now().astimezone() - n * MINUTE) for n in range(5)])
    rule(shop, "busy", scope="tenant", tenant=tenant, within="3 minutes")
    with serving(hook), running(shop, "alerts", "watch", "--every", "60"):
        until(lambda: len(hook.got) == 1, "the alert is told")
        # A transition that another session finds is sent at once.
        fire(shop)
        until(lambda: len(hook.got) == 2, "the other alert is told")
    assert [body["rule"] for _, body in hook.got] == ["busy", "rule 0"]


class Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to deliver one message."""

    def handle(self) -> None:
        def say(line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        say("220 here")
        for line in self.rfile:
            word = line.split()[0].upper()
            if word == b"DATA":
                say("354 go on")
                text = []
                while (said := self.rfile.readline()) != b".\r\n":
                    text.append(said.decode())
                self.server.got.append("".join(text))  # type: ignore[attr-defined]
            say("250 ok" if word != b"QUIT" else "221 bye")
            if word == b"QUIT":
                return


def test_an_email_says_what_fires(shop: Shop) -> None:
    box = socketserver.TCPServer(("127.0.0.1", 0), Mailbox)
    box.got = []  # type: ignore[attr-defined]
    receiver(shop, "ops@example.com", "email")
    rule(shop, "two\nlines", scope="tenant", tenant=shop.insert(minutes([2])))
    evaluate(shop, BEGIN + MINUTE)
    dsn = shop.db.info.dsn
    done = rollupctl(dsn, "alerts", "send")
    assert done.returncode == 1
    assert "ROLLUPCTL_SMTP is not set" in done.stdout + done.stderr
    due(shop)
    with serving(box):
        smtp = f"smtp://127.0.0.1:{box.server_address[1]}"
        done = rollupctl(dsn, "alerts", "send", env={"ROLLUPCTL_SMTP": smtp})
        assert done.returncode == 0, done.stdout + done.stderr
    (mail,) = box.got  # type: ignore[attr-defined]
    assert "Subject: [firing] two lines" in mail
    assert "To: ops@example.com" in mail
    assert "value: 2" in mail
    (key,) = shop.db.execute("select key from rollup_analytics.alert_deliveries").fetchall()
    assert f"Message-ID: <{key['key']}@rollupctl>" in mail


# The command line


def test_commands(shop: Shop) -> None:
    dsn = shop.db.info.dsn
    assert rollupctl(dsn, "alerts", "list").returncode == 0
    fire(shop)
    done = rollupctl(dsn, "alerts", "list", "-o", "json")
    assert done.returncode == 3
    assert [(r["rule"], r["state"]) for r in json.loads(done.stdout)] == [("rule 0", "firing")]
    done = rollupctl(dsn, "alerts", "test", "rule 1")
    assert done.returncode == 1
    assert "there is no alert rule 'rule 1'" in done.stderr
    assert "There are: rule 0" in done.stderr
    done = rollupctl(
        dsn, "alerts", "replay", "rule 0", "--from", "2024-06-01", "--to", "2024-06-01 01:00"
    )
    assert "it would have fired 1 time\n" in done.stderr
    done = rollupctl(
        dsn, "alerts", "replay", "rule 0", "--from", "2020-01-01", "--to", "2024-01-01"
    )
    assert "a replay has at most 50000 evaluations" in done.stderr
    done = rollupctl(
        dsn, "alerts", "silence", "rule 0", "--for", "2 hours", "--reason", "noise", "-o", "json"
    )
    (silence,) = json.loads(done.stdout)
    assert rollupctl(dsn, "alerts", "list").returncode == 0
    done = rollupctl(dsn, "alerts", "silence", "--end", str(silence["id"]), "-o", "json")
    assert json.loads(done.stdout) == []
    assert rollupctl(dsn, "alerts", "silence", "rule 0").returncode == 2


def test_receivers_are_not_for_everyone(shop: Shop) -> None:
    shop.db.execute("drop role if exists reader_of_alerts")

    shop.db.execute("create role reader_of_alerts")
    with shop.db.transaction(force_rollback=True):
        shop.db.execute("set local role reader_of_alerts")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            shop.db.execute("select from rollup_analytics.alert_receivers")
    shop.db.execute("drop role reader_of_alerts")
