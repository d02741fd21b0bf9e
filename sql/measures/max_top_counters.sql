create or replace function rollup_internal.max_top_counters(measures json)
    returns int
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select pg_catalog.max(coalesce(m.value ->> 'counters', '1000')::int)
      from pg_catalog.json_each(measures) m
     where m.value ->> 'top' is not null and m.value ->> 'weight' is null;
end;
comment on function rollup_internal.max_top_counters(json) is
    'The number of counters that a declaration''s TopN lists keep, those that count; NULL without any.';
