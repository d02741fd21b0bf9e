create or replace function rollup_internal.counted_before_condition(source regclass, cutoff timestamptz)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
begin
    return rollup_internal.all_of(
        rollup_internal.bounds_conditions(quote_ident(rollup_internal.partition_column(source)), tstzrange(null, cutoff))
            || array(select rollup_internal.counted_condition(r, in_statement => false)
                       from rollup_internal.rollups r where r.source = counted_before_condition.source));
end
$$;
comment on function rollup_internal.counted_before_condition(regclass, timestamptz) is
    'A condition for events of a source that are older than a time and counted by every rollup.';
