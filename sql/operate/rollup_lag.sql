create or replace function rollup_internal.rollup_lag(rollup_name text, out lag_events bigint, out oldest timestamptz)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    r rollup_internal.rollups;
begin
    select * into strict r from rollup_internal.rollups where name = rollup_name;
    if not exists (select from pg_class where oid = r.source) then
        return;
    end if;
    execute format('select count(*), min(%1$I) filter (where isfinite(%1$I)) from %2$s where %3$s', r.time_column, r.source, rollup_internal.all_of(
                       array[rollup_internal.uncounted_condition(rollup_name, below_watermark => false),
                             '(' || r.filter || ')']))
       into lag_events, oldest;
exception when undefined_column then
    return;  -- doctor and the next run name the column
end
$$;
comment on function rollup_internal.rollup_lag(text) is
    'Number of committed events above a rollup''s watermark, and the time of the oldest; NULLs if its source '
    'or a column of it no longer exists.';
