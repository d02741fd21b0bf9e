"""The contents of the embedded PostgreSQL, set up once it accepts connections."""

from __future__ import annotations

import os
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from rollupctl.postmaster import Postmaster


def complete(dsn: str, postmaster: Postmaster) -> None:
    """Create the database of `dsn` if it does not exist, and correct the addresses stored in it.

    Raises psycopg.Error when the server refuses.
    """
    # Not the caller's PGOPTIONS: they could make the session read-only.
    dsn = make_conninfo(dsn, options="-c search_path=pg_catalog", connect_timeout=30)
    database = str(conninfo_to_dict(dsn)["dbname"])
    with psycopg.connect(make_conninfo(dsn, dbname="postgres"), autocommit=True) as admin:
        query = "select from pg_database where datname = %s"
        if admin.execute(query, [database]).fetchone() is None:
            admin.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
    with psycopg.connect(dsn) as session:
        _repoint_jobs(session, postmaster)
        _repoint_coordinator(session, postmaster)


def _repoint_jobs(session: psycopg.Connection[Any], postmaster: Postmaster) -> None:
    """Update the jobs of pg_cron, which store the socket and the port of the time they were
    created.

    Only jobs whose socket does not exist; a job that a user directed to another server is kept.
    """
    if not _exists(session, "cron.job"):
        return
    here = (postmaster.socket_dir, postmaster.port)
    jobs = session.execute(
        "select distinct nodename, nodeport from cron.job where nodename like '/%'"
    ).fetchall()
    for host, port in jobs:
        if (host, port) != here and not os.path.lexists(f"{host}/.s.PGSQL.{port}"):
            session.execute(
                "update cron.job set nodename = %s, nodeport = %s"
                " where nodename = %s and nodeport = %s",
                [*here, host, port],
            )


def _repoint_coordinator(session: psycopg.Connection[Any], postmaster: Postmaster) -> None:
    """Set the port of this server in Citus if it is registered as coordinator with an older one.

    Citus also connects to itself: with a wrong port its recovery of transactions fails.
    """
    if _exists(session, "pg_catalog.pg_dist_node"):
        session.execute(
            "select citus_update_node(nodeid, nodename, %(port)s)"
            " from pg_dist_node join pg_dist_local_group using (groupid)"
            " where groupid = 0 and nodename in ('localhost', '127.0.0.1')"
            " and nodeport <> %(port)s",
            {"port": postmaster.port},
        )


def _exists(session: psycopg.Connection[Any], relation: str) -> bool:
    row = session.execute("select to_regclass(%s) is not null", [relation]).fetchone()
    return row == (True,)
