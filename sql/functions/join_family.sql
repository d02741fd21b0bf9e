-- Members must nest: every bucket a multiple of the finest, which new events are grouped by.
create or replace function rollup.join_family(
    source regclass, tenant name, id_column name, time_column name, dimensions text[],
    measures json, filter text, bucket interval)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    wanted constant numeric := extract(epoch from bucket);
    found_family bigint;
begin
    select m.family into found_family
      from (select r.family, array_agg(extract(epoch from r.bucket)) as buckets
              from rollup.rollups r
             where (r.source, r.tenant, r.id_column, r.time_column, r.dimensions, r.measures::jsonb, r.filter)
                   is not distinct from
                   (source, tenant, id_column, time_column, dimensions, measures::jsonb, filter)
             group by r.family) m
     where (select bool_and(mod(b, finest) = 0)
              from unnest(m.buckets || wanted) b,
                   (select min(f) as finest from unnest(m.buckets || wanted) f) x)
     order by m.family
     limit 1;
    if found_family is null then
        insert into rollup.families default values returning id into found_family;
    end if;
    return found_family;
end
$$;
comment on function rollup.join_family(regclass, name, name, name, text[], json, text, interval) is
    'Internal. The family of a rollup being declared: one whose members differ only in their bucket, or a new one.';
