-- Only records the retention; the next rollup.expire_all removes what is older. A longer retention does not
-- restore anything by itself.
create or replace function rollup.set_retention(name text, keep interval)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    kept constant text := case when keep is null then 'everything' else keep::text end;
    bucket interval;
    found_sources regclass[];
begin
    select r.bucket into bucket from rollup_internal.rollups r where r.name = set_retention.name;
    if found then
        update rollup_internal.rollups r
           set keep = rollup_internal.validate_retention(set_retention.keep, bucket)
         where r.name = set_retention.name;
        return format('rollup %I keeps %s', name, kept);
    end if;

    select array_agg(s.source) into found_sources
      from (select x.source from rollup_internal.rollups x union select x.source from rollup_internal.sources x) s
      join pg_class c on c.oid = s.source
      join pg_namespace n on n.oid = c.relnamespace
     where name in (c.relname::text, quote_ident(c.relname), format('%I.%I', n.nspname, c.relname));
    if found_sources is null then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no rollup %I, and no source of that name', name),
            hint = 'See rollup.retention.';
    end if;
    if cardinality(found_sources) > 1 then
        raise exception using
            errcode = 'ambiguous_alias',
            message = format('%s could be %s', name, array_to_string(found_sources, ' or ')),
            hint = 'Write the schema before the name.';
    end if;
    if rollup_internal.partition_column(found_sources[1]) is null and keep is not null then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('%s is not partitioned by range of one timestamptz column', found_sources[1]),
            hint = 'Retention drops whole partitions and deletes rows of the default partition.';
    end if;
    perform rollup_internal.record_source_history(found_sources[1]);
    update rollup_internal.sources s
       set keep = rollup_internal.validate_retention(set_retention.keep)
     where s.source = found_sources[1];
    return format('%s keeps %s', found_sources[1], kept);
end
$$;
comment on function rollup.set_retention(text, interval) is
    'Sets how long a rollup''s rows, or a source''s events, are kept; NULL for no limit. Enforced by '
    'rollup.expire_all, which rollup.schedule makes a pg_cron job. If a rollup and a source have the same name, '
    'the rollup is meant.';
