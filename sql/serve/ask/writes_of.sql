-- On Citus writes to shards are not known here, so the text changes every minute.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.writes_of(relation regclass)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, MDY'
    set timezone = 'UTC'
as $$
begin
    return case when rollup_internal.is_distributed(relation) then date_trunc('minute', now())::text
                else (select sum(pg_stat_get_tuples_inserted(t.relid) + pg_stat_get_tuples_updated(t.relid)
                                 + pg_stat_get_tuples_deleted(t.relid))::text
                        from pg_partition_tree(relation) t) end;
end
$$;
comment on function rollup_serve.writes_of(regclass) is
    'A text that differs, seconds later at most, when rows of a table have been written.';
reset citus.enable_ddl_propagation;
