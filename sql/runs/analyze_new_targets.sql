-- Until a table is analyzed the planner assumes that it is small: a live view would then compare every row with
-- every event of the tail. After a first run over a long history autovacuum would be too late. Statistics of sketches
-- and lists are of no use, and expensive. On Citus, shards are left to autovacuum.
create or replace function rollup_internal.analyze_new_targets(run rollup_internal.run_state)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    target regclass;
begin
    for target in
        select r.target
          from unnest(run.rollups, run.rows) x (name, rows)
          join rollup_internal.rollups r using (name)
          join pg_class c on c.oid = r.target
         where x.rows >= 1000 and c.reltuples < 0 and pg_has_role(c.relowner, 'usage')
           and not rollup_internal.is_distributed(r.target)
    loop
        execute format('analyze (skip_locked) %s (%s)', target, (
            select string_agg(quote_ident(a.attname), ', ')
              from pg_attribute a
             where a.attrelid = target and a.attnum in (
                   select unnest(i.indkey) from pg_index i where i.indrelid = target and i.indisunique)));
    end loop;
end
$$;
comment on function rollup_internal.analyze_new_targets(rollup_internal.run_state) is
    'Analyzes tables that a run has filled and that have no statistics yet.';
