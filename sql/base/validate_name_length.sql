create or replace function rollup_internal.validate_name_length(column_name text)
    returns void
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if octet_length(column_name) > 63 then
        raise exception using
            errcode = 'name_too_long',
            message = format('the name of column %I is too long', column_name),
            hint = 'PostgreSQL limits names to 63 bytes, including the suffix that a kind of measure adds.';
    end if;
end
$$;
comment on function rollup_internal.validate_name_length(text) is
    'Refuses a column name that PostgreSQL would truncate.';
