-- PostgreSQL truncates names to 63 bytes, and long names often differ only at the end.
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
    'Default name of the function that counts a rollup; different for different rollups.';
