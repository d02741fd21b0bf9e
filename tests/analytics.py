"""What tests of the analytics share: events of a fresh tenant, and brute force over them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.servers import ANALYTICS, Server

Connection = psycopg.Connection[dict[str, Any]]
BEGIN = datetime(2024, 6, 1, tzinfo=timezone.utc)
END = BEGIN + timedelta(days=30)


@dataclass(frozen=True)
class Event:
    user_id: str | None
    event_time: datetime
    event_type: str = "view"
    product_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    source: str | None = None
    quantity: int | None = None
    status: str | None = None
    path: str | None = None


COLUMNS = [field.name for field in fields(Event)]


class Shop:
    """A database with the analytics, in which each question is asked about a tenant of its own."""

    def __init__(self, db: Connection) -> None:
        self.db = db
        self._tenants = itertools.count(1)

    def insert(self, events: Iterable[Event]) -> str:
        """Write the events of a new tenant, and return its name."""
        tenant = str(next(self._tenants))
        with self.db.cursor().copy(
            f"copy events (customer_id, {', '.join(COLUMNS)}) from stdin".encode()
        ) as copy:
            for event in events:
                copy.write_row([tenant, *(getattr(event, name) for name in COLUMNS)])
        return tenant

    def ask(self, function: str, tenant: str, **arguments: object) -> list[dict[str, Any]]:
        """The rows that a function answers for a tenant, from BEGIN to END unless told otherwise."""
        given = {"range_from": BEGIN, "range_to": END} | arguments | {"tenant": tenant}
        named = ", ".join(f"{name} => %({name})s" for name in given)
        query = f"select * from rollup_analytics.{function}({named})"
        return self.db.execute(query.encode(), given).fetchall()


@contextmanager
def open_shop(server: Server) -> Iterator[Shop]:
    name = server.database(ANALYTICS)
    with psycopg.connect(server.dsn(name), autocommit=True, row_factory=dict_row) as db:
        db.execute("set timezone to 'America/New_York'")  # answers must not depend on it
        yield Shop(db)
    server.drop(name)
