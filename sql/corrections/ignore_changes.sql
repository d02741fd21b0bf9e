-- SET LOCAL reaches the shards too, unlike set_config.
create or replace function rollup_internal.ignore_changes(ignores boolean)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    set local citus.propagate_set_commands = 'local';
    execute format('set local rollup.ignores_changes = %L', case when ignores then 'on' else 'off' end);
end
$$;
comment on function rollup_internal.ignore_changes(boolean) is
    'Whether updates and deletes of this transaction are no corrections from now on: events that expire or move.';
