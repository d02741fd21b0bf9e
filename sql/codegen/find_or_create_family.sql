-- Members must nest: every bucket consists of whole buckets of the finest member, by which new events are grouped.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.find_or_create_family(declared rollup_internal.rollups)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    found_family bigint;
begin
    select m.family into found_family
      from (select r.family, array_agg(r) || declared as members
              from rollup_internal.rollups r
             where (r.source, r.tenant, r.id_column, r.time_column, r.dimensions, r.measures::jsonb, r.filter)
                   is not distinct from
                   (declared.source, declared.tenant, declared.id_column, declared.time_column,
                    declared.dimensions, declared.measures::jsonb, declared.filter)
             group by r.family) m
     where exists (
           select from unnest(m.members) finest
            where (select bool_and(rollup_internal.buckets_nest(finest.bucket, finest.time_zone, b.bucket, b.time_zone))
                     from unnest(m.members) b))
     order by m.family
     limit 1;
    if found_family is null then
        insert into rollup_internal.families default values returning id into found_family;
    end if;
    return found_family;
end
$$;
comment on function rollup_internal.find_or_create_family(rollup_internal.rollups) is
    'The family of a rollup that is being declared: an existing one whose members differ only in their bucket, '
    'or a new one.';
reset citus.enable_ddl_propagation;
