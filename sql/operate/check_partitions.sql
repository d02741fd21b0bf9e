create or replace function rollup_internal.check_partitions(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
as $$
declare
    s record;
    misplaced bigint;
    is_managed boolean;
    counted constant bigint := 10000;
begin
    for s in
        select i.inhparent::regclass as parent, i.inhrelid::regclass as partition
          from pg_inherits i
         where i.inhdetachpending
           and i.inhparent in (select x.source from rollup_internal.rollups x union select x.target from rollup_internal.rollups x)
         order by 1, 2
    loop
        check_name := format('partitions of %s', s.parent);
        status := 'warn';
        finding := format('%s is being detached, and its events are not read', s.partition);
        todo := format('alter table %s detach partition %s finalize', s.parent, s.partition);
        return next;
    end loop;
    for s in
        select r.relation, r.is_source, max(p.range_to) as covered_to,
               max(p.range_to - p.range_from) filter (where isfinite(p.range_from) and isfinite(p.range_to)) as width,
               (array_agg(p.range_to - p.range_from order by p.range_from desc)
                   filter (where isfinite(p.range_from) and isfinite(p.range_to)))[1] as last_width,
               (array_agg(p.partition) filter (where p.is_default))[1] as default_partition
          from (select x.source as relation, true as is_source from rollup_internal.rollups x
                union select x.source, true from rollup_internal.sources x where x.partition_interval is not null
                union select x.target, false from rollup_internal.rollups x) r
          join pg_partitioned_table t on t.partrelid = r.relation
         cross join lateral rollup.partitions(r.relation) p
         where rollup_internal.partition_column(r.relation) is not null
         group by 1, 2 order by 2 desc, 1
    loop
        check_name := 'partitions of ' || s.relation;
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
            begin
                is_managed := rollup_internal.declared_width(s.relation) is not null
                              or rollup_internal.is_partman_managed(s.relation);
            exception when insufficient_privilege then
                is_managed := true;
            end;
            todo := case
                when is_managed
                    then 'select rollup.maintain_partitions()'
                when s.is_source then format('select rollup.set_partition_interval(%L, %L), or create them as before', s.relation::text,
                                             coalesce(rollup_internal.calendar_width(s.last_width)::text,
                                                      rollup_internal.setting('rollup.partition_interval')))
                else format('create partitions of %s, as before', s.relation) end;
        end if;
        return next;

        if s.default_partition is not null then
            check_name := 'default partition of ' || s.relation;
            -- Back-dated rows belong there; for events they are reported, because they may be unintended.
            execute format('select count(*) from (select 1 from %s%s limit $1) x', s.default_partition, case when not s.is_source
                then format(' where %I >= %L', rollup_internal.partition_column(s.relation), s.covered_to) end)
               into misplaced using counted + 1;
            status := case when misplaced = 0 then 'ok' else 'warn' end;
            finding := case when misplaced = 0 then case when s.is_source then 'empty' else 'nothing ahead of the partitions' end
                          else format('%s %s', case when misplaced > counted then 'more than ' || counted else misplaced::text end, case when s.is_source
                              then 'events lie in it: back-dated, or ahead of the partitions' else 'rows in it are ahead of the partitions' end) end;
            todo := case when misplaced > 0 then
                format('select rollup.maintain_partitions() moves those ahead%s; rollup.expire removes old ones', case when s.is_source
                    then format(', call rollup.create_history_partitions(%L) those of the past', s.relation) end) end;
            if s.is_source and rollup_internal.unidentified_default_partition(s.relation) is not null then
                status := 'fail';
                finding := 'a publication contains its deletes, and it has no replica identity: events in it cannot expire';
                todo := format('alter table %s replica identity full', s.default_partition);
            end if;
            return next;
        end if;
    end loop;
end
$$;
comment on function rollup_internal.check_partitions() is 'Part of rollup.doctor: partitions running out, events in the default partition.';
