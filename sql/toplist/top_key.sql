-- Truncated like a TopN key: to 255 bytes, at a character boundary.
create or replace function rollup_internal.top_key(item text)
    returns text
    language sql
    immutable
    parallel safe
    return case when octet_length(item) <= 255 then item
        else (select left(item, characters)
                from generate_series(255, 0, -1) characters
               where octet_length(left(item, characters)) <= 255
               limit 1) end;
comment on function rollup_internal.top_key(text) is
    'The key of an item in a top list: as many whole characters as fit into 255 bytes.';
