create or replace function rollup_internal.target_key(target regclass, keys text[])
    returns text[]
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select k.columns
          from pg_index i
         cross join lateral (
               select array_agg(a.attname::text order by x.position) as columns
                 from unnest(i.indkey) with ordinality x (attnum, position)
                 join pg_attribute a on a.attrelid = i.indrelid and a.attnum = x.attnum) k
         where i.indrelid = target and i.indisunique and i.indisvalid and i.indnullsnotdistinct
           and i.indpred is null and i.indexprs is null
           and k.columns <@ keys and k.columns @> keys
           and cardinality(k.columns) = cardinality(keys)
         order by k.columns <> keys
         limit 1);
end
$$;
comment on function rollup_internal.target_key(regclass, text[]) is
    'The columns, in order, of a unique key of a rollup''s table that consists of these columns and treats NULLs '
    'as equal; NULL without such a key.';
