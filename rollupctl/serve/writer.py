"""Writes events of the spool into the table, without those that come again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from rollupctl.connect import Session, query
from rollupctl.serve.copylines import COPY, INSERT, line, values

Event = tuple[int, dict[str, Any]]

# In their order, so that services that meet each other's keys do not wait in a circle.
_CLAIM = """
insert into {} (tenant, event_key, load_id)
select tenant, event_key, %s
  from rows from (pg_catalog.unnest(%s::pg_catalog.int8[]),
                  pg_catalog.unnest(%s::pg_catalog.text[])) k (tenant, event_key)
 order by tenant, event_key collate pg_catalog."C"
    on conflict do nothing
returning tenant, event_key
"""


@dataclass(frozen=True)
class Writer:
    """Writes events in one transaction. With a table of `keys`, those that come again are left out;
    without one, event_key is a property as any other.
    """

    session: Session
    sites: dict[str, int]
    load_id: int
    keys: str | None

    def write(self, events: Sequence[Event], *, copies: bool = True) -> int:
        """The number of events that were written, by COPY or one after the other."""
        found = [(self.sites[event["site_id"]], event) for _, event in events]
        new = self._new(found) if self.keys else [(site, _with_key(event)) for site, event in found]
        if not copies:
            for site, event in new:
                self.session.execute(INSERT, values(event, site))
            return len(new)
        with self.session.cursor() as cursor, cursor.copy(COPY) as copy:
            copy.write("".join(line(event, site) for site, event in new))
        return len(new)

    def _new(self, events: list[tuple[int, dict[str, Any]]]) -> list[tuple[int, dict[str, Any]]]:
        wanted = {(site, e["event_key"]) for site, e in events if "event_key" in e}
        claimed: set[tuple[int, str]] = set()
        if wanted:
            tenants, keys = zip(*wanted, strict=True)
            table = sql.SQL((self.keys or "").replace("%", "%%"))
            claim = sql.SQL(_CLAIM).format(table).as_string(self.session)
            found = query(self.session, claim, self.load_id, list(tenants), list(keys)).rows
            claimed = {(int(site), str(key)) for site, key in found}
        new = []
        for site, event in events:
            identity = (site, event.get("event_key"))
            if identity[1] is not None:
                if identity not in claimed:
                    continue
                claimed.remove(identity)
            new.append((site, event))
        return new


def _with_key(event: dict[str, Any]) -> dict[str, Any]:
    if (key := event.get("event_key")) is None:
        return event
    return {**event, "properties": {**event.get("properties", {}), "event_key": key}}
