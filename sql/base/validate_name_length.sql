create or replace function rollup_internal.validate_name_length(column_name text)
    returns void
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if column_name = '' then
        raise exception using
            errcode = 'invalid_name',
            message = 'a column or a measure has an empty name';
    end if;
    if octet_length(column_name) > 63 then
        raise exception using
            errcode = 'name_too_long',
            message = format('the name %I is too long', column_name),
            hint = 'PostgreSQL limits names to 63 bytes, including the suffix that a view or a kind of measure adds.';
    end if;
end
$$;
comment on function rollup_internal.validate_name_length(text) is
    'Refuses a name that is empty or that PostgreSQL would truncate.';
