create or replace function rollup.top_value(list jsonb)
    returns numeric
    language sql
    immutable
    parallel safe
    return (select t.value from rollup.top(list, 1) t);
comment on function rollup.top_value(jsonb) is 'The frequency or weight of the first item of a top list.';
