-- Must stay cheap with any number of uncounted events, partitions and rollups. Sequences and watermarks give the
-- number of uncounted ids without reading events: if it is 0, nothing else is read. A short tail is counted exactly.
-- Of a long one only the first ids are read, because the oldest events are among them.
--
-- Whatever cannot be read, because of a privilege, a lock or a Citus node that is down, is left out, and the note
-- names it.
create or replace function rollup_internal.rollup_lags(
    reports jsonb, out rollup text, out lag_events bigint, out oldest timestamptz, out note text,
    out issued bigint)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '100ms'
as $$
declare
    r rollup_internal.rollups;
    found_ids record;
    behind jsonb;
    since timestamptz;
    lags jsonb;
begin
    for r in select distinct on (x.source) x.* from rollup_internal.rollups x order by x.source, x.id loop
        select * into found_ids from rollup_internal.issued_ids(r, reports) x;
        select jsonb_object_agg(t.rollup, t.id_ranges) into behind
          from rollup_internal.uncounted_ids(r.source, found_ids.issued) t;
        -- An event that is older than the last complete window has been waiting since then, wherever it is stored.
        select greatest(rollup_internal.recent_since(r.source), min(coalesce(w.as_of, x.created_at))) into since
          from rollup_internal.rollups x
          left join rollup_internal.watermarks w on w.rollup = x.name
         where behind ? x.name and rollup_internal.recent_since(r.source) is not null;
        lags := rollup_internal.tail_lags(behind, since, case when found_ids.node_is_down then 'a node did not answer' end);
        return query
        select x.name, case when found_ids.issued is not null then coalesce((l.lag ->> 'events')::bigint, 0) end,
               (l.lag ->> 'oldest')::timestamptz, nullif(concat_ws('; ', found_ids.problem, l.lag ->> 'note'), ''),
               (select sum(i.value::bigint - (i.key::bigint << 48)) from jsonb_each_text(found_ids.issued) i)::bigint
          from rollup_internal.rollups x
         cross join lateral (select lags -> x.name) l (lag)
         where x.source = r.source;
    end loop;
end
$$;
comment on function rollup_internal.rollup_lags(jsonb) is
    'For each rollup, from rollup_internal.node_reports: events above its watermark that are not counted, exactly for '
    '20,000 ids or less, as a number of ids for more; the time of the oldest, if it was found; and what could not be '
    'read; and how many ids its source has issued. NULLs if its source does not exist.';
