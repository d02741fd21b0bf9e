"""Who may send events and ask questions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests import servers
from tests.helpers import until
from tests.servers import SERVING, Server, start_rollupctl
from tests.serving import Reply, Serving, serving

pytest.importorskip("starlette")

from rollupctl.errors import RollupError
from rollupctl.serve.keys import Keys, RateLimit
from rollupctl.serve.problems import ProblemError

DAY = {"from": "2024-05-01", "to": "2024-05-02", "grain": "total", "measures": "views"}


class Guarded:
    """A service with a key for each of two sites and one for all."""

    def __init__(self, service: Serving) -> None:
        self.service = service
        self.keys = {
            "writer": self.make("writer", "--scope", "write", "--site", "a.example"),
            "reader": self.make("reader", "--scope", "read", "--site", "a.example"),
            "all": self.make("all", "--scope", "read", "--scope", "write"),
            "admin": self.make("admin", "--scope", "admin"),
        }
        # A key that is not known yet is a guess, and guesses are limited: ask slowly.
        until(self._are_known, "keys are needed and known", every=0.5)

    def _are_known(self) -> bool:
        return [self.get(key, "/metrics").status for key in ("", "admin")] == [401, 200]

    def rollupctl(self, *arguments: str) -> Any:
        return servers.rollupctl(self.service.dsn, "keys", *arguments)

    def make(self, label: str, *options: str) -> str:
        done = self.rollupctl(label, *options)
        assert done.returncode == 0, done.stderr
        found = re.search(r"shown only now: (rk_\S+)", done.stderr)
        assert found
        assert found[1] not in done.stdout
        return found[1]

    def get(self, key: str, path: str, **query: str) -> Reply:
        secret = self.keys.get(key, key)
        headers = {"Authorization": f"Bearer {secret}"} if secret else None
        return self.service.get(path, headers, **query)

    def post(self, key: str, path: str, body: Any) -> Reply:
        return self.service.post(path, body, Authorization=f"Bearer {self.keys.get(key, key)}")


@pytest.fixture(scope="module")
def guarded(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    name = server.database(SERVING)
    with serving(server.dsn(name), tmp_path_factory.mktemp("spool")) as service:
        guarded = Guarded(service)
        for site in ("a.example", "b.example"):
            event = {"site_id": site, "event_type": "pageview", "timestamp": "2024-05-01"}
            assert guarded.post("all", "/event?wait=true", event).status == 200
        path = "/rollups/site_views_1min"
        counted = [{"views": 2}]
        others = set()

        def are_counted() -> bool:
            answer = guarded.get("all", path, **DAY)
            others.add((answer.status, answer.json.get("error")))
            return bool(answer.json.get("rows") == counted)

        try:
            until(are_counted, "both are counted")
        except AssertionError:
            print(service.log, others)
            raise
        assert others == {(200, None)}
        yield guarded
    server.drop(name)


def test_without_a_valid_key_nothing_is_answered(guarded: Guarded) -> None:
    for key in ("", "wrong"):
        for path in (
            "/stats?site_id=x",
            "/rollups",
            "/sites",
            "/rollups/site_views_1min/stream",
            "/metrics",
        ):
            answer = guarded.get(key, path)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer"), path
    event = {"site_id": "a.example", "event_type": "pageview"}
    assert guarded.service.post("/event", event).status == 401
    assert guarded.get("", "/healthz").status == guarded.get("", "/").status == 200


def test_a_key_does_what_its_scopes_say(guarded: Guarded) -> None:
    event = {"site_id": "a.example", "event_type": "click"}
    assert guarded.post("reader", "/event", event).status == 403
    assert guarded.post("writer", "/event", event).json == {"status": "accepted"}
    answer = guarded.get("writer", "/stats", site_id="a.example")
    assert (answer.status, answer.json) == (403, {"error": "the key lacks the scope read"})
    assert guarded.get("reader", "/metrics").status == 403
    assert guarded.get("admin", "/metrics").status == 200


def test_a_key_of_one_site_sees_no_other(guarded: Guarded) -> None:
    path = "/rollups/site_views_1min"
    assert guarded.get("reader", path, **DAY).json["rows"] == [{"views": 1}]
    assert guarded.get("all", path, **DAY).json["rows"] == [{"views": 2}]
    for query in ({"site_id": "b.example"}, {"tenant": "1"}):
        for address in (path, f"{path}/stream"):
            answer = guarded.get("reader", address, **query, **DAY)
            assert (answer.status, answer.json["error"]) == (403, "the key is for another site")
    answer = guarded.get("reader", "/stats", site_id="b.example", date="2024-05-01")
    assert answer.json == {"error": "the key is for another site"}
    found = guarded.get("reader", "/stats", date="2024-05-01").json
    assert (found["site_id"], found["total_views"]) == ("a.example", 1)
    assert [each["site_id"] for each in guarded.get("reader", "/sites").json["sites"]] == [
        "a.example"
    ]


def test_a_key_of_one_site_writes_no_other(guarded: Guarded) -> None:
    event = {"site_id": "b.example", "event_type": "click"}
    answer = guarded.post("writer", "/event", event)
    assert (answer.status, answer.json) == (403, {"error": "the key is for another site"})
    mixed = [event, {"site_id": " A.example", "event_type": "click"}, {"event_type": "click"}]
    answer = guarded.post("writer", "/events", mixed)
    assert (answer.json["accepted"], answer.json["errors"][0]["line"]) == (2, 1)


def test_the_database_keeps_other_sites_closed_whatever_is_asked(guarded: Guarded) -> None:
    """Even if the program forgot to check: the setting of the transaction decides."""
    ask = """select rollup_serve.answer(rollup_serve.resolve('site_views_1min', %s))"""
    with psycopg.connect(guarded.service.dsn) as db:
        ((tenant,),) = db.execute("select rollup.site_id('a.example')::text").fetchall()
        db.execute("select set_config('rollup_serve.tenant', %s, true)", [tenant])
        question = {**DAY, "measures": ["views"]}
        ((found,),) = db.execute(ask, [json.dumps(question)]).fetchall()
        assert found["rows"] == [{"views": 1}]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute(ask, [json.dumps({**question, "site_id": "b.example"})])


FORGETFUL = """
create or replace function rollup_serve.require_tenant(tenant text) returns text language sql
as 'select tenant'
"""


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_row_security_keeps_other_sites_closed_if_the_code_forgets(
    server: Server, tmp_path: Any
) -> None:
    """The filter and the checks are taken out of the database on purpose."""
    name = server.database(SERVING)
    asked = {**DAY, "grain": "total"}
    path = "/rollups/site_views_1min"
    with serving(server.dsn(name), tmp_path) as service:
        for site, views in (("a.example", 1), ("b.example", 2)):
            event = {"site_id": site, "event_type": "pageview", "timestamp": "2024-05-01"}
            assert service.post("/events?wait=true", [event] * views).status == 200
        until(lambda: service.get(path, None, **asked).json["rows"] == [{"views": 3}], "counted")
        guarded = Guarded(service)
        with psycopg.connect(service.dsn, autocommit=True) as db:
            isolated = "select reader from rollup.isolations where source = 'events'::regclass"
            until(lambda: bool(db.execute(isolated).fetchall()), "events are isolated")
            until(lambda: guarded.get("reader", path, **asked).status == 200, "the key is known")
            db.execute(FORGETFUL)
            ((other,),) = db.execute("select rollup.site_id('b.example')::text").fetchall()
            until(
                lambda: guarded.get("reader", path, **asked).json["rows"] == [{"views": 1}],
                "the service uses the role",
            )
            for live in ("true", "false"):
                for tenant in ({}, {"tenant": other}):
                    found = guarded.get("reader", path, **asked, **tenant, live=live).json["rows"]
                    assert found == [{"views": 0 if tenant else 1}]
            answer = guarded.get("reader", path, **asked, site_id="b.example")
            assert (answer.status, answer.json["error"]) == (404, "there is no site b.example")
            answer = guarded.get("reader", "/stats", site_id="b.example", date="2024-05-01")
            assert answer.json["total_views"] == 0
            sites = guarded.get("reader", "/sites").json["sites"]
            assert [each["site_id"] for each in sites] == ["a.example"]
            # Others see what they saw, and rollups count everything.
            assert guarded.get("all", path, **asked).json["rows"] == [{"views": 3}]
            assert guarded.post("all", "/event?wait=true", event).status == 200
            until(lambda: guarded.get("all", path, **asked).json["rows"] == [{"views": 4}], "all")
            (found,) = db.execute(
                "select finding from rollup.doctor() where check_name = 'isolation of public.events'"
            ).fetchall()
            assert found == ("rollup_serve_reader sees its own tenants",)
            assert service.logged("not_isolated") == []
    server.drop(name)


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_tables_that_others_write_are_not_isolated_without_being_asked(
    server: Server, tmp_path: Any
) -> None:
    name = server.database(SERVING)
    with server.connect(name) as db:
        db.execute("grant insert on events to pg_monitor")
        db.execute("select rollup_serve.create_key('k', sha256('x'), 'x', '{read}', 'a.example')")
    with serving(server.dsn(name), tmp_path) as service:
        until(lambda: bool(service.logged("not_isolated")), "it says so")
        (entry,) = service.logged("not_isolated")
        assert entry["reason"] == "public.events may be written by pg_monitor"
        assert service.get("/stats", {"Authorization": "Bearer x"}).json["site_id"] == "a.example"
    server.drop(name)


def test_a_key_that_was_revoked_opens_nothing(guarded: Guarded) -> None:
    secret = guarded.make("short")
    path = "/rollups"
    until(lambda: guarded.get(secret, path).status == 200, "the key is known")
    listed = guarded.rollupctl("-o", "json")
    (key,) = [each for each in json.loads(listed.stdout) if each["label"] == "short"]
    assert guarded.rollupctl("--revoke", key["key_id"]).returncode == 0
    until(lambda: guarded.get(secret, path).status == 401, "the key is not valid any more")
    assert "there is no key nope" in guarded.rollupctl("--revoke", "nope").stderr


def test_revoking_the_last_key_opens_nothing(server: Server, tmp_path: Any) -> None:
    name = server.database(SERVING)
    with psycopg.connect(server.dsn(name), autocommit=True) as db:
        db.execute("select rollup_serve.create_key('k', sha256('x'), 'x', '{read,write}')")
        with serving(server.dsn(name), tmp_path, "--host", "0.0.0.0") as service:
            key = {"Authorization": "Bearer x"}
            assert service.get("/rollups", key).status == 200
            db.execute("select rollup_serve.revoke_key('k')")
            until(lambda: service.get("/rollups", key).status != 200, "the key is not valid")
            event = {"site_id": "a", "event_type": "e"}
            for headers in ({}, key):
                assert service.get("/rollups", headers).status == 401
                assert service.request("POST", "/event", event, headers).status == 401
                assert service.get("/metrics", headers).status == 401
    server.drop(name)


def test_answers_are_not_shared_between_keys(guarded: Guarded) -> None:
    """Those of the last half second are, between all who may have them."""
    path = "/rollups/site_views_1min"
    for live in ("true", "false"):
        tags = {}
        for key, views in (("all", 2), ("reader", 1), ("all", 2), ("reader", 1)):
            answer = guarded.get(key, path, **DAY, live=live)
            assert answer.json["rows"] == [{"views": views}]
            tags[key] = answer.headers["etag"]
        for key, other in (("all", "reader"), ("reader", "all")):
            headers = {
                "Authorization": f"Bearer {guarded.keys[key]}",
                "If-None-Match": tags[other],
            }
            assert guarded.service.get(path, headers, **DAY, live=live).status == 200
    for site, status in (("a.example", 200), ("b.example", 403)):
        for key, expected in (("all", 200), ("reader", status)):
            answer = guarded.get(key, "/stats", site_id=site, date="2024-05-01")
            assert answer.status == expected


def test_keys_that_make_no_sense(guarded: Guarded) -> None:
    done = guarded.rollupctl("x", "--scope", "admin", "--site", "a.example")
    assert done.returncode == 1
    assert "a key with the scope admin is for all sites" in done.stderr
    assert guarded.rollupctl("--scope", "read").returncode == 2


def test_secrets_are_in_no_log(guarded: Guarded) -> None:
    guarded.get("all", "/rollups/none")
    text = json.dumps(guarded.service.log)
    assert not any(secret in text for secret in guarded.keys.values())


def test_keys_are_known_during_an_outage(guarded: Guarded) -> None:
    """A service that starts without the database lets nobody in who has no key."""
    service = guarded.service
    saved = json.loads((service.spool / "keys.json").read_text())
    known = Keys(service.spool)
    for secret in guarded.keys.values():
        assert known.find([(b"authorization", f"Bearer {secret}".encode())]).scopes
    with pytest.raises(ProblemError):
        known.find([])
    assert not any(secret in json.dumps(saved) for secret in guarded.keys.values())
    assert (service.spool / "keys.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": {}}', '{"a": {"scopes": 1}}'])
def test_a_file_of_keys_that_is_damaged(tmp_path: Any, text: str) -> None:
    """Nobody is let in because it cannot be read."""
    (tmp_path / "keys.json").write_text(text)
    with pytest.raises(RollupError, match=r"cannot read .*keys\.json"):
        Keys(tmp_path)


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_without_keys_it_listens_on_loopback_only(server: Server, tmp_path: Any) -> None:
    name = server.database(SERVING)
    process = start_rollupctl(
        server.dsn(name), "serve", "--host", "0.0.0.0", "--port", "0", "--spool", str(tmp_path)
    )
    _, said = process.communicate(timeout=120)
    assert process.returncode == 2
    assert b"0.0.0.0 can be reached from other machines, and there are no keys" in said
    with serving(server.dsn(name), tmp_path) as service:
        foreign = {"Host": "evil.example"}
        assert service.get("/stats", foreign, site_id="x").status == 403
        assert (
            service.get("/stats", {"Host": f"localhost:{service.port}"}, site_id="x").status == 200
        )
    server.drop(name)


def test_a_limit_lets_bursts_pass_and_fills_steadily() -> None:
    limit = RateLimit(10)
    for n in range(20):
        assert limit.take("a", now=100.0)["X-RateLimit-Remaining"] == str(19 - n)
    with pytest.raises(ProblemError) as raised:
        limit.take("a", now=100.0)
    assert raised.value.status == 429
    assert raised.value.headers["Retry-After"] == "1"
    limit.take("b", now=100.0)
    limit.take("a", now=100.11)
    with pytest.raises(ProblemError):
        limit.take("a", now=100.11)
    assert limit.take("a", now=99.0 + 10)["X-RateLimit-Remaining"] == "19"
