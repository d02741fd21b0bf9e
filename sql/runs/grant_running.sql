-- Running needs no ownership: events and sequences are read, rows of rollups and the state of runs are written.
-- Partitions are created and dropped by the owner of the tables only, so expiry stays with the owner.
create or replace function rollup.grant_running(role_name name)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
declare
    statement text;
begin
    for statement in
        select 'select on rollup_internal.set_aside, rollup.set_aside'
        union
        select 'insert, update, delete on rollup_internal.watermarks, rollup_internal.backlogs, rollup_internal.tails, '
               'rollup_internal.horizons, rollup_internal.runs, rollup_internal.set_aside'
        union
        select format('usage on schema %I', n.nspname)
          from rollup_internal.rollups r
         cross join unnest(array[r.source, r.target, r.id_sequence]) relation
          join pg_class c on c.oid = relation
          join pg_namespace n on n.oid = c.relnamespace
        union
        select format('select on %s', r.source)
          from rollup_internal.rollups r join pg_class c on c.oid = r.source
        union
        select format('select on sequence %s', r.id_sequence)
          from rollup_internal.rollups r join pg_class c on c.oid = r.id_sequence
        union
        select format('select, insert, update on %s', r.target)
          from rollup_internal.rollups r join pg_class c on c.oid = r.target
        union
        select format('select, insert, delete on rollup_internal.%I', c.relname)
          from pg_class c
         where c.relnamespace = 'rollup_internal'::regnamespace and c.relkind = 'r' and c.relname ~ '^batch_[0-9]+$'
         order by 1
    loop
        execute format('grant %s to %I', statement, role_name);
    end loop;
end
$$;
comment on function rollup.grant_running(name) is
    'Lets a role run the rollups that are declared now: reads their sources, writes their tables and the state of '
    'runs. Call it again after a new rollup has been declared.';
