-- For users who see the columns in a BI tool. Comments exist on the coordinator only.
create or replace function rollup_internal.comment_on_measures(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    marker constant text := E'\nAdded later: ';
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    added record;
    column_name text;
    sentences text;
    relation regclass;
begin
    for added in
        select a.measure,
               'omplete from the bucket of ' || nullif(a.valid_since, '-infinity')::text || ' on.' as since
          from rollup_internal.added_measures a
         where a.rollup = r.name and a.tenant is null
         order by a.added_at, a.measure
    loop
        sentences := concat_ws(' ', sentences, format('%I is c', added.measure) || added.since);
        for column_name in
            select c.column_name
              from rollup_internal.target_columns(rollup_internal.with_only_measures(r, array[added.measure])) c
             where c.role = 'measure'
        loop
            execute format('comment on column %s.%I is %L', r.target, column_name,
                           'C' || added.since || ' See rollup.measures.');
        end loop;
    end loop;
    for relation in
        select v.oid::regclass from unnest('{live,bi}'::text[]) s
          join pg_class v on v.oid = to_regclass(rollup_internal.view_name(r.target, s))
    loop
        execute format('comment on view %s is %L', relation,
                       concat(split_part(obj_description(relation, 'pg_class'), marker, 1),
                              marker || nullif(sentences, '')));
    end loop;
end
$$;
comment on function rollup_internal.comment_on_measures(text) is
    'Adds comments to a rollup''s columns and views that say from which bucket added measures are complete.';
