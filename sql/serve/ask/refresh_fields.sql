-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.refresh_fields()
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from rollup_internal.rollups r
                 full join (select distinct f.rollup_id, f.revision from rollup_serve.fields f) k
                   on k.rollup_id = r.id and k.revision = r.revision
                where k.rollup_id is null or r.id is null)
    then
        perform pg_advisory_xact_lock(hashtextextended('rollup_serve.refresh_fields', 0));
        delete from rollup_serve.fields f
         where not exists (select from rollup_internal.rollups r where r.id = f.rollup_id and r.revision = f.revision);
        insert into rollup_serve.fields
        select d.*
          from rollup_internal.rollups r
         cross join lateral rollup_serve.describe_fields(r) d
         where not exists (select from rollup_serve.fields f where f.rollup_id = r.id and f.revision = r.revision);
    end if;
end
$$;
comment on function rollup_serve.refresh_fields() is
    'Describes rollups that have been declared or altered since the last call, so that questions about them are fast.';
reset citus.enable_ddl_propagation;
