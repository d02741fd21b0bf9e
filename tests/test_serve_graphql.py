"""Questions in GraphQL, compared with the answers of /rollups; what a query may not do."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from tests.helpers import until, value
from tests.servers import SERVING, Server
from tests.serving import Reply, Serving, serving
from tests.test_serve_ask import BEHIND, EVENTS, ask
from tests.test_serve_keys import Guarded

pytest.importorskip("graphql")

from graphql import build_client_schema, get_introspection_query, print_schema

from rollupctl.serve import app
from rollupctl.serve.problems import ProblemError

OWN = "application/graphql-response+json"
ODD = """
select rollup.create_rollup('2nd "odd" rollup', 'public.events', '1 hour',
    '{"número": {"count": "*"}, "numero_": {"count": "*"}, "bucket_": {"max": "device_id"}}', '{path}')
"""


@pytest.fixture(scope="module")
def service(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A service whose rollups have counted all events."""
    name = server.database(SERVING)
    with server.connect(name) as db:
        db.execute(ODD)
    with serving(server.dsn(name), tmp_path_factory.mktemp("spool")) as service:
        assert service.post("/events", EVENTS).status == 202
        service.until_drained()
        with psycopg.connect(service.dsn, autocommit=True) as db:
            until(lambda: value(db, BEHIND) is True, "rollups have run")
        yield service
    server.drop(name)


def post(service: Serving, query: str, accept: str = OWN, **variables: Any) -> Reply:
    body = {"query": query, "variables": variables}
    return service.post("/graphql", body, Content_Type="application/json", Accept=accept)


def data(service: Serving, query: str, **variables: Any) -> Any:
    answer = post(service, query, **variables)
    assert answer.status == 200, answer.body
    assert list(answer.json) == ["data"], answer.body
    return answer.json["data"]


def errors(service: Serving, query: str, **variables: Any) -> list[str]:
    found = [error["message"] for error in post(service, query, **variables).json["errors"]]
    assert not any("\n" in message for message in found)
    return found


SHOP = '(site_id: "shop", from: "2024-05-01", to: "2024-05-11"'


@pytest.mark.parametrize(
    ("given", "fields", "asked"),
    [
        (', grain: "1 day"', "bucket views users", {"grain": "1 day"}),
        ("", "bucket views users", {}),
        (', grain: "total"', "users", {"grain": "total", "measures": "users"}),
        (
            ', grain: "total", items: 2',
            "views top_paths { item value }",
            {"grain": "total", "measures": "views,top_paths", "items": "2"},
        ),
        (
            ', grain: "1 day", to: "2024-05-06", from: "2024-05-04"',
            "bucket country views users previous { views users }",
            {"grain": "1 day", "to": "2024-05-06", "from": "2024-05-04", "dimensions": "country",
             "compare": "previous"},
        ),
        (
            ', grain: "total", order: "-views", filter: {country: "de", source: null}',
            "source country views",
            {"grain": "total", "order": "-views", "dimensions": "source,country",
             "measures": "views", "filter.country": "de", "filter.source": ""},
        ),
        (
            ', grain: "1 hour", fill: false, live: true, time_zone: "Asia/Kathmandu"',
            "bucket views",
            {"grain": "1 hour", "fill": "false", "live": "true", "measures": "views",
             "time_zone": "Asia/Kathmandu"},
        ),
        (
            ', grain: "total", from: "2024-05-06"',
            "top_paths { item value previous }",
            {"grain": "total", "measures": "top_paths", "compare": "previous",
             "from": "2024-05-06"},
        ),
    ],
)  # fmt: skip
def test_answers_are_those_of_the_rollup(
    service: Serving, given: str, fields: str, asked: dict[str, str]
) -> None:
    scope = "".join(
        f", {part}" for part in SHOP[1:].split(", ") if f" {part.split(':')[0]}:" not in given
    )
    told = "rollup site_id time_zone from to grain previous_from previous_to next"
    query = f"{{ site_views_1min({(scope + given)[2:]}) {{ {told} rows {{ {fields} }} }} }}"
    found = data(service, query)["site_views_1min"]
    expected = ask(service, **asked)
    if "previous {" not in fields:
        for row in expected["rows"]:
            row.pop("previous", None)  # numbers, where there are none
    assert found["rows"]
    assert found == {name: expected[name] for name in found}


def test_rollups_are_those_of_the_list(service: Serving) -> None:
    columns = "dimensions { name type } measures { name type measure }"
    simple = "name family bucket time_zone tenant source comment counted_until"
    found = data(service, f"{{ rollups {{ {simple} {columns} }} }}")["rollups"]
    expected = service.get("/rollups").json["rollups"]
    for each in (*found, *expected):
        del each["counted_until"]  # it moves
    assert found == expected


def test_pages_follow_each_other(service: Serving) -> None:
    query = """query ($after: String) { site_views_1hr(site_id: "shop", from: "2024-05-01",
        to: "2024-05-11", grain: "1 day", limit: 4, cursor: $after) { next rows { bucket views } } }"""
    rows: list[Any] = []
    after = None
    while True:
        page = data(service, query, after=after)["site_views_1hr"]
        rows += page["rows"]
        after = page["next"]
        if after is None:
            break
        assert len(page["rows"]) == 4
    assert rows == ask(service, "site_views_1hr", grain="1 day", measures="views")["rows"]


def test_fragments_directives_and_aliases_choose_what_is_broken_down(service: Serving) -> None:
    query = f"""
    query ($by: Boolean!) {{
      a: site_views_1min{SHOP}, grain: "total") {{ ...Some }}
      b: site_views_1min{SHOP}, grain: "total") {{ rows {{ total: views }} }}
    }}
    fragment Some on Answer_site_views_1min {{
      rows {{ ... on Row_site_views_1min {{ views }} country @include(if: $by) }}
    }}"""
    total = ask(service, grain="total", measures="views")["rows"]
    by = ask(service, grain="total", measures="views", dimensions="country")["rows"]
    assert len(by) == 2
    without, broken = data(service, query, by=False), data(service, query, by=True)
    assert (without["a"]["rows"], broken["a"]["rows"]) == (total, by)
    assert without["b"] == broken["b"] == {"rows": [{"total": total[0]["views"]}]}


def test_names_that_graphql_does_not_know(service: Serving) -> None:
    query = f'{{ _2nd__odd__rollup{SHOP}, grain: "total") {{ rollup rows {{ n_mero numero_ bucket_ }} }} }}'
    found = data(service, query)["_2nd__odd__rollup"]
    assert found["rollup"] == '2nd "odd" rollup'
    assert found["rows"] == [{"n_mero": 389, "numero_": 389, "bucket_": None}]


def test_tools_can_read_the_schema(service: Serving) -> None:
    schema = build_client_schema(data(service, get_introspection_query()))
    text = print_schema(schema)
    assert "type Row_site_views_1min {" in text
    assert "Only rows with these values; null or an empty one stands for unknown." in text


def test_a_rollup_that_is_new_or_gone(service: Serving) -> None:
    query = f'{{ fresh{SHOP}, grain: "total") {{ rows {{ n }} }} }}'
    assert errors(service, query) == ["Cannot query field 'fresh' on type 'Query'."]
    with psycopg.connect(service.dsn, autocommit=True) as db:
        make = "select rollup.create_rollup('fresh', 'public.events', '1 hour', %s)"
        db.execute(make, [json.dumps({"n": {"count": "*"}})])
        until(lambda: data(service, query)["fresh"]["rows"] == [{"n": 389}], "it is counted")
        db.execute("select rollup.drop_rollup('fresh')")
    assert errors(service, query) == ["Cannot query field 'fresh' on type 'Query'."]


def test_one_question_that_fails_leaves_the_others(service: Serving) -> None:
    query = f"""{{ a: site_views_1min(site_id: "nobody") {{ rows {{ views }} }}
                   b: site_views_1min{SHOP}, grain: "5") {{ rows {{ views }} }}
                   c: site_views_1min{SHOP}, grain: "total") {{ rows {{ views }} }} }}"""
    answer = post(service, query)
    assert answer.status == 200
    expected = ask(service, grain="total", measures="views")["rows"]
    assert answer.json["data"] == {"a": None, "b": None, "c": {"rows": expected}}
    first, second = answer.json["errors"]
    assert (first["message"], first["extensions"]) == ("there is no site nobody", {"status": 404})
    assert second["message"] == "grain 5 has no unit"
    assert second["extensions"]["hint"] == "Such as 5 minutes, 1 hour, auto or total."


SPREADS = " ".join(
    f"fragment F{n} on Row_site_views_1min {{ ...F{n + 1} ...F{n + 1} }}" for n in range(40)
)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("{ nothing { rows { x } } }", "Cannot query field 'nothing' on type 'Query'."),
        ("{ site_views_1min { rows { profit } } }", "Cannot query field 'profit' on type"),
        ("{ site_views_1min(where: 1) { rows { views } } }", "Unknown argument 'where'"),
        ("mutation { a }", "mutation"),
        ("{", "Syntax Error"),
        ("", "Syntax Error"),
        ('{ __type(name: "Query") {' + " ofType {" * 20 + " name" + " }" * 22, "16 fields deep"),
        ("{a" * 400, "Syntax Error"),
        ("{ " + "rollups { name } " * 400 + "}", "Syntax Error: Document contains more than 1000"),
        ("{ site_views_1min { rows { ...F } } } fragment F on Row_site_views_1min { ...F }",
         "Cannot spread fragment 'F' within itself"),
    ],
)  # fmt: skip
def test_queries_that_cannot_be_executed(service: Serving, query: str, said: str) -> None:
    answer = post(service, query)
    assert answer.status == 400
    assert answer.headers["content-type"] == OWN
    assert "data" not in answer.json
    assert said in answer.json["errors"][0]["message"]
    assert post(service, query, accept="*/*").status == 200


def test_fragments_that_double_cost_nothing(service: Serving) -> None:
    last = "fragment F40 on Row_site_views_1min { views }"
    query = f"{{ site_views_1min{SHOP}) {{ rows {{ ...F0 }} }} }} {SPREADS} {last}"
    began = time.monotonic()
    assert data(service, query)["site_views_1min"]["rows"]
    assert time.monotonic() - began < 10


def test_answers_that_are_too_large(service: Serving) -> None:
    fields = " ".join(f"a{n}: views" for n in range(50))
    query = f'{{ site_views_1min(from: "2024-05-01", to: "2024-05-04", grain: "1 minute", limit: 9000) {{ rows {{ {fields} }} }} }}'
    answer = post(service, query)
    assert (answer.status, answer.json["error"]) == (
        400,
        "the answer has more than 200000 values: ask for fewer rows",
    )
    many = " ".join(f"a{n}: rollups {{ name }}" for n in range(11))
    for query in (f"{{ {many} }}", f"{{ ...F }} fragment F on Query {{ {many} }}"):
        answer = post(service, query)
        assert (answer.status, answer.json["error"]) == (400, "a request asks at most 10 times")


def test_the_schema_cannot_be_asked_without_end(service: Serving) -> None:
    """Each level lists all fields of a type, several times, by fragments that are read once.

    The library refuses that by itself since 3.3.
    """
    query = "{ __schema { types { ...F0 } } }"
    for level in range(3):
        to = f"...F{level + 1}"
        fields = f"fields {{ type {{ name ofType {{ ofType {{ {to} ofType {{ {to} }} }} }} }} }}"
        listed = " ".join(f"{a}: {fields}" for a in "abcdefgh")
        query += f" fragment F{level} on __Type {{ {listed} }}"
    query += " fragment F3 on __Type { name }"
    flat = " ".join(f"a{n}: __schema {{ types {{ name kind }} }}" for n in range(90))
    for each in (query, f"{{ {flat} }}", f"{{ {'__typename ' * 900} }}"):
        began = time.monotonic()
        answer = post(service, each)
        assert time.monotonic() - began < 15
        assert answer.status in (200, 400), answer.body
        assert service.get("/healthz").status == 200


def test_questions_that_take_too_long(service: Serving) -> None:
    question = 'site_views_1min(site_id: "shop", live: true) { rows { views } }'
    with psycopg.connect(service.dsn) as other:
        other.execute("lock table events in access exclusive mode")
        began = time.monotonic()
        answer = post(service, f"{{ a: {question} b: {question} c: {question} }}")
        assert time.monotonic() - began < 25  # not 10 seconds for each
        other.rollback()
    assert (answer.status, answer.json["error"]) == (
        400,
        "the questions take longer than 10 seconds: ask for less",
    )
    assert data(service, f"{{ {question} }}")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ('{"query": "{ rollups { name } }"}', "text/plain", 415),
        ('{"query": "{ rollups { name } }"}', "", 415),
        ("{}", "application/json", 400),
        ("[]", "application/json", 400),
        ("[" * 60_000, "application/json", 400),
        ('{"query": 5}', "application/json", 400),
        ('{"query": "{a}", "variables": [1]}', "application/json", 400),
        (b'{"query": "\xff"}', "application/json", 400),
        ('{"query": "' + " " * 70_000 + '"}', "application/json", 413),
    ],
)
def test_bodies_that_are_no_queries(service: Serving, body: Any, kind: str, status: int) -> None:
    answer = service.post("/graphql", body, Content_Type=kind)
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert service.logged("internal_error") == []
    assert service.get("/graphql").status == 405


def test_keys_limit_queries_as_they_limit_questions(server: Server, tmp_path: Any) -> None:
    name = server.database(SERVING)
    with serving(server.dsn(name), tmp_path, "--rate-limit", "10") as service:
        for site, views in (("a.example", 1), ("b.example", 2)):
            event = {"site_id": site, "event_type": "pageview", "timestamp": "2024-05-01"}
            assert service.post("/events?wait=true", [event] * views).status == 200
        guarded = Guarded(service)
        scope = 'from: "2024-05-01", to: "2024-05-02", grain: "total"'

        def asked(key: str, query: str) -> Reply:
            headers = {"Content-Type": "application/json"}
            if key:
                headers["Authorization"] = f"Bearer {guarded.keys[key]}"
            return service.request("POST", "/graphql", {"query": query}, headers)

        question = f"{{ site_views_1min({scope}) {{ rows {{ views }} }} }}"
        rows = {"all": [{"views": 3}], "reader": [{"views": 1}]}

        def sees(key: str, expected: Any) -> bool:
            found = asked(key, question).json["data"]["site_views_1min"]["rows"]
            return bool(found == expected)

        for key, expected in rows.items():
            until(functools.partial(sees, key, expected), key)
        other = question.replace("(", '(site_id: "b.example", ')
        (error,) = asked("reader", other).json["errors"]
        assert (error["message"], error["extensions"]) == (
            "the key is for another site",
            {"status": 403},
        )
        assert asked("writer", question).status == 403
        assert asked("", question).status == 401
        # Each question of a query is counted, so few of them reach a limit.
        wrong = "site_views_1min(limit: -1) { rows { views } }"  # which costs little time
        many = "{" + " ".join(f"a{n}: {wrong}" for n in range(10)) + "}"
        statuses = [asked("all", many).status for _ in range(8)]
        assert statuses[0] == 200
        assert 429 in statuses, statuses
    server.drop(name)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.setattr(app, "_graph", None)
    with pytest.raises(ProblemError) as raised:
        asyncio.run(app.post_graphql(SimpleNamespace()))  # type: ignore[arg-type]
    assert raised.value.status == 501
    assert raised.value.hint == "pip install 'rollupctl[serve,graphql]' installs it"
