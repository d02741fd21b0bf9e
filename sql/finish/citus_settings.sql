-- SET clauses for parameters of Citus, if it is installed: see rollup_internal.may_set. If Citus is added to a
-- database later, the next installation adds them.
do $$
declare
    clause record;
begin
    for clause in
        select p.oid::regprocedure as routine, f.setting, f.value
          from (values ('rollup_internal.refresh_tails', 'citus.all_modifications_commutative', 'on'),
                       ('rollup.schedule', 'citus.enable_ddl_propagation', 'off'),
                       ('rollup.uninstall', 'citus.multi_shard_modify_mode', 'sequential'),
                       ('rollup.create_rollup', 'citus.multi_shard_modify_mode', 'sequential'),
                       ('rollup.alter_rollup', 'citus.multi_shard_modify_mode', 'sequential'),
                       ('rollup.alter_rollup', 'citus.max_adaptive_executor_pool_size', '1'),
                       ('rollup_internal.validate_repeatable', 'citus.enable_ddl_propagation', 'off'),
                       ('rollup.alter_source', 'citus.multi_shard_modify_mode', 'sequential'),
                       ('rollup.alter_source', 'citus.max_adaptive_executor_pool_size', '1'),
                       ('rollup.alter_source', 'citus.propagate_set_commands', 'local'),
                       ('rollup_internal.alter_target', 'citus.propagate_set_commands', 'local'),
                       ('rollup_internal.drop_generated_function', 'citus.enable_ddl_propagation', 'off'),
                       ('rollup_internal.pushdown_problem', 'citus.enable_local_execution', 'on'),
                       ('rollup_internal.comment_on_measures', 'citus.enable_ddl_propagation', 'off'),
                       ('rollup_internal.create_generated_function', 'citus.enable_ddl_propagation', 'off'),
                       ('rollup_internal.sync_batch_table', 'citus.multi_shard_modify_mode', 'sequential'),
                       ('rollup_internal.propagate_settings', 'citus.propagate_set_commands', 'local')) f (name, setting, value)
          -- A function whose signature has changed has a predecessor of the same name until drop_old.
          join pg_catalog.pg_proc p on p.proname = split_part(f.name, '.', 2)
           and p.pronamespace = split_part(f.name, '.', 1)::regnamespace
           and p.xmin = pg_catalog.pg_current_xact_id()::xid
         where rollup_internal.may_set(f.setting)
    loop
        execute pg_catalog.format('alter function %s set %s to %L', clause.routine, clause.setting, clause.value);
    end loop;
end
$$;
