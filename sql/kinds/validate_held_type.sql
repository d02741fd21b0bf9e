create or replace function rollup_internal.validate_held_type(m rollup_internal.measure, held_type text)
    returns void
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if held_type like '%[]' then
        raise exception using
            errcode = 'feature_not_supported',
            message = format('measure %I: %s of %s cannot be held', m.name, m.kind, m.argument_type),
            hint = format('Take it as jsonb: {"%s": "to_jsonb(…)"}, or as text.', m.kind);
    end if;
end
$$;
comment on function rollup_internal.validate_held_type(rollup_internal.measure, text) is
    'Refuses a measure that would store an array.';
