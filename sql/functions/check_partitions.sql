create or replace function rollup.check_partitions(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
    stray bigint;
begin
    for s in
        select r.source, max(p.range_to) as covered_to,
               max(p.range_to - p.range_from) as width,
               (array_agg(p.partition) filter (where p.is_default))[1] as default_partition
          from (select distinct x.source from rollup.rollups x
                  join pg_partitioned_table t on t.partrelid = x.source) r
         cross join lateral rollup.partitions(r.source) p
         group by 1 order by 1
    loop
        check_name := 'partitions of ' || s.source;
        todo := null;
        if s.covered_to is null or s.covered_to <= now() then
            status := 'fail';
            finding := coalesce('they end at ' || s.covered_to, 'there are none but the default one');
        elsif s.covered_to < now() + s.width then
            status := 'warn';
            finding := 'the last one is in use; they end at ' || s.covered_to;
        else
            status := 'ok';
            finding := 'made ahead to ' || s.covered_to;
        end if;
        if status <> 'ok' then
            todo := 'select rollup.maintain_partitions()';
        end if;
        return next;

        if s.default_partition is not null then
            check_name := 'default partition of ' || s.source;
            execute format('select count(*) from %s', s.default_partition) into stray;
            status := case when stray = 0 then 'ok' else 'warn' end;
            finding := case when stray = 0 then 'empty'
                          else format('%s events lie in it: back-dated, or ahead of the partitions', stray) end;
            todo := case when stray > 0 then
                'select rollup.maintain_partitions() moves those ahead; rollup.expire removes old ones' end;
            return next;
        end if;
    end loop;
end
$$;
comment on function rollup.check_partitions() is 'Internal. Part of rollup.doctor: partitions running out, events in the default partition.';
