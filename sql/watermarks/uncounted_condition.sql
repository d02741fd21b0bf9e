-- Written as id ranges, which can use an index on the id.
create or replace function rollup_internal.uncounted_condition(
    rollup_name text, below_watermark boolean default true, of_set_aside boolean default true)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    id_column name;
    set_aside constant text := (select format(' or %%I = any (%L::bigint[])', array_agg(s.event_id order by s.event_id))
                                  from rollup_internal.set_aside s
                                 where s.rollup = rollup_name and below_watermark and of_set_aside
                                having count(*) > 0);
begin
    select r.id_column into strict id_column from rollup_internal.rollups r where r.name = rollup_name;
    return (select format('(%s%s)', string_agg(
                       format('%1$I > %2$s and %1$I <= %3$s', id_column, t.after_id, t.through_id), ' or '),
                       format(set_aside, id_column))
              from rollup_internal.tail_ranges(rollup_name) t
             where below_watermark or not t.is_backlog);
end
$$;
comment on function rollup_internal.uncounted_condition(text, boolean, boolean) is
    'The condition on a source''s id column for events that a rollup has not counted: those of its tail and '
    'those that it has set aside, unless the latter are left out, or only those above its watermark.';
