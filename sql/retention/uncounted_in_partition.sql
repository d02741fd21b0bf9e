create or replace function rollup_internal.uncounted_in_partition(source regclass, partition regclass, condition text)
    returns text[]
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    r rollup_internal.rollups;
    number bigint;
    late text[] := '{}';
begin
    for r in select * from rollup_internal.rollups x where x.source = uncounted_in_partition.source order by x.id loop
        execute format('select count(*) from %s where %s and (%s) and (%s)',
                       partition, rollup_internal.uncounted_condition(r.name), condition, coalesce(r.filter, 'true'))
           into number;
        if number > 0 then
            late := late || format('rollup %I has not counted %s event%s of %s', r.name, number,
                                   case when number = 1 then '' else 's' end, partition);
        end if;
    end loop;
    return late;
end
$$;
comment on function rollup_internal.uncounted_in_partition(regclass, regclass, text) is
    'One sentence a rollup that has not counted all events of a partition that meet a condition.';
