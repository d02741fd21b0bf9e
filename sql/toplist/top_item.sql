create or replace function rollup.top_item(list jsonb)
    returns text
    language sql
    immutable
    parallel safe
    return (select t.item from rollup.top(list, 1) t);
comment on function rollup.top_item(jsonb) is 'The first item of a top list; NULL when it is empty.';
