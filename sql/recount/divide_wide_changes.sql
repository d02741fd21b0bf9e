-- Divided under the run lock: a run that was under way might have added rows that its events no longer justify.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.divide_wide_changes(r rollup_internal.rollups, noted_before timestamptz)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    day_in_buckets constant interval := case when r.time_zone is not null then greatest(interval '1 day', r.bucket)
        else r.bucket * ceil(greatest(86400 / extract(epoch from r.bucket), 1))::int end;
begin
    with wide as (
        delete from rollup_internal.changed_buckets b
         where b.rollup = r.name and b.noted_at < noted_before
           and case when isfinite(b.range_from) and isfinite(b.range_to)
                    then b.range_to - b.range_from > 2 * day_in_buckets else b.range_from is null or b.range_to is null end
        returning b.*
    ), distinct_wide as (
        select w.tenant, w.range_from, w.range_to, min(w.noted_at) as noted_at from wide w group by 1, 2, 3
    )
    insert into rollup_internal.changed_buckets (rollup, tenant, range_from, range_to, noted_at)
    select r.name, w.tenant, coalesce(s.step_from, '-infinity'), coalesce(s.step_to, 'infinity'), w.noted_at
      from distinct_wide w
     cross join lateral rollup_internal.rebuild_steps(r.name, w.range_from, w.range_to, day_in_buckets) s;
end
$$;
comment on function rollup_internal.divide_wide_changes(rollup_internal.rollups, timestamptz) is
    'Divides changes of long or unbounded ranges into steps of about a day, only where there are events or rows.';
reset citus.enable_ddl_propagation;
