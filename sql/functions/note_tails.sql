-- On Citus this writes to every node. Rows of other rollups are other rows, so that runs need not
-- wait for one another.
create or replace function rollup.note_tails(names text[])
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set citus.all_modifications_commutative = on
as $$
declare
    texts text;
begin
    delete from rollup.tails t where t.rollup = any (names);
    select string_agg(format('(%L, %s, %s)', r.name, t.after_id, t.through_id), ', ')
      into texts
      from rollup.rollups r
     cross join lateral rollup.tail_ranges(r.name) t
     where r.name = any (names);
    if texts is not null then
        execute format('insert into rollup.tails (rollup, after_id, through_id) values %s', texts);
    end if;
end
$$;
comment on function rollup.note_tails(text[]) is
    'Internal. Writes rollup.tails for some rollups from their watermarks and backlogs, or removes them for rollups that are gone.';
