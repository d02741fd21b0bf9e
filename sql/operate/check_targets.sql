create or replace function rollup_internal.check_targets(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, MDY'
as $$
declare
    r rollup_internal.rollups;
    problems text[];
    keys text[];
    c record;
    columns jsonb;
    actual text;
    first_key text[];
    colocated boolean;
begin
    for r in
        select * from rollup_internal.rollups x where exists (select from pg_class y where y.oid = x.source) order by id
    loop
        check_name := format('table of %I', r.name);
        problems := '{}';
        todo := null;
        if not exists (select from pg_class where oid = r.target) then
            status := 'fail';
            finding := case when to_regclass(r.target_name) is not null then 'it was replaced by another table' else 'the table is gone' end;
            todo := format(case when to_regclass(r.target_name) is not null
                                then 'select rollup.accept_source(%1$L), if it has the same rows; otherwise ' else '' end
                           || 'select rollup.drop_rollup(%1$L), then declare it again', r.name);
            return next;
            continue;
        end if;
        if r.target_name is not null and to_regclass(r.target_name) is distinct from r.target then
            status := 'fail';
            finding := format('it was %s and is called %s now', r.target_name, r.target);
            todo := format('select rollup.accept_source(%L), or rename it back', r.name);
            return next;
            continue;
        end if;
        keys := '{}';
        begin
            select jsonb_agg(jsonb_build_object(
                       'name', t.column_name, 'type', t.column_type, 'role', t.role, 'expression', t.expression,
                       'definition', rollup_internal.column_definition(r.source, t.column_type, t.expression)))
              into columns
              from rollup_internal.target_columns(r) t;
        exception when undefined_column then
            status := 'fail';
            get stacked diagnostics finding = message_text;
            finding := format('an expression of the rollup no longer works on %s: %s', r.source, finding);
            todo := format('rename the column back, then let the rollups follow: select rollup.alter_source(%L, ''rename column … to …''); '
                           'or drop_rollup, which keeps the table', r.source::text);
            return next;
            continue;
        end;
        for c in
            select x.name as column_name, x.type as column_type, x.role
              from jsonb_to_recordset(columns) x (name text, type text, role text)
        loop
            if c.role <> 'measure' then
                keys := keys || c.column_name;
            end if;
            select format_type(a.atttypid, a.atttypmod) into actual
              from pg_attribute a
             where a.attrelid = r.target and a.attname = c.column_name and not a.attisdropped;
            if actual is null then
                problems := problems || format('column %I is missing', c.column_name);
            elsif c.column_type like '%hll(%' and actual like '%(%' and actual <> c.column_type then
                problems := problems || format('%I holds %s, the rollup makes %s', c.column_name, actual, c.column_type);
            end if;
        end loop;
        first_key := rollup_internal.target_key(r.target, keys);
        if first_key is null then
            problems := problems || 'its unique key (nulls not distinct) is missing'::text;
            todo := format('create unique index on %s (%s) nulls not distinct', r.target,
                           (select string_agg(quote_ident(k), ', ' order by n) from unnest(keys) with ordinality x (k, n)));
        elsif r.tenant is not null and first_key[1:2] <> array[r.tenant, r.bucket_column]::text[] then
            problems := problems || format('its key starts with %s: one tenant''s recent rows do not lie together',
                                           array_to_string(first_key[1:2], ', '));
            todo := 'make the key again, tenant and bucket first';
        end if;
        if to_regprocedure(r.function_name || '(bigint)') is null then
            problems := problems || format('function %s is missing', r.function_name);
            todo := 'install the package again (rollupctl install)';
        end if;
        if to_regclass(rollup_internal.view_name(r.target, 'bi')) is null then
            problems := problems || format('view %s is missing', rollup_internal.view_name(r.target, 'bi'));
            todo := 'install the package again (rollupctl install)';
        end if;
        if rollup_internal.is_distributed(r.source) then
            execute 'select s.colocationid = t.colocationid from pg_dist_partition s, pg_dist_partition t
                      where s.logicalrelid = $1 and t.logicalrelid = $2' into colocated using r.source, r.target;
            if colocated is not true then
                problems := problems || 'it is not colocated with its source'::text;
                todo := case when rollup_internal.is_distributed(r.target)
                    then format('select update_distributed_table_colocation(%L, colocate_with => %L)', r.target, r.source)
                    else format('select create_distributed_table(%L, %L, colocate_with => %L)', r.target, r.tenant, r.source) end;
            elsif problems = '{}' and rollup_internal.pushdown_problem(r.name) is not null then
                problems := problems || 'Citus pulls its events to the coordinator instead of counting on the shards'::text;
                todo := format('group by columns and expressions that Citus can push down; see explain %s',
                               rollup_internal.insert_select_text(r, array['(' || r.filter || ')']));
            end if;
        elsif rollup_internal.is_distributed(r.target) then
            problems := problems || 'it is distributed and its source is not, so that its live view cannot be read'::text;
            todo := format('select undistribute_table(%L), then select rollup.accept_source(%L)', r.target, r.name);
        end if;
        -- What would keep the table from being adopted may have been added to it since.
        if problems = '{}' then
            begin
                perform rollup_internal.validate_target(r.target, r.source, columns, r.partition_interval is not null);
            exception when others then
                get stacked diagnostics actual = message_text, todo = pg_exception_hint;
                problems := problems || actual;
            end;
        end if;
        status := case when problems = '{}' then 'ok' else 'fail' end;
        finding := coalesce(nullif(array_to_string(problems, '; '), ''), 'columns, key, function and view are right');
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_targets() is
    'Part of rollup.doctor: columns, sketch parameters, unique keys, functions, colocation and push-down.';
