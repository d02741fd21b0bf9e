-- Uniting is dear: hll sets up 128 kB for each group, and a group of one row has nothing to unite.
create or replace function rollup_internal.combine_text(united text)
    returns text
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
    return format('case count(*) when 1 then (array_agg(%%1$s))[1] else %s end', united);
comment on function rollup_internal.combine_text(text) is
    'How rows of a batch combine by what is dear, which is done where there are several.';
