-- The live view runs with its owner's rights: a reader of the view does not need access to the events. The view of
-- plain numbers runs with the reader's rights, so it can be read by exactly those who may read the table. Where tenants are
-- isolated, the live view has a condition of its own, and its barrier keeps functions of a reader from other rows.
create or replace function rollup_internal.create_views(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    columns constant rollup_internal.target_column[] := rollup_internal.columns_of(r);
    wanted record;
    isolation constant text := rollup_internal.isolation_condition(r.source, r.target, r.tenant);
    has_rights boolean;
begin
    for wanted in
        select rollup_internal.view_name(r.target, v.suffix) as name, v.suffix, v.options, v.query, v.description
          from (values ('live', case when isolation is not null then '{security_barrier=true}' else '{}' end::text[],
                        rollup_internal.isolated_query(r, rollup_internal.live_view_text(r, columns)),
                        format('%s, with the events of %s that are not counted yet: exact now.', r.target, r.source)),
                       ('bi', '{security_invoker=true}', rollup_internal.bi_view_text(r, columns),
                        format('Plain numbers of %1$s, up to its watermark. Add up counts and sums only: distinct '
                               'counts, averages and quantiles of several rows come from the sketches, sums and counts '
                               'in %1$s; see docs/querying.md, "Several rows as one".', r.target)))
               v (suffix, options, query, description)
    loop
        has_rights := exists (select from pg_class where oid = to_regclass(wanted.name) and relacl is not null);
        call rollup_internal.replace_view(wanted.name, wanted.query, wanted.options);
        execute format('comment on view %s is %L', wanted.name, wanted.description);
        -- A privilege that the owner has revoked stays revoked.
        if wanted.suffix = 'bi' and not has_rights then
            execute format('grant select on %s to public', wanted.name);
        end if;
    end loop;
    perform rollup_internal.isolate_table(r.target, isolation);
    perform rollup_internal.comment_on_measures(r.name);
end
$$;
comment on function rollup_internal.create_views(text) is
    'Creates a rollup''s views, or replaces those whose definition has changed. Raises '
    'dependent_objects_still_exist when their columns change and another view depends on them.';
