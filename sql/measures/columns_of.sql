-- What is generated for a rollup needs its columns in many places. They are worked out once and handed on, because
-- expressions are parsed and the functions of kinds called for them.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.columns_of(r rollup_internal.rollups)
    returns rollup_internal.target_column[]
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return array(select c::rollup_internal.target_column from rollup_internal.target_columns(r) c);
end
$$;
comment on function rollup_internal.columns_of(rollup_internal.rollups) is
    'The columns of a rollup''s table, in their order, as one value.';
reset citus.enable_ddl_propagation;
