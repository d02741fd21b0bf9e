-- PostgreSQL cuts names after 63 bytes. What tells two long ones apart is at the end as often as not.
create or replace function rollup_internal.default_function_name(rollup_name text)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
declare
    beginning text := rollup_name;
begin
    if octet_length(rollup_name) <= 57 then
        return 'count_' || rollup_name;
    end if;
    while octet_length(beginning) > 48 loop
        beginning := left(beginning, -1);
    end loop;
    return format('count_%s_%s', beginning, left(md5(rollup_name), 8));
end
$$;
comment on function rollup_internal.default_function_name(text) is
    'Name of the function that counts a rollup, where the declaration has none; different for different rollups.';
