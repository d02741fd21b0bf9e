create or replace function rollup.top_text(list jsonb, n bigint default 5)
    returns text
    language sql
    immutable
    parallel safe
    return (select string_agg(format('%s (%s)', t.item, t.value), ', ' order by t.value desc, t.item collate "C")
              from rollup.top(list, n) t);
comment on function rollup.top_text(jsonb, bigint) is 'The first n items of a top list as readable text.';
