-- 0.2.0: state moves from the schema rollup to rollup_internal, where only the package writes it, and
-- takes the names that the documents use. Data, indexes and grants move along.
do $$
declare
    table_name text;
begin
    foreach table_name in array '{migrations,families,rollups,sources,watermarks,added_measures,backlogs,
                                  tails,runs,samples,loads}'::text[] loop
        if exists (select from pg_catalog.pg_class
                    where oid = pg_catalog.to_regclass(pg_catalog.format('rollup.%I', table_name))
                      and relkind = 'r')
        then
            execute pg_catalog.format('alter table rollup.%I set schema rollup_internal', table_name);
        end if;
    end loop;
    if pg_catalog.to_regclass('rollup_internal.loads') is not null then
        alter table rollup_internal.loads add column if not exists after_id bigint, add column if not exists through_id bigint;
    end if;
    if pg_catalog.to_regclass('rollup_internal.samples') is not null then
        alter table rollup_internal.rollups add column newest_first boolean;
        alter table rollup_internal.samples rename to horizons;
        alter table rollup_internal.horizons rename column heads to last_ids;
        alter index rollup_internal.samples_source_taken_at_idx rename to horizons_source_taken_at_idx;
        alter table rollup_internal.runs rename column spans to id_ranges;
        alter table rollup_internal.runs drop constraint status_is_known;
        update rollup_internal.runs set status = 'deferred' where status = 'put off';
        alter table rollup_internal.runs add constraint status_is_known check (status in ('done', 'deferred', 'failed'));
    end if;
end
$$;
