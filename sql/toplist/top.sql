-- Without a setting and not strict, so that the planner can put it into the query that calls it.
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
    'The first n items of a top list, with or without weights, and what each has, in descending order.';
