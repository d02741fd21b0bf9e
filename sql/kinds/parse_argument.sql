-- Fails if the argument is not a scalar expression over the columns of the source.
create or replace function rollup_internal.parse_argument(m rollup_internal.measure)
    returns rollup_internal.measure
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    m.argument := rollup_internal.quote_if_column(m.source, m.argument);
    m.argument_type := rollup_internal.expression_type(m.source, m.argument);
    return m;
end
$$;
comment on function rollup_internal.parse_argument(rollup_internal.measure) is
    'The measure with its argument as SQL, and the type of the argument.';
