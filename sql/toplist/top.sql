-- Reads no setting and is not strict, so that the planner can inline it.
create or replace function rollup.top(list jsonb, n bigint default 10)
    returns table (item text, value numeric)
    language sql
    immutable
    parallel safe
begin atomic
    select p.key, p.value::numeric
      from pg_catalog.jsonb_each_text(list) p
     order by p.value::numeric desc, p.key collate "C"
     limit n;
end;
comment on function rollup.top(jsonb, bigint) is
    'The first n items of a top list, with or without weights, and the frequency or weight of each, in '
    'descending order.';
