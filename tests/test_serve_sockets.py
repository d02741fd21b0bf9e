"""Live numbers through a WebSocket: what the stream of server-sent events tells, and its guards."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.helpers import SECONDS, until
from tests.servers import SERVING, Server
from tests.serving import Serving, serving
from tests.test_serve_ask import Stream
from tests.test_serve_keys import Guarded

pytest.importorskip("websockets")

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

PATH = "/rollups/site_views_1min/stream?from=2024-05-01&to=2024-05-03&grain=total&site_id="


@pytest.fixture(scope="module")
def service(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    name = server.database(SERVING)
    with serving(server.dsn(name), tmp_path_factory.mktemp("spool")) as service:
        yield service
    server.drop(name)


def view(site: str) -> dict[str, Any]:
    return {"site_id": site, "event_type": "pageview", "timestamp": "2024-05-02T00:00:00Z"}


def opened(service: Serving, path: str, **options: Any) -> ClientConnection:
    address = f"ws://127.0.0.1:{service.port}{path}"
    client: ClientConnection = connect(address, compression=None, **options)
    return client


def told(client: ClientConnection) -> tuple[str, Any]:
    message = json.loads(client.recv(SECONDS))
    assert list(message) == ["id", "data"], message
    return message["id"], message["data"]


def refused(service: Serving, path: str, **options: Any) -> tuple[int, str]:
    """The answer in place of a WebSocket."""
    with pytest.raises(InvalidStatus) as raised:
        opened(service, path, **options)
    response = raised.value.response
    assert response.headers["content-type"] == "application/problem+json"
    problem = json.loads(response.body)
    assert "\n" not in problem["detail"]
    return response.status_code, problem["detail"]


def test_it_tells_what_the_stream_of_events_tells(service: Serving) -> None:
    service.post("/event?wait=true", view("both"))
    with (
        opened(service, PATH + "both") as client,
        contextlib.closing(Stream(service, PATH + "both")) as stream,
    ):
        for views in (1, 2):
            number, data = told(client)
            while data["rows"] != [{"views": views, "users": 0}]:
                number, data = told(client)
            same, again = stream.next()
            while same != number:
                same, again = stream.next()
            assert again == data
            if views == 1:
                service.post("/event?wait=true", view("both"))
    # One that comes back is not told again what it knows, and is told what is new.
    with opened(service, f"{PATH}both&last_event_id={number}") as client:
        service.post("/event?wait=true", view("both"))
        last, data = told(client)
        assert (data["rows"], last != number) == ([{"views": 3, "users": 0}], True)
    again = service.get(f"{PATH}both&last_event_id=x".replace("/stream", ""))
    assert (again.status, again.json["error"]) == (400, "there is no parameter last_event_id")


def followed(service: Serving) -> tuple[float, float]:
    """How many clients follow answers, and of how many questions."""
    return service.metric("rollup_http_streams"), service.metric("rollup_http_followed")


def test_sockets_and_events_share_one_feeder(service: Serving) -> None:
    """A question is asked once for all who listen, however they do; those who vanish are forgotten."""
    service.post("/event?wait=true", view("shared"))
    until(lambda: followed(service) == (0, 0), "nobody listens")
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(opened(service, PATH + "shared")) for _ in range(5)]
        stream = stack.enter_context(contextlib.closing(Stream(service, PATH + "shared")))
        assert stream.next()[1]["rollup"] == "site_views_1min"
        assert {told(client)[1]["rollup"] for client in clients} == {"site_views_1min"}
        assert followed(service) == (6, 1)
        clients[0].socket.shutdown(socket.SHUT_RDWR)
        until(lambda: followed(service) == (5, 1), "one has gone")
    until(lambda: followed(service) == (0, 0), "nobody listens")
    assert service.logged("internal_error") == []


def test_a_problem_is_told_and_the_socket_stays(service: Serving) -> None:
    service.post("/event?wait=true", view("gone"))
    with opened(service, PATH + "gone") as client:
        told(client)
        with psycopg.connect(service.dsn, autocommit=True) as db:
            db.execute("alter function rollup_serve.resolve(text, jsonb) rename to resolve_later")
            try:
                until(lambda: "problem" in json.loads(client.recv(SECONDS)), "it says so")
            finally:
                db.execute("alter function rollup_serve.resolve_later rename to resolve")
        service.post("/event?wait=true", view("gone"))
        until(lambda: "data" in json.loads(client.recv(SECONDS)), "it goes on")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/rollups/nothing/stream", 404, "there is no rollup nothing"),
        (PATH + "nobody", 404, "there is no site nobody"),
        (PATH + "shop&where=1", 400, "there is no parameter where"),
        (PATH + "shop&limit=x", 400, "limit is a whole number"),
    ],
)
def test_questions_that_are_wrong_open_no_socket(
    service: Serving, path: str, status: int, said: str
) -> None:
    assert refused(service, path) == (status, said)


def test_clients_that_talk_are_closed(service: Serving) -> None:
    service.post("/event?wait=true", view("talk"))
    for message, code in (("hello", 1008), ("x" * 5000, 1009)):
        with opened(service, PATH + "talk") as client:
            client.send(message)
            with pytest.raises(ConnectionClosed) as raised:
                while True:
                    client.recv(SECONDS)
            assert raised.value.rcvd is not None
            assert raised.value.rcvd.code == code
    assert service.logged("internal_error") == []


def test_pages_of_other_sites_open_no_socket(service: Serving) -> None:
    service.post("/event?wait=true", view("origin"))
    path = PATH + "origin"
    said = (403, "pages of other sites may not open a WebSocket")
    for origin in ("https://evil.example", "null", f"http://localhost:{service.port}"):
        assert refused(service, path, origin=origin) == said
    with opened(service, path, origin=f"http://127.0.0.1:{service.port}") as client:
        told(client)
    # Without keys a name of another site leads nowhere.
    with socket.create_connection(("127.0.0.1", service.port)) as made:
        evil = f"evil.example:{service.port}"
        with pytest.raises(InvalidStatus) as raised:
            connect(f"ws://{evil}{path}", sock=made, origin=Origin(f"http://{evil}"))
        assert raised.value.response.status_code == 403
        assert b"only localhost is answered" in (raised.value.response.body or b"")


def test_keys_open_sockets_as_they_open_answers(server: Server, tmp_path: Any) -> None:
    name = server.database(SERVING)
    path = PATH.rpartition("&")[0]
    with serving(server.dsn(name), tmp_path, "--rate-limit", "5") as service:
        for site, views in (("a.example", 1), ("b.example", 2)):
            assert service.post("/events?wait=true", [view(site)] * views).status == 200
        guarded = Guarded(service)

        def by_header(key: str) -> dict[str, Any]:
            return {"additional_headers": {"Authorization": f"Bearer {guarded.keys[key]}"}}

        def as_browsers_do(key: str) -> dict[str, Any]:
            return {"subprotocols": ["rollup", f"key.{guarded.keys.get(key, key)}"]}

        for given in (by_header, as_browsers_do):
            with opened(service, path, **given("reader")) as client:
                assert told(client)[1]["rows"] == [{"views": 1, "users": 0}]
                assert client.response
                assert "x-ratelimit-remaining" in client.response.headers
                assert guarded.keys["reader"] not in str(client.response.headers)
            with opened(service, path, **given("all")) as client:
                assert told(client)[1]["rows"] == [{"views": 3, "users": 0}]
            assert refused(service, path, **given("writer"))[0] == 403
            other = f"{path}&site_id=b.example"
            assert refused(service, other, **given("reader")) == (
                403,
                "the key is for another site",
            )
        assert refused(service, path)[0] == refused(service, path, **as_browsers_do("no"))[0] == 401
        until(lambda: refused(service, path)[0] == 429, "the limit of the address is reached")
        assert guarded.keys["reader"] not in json.dumps(service.log)
    server.drop(name)


def test_a_key_that_is_revoked_ends_what_it_opened(server: Server, tmp_path: Any) -> None:
    name = server.database(SERVING)
    path = PATH.rpartition("&")[0]
    ended = "the key is no longer valid"
    with (
        psycopg.connect(server.dsn(name), autocommit=True) as db,
        serving(server.dsn(name), tmp_path) as service,
    ):
        # Without keys anybody may follow an answer; with the first key nobody may who has none.
        with opened(service, path) as client:
            told(client)
            make = "select rollup_serve.create_key(%s, sha256(%s::bytea), 'x', '{read}')"
            for key in ("a", "b"):
                db.execute(make, [key, key])
            assert json.loads(client.recv(SECONDS)) == {"problem": ended}
            with pytest.raises(ConnectionClosed) as raised:
                client.recv(SECONDS)
            assert raised.value.rcvd is not None
            assert (raised.value.rcvd.code, raised.value.rcvd.reason) == (1008, ended)
        by_key = {key: {"Authorization": f"Bearer {key}"} for key in ("a", "b")}
        until(lambda: service.get("/rollups", by_key["b"]).status == 200, "both keys are known")
        with (
            opened(service, path, additional_headers=by_key["a"]) as client,
            opened(service, path, additional_headers=by_key["b"]) as other,
            contextlib.closing(Stream(service, path, headers=by_key["a"])) as stream,
        ):
            assert told(client) == told(other) == stream.next()
            db.execute("select rollup_serve.revoke_key('a')")
            assert json.loads(client.recv(SECONDS)) == {"problem": ended}
            assert f"event: problem\ndata: {ended}\n\n".encode() in stream.response.read()
            with pytest.raises(TimeoutError):
                other.recv(1)
    server.drop(name)


def test_a_service_that_stops_closes_sockets(plain: Server, tmp_path: Any) -> None:
    name = plain.database(SERVING)
    with serving(plain.dsn(name), tmp_path) as service:
        service.post("/event?wait=true", view("stop"))
        with opened(service, PATH + "stop") as client:
            told(client)
            assert service.stop() == 0
            with pytest.raises(ConnectionClosed) as raised:
                while True:
                    client.recv(SECONDS)
        assert raised.value.rcvd is not None
        assert raised.value.rcvd.code == 1012
    plain.drop(name)
