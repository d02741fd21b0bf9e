"""A run reads only the partitions that its events can be in, and still counts every event."""

from __future__ import annotations

from tests.helpers import Connection, Lab, assert_exact, run, run_family, value

KNOWN = """
select rollup_internal.first_event_time(r, array(
           select row('{}'::text[], (i ->> 'node_group')::int, (i ->> 'after_id')::bigint,
                      (i ->> 'through_id')::bigint, null)::rollup_internal.id_range
             from jsonb_array_elements(u.id_ranges) i)) is not null
  from rollup_internal.rollups r
  join rollup_internal.runs u on u.rollup = r.name
 where r.name = 'visits' order by u.id desc limit 1
"""
READ = """
select array_agg(i.inhrelid::regclass::text) from pg_inherits i
 where i.inhparent = 'lab.e'::regclass
   and exists (select from pg_locks l where l.relation = i.inhrelid and l.pid = pg_backend_pid())
"""


def test_run_reads_recent_partitions_and_counts_all_events(lab: Lab) -> None:
    lab.source()
    with lab.connect() as db:
        for day in range(-20, 2):
            bounds = f"date_trunc('day', now(), 'UTC') + {day} * interval '1 day'"
            since = value(db, f"select ({bounds})::text")
            until = value(db, f"select ({bounds} + interval '1 day')::text")
            db.execute(
                f"create table lab.e_day_{day + 20} partition of lab.e"
                f" for values from ('{since}') to ('{until}')".encode()
            )
        lab.declare()
        lab.declare("hours", bucket="1 hour")

        assert is_known(db, "now()")
        # A transaction that was rolled back leaves ids without events, as do those of another day.
        with db.transaction(force_rollback=True):
            write(db, "now()")
        assert not is_known(db, "now()")
        assert is_known(db, "now() - interval '2 hours'")
        assert is_known(db, "now()", "now() - interval '12 days'")
        assert not is_known(db, "now()", "timestamptz '2024-06-01 12:00Z'")
        assert not is_known(db, "now()", "timestamptz '2021-01-01 00:00Z'")
        assert is_known(db, "now()")

        if not lab.server.is_citus:
            write(db, "now()")
            with db.transaction():
                assert run(db).events == 3
                read = value(db, READ)
            assert "lab.e_default" in read
            assert not {"lab.e_1", "lab.e_day_10"} & set(read)


def write(db: Connection, *times: str) -> None:
    for time in times:
        db.execute(
            "insert into lab.e (event_time, customer_id, country, device_id, amount)"
            f" select {time}, n, 'de', n, 1 from generate_series(1, 3) n".encode()
        )


def is_known(db: Connection, *times: str) -> bool:
    """Write three events at each time and count them, exactly. Whether a time before all of them was
    known."""
    write(db, *times)
    assert {o.events for o in run_family(db, "visits").values()} == {3 * len(times)}
    assert_exact(db)
    return bool(value(db, KNOWN))
