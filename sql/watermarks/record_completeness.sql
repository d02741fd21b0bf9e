-- A range that ends at or after the start of a measure's completeness moves that start back.
create or replace function rollup_internal.record_completeness(rollup_name text, bounds tstzrange, tenant text)
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    since constant timestamptz := coalesce(lower(bounds), '-infinity');
    moved boolean;
begin
    insert into rollup_internal.added_measures as a (rollup, measure, tenant, valid_since)
    select rollup_name, s.measure, record_completeness.tenant, since
      from rollup_internal.measures_complete_since(rollup_name, record_completeness.tenant) s
     where s.valid_since > since
       and s.valid_since <= coalesce(upper(bounds), 'infinity')
    on conflict (rollup, measure, tenant) do update set valid_since = excluded.valid_since;
    moved := found;
    delete from rollup_internal.added_measures a
     using rollup_internal.added_measures b
     where a.rollup = rollup_name and a.tenant is not null
       and b.rollup = a.rollup and b.measure = a.measure and b.tenant is null
       and b.valid_since <= a.valid_since;
    return moved;
end
$$;
comment on function rollup_internal.record_completeness(text, tstzrange, text) is
    'Records that all measures are complete in a range of buckets, for all tenants or one, and returns whether '
    'an added measure is complete in more buckets than before.';
