-- The caller has the run lock for itself, or has called lock_tails.
--
-- On Citus this writes to every node. Each rollup has its own rows, so runs of different rollups do not wait for
-- each other.
create or replace function rollup_internal.refresh_tails(names text[])
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    texts text;
begin
    delete from rollup_internal.tails t where t.rollup = any (names);
    select string_agg(format('(%L, %s, %s)', r.name, t.after_id, t.through_id), ', ')
      into texts
      from rollup_internal.rollups r
     cross join lateral rollup_internal.tail_ranges(r.name) t
     where r.name = any (names);
    if texts is not null then
        execute format('insert into rollup_internal.tails (rollup, after_id, through_id) values %s', texts);
    end if;
end
$$;
comment on function rollup_internal.refresh_tails(text[]) is
    'Writes rollup_internal.tails for some rollups from their watermarks and backlogs, or removes them for rollups '
    'that no longer exist.';
