-- As ranges of ids, so that an index on the id serves it.
create or replace function rollup_internal.uncounted_condition(rollup_name text, with_backlog boolean default true)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    id_column name;
begin
    select r.id_column into strict id_column from rollup_internal.rollups r where r.name = rollup_name;
    return (select format('(%s)', string_agg(
                       format('%1$I > %2$s and %1$I <= %3$s', id_column, t.after_id, t.through_id), ' or '))
              from rollup_internal.tail_ranges(rollup_name) t
             where with_backlog or not t.is_backlog);
end
$$;
comment on function rollup_internal.uncounted_condition(text, boolean) is
    'The condition on a source''s id column that is true of events a rollup has not counted; '
    'without the backlog, of those above its watermark.';
