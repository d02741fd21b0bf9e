"""Events that the database rejected, tried again."""

from __future__ import annotations

from rollupctl.connect import Session, query, transaction
from rollupctl.serve.events import stored
from rollupctl.serve.storing import Aside, Sites, insert
from rollupctl.serve.writer import Event, Writer

_BATCH = 1000
# Rows that another retry works on are its own.
_NEXT = """
select spool::pg_catalog.text, position, event::pg_catalog.text
  from rollup_serve.set_aside
 where (spool::pg_catalog.text, position) > (%s, %s)
 order by spool::pg_catalog.text, position
 limit %s
   for update skip locked
"""
_BEGIN = """
select load_id, part, after_id,
       (select keys::text from rollup.event_keys where source = 'public.events'::regclass) as keys
  from rollup.begin_part('public.events', 'rollupctl set-aside', channel => 'set aside')
"""
_RECORD = "select rollup.record_part(%s, %s, %s, %s, duplicate_count => %s)"
_DROP = """
delete from rollup_serve.set_aside s
 using rows from (pg_catalog.unnest(%s::pg_catalog.text[]),
                  pg_catalog.unnest(%s::pg_catalog.int8[])) d (spool, position)
 where s.spool::pg_catalog.text = d.spool and s.position = d.position
"""
_TELL = """
update rollup_serve.set_aside set sqlstate = %s, reason = %s
 where spool::pg_catalog.text = %s and position = %s
"""


def retry(session: Session) -> tuple[int, int]:
    """Store what can be stored now; how many events were stored, and how many are set aside still.

    An event leaves the table in the transaction that stores it, so it is stored once.
    """
    written = left = 0
    after: tuple[str, int] = ("", 0)
    sites = Sites()
    while True:
        with transaction(session):
            found = query(session, _NEXT, *after, _BATCH).rows
            if not found:
                return written, left
            after = (found[-1][0], found[-1][1])
            events: list[Event] = [(n, stored(row[2].encode())) for n, row in enumerate(found)]
            good, aside = sites.divide(session, events)
            written += _store(session, sites, good, aside)
            kept = {number for (number, _), _, _ in aside}
            gone = [row for n, row in enumerate(found) if n not in kept]
            query(session, _DROP, [row[0] for row in gone], [row[1] for row in gone])
            for (number, _), sqlstate, why in aside:
                query(session, _TELL, sqlstate, why, *found[number][:2])
            left += len(aside)


def _store(session: Session, sites: Sites, events: list[Event], aside: list[Aside]) -> int:
    begun = query(session, _BEGIN).records()[0]
    rejected = len(aside)
    writer = Writer(session, sites.known, begun["load_id"], begun["keys"])
    written = insert(writer, events, aside)
    again = len(events) - (len(aside) - rejected) - written
    if written or again:
        ids = (begun["load_id"], begun["part"], written, begun["after_id"])
        query(session, _RECORD, *ids, again)
    return written
