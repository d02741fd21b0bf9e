"""Reports: who may run them, what a parameter may be, that they only read, and what is kept."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.analytics import BEGIN, Shop, open_shop
from tests.servers import ANALYTICS, Server, rollupctl

QUERY = """select user_id, count(*) as events, ':tenant' as kept, 'x'::text as cast_stays -- :tenant
             from events where customer_id = :tenant and event_time >= :since and user_id = any (:users)
            group by user_id order by user_id"""
PARAMETERS = {
    "tenant": {"type": "bigint"},
    "since": {"type": "timestamptz", "default": "2024-01-01Z"},
    "users": {"type": "text[]", "default": "{a,b,<b>&}"},
}
ROLES = ("report_author", "report_reader", "report_member", "report_stranger")


@pytest.fixture(scope="module")
def shop(server: Server) -> Iterator[Shop]:
    with open_shop(server) as shop:
        for role in ROLES:
            shop.db.execute(f"create role {role} login".encode())
        shop.db.execute("grant report_reader to report_member")
        shop.db.execute("grant select on events to report_reader, report_author")
        shop.db.execute(
            "grant insert, update, delete on rollup_analytics.reports, rollup_analytics.report_grants to report_author"
        )
        for user in ("a", "b", "b", "<b>&", None):
            shop.db.execute(
                "insert into events (customer_id, event_time, user_id) values (7, %s, %s)",
                [BEGIN, user],
            )
        create(shop, "visitors")
        yield shop
        shop.db.execute(f"drop owned by {', '.join(ROLES)}".encode())
    with server.admin() as admin:
        admin.execute(f"drop role {', '.join(ROLES)}".encode())


def create(
    shop: Shop, name: str, query: str = QUERY, parameters: dict[str, Any] = PARAMETERS, **more: Any
) -> None:
    given = {
        "report": name,
        "description": "Visitors",
        "query": query,
        "parameters": json.dumps(parameters),
    } | more
    named = ", ".join(f"{key} => %({key})s" for key in given)
    shop.db.execute(f"select rollup_analytics.create_report({named})".encode(), given)


def run(
    shop: Shop, name: str = "visitors", role: str | None = None, **parameters: Any
) -> list[dict[str, Any]]:
    with shop.db.transaction():
        if role:
            shop.db.execute(f"set local role {role}".encode())
        call = "select * from rollup_analytics.run_report(%s, %s)"
        return [r["run_report"] for r in shop.db.execute(call, [name, json.dumps(parameters)])]


def command(shop: Shop, *args: str) -> subprocess.CompletedProcess[str]:
    return rollupctl(shop.db.info.dsn, "report", *args)


def test_parameters_are_values_of_their_types(shop: Shop) -> None:
    rows = run(shop, tenant=7)
    assert [(r["user_id"], r["events"]) for r in rows] == [("<b>&", 1), ("a", 1), ("b", 2)]
    assert [*rows[0]] == ["user_id", "events", "kept", "cast_stays"]
    assert rows[0]["kept"] == ":tenant"
    assert run(shop, tenant="7", since="2025-01-01") == []
    assert [r["user_id"] for r in run(shop, tenant=7, users="{b}")] == ["b"]
    assert run(shop, tenant=7, users='{"b\') or true --"}') == []
    for wrong, said in (
        ({}, "needs parameter tenant, of type bigint"),
        ({"tenant": "7 or true"}, "parameter tenant must be of type bigint, not '7 or true'"),
        (
            {"tenant": 7, "since": "soon"},
            "parameter since must be of type timestamp with time zone",
        ),
        ({"tenant": 7, "who": "x"}, "has no parameter who"),
    ):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match=re.escape(said)):
            run(shop, **wrong)


def test_a_value_is_not_cut(shop: Shop) -> None:
    create(shop, "echo", "select :v as v", {"v": {"type": "char(3)"}})
    assert run(shop, "echo", v="abc") == [{"v": "abc"}]


@pytest.mark.parametrize(
    "value",
    [
        "'",
        "''; drop table events --",
        "\\",
        "\\'; select 1 --",
        "$$",
        "$1",
        ":tenant",
        "{x}",
        "%s",
        "/*",
        '"',
        "e'\\''",
        "🙂",
    ],
)
def test_a_value_is_never_sql(shop: Shop, value: str) -> None:
    query = "select :v as v, $$ :v $$ as dollars, e'\\' :v' as escaped, ':v' /* :v ' */ as \":v\" -- it's :v\n"
    create(shop, "echo", query, {"v": {"type": "text"}})
    (row,) = run(shop, "echo", v=value)
    assert row == {"v": value, "dollars": " :v ", "escaped": "' :v", ":v": ":v"}
    done = command(shop, "run", "echo", "--param", f"v={value}", "--format", "json")
    assert json.loads(done.stdout) == [row], done.stderr


def test_a_report_only_reads(shop: Shop) -> None:
    for query, said in (
        ("delete from events", "must be one query"),
        ("select 1; delete from events", "must be one query"),
        ("with d as (delete from events returning 1) select * from d", "at the top level"),
        (
            "select 1) x; delete from events; select * from (select 1",
            "must be one query|syntax error",
        ),
        ("select nothing", "does not exist"),
    ):
        with pytest.raises(psycopg.Error, match=said):
            create(shop, "bad", query, {})
    create(
        shop,
        "sly",
        "select set_config('transaction_read_only', 'off', true), rollup.set_retention('events', '1 day')",
        {},
    )
    with pytest.raises(psycopg.Error, match="read-write mode|read-only transaction"):
        run(shop, "sly")
    assert command(shop, "run", "sly").returncode == 1
    create(shop, "writes", "select rollup.set_retention('events', '1 day')", {})
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        run(shop, "writes")
    done = command(shop, "run", "writes")
    assert "read-only transaction" in done.stderr


def test_roles_of_the_database_decide_who_may_run_what(shop: Shop) -> None:
    with pytest.raises(
        psycopg.errors.UndefinedObject,
        match="there is no report 'visitors' that role report_reader may run",
    ):
        run(shop, role="report_reader", tenant=7)
    shop.db.execute("select rollup_analytics.grant_report('visitors', 'report_reader')")
    assert len(run(shop, role="report_reader", tenant=7)) == 3
    assert len(run(shop, role="report_member", tenant=7)) == 3  # as a member
    with pytest.raises(psycopg.errors.UndefinedObject, match="report_stranger may run"):
        run(shop, role="report_stranger", tenant=7)
    shop.db.execute("select rollup_analytics.grant_report('visitors', 'public')")
    # The right to run a report is none to read what it reads.
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="events"):
        run(shop, role="report_stranger", tenant=7)
    shop.db.execute("select rollup_analytics.revoke_report('visitors', 'public')")
    shop.db.execute("select rollup_analytics.revoke_report('visitors', 'report_reader')")
    with pytest.raises(psycopg.errors.UndefinedObject):
        run(shop, role="report_member", tenant=7)
    with pytest.raises(psycopg.errors.UndefinedObject, match="there is no role nobody_here"):
        shop.db.execute("select rollup_analytics.grant_report('visitors', 'nobody_here')")


def test_owners_change_their_reports_only(shop: Shop) -> None:
    with shop.db.transaction(force_rollback=True):
        shop.db.execute("select rollup_analytics.grant_report('visitors', 'report_author')")
        shop.db.execute("set local role report_author")
        create(shop, "mine", "select 1 as one", {})
        shop.db.execute("select rollup_analytics.grant_report('mine', 'report_reader')")
        for statement in (
            "update rollup_analytics.reports set owner = 'report_author' where report = 'visitors' returning 1",
            "delete from rollup_analytics.reports where report = 'visitors' returning 1",
            "update rollup_analytics.reports set owner = 'report_stranger' where report = 'mine'",
            "insert into rollup_analytics.report_grants (report, role) values ('visitors', 'report_stranger')",
            "select rollup_analytics.grant_report('visitors', 'report_stranger')",
            "select rollup_analytics.create_report('visitors', 'x', 'select 1')",
        ):
            try:
                with shop.db.transaction():
                    assert shop.db.execute(statement.encode()).rowcount == 0, statement
            except psycopg.Error as error:
                assert error.sqlstate in ("42501", "42704"), error  # noqa: PT017
        shop.db.execute("set local role report_member")
        seen = shop.db.execute("select report from rollup_analytics.reports").fetchall()
        assert seen == [{"report": "mine"}]


def test_who_ran_what_when_is_kept(shop: Shop) -> None:
    shop.db.execute("select rollup_analytics.grant_report('visitors', 'report_reader')")
    shop.db.execute("delete from rollup_analytics.report_runs")
    run(shop, role="report_reader", tenant=7)
    command(shop, "run", "visitors", "--param", "tenant=8")
    dsn = make_conninfo(shop.db.info.dsn, options="-c role=report_stranger")
    assert "may run" in rollupctl(dsn, "report", "run", "visitors", "--param", "tenant=8").stderr
    shop.db.execute("select rollup_analytics.grant_report('visitors', 'report_stranger')")
    assert rollupctl(dsn, "report", "run", "visitors", "--param", "tenant=7").returncode == 1
    found = shop.db.execute(
        "select run_by, rows, parameters, error from rollup_analytics.report_runs order by id"
    ).fetchall()
    assert next((r["run_by"], r["rows"], int(r["parameters"]["tenant"])) for r in found) == (
        "report_reader",
        3,
        7,
    )
    assert [r["rows"] for r in found] == [3, 0, None]
    assert (found[2]["run_by"], "permission denied" in found[2]["error"]) == (
        "report_stranger",
        True,
    )
    with shop.db.transaction(force_rollback=True):
        shop.db.execute("set local role report_reader")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), shop.db.transaction():
            shop.db.execute(  # on behalf of another role
                "insert into rollup_analytics.report_runs (report, run_by, parameters, started_at)"
                " values ('visitors', 'report_stranger', '{}', now())"
            )
    assert (
        json.loads(command(shop, "runs", "visitors", "-o", "json").stdout)[0]["run_by"]
        == "report_stranger"
    )


def test_scheduled_reports_run_as_their_owners_when_they_are_due(shop: Shop) -> None:
    with shop.db.transaction():
        shop.db.execute("set local role report_author")
        create(
            shop,
            "often",
            "select current_user as who, :n + 1 as n",
            {"n": {"type": "int"}},
            every="1 hour",
            run_with='{"n": 1}',
        )
        create(
            shop,
            "fails",
            "select 1 / :n as n",
            {"n": {"type": "int"}},
            every="1 hour",
            run_with='{"n": 0}',
        )
    call = "select * from rollup_analytics.run_due_reports()"
    assert shop.db.execute(call).fetchall() == [
        {"report": "fails", "rows": None, "error": "division by zero"},
        {"report": "often", "rows": 1, "error": None},
    ]
    assert shop.db.execute(call).fetchall() == []
    (kept,) = shop.db.execute(
        "select result from rollup_analytics.report_runs where report = 'often' and scheduled"
    ).fetchall()
    assert kept["result"] == [{"who": "report_author", "n": 2}]
    shop.db.execute(
        "update rollup_analytics.report_runs set started_at = started_at - interval '1 hour' where report = 'often'"
    )
    assert [r["report"] for r in shop.db.execute(call)] == ["often"]
    shop.db.execute("delete from rollup_analytics.reports where report in ('often', 'fails')")


class Page(HTMLParser):
    """What a browser would load, draw and show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [str(v) for k, v in attrs if k in ("src", "href", "action", "onload")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_formats(shop: Shop) -> None:
    params = ("--param", "tenant=7")
    assert "b        " in command(shop, "run", "visitors", *params).stdout
    assert command(shop, "run", "visitors", *params, "--format", "csv").stdout.startswith(
        "user_id,events"
    )
    assert (
        json.loads(command(shop, "run", "visitors", *params, "--format", "json").stdout)[2][
            "events"
        ]
        == 2
    )
    done = command(shop, "run", "visitors", *params, "--format", "html")
    page = Page(done.stdout)
    assert page.loads == []
    assert page.tags.count("rect") == 3
    assert "<b>&" in page.text  # shown, and no tag
    assert "b" not in page.tags
    create(
        shop,
        "over time",
        "select d, d * d as squares, -d as less, null as nothing from generate_series(1, 5) d",
        {},
        chart='{"kind": "line", "x": "d", "y": ["squares", "less"]}',
    )
    page = Page(command(shop, "run", "over time", "--format", "html").stdout)
    assert page.tags.count("circle") == 10
    create(shop, "empty", "select 1 as x, 2 as y where false", {})
    empty = command(shop, "run", "empty", "--format", "html")
    assert "svg" not in Page(empty.stdout).tags
    assert "<th>x</th>" in empty.stdout
    assert command(shop, "run", "empty", "--format", "csv").stdout == "x,y\n"


def test_mistakes_on_the_command_line(shop: Shop) -> None:
    done = command(shop, "run", "visitors")
    assert done.returncode == 1
    assert "report 'visitors' needs parameter tenant, of type bigint" in done.stderr
    assert "Its parameters: since timestamptz default" in done.stderr
    done = command(shop, "run", "nothing")
    assert "there is no report 'nothing'" in done.stderr
    assert "visitors" in done.stderr
    assert command(shop, "run", "visitors", "--param", "tenant").returncode == 2


def checks(db: psycopg.Connection[Any]) -> dict[str, str]:
    """What doctor says of the jobs of the analytics."""
    found = db.execute("select check_name, status from rollup.doctor()").fetchall()
    return {
        name: status
        for name, status in found
        if name in ("job rollup-alerts", "job rollup-reports")
    }


def test_alerts_and_reports_are_scheduled(server: Server) -> None:
    jobs = ["rollup-alerts", "rollup-reports"]
    with server.cron_database(ANALYTICS) as dsn, psycopg.connect(dsn, autocommit=True) as db:
        db.execute("select rollup.schedule()")
        found = db.execute("select * from rollup_analytics.schedule('5 minutes')").fetchall()
        assert [(job, schedule) for job, schedule, _ in found] == [
            (job, "*/5 * * * *") for job in jobs
        ]
        for _, _, command in found:
            db.execute(command.encode())
        made = db.execute(
            "select name from rollup.uninstall(dry_run => true) where kind = 'job'"
        ).fetchall()
        assert {*jobs} <= {name for (name,) in made}
        assert checks(db) == {"job rollup-alerts": "ok", "job rollup-reports": "ok"}
        db.execute("update cron.job set active = false where jobname = 'rollup-reports'")
        assert checks(db) == {"job rollup-alerts": "ok", "job rollup-reports": "fail"}
        db.execute("select rollup.unschedule()")
        assert checks(db) == {}
        db.execute(
            "insert into rollup_analytics.alert_rules (rule, kind, threshold) values ('late', 'lag', 60)"
        )
        assert checks(db) == {"job rollup-alerts": "warn"}
        assert db.execute("select from cron.job where jobname like 'rollup-%'").rowcount == 0
