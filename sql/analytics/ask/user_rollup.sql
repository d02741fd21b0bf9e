-- A rollup answers exactly as the events do, if it leaves out no event of a user, all columns of the conditions are its
-- dimensions, it has the measures, and all boundaries lie between its buckets. Its live view adds what is not counted
-- yet. Events that were dropped are still in it, so the answer does not change when they expire; rows of the rollup
-- that have expired would be missing from it.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_analytics_internal.user_rollup(
    source regclass, users text, conditions text[], needed jsonb, boundaries timestamptz[], since timestamptz,
    dimension_needed text default null)
    returns rollup_internal.rollups
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
begin
    for r in
        select x.*
          from rollup_internal.rollups x
         where x.source = user_rollup.source
           and x.tenant is not null
           and users = any (select quote_ident(d) from unnest(x.dimensions) d)
           and (dimension_needed is null or dimension_needed = any (select quote_ident(d) from unnest(x.dimensions) d))
           and coalesce(x.expired_before, '-infinity') <= since
           and btrim(coalesce(x.filter, 'true')) in ('true', format('%s is not null', users))
           and not exists (
                select from jsonb_each(needed) n
                 where rollup_analytics_internal.measure_column(x.measures::jsonb, n.value) is null)
           and not exists (
                select from rollup_internal.measures_complete_since(x.name) m where m.valid_since > since)
         order by x.bucket desc, x.id
    loop
        if not exists (select from unnest(boundaries) b where rollup.bucket_start(r.bucket, r.time_zone, b) <> b)
           and not exists (select from unnest(conditions) c
                            where not rollup_analytics_internal.uses_only_dimensions(r.target, r.dimensions, c)) then
            return r;
        end if;
    end loop;
    return null;
end
$$;
comment on function rollup_analytics_internal.user_rollup(regclass, text, text[], jsonb, timestamptz[], timestamptz, text) is
    'The rollup with the longest buckets that answers a question about users exactly; NULL if only the events do.';
reset citus.enable_ddl_propagation;
