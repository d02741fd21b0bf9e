-- The extension stores a key in 256 bytes including a terminator. It truncates an item at a character boundary,
-- but rejects a stored object with a longer key, which it cannot have written.
create or replace function rollup_compat.topn_cut(item text)
    returns text
    language sql
    immutable
    strict
    parallel safe
    return (
        select left(item, characters)
          from generate_series(255, 0, -1) characters
         where octet_length(left(item, characters)) <= 255
         limit 1
    );
comment on function rollup_compat.topn_cut(text) is
    'TopN stand-in, internal. As many whole characters as fit into 255 bytes.';

create or replace function rollup_compat.topn_long_key(key text)
    returns text
    language plpgsql
    immutable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    if octet_length(key) > 256 then
        raise exception using
            errcode = 'data_exception',
            message = 'a key of this jsonb object is longer than the 256 bytes of a TopN key',
            detail = format('It has %s bytes and begins with "%s".', octet_length(key), left(key, 40));
    end if;
    return rollup_compat.topn_cut(key);
end
$$;
comment on function rollup_compat.topn_long_key(text) is
    'TopN stand-in, internal. A stored key of more than 255 bytes: cut when it has 256, else an error.';

-- These two are not strict, so that the planner can inline them.
create or replace function rollup_compat.topn_item_key(item text)
    returns text
    language sql
    immutable
    parallel safe
    return case when octet_length(item) <= 255 then item else rollup_compat.topn_cut(item) end;
comment on function rollup_compat.topn_item_key(text) is
    'TopN stand-in, internal. The key an item is counted under.';

create or replace function rollup_compat.topn_stored_key(key text)
    returns text
    language sql
    immutable
    parallel safe
    return case when octet_length(key) <= 255 then key else rollup_compat.topn_long_key(key) end;
comment on function rollup_compat.topn_stored_key(text) is
    'TopN stand-in, internal. A key of a stored object, once it has been checked.';
