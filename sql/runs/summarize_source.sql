create or replace function rollup_internal.summarize_source(source regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if rollup_internal.is_distributed(source) then
        perform rollup_internal.on_each_node(format('select rollup_internal.summarize_brin(%L)', source));
    else
        perform rollup_internal.summarize_brin(source);
    end if;
end
$$;
comment on function rollup_internal.summarize_source(regclass) is
    'Summarizes the new blocks in the BRIN indexes of a source, on all nodes.';
