"""The second configuration of the suite: a database set up as differently as PostgreSQL allows.

Its server changes what text, times and numbers mean, publishes all tables and ends long statements.
Its databases have a Turkish ICU collation, and a schema whose functions, operators and views are
found before those of pg_catalog. Tests work in them as a plain owner through a PgBouncer in
transaction mode. Nothing of this may change an answer of the package.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests import servers
from tests.pooler import find_pgbouncer, pooled
from tests.servers import Server

# The files whose tests run in the second configuration too: those that count, read, compare, repair,
# alter or expire rollups. Files of long waits, and tests of many random inputs, are left out.
BEHAVIOUR = frozenset(
    {
        "test_alter",
        "test_backfill_sessions",
        "test_expire",
        "test_live",
        "test_moments",
        "test_odd_types",
        "test_other_databases",
        "test_query",
        "test_set_aside",
        "test_shape",
        "test_times",
        "test_verify",
        "test_web_access",
    }
)
# The same, but each test runs there with its first parameters only, so that it does not take much longer.
SAMPLES = frozenset(
    {
        "test_backfill_measures",
        "test_cli",
        "test_corrections",
        "test_declarations",
        "test_jobs",
        "test_load",
        "test_measures",
        "test_retention",
        "test_windows",
    }
)


def installed_locales() -> list[str]:
    """Names of the operating system's locales of encoding UTF-8."""
    said = subprocess.run(["locale", "-a"], capture_output=True, check=False).stdout
    names = said.decode(errors="replace").split()
    return [name for name in names if name.lower().endswith((".utf8", ".utf-8"))]


# What a server, a database or a role can set and what changes the meaning of text, times and numbers.
FOREIGN = next(
    (name for name in installed_locales() if not name.startswith(("C", "POSIX", "en_"))), "POSIX"
)
MEANINGS = {
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "iso_8601",
    "TimeZone": "Pacific/Chatham",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "backslash_quote": "off",
    "client_encoding": "LATIN1",
    "client_min_messages": "error",
    "default_transaction_isolation": "repeatable read",
    "default_transaction_deferrable": "on",
    "row_security": "off",
    "quote_all_identifiers": "on",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "xmlbinary": "hex",
    "xmloption": "document",
    "escape_string_warning": "on",
    "timezone_abbreviations": "India",
    "lc_messages": FOREIGN,
    "lc_monetary": FOREIGN,
    "lc_numeric": FOREIGN,
    "lc_time": FOREIGN,
    "check_function_bodies": "off",
    "plpgsql.extra_errors": "all",
    "plpgsql.variable_conflict": "use_column",
}
# Those that change messages, which tests read; tests/test_settings.py has them.
MESSAGES = {"client_min_messages", "lc_messages", "quote_all_identifiers"}
# What the server of the second configuration sets besides.
SERVER = {
    "default_toast_compression": "lz4",
    "statement_timeout": "30s",
    "lock_timeout": "20s",
    "wal_level": "logical",
}
OWNER = "second_owner"
PASSWORD = "second owner's"
POOL_SIZE = 20
# Before pg_catalog; objects of tests are created in public.
SEARCH_PATH = "public, hostile, pg_catalog"
# Of libc; ICU has its own.
LOCALE = "C.UTF-8"
ICU_LOCALE = "tr-TR-u-kn-kf-upper"

# Name, parameters and result of functions that hide those of pg_catalog.
FUNCTIONS = (
    ("now", "", "timestamptz"),
    ("clock_timestamp", "", "timestamptz"),
    ("statement_timestamp", "", "timestamptz"),
    ("format", "text, text", "text"),
    ("quote_ident", "text", "text"),
    ("lower", "text", "text"),
    ("length", "text", "int"),
    ("left", "text, int", "text"),
    ("hashtext", "text", "int"),
    ("date_trunc", "text, timestamptz", "timestamptz"),
    ("date_bin", "interval, timestamptz, timestamptz", "timestamptz"),
    ("to_regclass", "text", "regclass"),
    ("pg_try_advisory_xact_lock", "bigint", "boolean"),
    ("jsonb_typeof", "jsonb", "text"),
    ("pg_get_userbyid", "oid", "name"),
)
# Operators that hide those of pg_catalog: name, both types, result.
OPERATORS = (
    ("=", "text", "text", "boolean"),
    ("<>", "text", "text", "boolean"),
    ("||", "text", "text", "text"),
    ("~", "text", "text", "boolean"),
    ("=", "bigint", "bigint", "boolean"),
    (">", "bigint", "bigint", "boolean"),
    ("<=", "bigint", "bigint", "boolean"),
    ("+", "bigint", "bigint", "bigint"),
    ("+", "integer", "integer", "integer"),
    ("=", "oid", "oid", "boolean"),
    ("<", "timestamptz", "timestamptz", "boolean"),
    (">=", "timestamptz", "timestamptz", "boolean"),
    ("+", "timestamptz", "interval", "timestamptz"),
    ("-", "timestamptz", "interval", "timestamptz"),
    ("-", "timestamptz", "timestamptz", "interval"),
    ("->", "jsonb", "text", "jsonb"),
    ("->>", "jsonb", "text", "text"),
)
VIEWS = ("pg_class", "pg_namespace", "pg_inherits", "pg_index", "pg_proc", "pg_type",
         "pg_settings", "pg_locks", "pg_extension", "pg_sequences")  # fmt: skip
# Domains with the names of types of the server. Tests name text and some others themselves: for those,
# test_trap_29_hostile_search_path has such domains.
DOMAINS = ("oid", "name", "regproc", "regprocedure", "regtype", "regnamespace", "tid", "xid",
           '"char"', "int2", "int4", "int8", "float4", "float8", "bool", "varchar", "pg_lsn",
           "int4range", "int8range", "tstzrange", "tstzmultirange", "timetz", "bit", "varbit")  # fmt: skip
# Names of the package, in a schema that is found before its own.
PACKAGE = ("rollups", "watermarks", "runs", "families", "sources", "set_aside", "status", "loads")

# A hidden object answers as the one it hides where a test uses it, and fails where the package does.
GUARD = """
create function hostile.outside_the_package(what pg_catalog.text) returns pg_catalog.bool
    language plpgsql set search_path = pg_catalog
as $$
declare
    context text;
begin
    get diagnostics context = pg_context;
    if context ~ 'function (rollup(_internal|_compat)?[.]|run_family_)'
       or exists (select from regexp_matches(context, 'SQL function "([^"]*)"', 'g') m (said)
                    join pg_proc on proname = said[1]
                   where pronamespace::regnamespace::text like 'rollup%')
    then
        raise exception 'the package uses hostile.%', what using detail = context;
    end if;
    return true;
end
$$
"""


def hostile_objects() -> Iterator[str]:
    """Statements that create the schema `hostile`; needs standard_conforming_strings = on."""
    yield "create schema hostile"
    yield GUARD
    for name, types, result in FUNCTIONS:
        given = ", ".join(f"${n}" for n, _ in enumerate(filter(None, types.split(", ")), 1))
        yield _wrapper(name, types, result, f"pg_catalog.{name}({given})", name)
    for number, (name, left, right, result) in enumerate(OPERATORS):
        call = f"$1 operator(pg_catalog.{name}) $2"
        yield _wrapper(f"operator_{number}", f"{left}, {right}", result, call, name)
        yield (
            f"create operator hostile.{name} (leftarg = {left}, rightarg = {right},"
            f" function = hostile.operator_{number})"
        )
    for name in VIEWS:
        yield (
            f"create view hostile.{name} as select * from pg_catalog.{name}"
            f" where hostile.outside_the_package('{name}')"
        )
    for name in DOMAINS:
        check = name.strip('"')
        yield (
            f"create domain hostile.{name} as pg_catalog.{name}"
            f" check (hostile.outside_the_package('{check}'))"
        )
    for name in PACKAGE:
        yield f"create table hostile.{name} (name text)"
    yield f"grant usage on schema hostile to {OWNER}"
    yield f"grant select on all tables in schema hostile to {OWNER}"


def _wrapper(name: str, types: str, result: str, call: str, what: str) -> str:
    return f"""
        create function hostile.{name}({types}) returns {result} language plpgsql
            set search_path = pg_catalog
        as $$
        begin
            perform hostile.outside_the_package('{what}');
            return {call};
        end
        $$"""


class PlainOwner(psycopg.Connection[Any]):
    """A session of a test, in whose answers the settings of the server change nothing.

    Results are read in binary form: Python's driver understands times only in DateStyle ISO. What is
    refused at repeatable read is done again as the hint says.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        options.setdefault("binary", _has_result(query))
        try:
            return super().execute(query, params, **options)
        except psycopg.errors.InvalidTransactionState as error:
            hint = error.diag.message_hint or ""
            if not self.autocommit or "read committed" not in hint:
                raise
        with self.transaction():
            return super().execute(query, params, **options)


def _has_result(query: Any) -> bool:
    """Whether this is one statement that returns rows."""
    text = query.decode() if isinstance(query, bytes) else str(query)
    return re.match(r"\s*(select|with|values|table)\b[^;]*$", text, re.I) is not None


@dataclass
class HostileServer(Server):
    """A server whose databases are used by a role without privileges, through a pooler if there is one."""

    pool: str | None = None
    without_partman: bool = False

    def dsn(self, database: str, node: int = 0) -> str:
        return make_conninfo(self.pool or self._owner_dsn(), dbname=database)

    def connect(
        self, database: str, node: int = 0, *, own_session: bool = False, **options: Any
    ) -> psycopg.Connection[Any]:
        through = self._owner_dsn() if own_session else self.pool or self._owner_dsn()
        if not own_session:
            options.pop("options", None)  # PgBouncer refuses them; the server has limits of its own
        session = PlainOwner.connect(
            make_conninfo(through, dbname=database),
            client_encoding="UTF8",
            prepare_threshold=None,
            **options,
        )
        session.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return session

    def _owner_dsn(self) -> str:
        return make_conninfo(self.clusters[0].dsn(tcp=True), user=OWNER, password=PASSWORD)

    def create_empty(self, name: str) -> None:
        """What a superuser prepares: the database with its collation, the extensions, a publication."""
        with self.admin() as connection:
            connection.execute(
                sql.SQL(
                    "create database {} owner {} template template0 encoding 'UTF8' locale {}"
                    " locale_provider icu icu_locale {}"
                ).format(sql.Identifier(name), sql.Identifier(OWNER), LOCALE, ICU_LOCALE)
            )
            connection.execute(f"alter database {name} set search_path = {SEARCH_PATH}".encode())
        with psycopg.connect(
            self.superuser_dsn(name), autocommit=True, options="-c search_path=public"
        ) as connection:
            connection.execute("set standard_conforming_strings = on")
            # pg_partman writes its schema as the session quotes it into its functions.
            connection.execute("set quote_all_identifiers = off")
            for (extension,) in connection.execute(
                "select name from pg_available_extensions where name in ('hll', 'topn', 'tdigest')"
            ).fetchall():
                connection.execute(f"create extension {extension} schema public".encode())
            if not self.without_partman:
                connection.execute("create schema partman")
                connection.execute("create extension if not exists pg_partman schema partman")
                for kind in ("tables", "sequences", "routines"):
                    grant = f"grant all on all {kind} in schema partman to {OWNER}"
                    connection.execute(grant.encode())
                connection.execute(f"grant all on schema partman to {OWNER}".encode())
            for statement in hostile_objects():
                connection.execute(statement.encode())
            connection.execute("create publication everything for all tables")

    def complete_source(self, db: psycopg.Connection[Any], table: str) -> None:
        # What tests update and delete; the package identifies the rows of the default partition.
        # Tables and operators of pg_catalog: the others take a tenth of a second.
        partitions = db.execute(
            "select t.relid::text from pg_partition_tree(%s) t join pg_catalog.pg_class c"
            " on c.oid operator(pg_catalog.=) t.relid"
            " where pg_get_expr(c.relpartbound, c.oid) is distinct from 'DEFAULT'",
            [table],
        )
        for (name,) in partitions.fetchall() or [(table,)]:
            db.execute(f"alter table {name} replica identity full".encode())


@contextlib.contextmanager
def hostile_server(*, without_partman: bool = False) -> Iterator[HostileServer]:
    """The server of the second configuration. Without PgBouncer, tests connect directly."""
    settings = {name: MEANINGS[name] for name in MEANINGS.keys() - MESSAGES} | SERVER
    cluster = servers.private_cluster(settings, [], trust_tcp=False)
    server = HostileServer("hostile", [cluster.dsn()], [cluster.log], [cluster], OWNER)
    server.without_partman = without_partman
    try:
        with server.admin() as connection:
            connection.execute(
                sql.SQL("create role {} login password {}").format(sql.Identifier(OWNER), PASSWORD)
            )
        with contextlib.ExitStack() as opened:
            if find_pgbouncer():
                server.pool = opened.enter_context(pooled(server.dsn("postgres"), POOL_SIZE))
            yield server
    finally:
        server.discard()
