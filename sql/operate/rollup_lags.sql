-- Must stay cheap with any number of uncounted events, partitions and rollups. Sequences and watermarks give the
-- number of uncounted ids without reading events: if it is 0, nothing else is read. A short tail is counted exactly.
-- Of a long one only the first ids are read, because the oldest events are among them.
--
-- Whatever cannot be read, because of a privilege or a Citus node that is down, is left out, and the note names it.
create or replace function rollup_internal.rollup_lags(
    out rollup text, out lag_events bigint, out oldest timestamptz, out note text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup_internal.rollups;
    issued jsonb;
    problem text;
    behind jsonb;
    lags jsonb;
begin
    for r in select distinct on (x.source) x.* from rollup_internal.rollups x order by x.source, x.id loop
        select x.issued, x.problem into issued, problem from rollup_internal.issued_ids(r) x;
        select jsonb_object_agg(t.rollup, t.id_ranges) into behind
          from rollup_internal.uncounted_ids(r.source, issued) t;
        lags := rollup_internal.tail_lags(behind);
        return query
        select x.name, case when issued is not null then coalesce((l.lag ->> 'events')::bigint, 0) end,
               (l.lag ->> 'oldest')::timestamptz, nullif(concat_ws('; ', problem, l.lag ->> 'note'), '')
          from rollup_internal.rollups x
         cross join lateral (select lags -> x.name) l (lag)
         where x.source = r.source;
    end loop;
end
$$;
comment on function rollup_internal.rollup_lags() is
    'For each rollup: events above its watermark that are not counted, exactly for 20,000 ids or less, as a number '
    'of ids for more; the time of the oldest; and what could not be read. NULLs if its source does not exist.';
