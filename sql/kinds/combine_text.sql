-- Merging is expensive: hll allocates 128 kB for each group. A group of one row needs no merge.
create or replace function rollup_internal.combine_text(united text)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return format('case count(*) when 1 then (array_agg(%%1$s))[1] else %s end', united);
end
$$;
comment on function rollup_internal.combine_text(text) is
    'The aggregate that combines rows of a batch for kinds whose merge is expensive: it merges only groups of '
    'several rows.';
