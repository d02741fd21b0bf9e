-- Only names that stand by themselves are replaced. A name within an expression or a condition cannot be told from other
-- text; the caller finds that such an expression no longer works.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.renamed_declaration(r rollup_internal.rollups, old_name name, new_name name)
    returns rollup_internal.rollups
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    r.tenant := case r.tenant when old_name then new_name else r.tenant end;
    r.id_column := case r.id_column when old_name then new_name else r.id_column end;
    r.time_column := case r.time_column when old_name then new_name else r.time_column end;
    r.dimensions := array(
        select case when column_name is null then d
                    when column_name = new_name::text then new_name::text
                    else format('%I as %I', new_name, column_name) end
          from unnest(r.dimensions) with ordinality x (d, position)
         cross join lateral (
               select case when d = old_name::text then d
                           when starts_with(d, format('%I as ', old_name))
                               then (parse_ident(substr(d, length(format('%I as ', old_name)) + 1)))[1] end) c (column_name)
         order by position);
    select json_object_agg(m.key, s.spec order by m.position) into r.measures
      from json_each(r.measures) with ordinality m (key, value, position)
     cross join lateral (
           select json_object_agg(o.key, case when json_typeof(o.value) = 'string' and o.value #>> '{}' = old_name::text
                                              then to_json(new_name::text) else o.value end order by o.position) as spec
             from json_each(m.value) with ordinality o (key, value, position)) s;
    return r;
end
$$;
comment on function rollup_internal.renamed_declaration(rollup_internal.rollups, name, name) is
    'A declaration after a column of its source was renamed. Its dimensions keep the names of their columns.';
reset citus.enable_ddl_propagation;
