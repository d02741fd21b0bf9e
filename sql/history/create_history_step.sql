-- A partition has a lock for each of its tables and indexes until the end of the transaction, on Citus for each shard, so
-- each transaction creates a few. Ranges that have got partitions since they were determined are left out.
create or replace function rollup_internal.create_history_step(
    source regclass, ranges tstzrange[], at_most int default 25, out created int, out moved bigint, out remaining tstzrange[])
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    now_created tstzrange[];
    covered_from timestamptz;
    covered tstzmultirange;
begin
    perform pg_advisory_xact_lock(hashtextextended('rollup.history', source::oid::bigint));
    select coalesce(range_agg(tstzrange(p.range_from, p.range_to)), '{}') into covered
      from rollup.partitions(source) p where not p.is_default;
    remaining := array(select r from unnest(ranges) r where not r && covered order by r desc);
    now_created := remaining[:at_most];
    remaining := remaining[at_most + 1:];
    created := cardinality(now_created);
    moved := 0;
    if created = 0 then
        return;
    end if;
    perform rollup_internal.record_source_history(source);
    select s.covered_from into covered_from from rollup_internal.sources s where s.source = create_history_step.source;
    moved := rollup_internal.create_partitions(source, past => now_created);
    -- Between the new partitions nothing is missing: there have never been any.
    covered := covered + (select range_agg(r) from unnest(now_created) r);
    update rollup_internal.sources s
       set never_covered = s.never_covered - covered
                           + (tstzmultirange(tstzrange(null, coalesce(covered_from, 'infinity')))
                              * tstzmultirange(range_merge(covered)) - covered)
     where s.source = create_history_step.source;
    perform rollup_internal.record_source_history(source);
end
$$;
comment on function rollup_internal.create_history_step(regclass, tstzrange[], int) is
    'Creates partitions for the latest of these ranges; returns how many, how many events have moved into them, and the '
    'ranges that remain.';
